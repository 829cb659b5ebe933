// Replay: a trace is run again from its own header and is equal record by record, whatever ran it; and where it is not, the first record that differs is told.

import { describe, expect, it } from "vitest";
import { isToBeRescheduled, replayTrace } from "../../src/sandbox/replay.ts";
import { ScenarioFileError, startScenario } from "../../src/sandbox.ts";
import type { ScenarioResult } from "../../src/sandbox.ts";
import { compareTraces } from "../../src/scenario/trace/compare.ts";
import type { TraceFile } from "../../src/scenario/trace/file.ts";
import { decodeTrace, encodeTrace, linesOf } from "../../src/scenario/trace/file.ts";
import { recordWords, traceLayers } from "../../src/sim/trace.ts";
import { bundledScenarios } from "../support/library.ts";
import { modules } from "../support/machine.ts";
import { tool, traceOf } from "../support/traces.ts";

const texts = bundledScenarios();
const files = Object.keys(texts);
/** One of each folder, and all for the campaign. */
const chosen = process.env["CXL_SANDBOX_REPLAYS"] === "all" ? files : [...new Map(files.map((file) => [file.split("/")[1], file])).values()];
const textOf = (file: string): string => texts[file] ?? "";
const file = "scenarios/recovery/second-port.yaml";

const replay = (trace: TraceFile, options: Partial<Parameters<typeof replayTrace>[2]> = {}): ReturnType<typeof replayTrace> => replayTrace(modules.release, trace, { tool, ...options });
const headed = (trace: TraceFile, changes: Partial<TraceFile["header"]>): TraceFile => ({ ...trace, header: { ...trace.header, ...changes } });

function runWith(choices: readonly number[], of = file): ScenarioResult {
  const run = startScenario(modules.release, { file: of, text: textOf(of), seed: 1, schedule: "fixed", keepTrace: false, choices });
  while (run.run(() => false) !== "done") continue;
  return run.result();
}

describe("replay", () => {
  for (const name of chosen) {
    it(`gives the same records again: ${name}`, () => {
      const trace = decodeTrace(encodeTrace(traceOf(name, textOf(name), { schedule: "seeded", seed: 7 })));
      const result = replay(trace);
      expect(result).toMatchObject({ withTimes: true, isSameTool: true, isRescheduled: false, falseDigests: [] });
      expect(result.comparison).toEqual({ layers: traceLayers, records: [trace.records.length / recordWords, trace.records.length / recordWords], divergences: [] });
      expect(Buffer.compare(Buffer.from(result.actual.records.buffer), Buffer.from(trace.records.buffer))).toBe(0);
    });
  }

  it("takes the defects from the header", () => {
    const name = "scenarios/defects/clears-while-busy.yaml";
    const defects = ["clears-while-busy"];
    const trace = traceOf(name, textOf(name), { defects });
    expect(trace.header.defects).toEqual(defects);
    expect(replay(trace).comparison.divergences).toEqual([]);
    const [first] = replay(headed(trace, { defects: [] })).comparison.divergences;
    expect(first).not.toBeUndefined();
  });

  it("of a trace whose scenario was changed names the first record that differs of each layer, the earliest first", () => {
    const trace = traceOf(file, textOf(file));
    const { comparison: { divergences } } = replay(headed(trace, { scenario: textOf(file).replace("isolation-safe", "linux-7.2") }));
    expect(divergences.map(({ layer }) => layer)).toContain("kernel");
    expect(divergences.map(({ atNs }) => atNs)).toEqual(divergences.map(({ atNs }) => atNs).toSorted((a, b) => (a ?? 0) - (b ?? 0)));
    for (const { layer, index, expected, before } of divergences) {
      const lines = linesOf(trace, layer).map(({ text }) => text);
      expect([expected, before]).toEqual([lines[index], lines.slice(Math.max(0, index - 3), index)]);
    }
  });

  it("finds one word that was changed in one record, and a time", () => {
    const trace = traceOf(file, textOf(file));
    const changed = (word: number): TraceFile => ({ ...trace, records: trace.records.map((value, index) => (index === 100 * recordWords + word ? value ^ 1 : value)) });
    expect(replay(changed(7)).comparison.divergences).toHaveLength(1);
    const [divergence] = replay(changed(0)).comparison.divergences;
    expect(divergence?.expected).toMatch(/^\[\d+\.\d{9}\] /);
    expect(divergence?.expected?.slice(20)).toBe(divergence?.actual?.slice(20));
  });

  it("says when the header's digest is not that of its records", () => {
    const trace = traceOf(file, textOf(file));
    expect(replay(headed(trace, { digests: { ...trace.header.digests, log: "0000000000000000" } })).falseDigests).toEqual(["log"]);
  });

  it("compares hardware, log and result of another release's trace, without times, and other layers when asked", () => {
    const trace = headed(traceOf(file, textOf(file)), { tool: { version: "0.0.1", moduleHash: "ffffffffffffffff" } });
    const late: TraceFile = { ...trace, records: trace.records.map((value, index) => (index % recordWords === 0 ? value + 1 : value)) };
    expect(replay(late)).toMatchObject({ isSameTool: false, withTimes: false, comparison: { layers: ["hardware", "log", "result"], divergences: [] } });
    expect(replay(late, { layers: traceLayers }).comparison.divergences).toEqual([]);
  });

  it("makes the schedule anew where another release's choices do not fit, and only then", () => {
    const own = traceOf(file, textOf(file), { schedule: "seeded", seed: 3 });
    const foreign = headed(own, { choices: own.header.choices.map(() => 9), tool: { version: "0.0.1", moduleHash: "ffffffffffffffff" } });
    expect(replay(foreign)).toMatchObject({ isRescheduled: true, comparison: { divergences: [] } });
    expect(replay(headed(own, { choices: foreign.header.choices })).comparison.divergences).not.toEqual([]);
    expect(isToBeRescheduled(headed(foreign, { schedule: "recorded" }), { reason: runWith(foreign.header.choices).reason }, tool)).toBe(false);
  });

  it("of a scenario that this release refuses throws what is wrong with it, with the place", () => {
    expect(() => replay(headed(traceOf(file, textOf(file)), { scenario: "version: 1\nname: x\nmachin: {}\n" }))).toThrow(ScenarioFileError);
  });

  it("of a scenario that ends with a reboot gives the reboot its own schedule", () => {
    const name = "scenarios/verdict/reboot-warm.yaml";
    const trace = traceOf(name, textOf(name), { schedule: "seeded", seed: 5 });
    expect(replay(trace).comparison.divergences).toEqual([]);
  });
});

