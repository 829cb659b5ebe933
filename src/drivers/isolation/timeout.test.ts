import { describe, expect, it } from "vitest";
import { chooseTimeoutValue } from "./timeout.ts";

/** Range bit that makes a value legal (sheet 3.1); 0 always is. */
const legalIf: Readonly<Record<number, number>> = { 0x1: 1, 0x2: 1, 0x5: 2, 0x6: 2, 0x9: 4, 0xa: 4, 0xd: 8, 0xe: 8 };

describe("transaction timeout the service programs", () => {
  it.each([0, 1, 2, 3, 6, 7, 14, 15])("[S90] is legal for range bitmap %i", (ranges) => {
    const value = chooseTimeoutValue(ranges);
    if (value === 0) expect(ranges).toBe(0);
    else expect(ranges & (legalIf[value] ?? 0)).not.toBe(0);
  });

  it("is the longer span of the lowest supported range", () => {
    expect([1, 2, 6, 15, 14].map(chooseTimeoutValue)).toEqual([2, 6, 6, 2, 6]);
  });
});
