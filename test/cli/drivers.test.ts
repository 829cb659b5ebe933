// Drivers on the command line: nothing of a scenario's runs unasked, and a file that is no driver is said so, with its place, before anything runs.

import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DriverFileError, bundle } from "../../workers/driver-file.ts";
import { command, driverFolder } from "../support/driver-scenarios.ts";

const folder = driverFolder();
afterAll(folder.remove);
const patience = 300_000;

describe("a scenario that brings a driver", () => {
  it("is refused by every command with file, line and column and the remedy, exit 2, and its code does not run", async () => {
    const mark = join(folder.path, "ran");
    const file = folder.scenario("refused.yaml", `{ file: ./hang-marked.js, parameters: { mark: ${mark} } }`);
    const good = folder.scenario("good.yaml", "./good.js");
    for (const argv of [["run", good, file], ["shell", file], ["explain", file], ["compare", file, "--vary", "kernel.preset=linux-7.2"], ["export-sysfs", file, "--list"]]) {
      const { status, stdout, stderr } = await folder.run(...argv);
      const [problem] = stderr.trim().split("\n").slice(-3);
      expect([argv[0], status, stdout, problem]).toEqual([argv[0], 2, "", "refused.yaml:10:17: driver: this scenario brings a driver of its own (./hang-marked.js), and that is code; read it, then run it with `cxl-sandbox run --allow-driver` (no other command runs drivers)"]);
    }
    expect(existsSync(mark)).toBe(false);
  }, patience);

  it("whose file is missing, is no driver, does not parse, does not load or leads out by a link is exit 2 with a line for each, and nothing runs", async () => {
    folder.write("syntax.js", readFileSync(join(folder.path, "syntax.txt"), "utf8"));
    folder.write("typed-syntax.ts", "const broken: = 1;\n");
    mkdirSync(join(folder.path, "inner"));
    symlinkSync(join(folder.path, "good.js"), join(folder.path, "inner/link.js"));
    const inner = join("inner", folder.scenario("inner/link.yaml", "./link.js").slice("inner/".length));
    const missing = await folder.run("run", folder.scenario("a.yaml", "./missing.js"), inner, folder.scenario("b.yaml", "./typed-syntax.ts"), "--allow-driver");
    expect([missing.status, missing.stdout]).toEqual([2, ""]);
    expect(missing.stderr.trim().split("\n")).toEqual([
      expect.stringMatching(/^a\.yaml:10:9: driver: there is no file \.\/missing\.js \(.*missing\.js\)$/),
      expect.stringMatching(/^inner\/link\.yaml:10:9: driver: \.\/link\.js is a link out of the scenario's folder, to .*good\.js; put the driver itself there$/),
      expect.stringMatching(/^b\.yaml:10:9: driver: typed-syntax\.ts:1:15: /),
    ]);
    const names = ["bad-export", "bad-name", "syntax", "throw-load", "hang-load"];
    const bad = await folder.run("run", "good.yaml", ...names.map((name) => folder.scenario(`${name}.yaml`, `./${name}.js`)), "--allow-driver", "--driver-time", "2s");
    expect([bad.status, bad.stdout]).toEqual([2, ""]);
    expect(bad.stderr.trim().split("\n")).toEqual([
      expect.stringContaining("bad-export.yaml:10:9: driver: ./bad-export.js: it exports no driver; write `export default"),
      expect.stringContaining('bad-name.yaml:10:9: driver: ./bad-name.js: driver name "Bad Name": a-z, 0-9 and _ are allowed'),
      expect.stringMatching(/^syntax\.yaml:10:9: driver: \.\/syntax\.js: .*syntax\.js:3:16: Unexpected token ';'$/),
      expect.stringMatching(/^throw-load\.yaml:10:9: driver: \.\/throw-load\.js: not today \(.*throw-load\.js:3:7\)$/),
      expect.stringMatching(/^hang-load\.yaml:10:9: driver: \.\/hang-load\.js: loading it did not come to an end: it did not return within 2 s \(--driver-time\)$/),
    ]);
  }, patience);

  it("may be TypeScript where esbuild is installed, in several files, and errors have the place in the TypeScript", async () => {
    const { status, results } = await folder.json(folder.scenario("typed.yaml", "./typed.ts\nexpect: [{ log: good morning, equals: 1 }]"), folder.scenario("typed-throws.yaml", "./typed-throws.ts"), "--allow-driver");
    expect([status, results[0]?.status]).toEqual([6, "pass"]);
    expect(results[1]?.driver?.message).toMatch(/^typed wish \(.*typed-throws\.ts:16:13\)$/);
  }, patience);

  it("may import this package by its name where none is installed", async () => {
    const typed = readFileSync(join(folder.path, "imports-package.js"), "utf8").replaceAll("imports_package", "imports_typed").replace("(kernel)", "(kernel: { log(level: string, text: string): void })");
    folder.write("imports-typed.ts", typed);
    const { status, results } = await folder.json(folder.scenario("imports.yaml", "[./imports-package.js, ./imports-typed.ts]\nexpect: [{ log: 'imports_package 0000:0c:00.0: here', equals: 1 }, { log: 'imports_typed 0000:0c:00.0: here', equals: 1 }]"), "--allow-driver");
    expect([status, results[0]?.status, results[0]?.drivers?.map(({ file }) => file)]).toEqual([0, "pass", ["./imports-package.js", "./imports-typed.ts"]]);
  }, patience);

  it("in TypeScript without esbuild is told how to install it", async () => {
    const absent = (): Promise<never> => import(["esbuild", "which", "is", "not", "there"].join("-")) as Promise<never>;
    await expect(bundle(join(folder.path, "typed.ts"), "./typed.ts", join(folder.path, "made.mjs"), absent)).rejects.toThrow(new DriverFileError("./typed.ts is TypeScript, and esbuild, which turns it into JavaScript, is not installed; install it with `npm install --save-dev esbuild`, or name a .js"));
  });

  it("is ended at once by Ctrl-C, process and all, and what is done is reported", async () => {
    const { child, closed, output, runner } = await hanging("interrupted");
    child.kill("SIGINT");
    expect([await closed, output.stderr]).toEqual([130, "interrupted\n"]);
    expect((JSON.parse(output.stdout) as { readonly scenarios: readonly { readonly status: string }[] }).scenarios.map(({ status }) => status)).toEqual(["pass"]);
    expect(isAlive(runner)).toBe(false);
  }, patience);

  it("does not outlive a command that is killed, though it hangs in a hook", async () => {
    const { child, closed, runner } = await hanging("killed");
    expect(isAlive(runner)).toBe(true);
    child.kill("SIGKILL");
    await closed;
    while (isAlive(runner)) await new Promise((resolve) => setTimeout(resolve, 50));
  }, patience);
});

/** A process that is over and not fetched yet, as in a container without an init, is not alive. */
function isAlive(runner: number): boolean {
  try {
    if (process.platform === "linux" && /^State:\s+Z/m.test(readFileSync(`/proc/${runner}/status`, "utf8"))) return false;
    return process.kill(runner, 0);
  } catch {
    return false;
  }
}

/** The command with a run that passed and one whose driver hangs now, and the number of that run's process. */
async function hanging(name: string) {
  const mark = join(folder.path, `${name}.mark`);
  const file = folder.scenario(`${name}.yaml`, `{ file: ./hang-marked.js, parameters: { mark: ${mark} } }`);
  const child = spawn(process.execPath, [command, "run", folder.scenario("first.yaml", "./good.js"), file, "--allow-driver", "--driver-time", "1h", "--jobs", "1", "--reporter", "json"], { cwd: folder.path, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => (output.stdout += String(chunk)));
  child.stderr.on("data", (chunk: Buffer) => (output.stderr += String(chunk)));
  const closed = new Promise((resolve) => child.once("close", resolve));
  while (!existsSync(mark) || readFileSync(mark, "utf8") === "") await new Promise((resolve) => setTimeout(resolve, 50));
  return { child, closed, output, runner: Number(readFileSync(mark, "utf8")) };
}

describe("options about drivers", () => {
  it("that cannot be are wrong usage, in one line", async () => {
    const wrong: readonly (readonly [readonly string[], string])[] = [
      [["--driver-steps", "0"], '--driver-steps "0" is no whole number from 1 to 1000000000'],
      [["--driver-time", "10"], '--driver-time "10" is not from 100ms to 24h, like 10s'],
      [["--driver-heap", "1MiB"], '--driver-heap "1MiB" is not from 64MiB to 64GiB, like 256MiB'],
      [["--jobs", "0"], '--jobs "0" is no whole number from 1 to 64'],
      [["--driver", "x.txt"], '--driver "x.txt" is no driver by its ending; it must be one of .js, .mjs, .ts, .wasm'],
      [["--allow-driver", "--no-worker"], "--no-worker does not go with --allow-driver or --driver: a run with drivers has a process of its own"],
    ];
    for (const [argv, message] of wrong) expect([argv, await folder.run("run", "good.yaml", ...argv)]).toEqual([argv, expect.objectContaining({ status: 2, stdout: "", stderr: `cxl-sandbox: ${message}; see cxl-sandbox --help\n` })]);
  }, patience);
});