describe("a recorded schedule", () => {
  const seeded = traceOf(file, textOf(file), { schedule: "seeded", seed: 11 });

  it("gives the seeded run, record by record, though nothing is drawn", () => {
    const fixed = traceOf(file, textOf(file));
    const again = traceOf(file, textOf(file), { choices: seeded.header.choices, seed: 11 });
    expect(again.header).toMatchObject({ schedule: "recorded", choices: seeded.header.choices, digests: seeded.header.digests });
    expect(Buffer.compare(Buffer.from(again.records.buffer), Buffer.from(seeded.records.buffer))).toBe(0);
    expect(compareTraces(fixed, seeded, { layers: ["kernel"], withTimes: false, context: 0 }).divergences).toHaveLength(1);
  });

  it("that names a task which is not there makes the run invalid, and says which choice it was and who could go on", () => {
    const { status, reason, schedule } = runWith([...seeded.header.choices.slice(0, 2), 7]);
    expect([status, schedule]).toEqual(["invalid", "recorded"]);
    expect(reason).toMatch(/^the recorded schedule does not fit: choice 2 \(from 0\) is task 7, and there are \d that can go on: \S/);
  });

  it("with more choices than the run comes to makes it invalid; a shorter one goes on with the oldest task", () => {
    const made = runWith([]);
    expect([made.status, made.schedule]).toEqual(["pass", "recorded"]);
    const long = runWith([...traceOf(file, textOf(file)).header.choices, 0, 0]);
    expect([long.status, long.reason]).toEqual(["invalid", expect.stringMatching(/^the recorded schedule does not fit: it has \d+ choices, and the run came to \d+$/)]);
  });
});

describe("one trace, however it was run", () => {
  it("in slices of one step, of some, and in one piece: the same file, byte for byte", () => {
    const whole = Buffer.from(encodeTrace(traceOf(file, textOf(file), { schedule: "seeded" })));
    for (const slice of [1, 7, 1000]) expect(Buffer.compare(whole, Buffer.from(encodeTrace(traceOf(file, textOf(file), { schedule: "seeded", slice }))))).toBe(0);
  });
});
