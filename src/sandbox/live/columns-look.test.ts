import { describe, expect, it } from "vitest";
import { liveTrace, statusOf } from "../../../test/support/live-traces.ts";
import { traced } from "../../../test/support/shown-runs.ts";
import type { TraceFile } from "../../scenario/trace/file.ts";
import { TimelineBuilder } from "../../scenario/trace/timeline.ts";
import { readRecord, recordWords } from "../../sim/trace.ts";
import type { Columns, ShownLane, ShownSpan } from "./columns.ts";
import { laneGroups, notShown, shownKinds } from "./columns.ts";
import type { Traced } from "./columns-look.ts";
import { columnsLook } from "./columns-look.ts";

const scenarios = ["isolation/c-interleaved", "isolation/h-behind-switch", "recovery/flapping", "device/events", "device/labels-and-firmware", "claims/s71-storm-goes-on", "workloads/vm-restarts"].map((name) => `scenarios/${name}.yaml`);

/** Everything that looks tell of a trace, as a page puts it together. */
function whole(live: Traced): { readonly lanes: ShownLane[]; readonly spans: ShownSpan[]; readonly parts: Columns[] } {
  const [lanes, spans, parts]: [ShownLane[], ShownSpan[], Columns[]] = [[], [], []];
  for (let from = 0; from < live.trace.length; ) {
    const answer = columnsLook(live, { from });
    lanes.push(...answer.newLanes);
    for (const span of answer.spans) spans[span.id] = span;
    parts.push(answer);
    from += answer.times.length;
  }
  return { lanes, spans, parts };
}

/** The lane that the time line of reports has for a lane of the page. */
function reportLane({ name, group, part }: ShownLane): string {
  if (part !== null) return part;
  if (group === "Recoveries") return `recovery ${name}`;
  if (group === "Machine checks") return "machine checks";
  return group === "Kernel tasks" || group === "Workloads" ? "kernel" : name;
}

const lastOf = ({ records }: TraceFile): number => readRecord(records, records.length / recordWords - 1).time;

function built(trace: TraceFile) {
  const builder = new TimelineBuilder({ ...trace, faultOf: () => undefined }, 1e9, 1e9);
  for (let index = 0; index < trace.records.length / recordWords; index++) builder.add(readRecord(trace.records, index));
  return builder.finish(lastOf(trace));
}

interface Tally { count: number; first: number; last: number }
const tally = (all: Map<string, Tally>, key: string, count: number, from: number, until: number): void => {
  const known = all.get(key);
  all.set(key, known === undefined ? { count, first: from, last: until } : { count: known.count + count, first: Math.min(known.first, from), last: Math.max(known.last, until) });
};

const spanText = (lane: string, { kind, fromNs, untilNs, text }: { kind: string; fromNs: number; untilNs: number | null; text: string }, end: number): string => `${lane} ${kind} ${fromNs} ${untilNs ?? end} ${text}`;

