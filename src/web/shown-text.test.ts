import { describe, expect, it } from "vitest";
import { shownText } from "./shown-text.ts";

describe("foreign text as it is shown", () => {
  it("what turns, hides or controls is a number to be seen; markup is text", () => {
    expect(shownText("a\u202eb\u200bc\u0007d\u2066e\ufefff\u007f")).toBe("a<U+202E>b<U+200B>c<U+0007>d<U+2066>e<U+FEFF>f<U+007F>");
    expect(shownText("<script>&amp;")).toBe("<script>&amp;");
    expect(shownText("half \ud83d of one")).toBe("half <U+D83D> of one");
  });
  it("tabs, line ends and every letter of a language stay", () => expect(shownText("a\tb\r\nc\nünï 漢字 עברית 🎉")).toBe("a\tb\nc\nünï 漢字 עברית 🎉"));
});
