import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MemoryRun } from "../../../sandbox/live/memory-look.ts";
import { cellsOf, kindOf, zonesOf } from "./cells.ts";

const run = (bytes: number, use: MemoryRun["use"], more: Partial<MemoryRun> = {}): MemoryRun => ({
  start: "0x0", end: "0x0", bytes: String(bytes), node: 0, zone: "Normal", use, kind: "", owner: "", isPoisoned: false, isLost: false, isGoing: false, longPins: [], shortPins: [], backing: "", region: "", parts: [], count: 1, ...more,
});
const kinds = (runs: readonly MemoryRun[], count: number): string => cellsOf(zonesOf(runs)[0] ?? { node: 0, zone: "", bytes: 0n, runs }, count).map(({ kind }) => kind).join(" ");

describe("cells of a zone", () => {
  it("show what takes most of each", () => {
    expect(kinds([run(3, "kernel"), run(13, "free"), run(16, "used")], 4)).toBe("free free used used");
    expect(kinds([run(8, "kernel"), run(8, "free"), run(16, "used")], 4)).toBe("kernel free used used");
  });

  it("show a single poisoned page, a pin, and what is lost before all that is ordinary", () => {
    expect(kinds([run(100, "free"), run(1, "free", { isPoisoned: true }), run(99, "used")], 4)).toBe("free free poisoned used");
    expect(kinds([run(50, "used", { longPins: ["nic"] }), run(1, "free", { isLost: true }), run(149, "free")], 2)).toBe("lost free");
  });

  it("cover every run that is special, whatever the sizes, and are as many as asked for", () => {
    const runs = fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 5000 }), use: fc.constantFrom<MemoryRun["use"]>("free", "used", "kernel"), isPoisoned: fc.boolean() }), { minLength: 1, maxLength: 40 }).map((list) => list.map(({ bytes, use, isPoisoned }) => run(bytes * 64, use, { isPoisoned })));
    fc.assert(fc.property(runs, fc.integer({ min: 1, max: 64 }), (list, count) => {
      const cells = cellsOf(zonesOf(list)[0] ?? { node: 0, zone: "", bytes: 0n, runs: [] }, count);
      expect(cells.length).toBe(count);
      expect(cells.some(({ kind }) => kind === "poisoned")).toBe(list.some(({ isPoisoned }) => isPoisoned));
      const whole = list.reduce((sum, { bytes }) => sum + Number(bytes), 0) / count;
      // A run that fills a cell is what the cell shows, unless something special is in it.
      let begin = 0;
      for (const one of list) {
        const [first, last] = [Math.ceil(begin / whole) + 1, Math.floor((begin + Number(one.bytes)) / whole) - 1];
        for (let index = first; index < last - 1; index++) expect(["poisoned", kindOf(one)]).toContain(cells[index]?.kind);
        begin += Number(one.bytes);
      }
      for (const cell of cells) expect(kindOf(list[cell.run] ?? run(1, "free"))).toBe(cell.kind);
    }));
  });
});
