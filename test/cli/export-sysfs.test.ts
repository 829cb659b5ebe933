// export-sysfs as a user runs it (as built where a process of its own matters): trees in folders, held against the machine's own files, and what goes wrong.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadModule } from "../../src/hardware/module.ts";
import { SystemError } from "../../src/kernel/base/errno.ts";
import type { OpenRun } from "../../src/sandbox/contract.ts";
import { approach, parseMoment } from "../../src/sandbox/moment.ts";
import { openRun } from "../../src/sandbox/run.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import type { CommandEnded } from "../support/command.ts";
import { commandIn } from "../support/command.ts";
import { bundledScenarios } from "../support/library.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const command = join(root, "dist/src/cli/main.js");
const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-export-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let module: WebAssembly.Module;
beforeAll(async () => {
  ({ module } = await loadModule());
});

const run = (...argv: string[]): Promise<CommandEnded> => commandIn(root, "export-sysfs", ...argv);

const partial = "scenarios/assembly/s01-partial-stays.yaml";
const isolated = "scenarios/isolation/a-link-down.yaml";

function machineAt(file: string, moment: string): OpenRun {
  const opened = openRun(module, planScenario(file, bundledScenarios()[file] ?? ""), { seed: 1, schedule: "fixed", keepTrace: false, isHeld: parseMoment(moment).kind === "time" });
  expect(approach(opened, parseMoment(moment)).goOn(() => false)).toBe("there");
  return opened;
}

/** Paths below a folder, outer before inner, in order of name. */
function pathsBelow(top: string, path = ""): string[] {
  return readdirSync(join(top, path)).toSorted().flatMap((name) => [`${path}/${name}`, ...(lstatSync(join(top, path, name)).isDirectory() ? pathsBelow(top, `${path}/${name}`) : [])]);
}

/** Of device nodes only the log is a text. */
const isText = (path: string): boolean => !path.startsWith("/dev/") || path === "/dev/kmsg";

/** The same of the machine's own tree, files that cannot be read apart. */
function ownPaths({ files }: OpenRun, path = ""): { readonly paths: string[]; readonly errors: string[] } {
  const found = { paths: [] as string[], errors: [] as string[] };
  for (const name of files.list(path === "" ? "/" : path)) {
    const inner = `${path}/${name}`;
    const status = files.status(inner);
    try {
      if (status.kind === "file" && status.isReadable && isText(inner)) files.read(inner);
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      found.errors.push(inner);
      continue;
    }
    found.paths.push(inner);
    if (status.kind !== "directory") continue;
    const below = ownPaths({ files } as OpenRun, inner);
    found.paths.push(...below.paths);
    found.errors.push(...below.errors);
  }
  return found;
}

interface Manifest {
  readonly errors: readonly { readonly path: string; readonly errno: string }[];
  readonly devices: readonly unknown[];
  readonly [key: string]: unknown;
}

const manifestOf = (place: string): Manifest => JSON.parse(readFileSync(join(place, "export.json"), "utf8")) as Manifest;

