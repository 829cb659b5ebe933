import { describe, expect, it } from "vitest";
import { liveTrace } from "../../../test/support/live-traces.ts";
import { traced } from "../../../test/support/shown-runs.ts";
import { kindOf, selectRecords, traceLayers } from "../../scenario/trace/select.ts";
import type { TraceFilter } from "../../scenario/trace/select.ts";
import { createTraceWords } from "../../scenario/trace/words.ts";
import { readRecord, recordWords } from "../../sim/trace.ts";
import { findLook } from "./find-look.ts";
import type { RecordFilter } from "./record-filter.ts";
import { recordChoicesLook, recordsLook } from "./records-look.ts";

const { trace } = traced("scenarios/isolation/h-behind-switch.yaml");
const live = liveTrace(trace);
const words = createTraceWords(trace);
const total = trace.records.length / recordWords;
/** A device of the machine. */
const device = trace.parts.get([...trace.kinds].find(([, kind]) => kind === "device")?.[0] ?? -1) ?? "";
const middle = readRecord(trace.records, Math.floor(total / 2)).time;

/** All that is found, asked on as the page does. */
function all(filter: RecordFilter, direction: "forward" | "back" = "forward"): number[] {
  const found: number[] = [];
  for (let from: number | null = direction === "forward" ? 0 : total - 1; from !== null; ) {
    const { indices, next } = findLook(live, { filter, from, direction, most: 100 });
    found.push(...indices);
    from = next;
  }
  return found;
}

const selected = (filter: TraceFilter): number[] => [...selectRecords(trace, filter)].map(({ index }) => index);

describe("records that a filter lets through", () => {
  const cases: readonly (readonly [string, RecordFilter, TraceFilter])[] = [
    ["of all", {}, {}],
    ["of two layers", { layers: ["hardware", "log"] }, { layers: ["hardware", "log"] }],
    ["of a part, accesses and what its hardware did", { parts: [device] }, { parts: [device] }],
    ["of kinds", { kinds: ["link", "mmio write", "machine check"] }, { kinds: ["link", "mmio write", "machine check"] }],
    ["in a time, both ends inclusive", { fromNs: middle, toNs: middle + 1_000_000 }, { from: middle, to: middle + 1_000_000 }],
    ["at one moment", { fromNs: middle, toNs: middle }, { from: middle, to: middle }],
    ["of all of these", { layers: ["access"], parts: [device], kinds: ["config read"], fromNs: 1000, toNs: middle }, { layers: ["access"], parts: [device], kinds: ["config read"], from: 1000, to: middle }],
    ["of a part that is not there", { parts: ["no such part"] }, { parts: ["no such part"] }],
  ];

  it.each(cases)("%s are those that `trace cat` prints, forwards and back", (_name, filter, same) => {
    const expected = selected(same);
    expect(expected.length > 0).toBe(!filter.parts?.includes("no such part"));
    expect(all(filter)).toEqual(expected);
    expect(all(filter, "back")).toEqual(expected.toReversed());
  });

  it("are those whose words hold a text, in capitals or not", () => {
    const expected = selected({}).filter((index) => words(readRecord(trace.records, index)).toLowerCase().includes("isolation"));
    expect(expected.length).toBeGreaterThan(3);
    expect(all({ text: "Isolation" })).toEqual(expected);
    expect(all({ text: "ISOLATION" }, "back")).toEqual(expected.toReversed());
  });

  it("are found from a record on, itself included, and no more than are asked for", () => {
    const links = selected({ kinds: ["link"] });
    const [first = 0, second = 0] = links;
    expect([...findLook(live, { filter: { kinds: ["link"] }, from: first, direction: "forward", most: 1 }).indices]).toEqual([first]);
    expect([...findLook(live, { filter: { kinds: ["link"] }, from: first + 1, direction: "forward", most: 1 }).indices]).toEqual([second]);
    expect([...findLook(live, { filter: { kinds: ["link"] }, from: second - 1, direction: "back", most: 1 }).indices]).toEqual([first]);
  });

  it("are looked for in pieces: a look stops after so much work and says where it goes on", () => {
    const repeated = { ...trace, records: new Uint32Array(trace.records.length * Math.ceil(300_000 / total)) };
    for (let at = 0; at < repeated.records.length; at += trace.records.length) repeated.records.set(trace.records, at);
    const answer = findLook(liveTrace(repeated), { filter: { kinds: ["no such kind"] }, from: 0, direction: "forward", most: 1 });
    expect(answer.indices).toHaveLength(0);
    expect(answer.next).toBeGreaterThan(100_000);
    expect(answer.next).toBeLessThan(250_000);
    const worded = findLook(liveTrace(repeated), { filter: { text: "no such text" }, from: 0, direction: "forward", most: 1 });
    expect(worded.next).toBeLessThan(20_000);
  });
});

describe("records in words", () => {
  it("say what `trace cat` says of them, with number, time, layer, kind and part", () => {
    const indices = [0, 5, Math.floor(total / 2), total - 1];
    const { lines, known } = recordsLook(live, { indices });
    expect(known).toBe(total);
    expect(lines.map(({ index, atNs, layer, kind, text }) => ({ index, atNs, layer, kind, text }))).toEqual(indices.map((index) => {
      const record = readRecord(trace.records, index);
      return { index, atNs: record.time, layer: record.layer, kind: kindOf(record), text: words(record) };
    }));
    const [ofPart = 0] = selected({ parts: [device] });
    expect(recordsLook(live, { indices: [ofPart] }).lines[0]?.part).toBe(device);
  });

  it("pass over numbers that no record has", () => {
    expect(recordsLook(live, { indices: [-1, total, Number.NaN, 1.5, 3] }).lines.map(({ index }) => index)).toEqual([3]);
  });

  it("are given of a filter, so many at a time", () => {
    const filter: RecordFilter = { layers: ["hardware"] };
    const expected = selected({ layers: ["hardware"] });
    const first = recordsLook(live, { filter, from: 0, most: 10 });
    expect(first.lines.map(({ index }) => index)).toEqual(expected.slice(0, 10));
    expect(recordsLook(live, { filter, from: first.next ?? 0, most: 5 }).lines.map(({ index }) => index)).toEqual(expected.slice(10, 15));
  });

  it("can be chosen by the kinds that occur and by every part of the machine", () => {
    const { kinds, parts } = recordChoicesLook(live, {});
    for (const layer of traceLayers) expect([...kinds[layer]].toSorted()).toEqual([...new Set(selected({ layers: [layer] }).map((index) => kindOf(readRecord(trace.records, index))))].toSorted());
    expect(parts).toEqual([...trace.parts.values()]);
  });
});
