// What the drivers of a real Linux did with our devices, recorded: the module answers each of their accesses as it did then. No QEMU, no kernel.

import { readFileSync, readdirSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { planScenario } from "../../src/scenario/plan.ts";
import type { TraceFile } from "../../src/scenario/trace/file.ts";
import { decodeTrace } from "../../src/scenario/trace/file.ts";
import { accessKinds, createTraceWords, hardwareKinds } from "../../src/scenario/trace/words.ts";
import type { TraceRecord } from "../../src/sim/trace.ts";
import { readRecord, recordWords } from "../../src/sim/trace.ts";
import { replayServed } from "../../src/vfio-user/served-trace.ts";
import { modules } from "../support/machine.ts";

const folder = new URL("../fixtures/linux-traces/", import.meta.url);
const cases = readdirSync(folder).filter((name) => name.endsWith(".trace.gz")).map((name) => name.replace(".trace.gz", ""));
const traceOf = (name: string): TraceFile => decodeTrace(gunzipSync(readFileSync(new URL(`${name}.trace.gz`, folder))));
const recordsOf = ({ records }: Pick<TraceFile, "records">): readonly TraceRecord[] => Array.from({ length: records.length / recordWords }, (_, index) => readRecord(records, index));
const isRead = ({ layer, kind }: TraceRecord): boolean => layer === "access" && (accessKinds[kind] === "mmio read" || accessKinds[kind] === "config read");
const replay = (trace: TraceFile) => replayServed(modules.release, trace, { tool: trace.header.tool, layers: ["access", "hardware"] }).comparison.divergences;

describe("a real Linux on our devices, recorded (docs/linux.md)", () => {
  it("there are healthy cases, and two dozen with faults", () => {
    const faulty = cases.filter((name) => planScenario(name, traceOf(name).header.scenario, "refused").faults.length > 0);
    expect(cases).toEqual(expect.arrayContaining(["one-way", "two-way", "four-way-switch"]));
    expect(faulty.length).toBeGreaterThanOrEqual(24);
  });

  it.each(cases)("%s: every read is answered as the driver's was, the hardware does the same, and what was to fail did", (name) => {
    const trace = traceOf(name);
    expect(replay(trace)).toEqual([]);
    const records = recordsOf(trace);
    expect(records.filter(isRead).length).toBeGreaterThan(100);
    const { faults } = planScenario(name, trace.header.scenario, "refused");
    const acted = records.filter(({ layer, kind }) => layer === "hardware" && hardwareKinds[kind] === "probe").length;
    expect(acted).toBeGreaterThanOrEqual(faults.length);
  });

  it.each([["one-way", 1], ["two-way", 2], ["four-way-switch", 4]])("%s: the drivers commit a decoder of each card in our registers", (name, cards) => {
    const trace = traceOf(name);
    const words = createTraceWords(trace);
    const committed = recordsOf(trace).filter(({ layer, kind }) => layer === "hardware" && hardwareKinds[kind] === "commit").map((record) => words(record));
    expect(new Set(committed.map((text) => /\bdev\d\b/.exec(text)?.[0])).size).toBe(cards);
  });

  it("one answer that is another is found", () => {
    const trace = traceOf("one-way");
    const index = recordsOf(trace).findLastIndex(isRead);
    const records = trace.records.slice();
    // The value that was read.
    records[index * recordWords + 4] = (records[index * recordWords + 4] ?? 0) ^ 1;
    const divergences = replay({ ...trace, records });
    expect(divergences).toHaveLength(1);
    expect(divergences[0]?.layer).toBe("access");
  });
});
