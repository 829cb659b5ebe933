import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { listRuns, shardOf, traceNames } from "./list.ts";

const filesOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `scenarios/s${index}.yaml`);

describe("the list of runs", () => {
  it("has each seed of each file, in order, each at its place", () => {
    expect(listRuns(["b", "a"], [3, 4])).toEqual([{ place: 0, file: "b", seed: 3 }, { place: 1, file: "b", seed: 4 }, { place: 2, file: "a", seed: 3 }, { place: 3, file: "a", seed: 4 }]);
  });

  it("is cut into shards that share nothing, leave nothing out, keep the order and differ by one run at most", () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 12 }), (files, seeds, count) => {
      const runs = listRuns(filesOf(files), Array.from({ length: seeds }, (_, seed) => seed));
      const shards = Array.from({ length: count }, (_, index) => shardOf(runs, { index: index + 1, count }));
      expect(shards.flat().toSorted((a, b) => a.place - b.place)).toEqual(runs);
      const sizes = shards.map(({ length }) => length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      for (const shard of shards) expect(shard).toEqual(shard.toSorted((a, b) => a.place - b.place));
    }));
  });

  it("a file that comes moves one run over each border at most", () => {
    for (const count of [2, 3, 8]) {
      const shardsOf = (files: readonly string[]): Map<string, number> => new Map(Array.from({ length: count }, (_, index) => shardOf(listRuns(files, [1]), { index: index + 1, count }).map(({ file }) => [file, index] as const)).flat());
      const before = shardsOf(filesOf(100));
      const after = shardsOf(["scenarios/new.yaml", ...filesOf(100)]);
      expect([...before].filter(([file, shard]) => after.get(file) !== shard).length).toBeLessThan(count);
    }
  });

  it("spreads what stands together: a folder of slow scenarios is in every shard", () => {
    const runs = listRuns(["a", "b", "c", "d"].flatMap((theme) => Array.from({ length: 25 }, (_, index) => `${theme}/s${index}.yaml`)), [1]);
    for (const index of [1, 2, 3, 4]) expect(new Set(shardOf(runs, { index, count: 4 }).map(({ file }) => file[0])).size).toBe(4);
  });

  it("names traces after their files, and after whole paths where two files have one name", () => {
    expect([...traceNames(listRuns(["x/a.yaml", "./y/b.yaml", "y/a.yml"], [1, 2])).values()]).toEqual(["x-a-seed1.trace", "x-a-seed2.trace", "b-seed1.trace", "b-seed2.trace", "y-a-seed1.trace", "y-a-seed2.trace"]);
  });
});
