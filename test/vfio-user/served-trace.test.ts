// Traces of a served machine: what a driver outside did is done again without it, and every record is equal; and what does not fit is told.

import { describe, expect, test } from "vitest";
import { decodeTrace, encodeTrace } from "../../src/scenario/trace/file.ts";
import type { TraceFile } from "../../src/scenario/trace/file.ts";
import { recordWords, traceLayers } from "../../src/sim/trace.ts";
import { UnfitServedTraceError, replayServed } from "../../src/vfio-user/served-trace.ts";
import { modules } from "../support/machine.ts";
import { committed, errorNotCommitted, message } from "../support/served-device.ts";
import { servedSession } from "../support/served-session.ts";
import { tool } from "../support/traces.ts";

const once = servedSession();
const replay = (trace: TraceFile): ReturnType<typeof replayServed> => replayServed(modules.release, trace, { tool });

describe("a served machine's trace", () => {
  test("the session is what its driver meant: commands, a commit and a refused one, a message, a fault", () => {
    expect(once.codes).toEqual([0, 0, 0, 6, 0, 0]);
    expect(once.controls.map((control) => control & (committed | errorNotCommitted))).toEqual([committed, errorNotCommitted]);
    expect(once.sent).toContainEqual(message);
  });

  test("is replayed without its driver, equal in every record, its order and its times", () => {
    const trace = decodeTrace(encodeTrace(once.trace));
    const result = replay(trace);
    const count = trace.records.length / recordWords;
    expect(result.comparison).toEqual({ layers: traceLayers, records: [count, count], divergences: [] });
    expect(result).toMatchObject({ withTimes: true, isSameTool: true, falseDigests: [] });
    expect(Buffer.compare(Buffer.from(result.actual.records.buffer), Buffer.from(trace.records.buffer))).toBe(0);
  });

  test("says in its header what came from outside, with virtual time and place among the records", () => {
    const { served } = once.trace.header;
    expect(served?.acts.map(({ kind, device }) => (device === undefined ? kind : `${kind} ${device}`))).toEqual([
      "connected mem0", "connected mem1", "ready", "inject", "inject", "reset mem0", "disconnected mem1", "inject", "end",
    ]);
    expect(served?.acts.every(({ records }) => records >= (served?.built ?? 0) && records <= once.trace.records.length / recordWords)).toBe(true);
  });

  test("is the same however the wall clock cuts time", () => {
    expect(servedSession(7).trace).toEqual(once.trace);
  });

  test.each([["a value that was read", 4, "mmio read"], ["a value that was written", 4, "mmio write"]])("%s that is another one is found", (_, word, kind) => {
    const records = once.trace.records.slice();
    const kinds = { "mmio read": 3, "mmio write": 4 } as const;
    const index = Array.from({ length: records.length / recordWords }, (_unused, at) => at).filter((at) => ((records[at * recordWords + 1] ?? 0) >>> 21) === ((kinds[kind as keyof typeof kinds] << 3) | 0)).at(-3) ?? 0;
    records[index * recordWords + word] = (records[index * recordWords + word] ?? 0) ^ 4;
    const { comparison } = replay({ ...once.trace, records });
    expect(comparison.divergences.length).toBeGreaterThan(0);
  });

  test("without one of its injections it is another one", () => {
    const { header } = once.trace;
    const acts = (header.served?.acts ?? []).filter(({ kind }) => kind !== "inject");
    const { comparison } = replay({ ...once.trace, header: { ...header, served: { built: header.served?.built ?? 0, acts } } });
    expect(comparison.divergences.map(({ layer }) => layer)).toContain("hardware");
  });

  test("acts that are not in order, an access that no client makes, and a run's trace are refused with the reason", () => {
    const { header } = once.trace;
    const served = header.served ?? { built: 0, acts: [] };
    const headed = (acts: typeof served.acts): TraceFile => ({ ...once.trace, header: { ...header, served: { ...served, acts } } });
    expect(() => replay(headed(served.acts.toReversed()))).toThrow(UnfitServedTraceError);
    expect(() => replay(headed([{ kind: "inject", atNs: 1e9, records: served.built, fault: { linkDown: "rp9" } }]))).toThrow(/refused here: .*rp9/);
    const records = once.trace.records.slice();
    const first = Array.from({ length: records.length / recordWords }, (_unused, at) => at).find((at) => at >= served.built && ((records[at * recordWords + 1] ?? 0) >>> 21) % 8 === 0) ?? 0;
    records[first * recordWords + 6] = 3;
    expect(() => replay({ ...once.trace, records })).toThrow(/no client of a served device can make/);
    const { served: _gone, ...plain } = header;
    expect(() => replay({ ...once.trace, header: plain })).toThrow(RangeError);
  });
});
