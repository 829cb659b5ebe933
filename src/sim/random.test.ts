import { describe, expect, it } from "vitest";
import { createRandom, nextBelow, nextUint32 } from "./random.ts";

describe("random numbers", () => {
  it("[rule 5] a seed fixes the sequence; these first values are the promise", () => {
    const random = createRandom(1);
    expect([nextUint32(random), nextUint32(random), nextUint32(random)]).toEqual([2166720167, 3801346647, 348472735]);
  });

  it("streams of one seed differ", () => {
    expect(nextUint32(createRandom(1, 1))).not.toBe(nextUint32(createRandom(1, 2)));
  });

  it("values below a limit stay below it and reach every value", () => {
    const random = createRandom(42);
    const seen = new Set<number>();
    for (let i = 0; i < 1000; i++) seen.add(nextBelow(random, 7));
    expect([...seen].toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});
