import { describe, expect, it } from "vitest";
import { textOfThrown } from "./thrown.ts";

describe("what was thrown, in words", () => {
  it("is an error's name and message, or the text of anything else", () => {
    expect([new Error("one"), new TypeError("two"), "three", null, undefined, 5n].map(textOfThrown)).toEqual(["one", "TypeError: two", "three", "null", "undefined", "5"]);
  });

  it("is there also for what has no words, throws when looked at, or is endless", () => {
    const trap = Object.defineProperty(new Error("hidden"), "message", { get: () => { throw new Error("again"); } });
    expect([Object.create(null) as unknown, trap].map(textOfThrown)).toEqual(["something that cannot be put into words", "something that cannot be put into words"]);
    expect(textOfThrown(new Error("y".repeat(10_000)))).toBe(`${"y".repeat(2000)}...`);
  });
});
