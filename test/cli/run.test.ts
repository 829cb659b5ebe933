// The command as a user runs it: as built where the process matters, else in this one.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { RunResult } from "../../src/scenario/result.ts";
import { WorkerDiedError, startWorker } from "../../workers/client.ts";
import { decodeTrace } from "../../src/scenario/trace/file.ts";
import type { CommandEnded } from "../support/command.ts";
import { commandIn } from "../support/command.ts";
import { bundledScenarios, fixture } from "../support/library.ts";
import { libraryRun } from "../support/library-run.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const command = join(root, "dist/src/cli/main.js");
const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const built = (...argv: string[]) => spawnSync(process.execPath, [command, ...argv], { cwd: root, encoding: "utf8", timeout: 300_000 });
const run = (...argv: string[]): Promise<CommandEnded> => commandIn(root, ...argv);

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const bundled = Object.keys(bundledScenarios()).length;
const small = fixture("never-fires.yaml");

describe("cxl-sandbox run", () => {
  it("runs every bundled scenario, prints a table and ends 0", async () => {
    const { status, stdout, stderr } = await libraryRun();
    expect([status, stderr.trim().split("\n").at(-1)]).toEqual([0, `${bundled} pass`]);
    for (const letter of "abcdefgh") expect(stdout).toContain(`(${letter})`);
  }, 300_000);

  it("--steps shows each command with what it printed and how it ended, before the table; the JSON has the same", async () => {
    const path = file("steps.yaml", "version: 1\nname: steps\nmachine: { hostBridges: [{ rootPorts: [{ device: { volatile: 256MiB } }] }] }\nsteps:\n  - run: cat /sys/bus/cxl/devices/mem0/serial\n  - { run: cat /sys/nothing, exit: 1 }\n");
    const { status, stdout } = await run("run", path, "--steps");
    expect(status).toBe(0);
    expect(stdout.split("\n").slice(0, 3)).toEqual([`${path}: steps`, "$ cat /sys/bus/cxl/devices/mem0/serial", "0x1"]);
    expect(stdout).toContain("$ cat /sys/nothing\n");
    expect(stdout.indexOf("[exit status 1]")).toBeLessThan(stdout.indexOf("virtual time"));
    expect((await run("run", path)).stdout).not.toContain("$ cat");
    const { scenarios } = JSON.parse((await run("run", path, "--reporter", "json")).stdout) as RunResult;
    expect(scenarios[0]?.commands.map(({ step, exitCode, stdout: said }) => [step, exitCode, said])).toEqual([[1, 0, "0x1\n"], [2, 1, ""]]);
  });

  it("the worker and --no-worker give the same result", async () => {
    const json = async (...argv: string[]): Promise<RunResult> => JSON.parse((await run("run", "scenarios/faults", "--reporter", "json", ...argv)).stdout) as RunResult;
    const count = Object.keys(bundledScenarios()).filter((path) => path.startsWith("scenarios/faults/")).length;
    const worker = await json();
    expect(await json("--no-worker")).toEqual(worker);
    expect(worker.version).toBe(1);
    expect(worker.tool.moduleHash).toMatch(/^[0-9a-f]{16}$/);
    expect(worker.summary).toEqual({ pass: count, fail: 0, invalid: 0, error: 0, limit: 0, driver: 0 });
    expect(typeof worker.scenarios[0]?.metrics?.bytesServed).toBe("string");
  });

  it("a fault that never fires is invalid: exit 3, and the way to repeat it is the last line of its report", async () => {
    const path = file("never.yaml", small);
    const { status, stdout, stderr } = built("run", path);
    expect(status).toBe(3);
    expect(stdout).toContain("INVALID");
    expect(stderr).toMatch(/\.yaml:10:\d+: fault waits did not fire\n +waits for: /);
    expect(stderr.trimEnd().split("\n").at(-1)).toBe(`cxl-sandbox run ${path} --seed 1 --schedule fixed`);
  });

  it("an expectation that does not hold is exit 1, a limit exit 4, and the worst of several wins", async () => {
    const without = small.replace(/faults:[^]*expect:/, "expect:");
    const fails = file("fails.yaml", without.replace("outcome: unaffected", "outcome: panic"));
    const limit = file("limit.yaml", `${without.replace(/limits:.*\n/, "")}limits: { steps: 10 }\n`);
    expect(await run("run", fails, "--no-worker")).toMatchObject({ status: 1, stderr: expect.stringContaining("outcome panic: expected panic, got unaffected") as string });
    expect((await run("run", limit, "--no-worker")).status).toBe(4);
    expect((await run("run", fails, limit, "--no-worker")).status).toBe(4);
    expect((await run("run", fails, limit, file("never2.yaml", small), "--no-worker")).status).toBe(3);
  });

  it("bad files are one clear line each with place and remedy, exit 2, and nothing runs", async () => {
    const bad: readonly (readonly [string, RegExp])[] = [
      [small.replace("kernel:", "kernal:"), /:8:1: kernal: unknown key "kernal"; did you mean "kernel"\?$/],
      [small.replace("volatile: 256MiB", "volatile: true"), /:6:\d+: .*volatile/],
      [small.replace("linkDown: rp0", "linkDown: rp3"), /:10:\d+: .*no port "rp3"/],
      [small.replace("size: 1GiB }]", "size: 1GiB, base: 8GiB }, { targets: [hb0], size: 1GiB, base: 8GiB }]"), /window 1 overlaps window 0/],
      ["{ not: [yaml", /:1:\d+: not YAML/],
      ["", /:1:1: not a scenario/],
      [`a: &a [x]\n${Array.from({ length: 200 }, (_, i) => `b${i}: [*a, *a]`).join("\n")}`, /aliases|unknown key/],
    ];
    const good = file("good.yaml", small);
    for (const [index, [text, message]] of bad.entries()) {
      const { status, stdout, stderr } = await run("run", good, file(`bad${index}.yaml`, text));
      expect([index, status, stdout]).toEqual([index, 2, ""]);
      expect(stderr.split("\n")[0]).toMatch(message);
      expect(stderr).not.toMatch(/^\s+at /m);
    }
    const huge = join(folder, "huge.yaml");
    writeFileSync(huge, Buffer.alloc(100 << 20, "x"));
    expect(await run("run", huge)).toMatchObject({ status: 2, stdout: "" });
    expect(await run("run", join(folder, "missing.yaml"))).toMatchObject({ status: 2, stderr: expect.stringContaining("no such file or folder") as string });
  });

  it("wrong usage is exit 2 with one line; help and version are exit 0", async () => {
    expect(built("run", "--nope").status).toBe(2);
    expect(built("walk").stderr.trim().split("\n")).toHaveLength(1);
    expect(built("--help").status).toBe(0);
    expect((await run("run", "--help")).stdout).toContain("exit status");
    expect(built("--version").stdout).toMatch(/^cxl-sandbox \d+\.\d+\.\d+\n$/);
  });

  it("--trace writes whole traces, on-failure only for what did not pass", async () => {
    const output = join(folder, "traces");
    expect((await run("run", file("never3.yaml", small), "scenarios/isolation/d-kernel-page.yaml", "--trace", "on-failure", "--output", output)).status).toBe(3);
    expect(readdirSync(output)).toEqual(["never3-seed1.trace"]);
    const { header, records } = decodeTrace(readFileSync(join(output, "never3-seed1.trace")));
    expect([header.scenario, header.seed, header.tool.version, records.length % 8]).toEqual([small, 1, (await run("--version")).stdout.trim().split(" ")[1], 0]);
    expect(records.length).toBeGreaterThan(1000);
  });

  it("seeds give one run each", async () => {
    const { stdout } = await run("run", "scenarios/isolation/d-kernel-page.yaml", "--seeds", "3..5", "--schedule", "seeded", "--reporter", "json", "--no-worker");
    expect((JSON.parse(stdout) as RunResult).scenarios.map((one) => [one.seed, one.outcome])).toEqual([[3, "panic"], [4, "panic"], [5, "panic"]]);
  });

  it("Ctrl-C ends cleanly with 130", async () => {
    const [, text = ""] = Object.entries(bundledScenarios()).find(([name]) => name.includes("/a-")) ?? [];
    const journal = join(folder, "interrupted.journal");
    const child = spawn(process.execPath, [command, "run", file("long.yaml", text), "--seeds", "1..10000", "--journal", journal], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += String(chunk)));
    const linesOf = (): number => (existsSync(journal) ? readFileSync(journal, "utf8").split("\n").length : 0);
    while (linesOf() < 4 && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGINT");
    const status = await new Promise((resolve) => child.once("exit", resolve));
    expect([status, stderr.trim().split("\n").at(-1)]).toEqual([130, "interrupted"]);
  });
});

describe("a worker", () => {
  it("that dies rejects what was pending", async () => {
    const dying = file("dying.mjs", "setTimeout(() => process.exit(7), 50);\n");
    const worker = startWorker(new URL(`file://${dying}`));
    await expect(worker.run({ file: "x", text: "", seed: 1, schedule: "fixed", keepTrace: false })).rejects.toThrow(WorkerDiedError);
    await worker.close();
  });

  it("can be cancelled between two slices", async () => {
    const worker = startWorker();
    const text = Object.entries(bundledScenarios()).find(([name]) => name.includes("/c-"))?.[1] ?? "";
    const pending = worker.run({ file: "c.yaml", text: text.replaceAll("8M/s", "100M/s").replace("isolation: {", "inFlight: 1, isolation: {"), seed: 1, schedule: "fixed", keepTrace: false });
    const progress = { isOver: false };
    const outcome = expect(pending).rejects.toThrow(/cancelled/).finally(() => {
      progress.isOver = true;
    });
    // A run that has not begun yet takes no notice.
    while (!progress.isOver) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await worker.cancel();
    }
    await outcome;
    await worker.close();
  });
});
