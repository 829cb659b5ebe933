import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { columnsOf, columnStart, empty, neighbour } from "./columns-of.ts";
import type { Series } from "./data.ts";
import { IndexList } from "./data.ts";

interface Drawn { readonly kind: number; readonly record: number; readonly count: number }

/** Every event looked at for every column. */
function walked(times: Float64Array, kinds: readonly number[], fromNs: number, untilNs: number, count: number, notability: readonly number[]): (Drawn | null)[] {
  return Array.from({ length: count }, (_, column) => {
    const view = { fromNs, untilNs };
    const inside = [...kinds.keys()].filter((record) => (times[record] ?? 0) >= columnStart(view, column, count) && (times[record] ?? 0) < columnStart(view, column + 1, count));
    const [first] = inside.toSorted((a, b) => (notability[kinds[b] ?? 0] ?? 0) - (notability[kinds[a] ?? 0] ?? 0) || a - b);
    return first === undefined ? null : { kind: kinds[first] ?? 0, record: first, count: inside.length };
  });
}

function seriesOf(kinds: readonly number[]): Series[] {
  const all: Series[] = [];
  for (const [record, kind] of kinds.entries()) {
    let series = all.find((one) => one.kind === kind);
    if (series === undefined) all.push((series = { kind, indices: new IndexList() }));
    series.indices.push(record);
  }
  return all;
}

const runs = fc.record({
  gaps: fc.array(fc.tuple(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 9 }), fc.integer({ min: 0, max: 5000 })), fc.integer({ min: 0, max: 4 })), { maxLength: 120 }),
  from: fc.integer({ min: -500, max: 4000 }),
  width: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 200_000 })),
  count: fc.integer({ min: 1, max: 60 }),
  notability: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 5, maxLength: 5 }),
});

describe("what a pixel column of a lane shows", () => {
  it("is the most notable kind of its events, the first record of it, and how many there are, as walking over all events finds", () => {
    fc.assert(fc.property(runs, ({ gaps, from, width, count, notability }) => {
      let now = 0;
      const times = Float64Array.from(gaps, ([gap]) => (now += gap));
      const kinds = gaps.map(([, kind]) => kind);
      const { kinds: shown, records, counts } = columnsOf(times, seriesOf(kinds), { fromNs: from, untilNs: from + width }, count, notability);
      const mine = Array.from(shown, (kind, column): Drawn | null => (kind === empty ? null : { kind, record: records[column] ?? -1, count: counts[column] ?? -1 }));
      expect(mine).toEqual(walked(times, kinds, from, from + width, count, notability));
    }), { numRuns: 400 });
  });

  it("is nothing where a lane has no events", () => {
    expect([...columnsOf(new Float64Array(0), [], { fromNs: 0, untilNs: 10 }, 3, []).kinds]).toEqual([empty, empty, empty]);
  });

  it("costs as much as there are columns, not as there are events", () => {
    const million = 1_000_000;
    let reads = 0;
    const times = Float64Array.from({ length: million }, (_, index) => index * 10);
    const indices = new IndexList();
    for (let record = 0; record < million; record++) indices.push(record);
    const counted = new Proxy(times, { get: (target, key) => (reads++, Reflect.get(target, key) as unknown) });
    columnsOf(counted, [{ kind: 0, indices }], { fromNs: 0, untilNs: million * 10 }, 600, [0]);
    expect(reads).toBeLessThan(600 * 40);
  });
});

describe("the event next to another in a row", () => {
  it("is the nearest record of any kind before or after it", () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 60 }), fc.integer({ min: -1, max: 61 }), fc.constantFrom(1 as const, -1 as const), (kinds, after, direction) => {
      // Kind 3 stands for another lane.
      const own = [...kinds.keys()].filter((record) => kinds[record] !== 3);
      const expected = direction === 1 ? own.find((record) => record > after) : own.findLast((record) => record < after);
      expect(neighbour(seriesOf(kinds).filter(({ kind }) => kind !== 3), after, direction)).toBe(expected ?? null);
    }));
  });
});
