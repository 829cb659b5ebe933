import { describe, expect, it } from "vitest";
import { mayWantExpressions } from "./page-expressions.ts";

describe("the page fetches regular expressions when a scenario may call grep", () => {
  it.each(["- run: grep -c x /proc/iomem", "- run: cat /proc/iomem | gr''ep x", `- run: "gr\\\n  ep x y"`, `- run: "\\x67rep x y"`, `- run: "g\\u0072ep x y"`, "- run: !!binary Z3JlcA=="])("%j may", (text) => {
    expect(mayWantExpressions(["version: 1", text])).toBe(true);
  });

  it.each(["- run: cxl list", "name: gripe"])("%j does not", (text) => {
    expect(mayWantExpressions([text])).toBe(false);
  });
});
