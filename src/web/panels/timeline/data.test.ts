import { describe, expect, it } from "vitest";
import { syntheticColumns } from "../../../../test/support/synthetic-columns.ts";
import type { Columns } from "../../../sandbox/live/columns.ts";
import { barsOf } from "./bars.ts";
import { createFeed } from "./feed.ts";
import { TimelineData } from "./data.ts";
import { hitAt } from "./hit.ts";
import { axisHeight, rowHeight, rowsOf } from "./rows.ts";

const whole = syntheticColumns(5000);

/** The same as a look would tell it, so many records at a time. */
function told(from: number, most: number, known = whole.known, generation = 1): Columns {
  const until = Math.min(known, from + most);
  const lanes = from === 0 && until > 0 ? whole.newLanes : [];
  return { ...whole, generation, from, known, times: whole.times.slice(from, until), lanes: whole.lanes.slice(from, until), kinds: whole.kinds.slice(from, until), newLanes: lanes, spans: from === 0 ? whole.spans : [] };
}

const shape = (data: TimelineData) => data.lanes.map(({ name, spans, series }) => ({ name, spans: spans.length, series: series.map(({ kind, indices }) => ({ kind, records: [...indices.values.subarray(0, indices.length)] })) }));

describe("data of the time line", () => {
  it("are the same however the columns came", () => {
    const [once, pieces] = [new TimelineData(), new TimelineData()];
    expect(once.append(whole)).toBe(true);
    for (let from = 0; from < 5000; from += 700) expect(pieces.append(told(from, 700))).toBe(true);
    expect(shape(pieces)).toEqual(shape(once));
    expect(pieces.length).toBe(5000);
    expect([...pieces.times.subarray(0, 5000)]).toEqual([...whole.times]);
  });

  it("take a span that ends in the place of the one that lasted", () => {
    const data = new TimelineData();
    const [span] = whole.spans;
    if (span === undefined) throw new Error("no span");
    data.append({ ...told(0, 100), spans: [{ ...span, untilNs: null }] });
    data.append({ ...told(100, 100), spans: [{ ...span, untilNs: 77 }] });
    expect(data.lanes[span.lane]?.spans).toEqual([{ ...span, untilNs: 77 }]);
  });

  it("begin anew where records are no longer the run's, and ask from the start", async () => {
    let generation = 1;
    let known = 3000;
    const asked: number[] = [];
    const feed = createFeed(({ from }) => {
      asked.push(from);
      return Promise.resolve(told(Math.min(from, known), 1000, known, generation));
    }, () => undefined);
    await feed.update();
    expect(feed.data.length).toBe(3000);
    generation = 2;
    known = 1500;
    await feed.update();
    expect(feed.data.generation).toBe(2);
    expect(feed.data.length).toBe(1500);
    expect(asked).toEqual([0, 1000, 2000, 3000, 0, 1000]);
    known = 1700;
    await feed.update();
    expect(feed.data.length).toBe(1700);
  });
});

describe("rows of the time line", () => {
  const data = new TimelineData();
  data.append(whole);

  it("are groups with their lanes below them, accesses closed, groups of one lane a row of their own", () => {
    const rows = rowsOf(data, new Map());
    expect(rows.map(({ title }) => title)).toEqual([
      "Scenario and steps: scenario", "Links (4)", "rp0", "rp1", "rp2", "rp3", "Ports (8)", "rp0", "rp1", "rp2", "rp3", "rp0 traffic", "rp1 traffic", "rp2 traffic", "rp3 traffic",
      "Processors: loads and stores", "Kernel tasks (2)", "kernel", "interrupts", "Recoveries (4)", "0000:0c:00.0", "0000:0c:01.0", "0000:0c:02.0", "0000:0c:03.0", "Machine checks: vm1", "Log", "Accesses (4)",
    ]);
    expect(rows.at(-1)).toMatchObject({ isOpen: false });
    expect(rowsOf(data, new Map([["Links", false], ["Accesses", true]])).map(({ title }) => title).filter((title) => title === "rp0")).toHaveLength(2);
  });

  it("show a closed group's events in its own row", () => {
    const rows = rowsOf(data, new Map([["Links", false]]));
    expect(rows.find(({ group }) => group === "Links")?.lanes.map(({ name }) => name)).toEqual(["rp0", "rp1", "rp2", "rp3"]);
  });

  it("are found under the pointer, with the most notable record near it", () => {
    const rows = rowsOf(data, new Map());
    const ports = rows.findIndex(({ title, group }) => title === "rp0" && group === "Ports");
    const fault = data.lanes[rows[ports]?.lanes[0]?.id ?? 0]?.series.find(({ kind }) => kind === 0)?.indices.values[0] ?? 0;
    const at = data.times[fault] ?? 0;
    const hit = hitAt(data, rows, { fromNs: at - 500, untilNs: at + 500 }, 1000, 0, 502, axisHeight + ports * rowHeight + 5);
    expect(hit.record).toBe(fault);
    expect(hit.row?.title).toBe("rp0");
    expect(hitAt(data, rows, { fromNs: 0, untilNs: 100 }, 1000, 0, 5, 3)).toMatchObject({ isAxis: true, row: null, record: null });
  });
});

describe("bars of a lane", () => {
  const span = (fromNs: number, untilNs: number | null) => ({ id: 0, lane: 0, kind: "training" as const, fromNs, untilNs, text: "" });

  it("are those that reach into the view, cut at its edges", () => {
    const bars = barsOf([span(0, 50), span(60, 120), span(150, 160), span(190, 400), span(500, 600)], { fromNs: 100, untilNs: 200 }, 100, 1000);
    expect(bars.map(({ from, until }) => [from, until])).toEqual([[0, 20], [50, 60], [90, 100]]);
  });

  it("last to the end of what is known where no end is known", () => {
    expect(barsOf([span(10, null)], { fromNs: 0, untilNs: 100 }, 100, 80).map(({ until }) => until)).toEqual([80]);
  });

  it("are one where many begin within a pixel", () => {
    const bars = barsOf(Array.from({ length: 10_000 }, (_, index) => span(index * 10, index * 10 + 5)), { fromNs: 0, untilNs: 100_000 }, 100, 100_000);
    expect(bars.length).toBeLessThanOrEqual(101);
    expect(bars.reduce((sum, { count }) => sum + count, 0)).toBe(10_000);
  });
});
