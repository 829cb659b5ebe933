// `compare` as a user runs it: as built where the process matters, else in this one.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { Comparison } from "../../src/scenario/comparison.ts";
import type { CommandEnded } from "../support/command.ts";
import { commandIn } from "../support/command.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const command = join(root, "dist/src/cli/main.js");
const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-compare-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const built = (...argv: string[]) => spawnSync(process.execPath, [command, "compare", ...argv], { cwd: root, encoding: "utf8", timeout: 60_000 });
const run = (...argv: string[]): Promise<CommandEnded> => commandIn(root, "compare", ...argv);
const missing = "scenarios/faults/missing-member.yaml";
const boundary = "scenarios/faults/boundary-mismatch.yaml";

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Until a process has computed for two seconds, which is well behind its start however busy the machine is; four seconds of the clock where the system does not tell (it does on Linux). */
async function underWay(pid: number): Promise<void> {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return pause(4000);
  // Hundredths of a second in user and system mode: the 12th and 13th word behind the name.
  const ticks = (): number => readFileSync(file, "latin1").replace(/^.*\) /s, "").split(" ").slice(11, 13).reduce((sum, word) => sum + Number(word), 0);
  while (ticks() < 200) await pause(50);
}

describe("cxl-sandbox compare", () => {
  it("the JSON has a cell for each file and combination, in their order, the same with one worker, two, or none", async () => {
    const json = async (jobs: number): Promise<string> => (await run(missing, boundary, "--vary", "kernel.preset=ROADMAP-A,ROADMAP-B", "--vary", "seed=1,2", "--unpin", "--schedules", "1", "--reporter", "json", "--jobs", String(jobs))).stdout;
    const one = await json(1);
    const comparison = JSON.parse(one) as Comparison;
    expect([comparison.version, comparison.schedules, comparison.variations]).toEqual([1, 1, [{ path: "kernel.preset", values: ["ROADMAP-A", "ROADMAP-B"] }, { path: "seed", values: ["1", "2"] }]]);
    const presets = ["ROADMAP-A", "ROADMAP-A", "ROADMAP-B", "ROADMAP-B"];
    expect(comparison.cells.map(({ file, seed, combination }) => [file, combination[0]?.value, seed])).toEqual([missing, boundary].flatMap((file) => presets.map((preset, index) => [file, preset, 1 + (index % 2)])));
    expect(comparison.cells.every(({ policies, facts }) => typeof policies.asm === "string" && typeof facts.capacity.served === "string")).toBe(true);
    expect([await json(2), await json(0)]).toEqual([one, one]);
  });

  it("console and Markdown have a row for each combination and notes below; no colours into a pipe", async () => {
    const args = [missing, "--vary", "kernel.preset=linux-7.2,ROADMAP-B", "--schedules", "0"];
    const { status, stdout } = await run(...args);
    expect(status).toBe(0);
    const lines = stdout.split("\n");
    expect([lines[0], lines[1]?.split(/ {2,}/)[0], ...lines.slice(2, 4).map((line) => line.split(/ {2,}/)[0])]).toEqual([`${missing}: fault: one card of firmware's interleave is not there (S1, S7, S13, S19, S36)`, "preset", "linux-7.2", "ROADMAP-B"]);
    expect(stdout).toContain("  the file pins use: presets are alike in them");
    expect(stdout).not.toContain("\u001b");
    const markdown = (await run(...args, "--reporter", "markdown")).stdout;
    expect(markdown.split("\n").filter((line) => line.startsWith("| "))).toHaveLength(3);
  });

  it("wrong usage is one line and exit status 2, and nothing runs", async () => {
    for (const [argv, message] of [
      [[missing], "compare needs something that varies"], [["--vary", "seed=1"], "needs at least one scenario file"], [[missing, "--vary", "kernel.preset"], "write PATH=VALUE,VALUE"],
      [[missing, "--vary", "seed=1", "--jobs", "x"], '--jobs "x" is no number from 0 to 64'], [[missing, "--vary", "seed=1", "--reporter", "html"], "--reporter is console, json, markdown"],
      [["nowhere.yaml", "--vary", "seed=1"], "there is no such file or folder"],
    ] as const) {
      const { status, stdout, stderr } = await run(...argv);
      expect([status, stdout, stderr.trim().split("\n").length]).toEqual([2, "", 1]);
      expect(stderr).toContain(message);
    }
  });

  it("a value that does not fit is named with file, place, combination and what was meant, for every file", async () => {
    const { status, stdout, stderr } = await run(missing, boundary, "--vary", "kernel.preset=linux-7.2,ROADMAP-C");
    expect([status, stdout]).toEqual([2, ""]);
    const lines = stderr.trim().split("\n").filter((line) => line.startsWith("scenarios/"));
    expect(lines.map((line) => line.replace(/:\d+:\d+:/, ":"))).toEqual([missing, boundary].map((file) => `${file}: with kernel.preset=ROADMAP-C: kernel.preset: no preset "ROADMAP-C"; did you mean "ROADMAP-A"?`));
  });

  it("a limit is exit status 4", async () => {
    const path = join(folder, "limit.yaml");
    writeFileSync(path, "version: 1\nname: short\nmachine: { hostBridges: [{ rootPorts: [{ device: { volatile: 256MiB } }] }] }\nlimits: { steps: 5 }\n");
    const { status, stdout } = built(path, "--vary", "seed=1", "--schedules", "0");
    expect(status).toBe(4);
    expect(stdout).toContain("broken off: 5 steps (limits.steps)");
  });

  it("an interruption ends it with 130 and prints nothing", async () => {
    const child = spawn(process.execPath, [command, "compare", "scenarios/faults", "--vary", "kernel.preset=all", "--schedules", "1000"], { cwd: root });
    let stdout = "";
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    await underWay(child.pid ?? 0);
    child.kill("SIGINT");
    const status = await new Promise((resolve) => child.once("exit", resolve));
    expect([status, stdout]).toEqual([130, ""]);
  });

  it("the help has options and exit statuses", async () => {
    const { status, stdout } = await run("--help");
    expect([status, ...["--vary", "--unpin", "--schedules", "--jobs", "130"].map((word) => stdout.includes(word))]).toEqual([0, true, true, true, true, true]);
  });
});