describe("an exported tree", () => {
  for (const [file, moment] of [[partial, "ready"], [isolated, "boot"], [isolated, "end"], ["scenarios/ownership/s38-hmem.yaml", "3ms"]] as const) {
    it(`of ${file} at ${moment} is the machine's, file by file`, async () => {
      const place = join(folder, `tree-${moment}-${file.replaceAll("/", "-")}`);
      expect(await run(file, place, "--at", moment)).toMatchObject({ status: 0, stdout: "" });
      const machine = machineAt(file, moment);
      const { paths, errors } = ownPaths(machine);
      expect(pathsBelow(place)).toEqual([...paths, "/export.json"].toSorted((a, b) => (a.split("/").join("\0") < b.split("/").join("\0") ? -1 : 1)));
      expect(manifestOf(place).errors.map((error) => error.path).toSorted()).toEqual(errors.toSorted());
      const seen = (path: string): unknown => {
        const stat = lstatSync(join(place, path));
        if (stat.isSymbolicLink()) return [path, readlinkSync(join(place, path))];
        return stat.isDirectory() ? [path] : [path, stat.mode & 0o777, (stat.mode & 0o400) === 0 ? "" : readFileSync(join(place, path), "latin1")];
      };
      const own = (path: string): unknown => {
        const status = machine.files.status(path);
        if (status.kind === "link") return [path, machine.files.readlink(path)];
        return status.kind !== "file" ? [path] : [path, (status.isReadable ? 0o444 : 0) | (status.isWritable ? 0o200 : 0), status.isReadable && isText(path) ? machine.files.read(path) : ""];
      };
      expect(paths.map(seen)).toEqual(paths.map(own));
    });
  }

  it("has links that lead where the machine's do, and never out of the folder", async () => {
    const place = join(folder, "links");
    await run(isolated, place);
    const machine = machineAt(isolated, "ready");
    const links = pathsBelow(place).filter((path) => lstatSync(join(place, path)).isSymbolicLink());
    expect(links.length).toBeGreaterThan(200);
    const inside = realpathSync(place);
    const places = links.map((path) => realpathSync(join(place, path)));
    expect(places.filter((real) => !real.startsWith(inside + sep))).toEqual([]);
    expect(places.map((real) => real.slice(inside.length))).toEqual(links.map((path) => machine.files.realpath(path)));
  });

  it("is the same bytes twice, and says in export.json what it is", async () => {
    const [one, other] = [join(folder, "one"), join(folder, "other")];
    await run(partial, one);
    await run(partial, other);
    expect(spawnSync("diff", ["-r", "--no-dereference", one, other]).status).toBe(0);
    expect(manifestOf(one)).toMatchObject({ tool: "cxl-sandbox", isComplete: true, seed: 1, schedule: "fixed", at: "ready", phase: "running", end: null, scenario: { file: partial } });
    expect(manifestOf(one).devices).toContainEqual({ path: "/dev/cxl/mem0", major: 249, minor: 0 });
  });

  it("is listed without being written, links with their targets", async () => {
    const { status, stdout } = await run(partial, "--list");
    expect(status).toBe(0);
    const lines = stdout.trim().split("\n");
    expect(lines).toContain("/sys/bus/cxl/devices/region0 -> ../../../devices/platform/ACPI0017:00/root0/decoder0.0/region0");
    expect(lines).toContain("/sys/bus/cxl/");
    expect(new Set(lines).size).toBe(lines.length);
  });
});

describe("moments", () => {
  it("that are never reached say so with the reason, write nothing and end 3", async () => {
    const place = join(folder, "never");
    const { status, stderr } = await run(partial, place, "--at", "no such words");
    expect([status, existsSync(place)]).toEqual([3, false]);
    expect(stderr).toMatch(/^cxl-sandbox: "no such words" was never reached: the run was over before, at .* of virtual time\n$/);
  });

  it("that are words of the log stop there: the tree of a link that has just gone down", async () => {
    const place = join(folder, "mark");
    expect((await run(isolated, place, "--at", "CLEARED")).status).toBe(0);
    expect(manifestOf(place)).toMatchObject({ at: "CLEARED", phase: "running" });
  });
});

