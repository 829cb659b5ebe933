import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { fixture } from "../../test/support/library.ts";
import { modules } from "../../test/support/machine.ts";
import { runInSlices } from "../../workers/slices.ts";
import type { FinishedRun } from "../../workers/slices.ts";
import { parseGolden } from "../scenario/golden.ts";
import { orphanGoldens, readGoldens, updateGolden } from "./goldens.ts";
import { parseRun } from "./run/arguments.ts";

const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-goldens-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const waiting = fixture("never-fires.yaml");
const passing = waiting.replace(/faults:[^]*expect:/, "expect:");
let number = 0;

/** A scenario of its own in the folder, to run as often as wanted. */
function scenario(text = passing): { readonly file: string; readonly golden: string; run: (text?: string, seed?: number) => Promise<FinishedRun> } {
  const name = join(folder, `s${number++}`);
  const file = `${name}.yaml`;
  writeFileSync(file, text);
  return { file, golden: `${name}.golden`, run: (as = text, seed = 1) => runInSlices(modules.release, { file, text: as, seed, schedule: "fixed", keepTrace: true }, { slice: 1000, isCancelled: () => false, onProgress: () => undefined }) };
}

const update = ({ result, trace }: FinishedRun): ReturnType<typeof updateGolden> => updateGolden(result, trace);
const more = passing.replace("expect:", "steps:\n  - run: cat /sys/bus/cxl/devices/mem0/serial\nexpect:");

describe("run --update", () => {
  it("writes what is missing, leaves what is the same, and shows what changed", async () => {
    const { file, golden, run } = scenario();
    expect(update(await run())).toEqual({ state: "new", lines: [expect.stringMatching(/\.golden: new, \d+ lines$/)] });
    const written = readFileSync(golden, "utf8");
    expect(update(await run())).toEqual({ state: "same", lines: [] });
    const { state, lines } = update(await run(more));
    expect(state).toBe("changed");
    expect(lines).toContain(`${golden}: changed`);
    expect(lines.filter((line) => line.startsWith("  +")).some((line) => line.includes("step cat /sys/bus/cxl/devices/mem0/serial: exit status 0"))).toBe(true);
    expect(lines.filter((line) => line.startsWith("  -result "))).toHaveLength(1);
    expect(readFileSync(golden, "utf8")).not.toBe(written);
    expect(readdirSync(folder).filter((name) => name.startsWith("."))).toEqual([]);
    expect(readGoldens([file]).problems).toEqual([]);
  });

  it("a golden with the ends of lines of another system is the same, and stays as it is", async () => {
    const { golden, run } = scenario();
    update(await run());
    const other = readFileSync(golden, "utf8").replaceAll("\n", "\r\n");
    writeFileSync(golden, other);
    expect(update(await run()).state).toBe("same");
    expect(readFileSync(golden, "utf8")).toBe(other);
  });

  it("is refused for a run that does not pass: an expectation fails, or a fault did not fire", async () => {
    for (const [text, status] of [[passing.replace("outcome: unaffected", "outcome: panic"), "fail"], [waiting, "invalid"]] as const) {
      const { golden, run } = scenario(text);
      expect(update(await run())).toEqual({ state: "refused", lines: [expect.stringContaining(`${golden}: not written: the run did not pass (${status})`)] });
      expect(readGoldens([golden.replace(".golden", ".yaml")]).texts.size).toBe(0);
    }
  });

  it("does not make a golden one of another seed", async () => {
    const { golden, run } = scenario();
    update(await run());
    const before = readFileSync(golden, "utf8");
    expect(update(await run(passing, 2))).toEqual({ state: "refused", lines: [expect.stringContaining("it is of seed 1, schedule fixed; remove it first")] });
    expect(readFileSync(golden, "utf8")).toBe(before);
  });

  it("replaces what is no golden any more, and says what cannot be written", async () => {
    const { golden, run } = scenario();
    writeFileSync(golden, "<<<<<<< ours\n");
    expect(update(await run()).state).toBe("changed");
    expect(parseGolden(golden, readFileSync(golden, "utf8")).seed).toBe(1);
    rmSync(golden);
    mkdirSync(golden);
    expect(update(await run())).toEqual({ state: "refused", lines: [expect.stringMatching(/cannot be (?:read|written)/)] });
  });

  it("a long change is shown in part", async () => {
    const { run } = scenario();
    update(await run());
    const long = passing.replace("expect:", `steps:\n${Array.from({ length: 100 }, (_, index) => `  - { run: cat /sys/nothing/${index}, exit: 1 }\n`).join("")}expect:`);
    const { lines } = update(await run(long));
    expect(lines.length).toBeLessThan(70);
    expect(lines.at(-1)).toMatch(/^ {2}\(\d+ more lines\)$/);
  });

  it("goes with nothing that makes it another run", () => {
    for (const other of [["--seeds", "1..2"], ["--defect", "no-link-down"], ["--driver", "x.js"], ["--no-golden"], ["--resume", "--journal", "j"], ["--schedule", "x.trace"]]) expect(() => parseRun(["a.yaml", "--update", ...other])).toThrow(`--update does not go with ${other[0]}`);
    expect([[], ["--update"], ["--no-golden"], ["--driver", "x.js"], ["--defect", "no-link-down"]].map((words) => parseRun(["a.yaml", ...words]).golden)).toEqual(["hold", "update", "ignore", "ignore", "hold"]);
  });
});

