import { describe, expect, it } from "vitest";
import { exactText, isInRange, momentText, rangeOf, rangeText } from "./range.ts";

describe("a stretch of time", () => {
  it("is whole ns from the earlier to the later, never before power-on", () => {
    expect(rangeOf(5.6, -3)).toEqual({ fromNs: 0, toNs: 6 });
    expect(rangeOf(10, 20)).toEqual({ fromNs: 10, toNs: 20 });
  });

  it("holds what lies in it at least in part, both ends inclusive; where none is picked, all", () => {
    const range = { fromNs: 10, toNs: 20 };
    expect([9, 10, 20, 21].map((at) => isInRange(range, at))).toEqual([false, true, true, false]);
    expect([isInRange(range, 0, 10), isInRange(range, 0, 99), isInRange(range, 20, 30), isInRange(range, 0, 9)]).toEqual([true, true, true, false]);
    expect(isInRange(null, 1e9)).toBe(true);
  });

  it("is told from ready, where that is known", () => {
    expect(momentText(45_000_000, 40_000_000)).toBe("5 ms after ready");
    expect(momentText(39_999_990, 40_000_000)).toBe("10 ns before ready");
    expect(momentText(40_000_000, 40_000_000)).toBe("at ready");
    expect(momentText(45_000_000, -1)).toBe("45 ms");
    expect(rangeText({ fromNs: 41_000_000, toNs: 42_500_000 }, 40_000_000)).toBe("1 ms to 2.5 ms after ready, 1.5 ms long");
    expect(rangeText({ fromNs: 38_000_000, toNs: 39_000_000 }, 40_000_000)).toBe("2 ms to 1 ms before ready, 1 ms long");
    expect(rangeText({ fromNs: 39_000_000, toNs: 41_000_000 }, 40_000_000)).toBe("1 ms before ready to 1 ms after ready, 2 ms long");
  });

  it("is exact to the nanosecond in lists", () => {
    expect(exactText(45_000_001, 40_000_000)).toBe("+0.005000001");
    expect(exactText(39_000_000, 40_000_000)).toBe("\u22120.001000000");
    expect(exactText(1_000_000_007, -1)).toBe("1.000000007");
  });
});