describe("a folder", () => {
  const list = (place: string): string[] => readdirSync(place).toSorted();

  it("that is not empty is refused; --force puts a tree in the place of an earlier one, and of nothing else", async () => {
    const place = join(folder, "twice");
    expect((await run(partial, place)).status).toBe(0);
    const again = await run(isolated, place);
    expect([again.status, again.stderr]).toEqual([2, `cxl-sandbox: ${place} is not empty; choose another folder, or --force to put the tree in place of an earlier export\n`]);
    expect(manifestOf(place)).toMatchObject({ scenario: { file: partial } });
    expect((await run(isolated, place, "--force")).status).toBe(0);
    expect(manifestOf(place)).toMatchObject({ scenario: { file: isolated } });
    writeFileSync(join(place, "mine"), "");
    expect(await run(partial, place, "--force")).toMatchObject({ status: 2, stderr: expect.stringContaining("holds more than an export: mine") as string });
    const foreign = join(folder, "foreign");
    mkdirSync(join(foreign, "sys"), { recursive: true });
    expect(await run(partial, foreign, "--force")).toMatchObject({ status: 2, stderr: expect.stringContaining("holds no earlier export") as string });
    expect([list(place).includes("mine"), list(foreign)]).toEqual([true, ["sys"]]);
  });

  it("whose earlier export was changed into a link leads nowhere: what the link stands for is left alone", async () => {
    const [place, outside] = [join(folder, "trap"), join(folder, "outside")];
    await run(partial, place);
    mkdirSync(outside);
    writeFileSync(join(outside, "kept"), "kept");
    rmSync(join(place, "sys"), { recursive: true });
    symlinkSync(outside, join(place, "sys"));
    expect((await run(partial, place, "--force")).status).toBe(0);
    expect([list(outside), readFileSync(join(outside, "kept"), "utf8"), lstatSync(join(place, "sys")).isDirectory()]).toEqual([["kept"], "kept", true]);
  });

  it("that is a file, or lies below one, is refused, exit 2 and 1", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "mine");
    expect(await run(partial, file)).toMatchObject({ status: 2, stderr: `cxl-sandbox: ${file} is there and no folder; choose another name\n` });
    expect(await run(partial, join(file, "below"))).toMatchObject({ status: 1, stderr: expect.stringMatching(/below: cannot be made ready \(ENOTDIR/) as string });
    expect(readFileSync(file, "utf8")).toBe("mine");
  });

  it("written with dots is where the dots lead", async () => {
    mkdirSync(join(folder, "here"));
    expect((await run(partial, `${join(folder, "here")}/../dots`)).status).toBe(0);
    expect([list(join(folder, "here")), list(join(folder, "dots"))]).toEqual([[], ["dev", "export.json", "lib", "proc", "sys", "tmp"]]);
  });

  it("where nobody can make one ends 1 with the reason", async () => {
    expect(await run(partial, "/proc/some/tree")).toMatchObject({ status: 1, stderr: expect.stringMatching(/\/proc\/some\/tree: cannot be made ready \((ENOENT|EACCES)/) as string });
  });

  it("that fills up half-way says how far it came, and can be written anew", () => {
    const place = join(folder, "full");
    // No file of this process may be larger than 512 or 1024 bytes: the log ends the writing.
    const limited = spawnSync("sh", ["-c", `trap '' XFSZ; ulimit -f 1; exec "$0" "$@"`, process.execPath, command, "export-sysfs", partial, place], { cwd: root, encoding: "utf8", timeout: 60_000 });
    expect([limited.status, limited.stderr]).toEqual([1, expect.stringMatching(/^cxl-sandbox: EFBIG.*; .*full holds part of the tree \([1-9]\d* entries\); remove it, or write it anew with --force\n$/) as string]);
  });
});

describe("a scenario", () => {
  it("that is no good, or no file, is wrong usage; so are words too many or too few", async () => {
    const bad = join(folder, "bad.yaml");
    writeFileSync(bad, "version: 1\nname: bad\n");
    expect(await run(bad, join(folder, "none"))).toMatchObject({ status: 2, stderr: expect.stringContaining("bad.yaml:") as string });
    for (const [argv, message] of [[["/nowhere.yaml", "x"], "there is no such file"], [["scenarios", "x"], "scenarios; name one file"], [[], "needs a scenario"], [[partial], "needs a folder"], [[partial, "x", "y"], 'not "y" too'], [[partial, "x", "--list"], "leave the folder out"], [[partial, "x", "--at", " "], "--at is boot"], [[partial, "x", "--seed", "-1"], "argument"]] as const) {
      expect(await run(...argv), argv.join(" ")).toMatchObject({ status: 2, stderr: expect.stringContaining(message) as string });
    }
    expect(existsSync(join(root, "x"))).toBe(false);
  });

  it("that is interrupted leaves a message and exit 130", async () => {
    const [place, pipe] = [join(folder, "interrupted"), join(folder, "pipe.yaml")];
    expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
    const child = spawn(process.execPath, [command, "export-sysfs", pipe, place], { cwd: root });
    let stderr = "";
    child.stderr.on("data", (data: Buffer) => void (stderr += data.toString()));
    const ended = new Promise<number | null>((resolve) => void child.on("exit", resolve));
    // The pipe opens when the command reads it: from then on it hears the signal.
    const end = await open(pipe, "w");
    await end.write(bundledScenarios()[partial] ?? "");
    child.kill("SIGINT");
    await end.close();
    expect(await ended).toBe(130);
    expect([stderr, existsSync(place)]).toEqual(["cxl-sandbox: interrupted: nothing was written\n", false]);
  });
});