describe.each(scenarios)("records of %s as columns", (file) => {
  const { trace } = traced(file);
  const { lanes, spans, parts } = whole(liveTrace(trace));

  it("have what the time line of reports has: kinds, counts and times of each lane", () => {
    const [mine, theirs] = [new Map<string, Tally>(), new Map<string, Tally>()];
    for (const { times, lanes: laneOf, kinds, weights } of parts) {
      for (const [index, time] of times.entries()) {
        const kind = shownKinds[kinds[index] ?? notShown];
        const lane = lanes[laneOf[index] ?? 0];
        if (kind === undefined || kind === "access" || kind === "task" || lane === undefined) continue;
        tally(mine, `${reportLane(lane)}: ${kind === "failure" ? "expectation" : kind}`, weights?.[index] ?? 1, time, time);
      }
    }
    for (const { lane, kind, count, atNs, untilNs } of built(trace).timeline) tally(theirs, `${lane}: ${kind}`, count, atNs, untilNs);
    expect(Object.fromEntries([...mine].toSorted())).toEqual(Object.fromEntries([...theirs].toSorted()));
  });

  it("have its spans", () => {
    const end = lastOf(trace);
    const mine = spans.filter(({ kind }) => kind !== "life").map((span) => spanText(reportLane(lanes[span.lane] ?? { name: "?", group: "Log", part: null, order: 0 }), span, end));
    expect(mine.toSorted()).toEqual(built(trace).spans.map((span) => spanText(span.lane, span, end)).toSorted());
  });

  it("show every access, and the tasks that the scheduler chose", () => {
    const count = (layer: string, kind?: number): number => Array.from({ length: trace.records.length / recordWords }, (_, index) => readRecord(trace.records, index)).filter((record) => record.layer === layer && (kind === undefined || record.kind === kind)).length;
    const shown = (kind: "access" | "task"): number => parts.reduce((sum, { kinds }) => sum + kinds.filter((one) => one === shownKinds.indexOf(kind)).length, 0);
    expect(shown("access")).toBe(count("access"));
    expect(shown("task")).toBe(count("kernel", 3));
  });

  it("are told the same in pieces of a growing trace as at once", () => {
    const live = liveTrace(trace, 0);
    expect(columnsLook(live, { from: 0 })).toMatchObject({ known: 0, newLanes: [], spans: [] });
    const [grownLanes, grownSpans]: [ShownLane[], ShownSpan[]] = [[], []];
    const times: number[] = [];
    const numbers: number[] = [];
    for (let length = 0; length < trace.records.length / recordWords; ) {
      const from = length;
      length = Math.min(trace.records.length / recordWords, length * 2 + 7);
      live.grow(length);
      const answer = columnsLook(live, { from });
      grownLanes.push(...answer.newLanes);
      for (const span of answer.spans) grownSpans[span.id] = span;
      times.push(...answer.times);
      numbers.push(...answer.kinds);
    }
    expect(grownLanes).toEqual(lanes);
    expect(grownSpans).toEqual(spans);
    expect(times).toEqual(parts.flatMap((one) => [...one.times]));
    expect(numbers).toEqual(parts.flatMap((one) => [...one.kinds]));
  });
});

describe("columns of a trace", () => {
  const { trace } = traced("scenarios/isolation/c-interleaved.yaml");

  it("have lanes of known groups, one of each name, ports in the order of the machine", () => {
    const { lanes } = whole(liveTrace(trace));
    expect(lanes.every(({ group }) => laneGroups.includes(group))).toBe(true);
    expect(new Set(lanes.map(({ group, name }) => `${group} ${name}`)).size).toBe(lanes.length);
    const sorted = (group: string): string[] => lanes.filter((lane) => lane.group === group).toSorted((a, b) => a.order - b.order).map(({ name }) => name);
    expect(sorted("Ports")).toEqual(["rp0", "rp0 traffic"]);
    expect(sorted("Accesses")).toEqual(["hb0", "rp0", "rp1", "dev0", "dev1", "nobody answers"]);
    expect(sorted("Kernel tasks").slice(0, 2)).toEqual(["kernel", "interrupts"]);
  });

  it("tell when the scenario was ready, and how long its guests lived", () => {
    const { lanes, spans, parts } = whole(liveTrace(trace));
    expect(parts.at(-1)?.readyAtNs).toBeGreaterThan(0);
    const lives = spans.filter(({ kind }) => kind === "life");
    expect(lives.map(({ lane }) => lanes[lane]?.name)).toEqual(["vm1", "vm2", "vm3", "vm4", "vm5", "vm6", "vm7", "vm8"]);
    expect(lives.every(({ fromNs, untilNs }) => untilNs !== null && untilNs > fromNs)).toBe(true);
  });

  it("begin anew when records that were told are no longer this run's", () => {
    const live = liveTrace(trace);
    const first = whole(live);
    const again = whole({ trace: live.trace, status: statusOf(2) });
    expect(again.parts[0]?.generation).toBe(2);
    expect(again.lanes).toEqual(first.lanes);
    expect(again.spans).toEqual(first.spans);
  });

  it("survive records of parts, kinds and layers that nobody knows", () => {
    const records = Uint32Array.from({ length: 512 * recordWords }, (_, word) => (word % recordWords === 1 ? ((word * 2_654_435_761) >>> 0) & 0xffe0_0000 : (word * 2_246_822_519) >>> 0));
    const { parts, lanes } = whole(liveTrace({ ...trace, records }));
    expect(parts.flatMap(({ times }) => [...times])).toHaveLength(512);
    expect(lanes.length).toBeLessThan(64);
  });
});
