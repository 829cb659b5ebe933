import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { kept, moved, showing, ticksOf, tickStep, timeAt, wholeView, zoomed } from "./view.ts";

const view = { fromNs: 1000, untilNs: 3000 };

describe("the stretch of time that is shown", () => {
  it("keeps what is under the pointer in its place when it is zoomed", () => {
    fc.assert(fc.property(fc.double({ min: 0.2, max: 5, noNaN: true }), fc.integer({ min: 0, max: 1000 }), (factor, pixel) => {
      const at = timeAt(view, 1000, pixel);
      expect(timeAt(zoomed(view, factor, at), 1000, pixel)).toBeCloseTo(at, 6);
    }));
  });

  it("never leaves the run, and never shows less than 20 ns", () => {
    const bounds = wholeView(0, 10_000);
    fc.assert(fc.property(fc.integer({ min: -50_000, max: 50_000 }), fc.integer({ min: 1, max: 100_000 }), (fromNs, width) => {
      const shown = kept({ fromNs, untilNs: fromNs + width }, bounds);
      expect(shown.fromNs).toBeGreaterThanOrEqual(bounds.fromNs - 1e-6);
      expect(shown.untilNs).toBeLessThanOrEqual(bounds.untilNs + 1e-6);
      expect(shown.untilNs - shown.fromNs).toBeGreaterThanOrEqual(20 - 1e-6);
    }));
  });

  it("moves by shares of itself, and to a time only where that is not in sight", () => {
    expect(moved(view, 0.25)).toEqual({ fromNs: 1500, untilNs: 3500 });
    expect(showing(view, 2000)).toBe(view);
    expect(showing(view, 9000)).toEqual({ fromNs: 8000, untilNs: 10_000 });
  });
});

describe("the axis", () => {
  it("has ticks of 1, 2 or 5 times a power of ten ns, far enough from each other", () => {
    expect([1, 3, 40, 700, 9e5, 2.1e9].map(tickStep)).toEqual([1, 5, 50, 1000, 1e6, 5e9]);
    fc.assert(fc.property(fc.integer({ min: 20, max: 4e9 }), fc.integer({ min: 0, max: 1e9 }), (width, zero) => {
      const ticks = ticksOf({ fromNs: 0, untilNs: width }, 1000, zero);
      for (const [index, { atNs }] of ticks.entries()) {
        if (index > 0) expect(((atNs - (ticks[index - 1]?.atNs ?? 0)) / width) * 1000).toBeGreaterThanOrEqual(109.9);
      }
      expect(new Set(ticks.map(({ text }) => text)).size).toBe(ticks.length);
    }));
  });

  it("counts from ready, with the unit and the decimals that tell its ticks", () => {
    expect(ticksOf({ fromNs: 38_000_000, untilNs: 44_000_000 }, 600, 40_000_000).map(({ text }) => text)).toEqual(["\u22122 ms", "0", "2 ms", "4 ms"]);
    expect(ticksOf({ fromNs: 45_657_600, untilNs: 45_657_660 }, 400, 40_657_600).map(({ text }) => text)).toEqual(["5.00000 ms", "5.00002 ms", "5.00004 ms", "5.00006 ms"]);
  });
});
