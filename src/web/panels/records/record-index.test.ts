import { describe, expect, it } from "vitest";
import type { Found, FindQuestion } from "../../../sandbox/live/find-look.ts";
import type { Records, RecordsQuestion } from "../../../sandbox/live/records-look.ts";
import { findLook } from "../../../sandbox/live/find-look.ts";
import { recordsLook } from "../../../sandbox/live/records-look.ts";
import { traceOf } from "../../../../test/support/traces.ts";
import { liveTrace, statusOf } from "../../../../test/support/live-traces.ts";
import { pulledCable } from "../../../../test/support/pulled-cable.ts";
import { recordWords } from "../../../sim/trace.ts";
import { LineCache } from "./line-cache.ts";
import { RecordIndex } from "./record-index.ts";
import { rowHeight, scrollMap } from "./scroll-map.ts";

const trace = traceOf("page.yaml", pulledCable);
const total = trace.records.length / recordWords;

/** Answers as the worker's look does, a turn later. */
function asking(live = liveTrace(trace)): { readonly ask: (question: FindQuestion) => Promise<Found>; readonly asked: FindQuestion[] } {
  const asked: FindQuestion[] = [];
  return {
    asked,
    ask: (question) => {
      asked.push(question);
      return Promise.resolve(findLook(live, question));
    },
  };
}
const settled = async (index: RecordIndex): Promise<void> => {
  do await new Promise((resolve) => void setTimeout(resolve, 0));
  while (index.isLooking);
};
const shown = (index: RecordIndex): (number | undefined)[] => Array.from({ length: index.rows }, (_, row) => index.recordAt(row));
const links = (): number[] => [...findLook(liveTrace(trace), { filter: { kinds: ["link"] }, from: 0, direction: "forward", most: 99 }).indices];

describe("the rows of a list of records", () => {
  it("are all records, without asking, where nothing is chosen", () => {
    const { ask, asked } = asking();
    const index = new RecordIndex(ask, () => undefined);
    index.choose({});
    index.grow(total, 1);
    expect(index.rows).toBe(total);
    expect([index.recordAt(-1), index.recordAt(7), index.recordAt(total)]).toEqual([undefined, 7, undefined]);
    expect(index.rowOf(7)).toBe(7);
    expect(asked).toEqual([]);
  });

  it("are the records that are chosen, and those that come as the run grows", async () => {
    const live = liveTrace(trace, 100);
    const index = new RecordIndex(asking(live).ask, () => undefined);
    index.choose({ kinds: ["link"] });
    index.grow(100, 1);
    await settled(index);
    expect(shown(index)).toEqual([]);
    live.grow(total);
    index.grow(total, 1);
    await settled(index);
    expect(shown(index)).toEqual(links());
    expect(index.rowOf(links()[1] ?? 0)).toBe(1);
    expect(index.rowOf((links()[1] ?? 0) + 1)).toBe(2);
  });

  it("forget what is no longer looked for, though its answer comes late", async () => {
    const index = new RecordIndex(asking().ask, () => undefined);
    index.grow(total, 1);
    index.choose({ layers: ["access"] });
    index.choose({ kinds: ["link"] });
    await settled(index);
    expect(shown(index)).toEqual(links());
  });

  it("begin anew when records are no longer the run's", async () => {
    const live = { ...liveTrace(trace, 200), status: statusOf(2) };
    const index = new RecordIndex(asking(live).ask, () => undefined);
    index.choose({ layers: ["log"] });
    index.grow(total, 1);
    index.grow(200, 2);
    await settled(index);
    expect(shown(index)).toEqual([...findLook(live, { filter: { layers: ["log"] }, from: 0, direction: "forward", most: 500 }).indices]);
  });
});

describe("lines of records", () => {
  const asked: RecordsQuestion[] = [];
  const ask = (question: RecordsQuestion): Promise<Records> => {
    asked.push(question);
    return Promise.resolve(recordsLook(liveTrace(trace), question));
  };

  it("are asked for once, also by two who want them at the same time", async () => {
    const lines = new LineCache(ask);
    lines.keepTo(1);
    await Promise.all([lines.want([1, 2]), lines.want([2, 3])]);
    await lines.want([1, 2, 3]);
    expect(asked).toEqual([{ indices: [1, 2] }, { indices: [3] }]);
    expect([1, 2, 3].map((record) => lines.get(record)?.index)).toEqual([1, 2, 3]);
  });

  it("are forgotten with their generation, and not taken from another one", async () => {
    const lines = new LineCache(ask);
    lines.keepTo(1);
    await lines.want([4]);
    lines.keepTo(2);
    expect(lines.get(4)).toBeUndefined();
    expect(await lines.want([4])).toBe(false);
    expect(lines.get(4)).toBeUndefined();
  });
});

describe("the scroll bar of a long list", () => {
  it.each([10, 1000, 300_000, 300_001, 5_000_000])("reaches the first and the last of %d rows", (rows) => {
    const { height, rowAt, topOf } = scrollMap(rows, 400);
    expect(height).toBeLessThanOrEqual(6_000_000);
    expect(rowAt(0)).toBe(0);
    expect(rowAt(Math.max(0, height - 400))).toBeCloseTo(Math.max(0, rows - 400 / rowHeight), 3);
    const row = Math.floor(rows / 3);
    if (rows * rowHeight > 2000) expect(rowAt(topOf(row))).toBeCloseTo(row, 3);
  });
});
