import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { rules, waiting } from "./rules.ts";
import { namedTests, rulesPage, rulesReport } from "./scan.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

describe("rules", () => {
  it("every rule that is modelled has a test; those that wait say for what", () => {
    expect(rulesReport(root).missing).toEqual(Object.keys(waiting));
    expect(rules.map(({ id }) => id.replace(/\d+/, "")).reduce<Record<string, number>>((sum, prefix) => ({ ...sum, [prefix]: (sum[prefix] ?? 0) + 1 }), {})).toEqual({ C: 18, L: 6, T: 12, TS: 11, TB: 7, TR: 7 });
  });

  it("docs/rules.md is what the titles say", () => {
    expect(readFileSync(`${root}docs/rules.md`, "utf8")).toBe(rulesPage(root));
  });

  it("ids are read from titles of tests and suites, also behind a table of cases", () => {
    const cases = `it("[${"C1"}] [${"T3"}] one", () => {});\n  describe("[${"TB2"}] two", f);\nit.each([[1], [2]] as const)("[${"L4"}] three %i", f);\nconst x = "[C9] no title";\n`;
    expect(namedTests("f", cases).map(({ title, ids }) => [title, ids])).toEqual([["[C1] [T3] one", ["C1", "T3"]], ["[TB2] two", ["TB2"]], ["[L4] three %i", ["L4"]]]);
  });
});