describe("goldens beside scenarios", () => {
  it("one that cannot be read as such is named with its line", () => {
    const { file, golden } = scenario();
    writeFileSync(golden, "cxl-sandbox golden 1\nseed x\n");
    expect(readGoldens([file])).toEqual({ texts: new Map(), problems: [`${golden}:2:1: "seed N" is expected, not "seed x"; write it anew with run --update`] });
  });

  it("one that stands beside no scenario is found", () => {
    const below = join(folder, "below", "deeper");
    mkdirSync(below, { recursive: true });
    for (const name of ["a.golden", "a.yaml", "b.golden", "c.golden", "c.yml"]) writeFileSync(join(below, name), "");
    expect(orphanGoldens([join(folder, "below"), join(below, "a.yaml"), join(folder, "missing")])).toEqual([join(below, "b.golden")]);
  });
});

describe("a run held against its golden", () => {
  it("agrees, parts in words, or is not held: another seed, a recorded schedule", async () => {
    const { file, golden, run } = scenario();
    update(await run());
    const held = (text: string, other: { readonly seed?: number; readonly choices?: readonly number[]; readonly keepTrace?: boolean } = {}): Promise<FinishedRun> => runInSlices(modules.release, { file, text, seed: 1, schedule: "fixed", keepTrace: false, golden: readFileSync(golden, "utf8"), ...other }, { slice: 0, isCancelled: () => false, onProgress: () => undefined });
    expect((await held(passing)).result).toMatchObject({ status: "pass", golden: { state: "same", file: golden, divergences: [] } });
    const { result } = await held(more);
    expect(result).toMatchObject({ status: "fail", reason: expect.stringContaining("not the golden: ") as string, golden: { state: "changed", divergences: expect.arrayContaining([expect.objectContaining({ layer: "result", index: 0, actual: expect.stringContaining("step cat") as string })]) as unknown } });
    expect((await held(more, { keepTrace: true })).result).toEqual(result);
    expect((await held(more, { seed: 2 })).result.golden).toBeUndefined();
    expect((await held(more, { choices: [] })).result.golden).toBeUndefined();
  });

  it("one that fails anyway keeps its reason, and says where it parts besides", async () => {
    const { file, golden, run } = scenario();
    update(await run());
    const wrong = passing.replace("outcome: unaffected", "outcome: panic");
    const { result } = await runInSlices(modules.release, { file, text: wrong, seed: 1, schedule: "fixed", keepTrace: false, golden: readFileSync(golden, "utf8") }, { slice: 1000, isCancelled: () => false, onProgress: () => undefined });
    expect(result).toMatchObject({ status: "fail", reason: null, golden: { state: "changed", layers: ["result"] } });
  });
});
