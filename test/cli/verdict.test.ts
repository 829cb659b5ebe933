// `cxl-sandbox verdict`: what it prints, its exit statuses, its errors.

import { spawnSync } from "node:child_process";
import { getEventListeners } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { UsageError } from "../../src/cli/arguments.ts";
import { command } from "../../src/cli/verdict.ts";
import { judgeSources } from "../../src/cli/verdict.ts";
import { parseVerdict } from "../../src/cli/verdict-arguments.ts";
import { verdictConsole } from "../../src/report/verdict.ts";
import type { VerdictReport } from "../../src/scenario/verdict/report.ts";
import { bundledScenarios } from "../support/library.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const files = bundledScenarios();
const folder = mkdtempSync(join(tmpdir(), "cxl-verdict-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function judge(...argv: readonly string[]): Promise<VerdictReport> {
  const options = parseVerdict([...argv, "--jobs", "0"]);
  const sources = options.paths.map((file) => ({ file, text: files[file] ?? "", includes: {} }));
  const report = await judgeSources(options, sources, { signal: new AbortController().signal, onDone: () => undefined });
  if (report === null) throw new Error("cancelled");
  return report;
}

/** The command in this process: exit status and what it wrote. */
async function run(...argv: readonly string[]): Promise<{ readonly status: number; readonly stdout: string; readonly stderr: string }> {
  const written = { stdout: "", stderr: "" };
  const streams = [process.stdout, process.stderr] as const;
  const before = streams.map((stream) => stream.write.bind(stream));
  process.stdout.write = (text) => ((written.stdout += String(text)), true);
  process.stderr.write = (text) => ((written.stderr += String(text)), true);
  try {
    return { status: await command.main(argv), ...written };
  } finally {
    for (const [index, stream] of streams.entries()) stream.write = before[index] as typeof stream.write;
  }
}

const contained = "scenarios/verdict/contained.yaml";

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("cxl-sandbox verdict", () => {
  it("docs/verdict.md shows what its command prints", async () => {
    const page = readFileSync(join(root, "docs/verdict.md"), "utf8");
    const words = (/^cxl-sandbox verdict (.*)$/m.exec(page)?.[1] ?? "").split(" ");
    const shown = /<!-- output -->\n\n```\n([\s\S]*?)```/.exec(page)?.[1];
    expect(shown).toBe(verdictConsole(await judge(...words)));
  });

  it("a verdict for each combination, with the values and the command that repeats a seed", async () => {
    const { cells } = await judge(contained, "--seed", "3", "--sensitivity", "0", "--vary", "verdict.acceptance.losesPort=true,false");
    expect(cells.map(({ combination, winner, recovered }) => [combination[0]?.value, winner, recovered])).toEqual([["true", "recovery", true], ["false", "recovery", false]]);
    expect(cells[1]?.worst[0]?.command).toBe(`cxl-sandbox verdict ${contained} --seed 3 --schedule seeded --vary "verdict.acceptance.losesPort=false"`);
  });

  it("runs over workers leave nothing behind at the signal that ends them", async () => {
    const { signal } = new AbortController();
    const options = parseVerdict([contained, "--seed", "1", "--sensitivity", "0", "--jobs", "1"]);
    await judgeSources(options, [{ file: contained, text: files[contained] ?? "", includes: {} }], { signal, onDone: () => undefined });
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  it("--expect turns it into a check", async () => {
    const statusOf = async (...words: readonly string[]): Promise<number> => (await run(contained, "--seed", "1", "--sensitivity", "0", "--jobs", "0", ...words)).status;
    expect([await statusOf("--expect", "recovered"), await statusOf("--expect", "reboot"), await statusOf("--expect", "recovered", "--vary", "verdict.acceptance.losesPort=false")]).toEqual([0, 1, 1]);
  });

  it("--json is one document of version 1", async () => {
    const { status, stdout, stderr } = await run(contained, "--seed", "1", "--sensitivity", "0", "--jobs", "0", "--json");
    const report = JSON.parse(stdout) as VerdictReport;
    expect([status, stderr, report.version, report.cells.length, report.cells[0]?.judgement]).toEqual([0, "", 1, 1, "recovered"]);
    expect(Object.keys(report.cells[0] ?? {})).toEqual(["file", "name", "combination", "winner", "judgement", "recovered", "missing", "recovery", "reboot", "worst", "crashDumps", "found", "unfit", "sensitivity", "seeds"]);
  });

  it("seeds that prove nothing are exit status 3 and named; a limit is 4", async () => {
    const text = files[contained] ?? "";
    const never = await run(write("never.yaml", text.replace("at: 5ms", "after: nobody says this")), "--seed", "1", "--jobs", "0");
    expect([never.status, never.stdout.includes("seed 1 proves nothing: no fault fired after ready"), never.stdout.includes("verdict: none: no run proves anything")]).toEqual([3, true, true]);
    const short = await run(write("short.yaml", `${text}limits: { steps: 5 }\n`), "--seed", "1", "--jobs", "0");
    expect([short.status, short.stdout.includes("5 steps (limits.steps)")]).toEqual([4, true]);
  });

  it("what does not fit is exit status 2, each problem once and with its place, and nothing runs", async () => {
    const healthy = write("healthy.yaml", "version: 1\nname: healthy\nmachine: { hostBridges: [{ rootPorts: [{ device: { volatile: 256MiB } }] }] }\n");
    const bad = write("bad.yaml", (files[contained] ?? "").replace("losesPort: true", "losesPort: perhaps"));
    const { status, stdout, stderr } = await run(healthy, bad);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr.split("\n").filter((line) => line.startsWith(folder))).toHaveLength(2);
    expect(stderr).toMatch(/healthy\.yaml: has no faults, so there is nothing to recover from; give it some under faults:\n/);
    expect(stderr).toMatch(/bad\.yaml:\d+:\d+: verdict\.acceptance\.losesPort/);
    const missing = await run(join(folder, "missing.yaml"));
    expect([missing.status, missing.stderr]).toEqual([2, `cxl-sandbox: ${join(folder, "missing.yaml")}: there is no such file or folder\n`]);
    expect((await run(contained, "--vary", "host.kernelShar=1")).stderr).toContain("with host.kernelShar=1: ");
  });

  it.each([[[], "needs at least one"], [["f", "--seeds", "9..1"], "backwards"], [["f", "--expect", "luck"], "--expect is recovered, recovery, reboot"], [["f", "--sensitivity", "-1"], "sensitivity"], [["f", "--sensitivity=x"], "no number from 0 to 10000"], [["f", "--vary", "a"], "has no values"], [["f", "--json", "--reporter", "console"], "exclude each other"]])("wrong usage %j says what is wrong", (words, what) => {
    expect(() => parseVerdict(words)).toThrow(UsageError);
    expect(() => parseVerdict(words)).toThrow(what);
  });

  it("the help has options and exit statuses, and workers give what this thread gives", async () => {
    for (const word of ["--seeds", "--vary", "--sensitivity", "--expect", "--jobs", "130"]) expect(command.help).toContain(word);
    const words = [contained, "--seeds", "1..2", "--sensitivity", "0", "--json"];
    const { status, stdout } = spawnSync(process.execPath, [join(root, "dist/src/cli/main.js"), "verdict", ...words, "--jobs", "2"], { cwd: root, encoding: "utf8" });
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as VerdictReport).cells).toEqual((await judge(...words)).cells);
  });
});
