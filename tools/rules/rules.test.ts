import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { namedInScenario } from "../../src/scenario/rule-names.ts";
import { rules } from "../../src/scenario/rules.ts";
import { evidenceOf, namedTests, rulesPage, rulesReport } from "./scan.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const count = (all: readonly { readonly id: string }[]): Record<string, number> => all.map(({ id }) => id.replace(/\d+/, "")).reduce<Record<string, number>>((sum, prefix) => ({ ...sum, [prefix]: (sum[prefix] ?? 0) + 1 }), {});

describe("rules", () => {
  it("every rule has a test, or a reason why not; the source documents' rules have a scenario each", () => {
    const { missing, withoutScenario } = rulesReport(root);
    expect([missing, withoutScenario]).toEqual([[], []]);
  });

  it("all stand in order, once, with a line of their own", () => {
    expect(count(rules)).toEqual({ C: 18, L: 6, T: 12, TS: 11, TB: 7, TR: 7, A: 20, S: 93 });
    for (const prefix of ["A", "S"]) expect(rules.filter(({ id }) => id.startsWith(prefix)).map(({ id }) => Number(id.slice(1)))).toEqual(Array.from({ length: prefix === "A" ? 20 : 93 }, (_, n) => n + 1));
    expect(new Set(rules.map(({ text }) => text)).size).toBe(rules.length);
  });

  it("only what says nothing to run or cannot arise is let off", () => {
    const letOff = (kind: string): string[] => rules.filter(({ exempt }) => exempt?.kind === kind).map(({ id }) => id);
    expect([letOff("record"), letOff("impossible")]).toEqual([["S18", "S67", "S91", "S93"], ["A20"]]);
  });

  it("no test and no scenario names a rule that is not listed", () => {
    const { tests, scenarios } = evidenceOf(root);
    expect([...tests.keys(), ...scenarios.keys()].filter((id) => !rules.some((rule) => rule.id === id))).toEqual([]);
  });

  it("docs/rules.md is what the titles and names say", () => {
    expect(readFileSync(`${root}docs/rules.md`, "utf8")).toBe(rulesPage(root));
  });

  it("ids are read from titles of tests and suites, also behind a table of cases", () => {
    const cases = `it("[${"C1"}] [${"T3"}] one", () => {});\n  describe("[${"TB2"}] two", f);\nit.each([[1], [2]] as const)("[${"L4"}] three %i", f);\nconst x = "[C9] no title";\n`;
    expect(namedTests("f", cases).map(({ title, ids }) => [title, ids])).toEqual([["[C1] [T3] one", ["C1", "T3"]], ["[TB2] two", ["TB2"]], ["[L4] three %i", ["L4"]]]);
  });

  it("ids are read from names of scenarios and of their files, ranges whole", () => {
    expect(namedInScenario("scenarios/x/plain.yaml", 'version: 1\nname: "gone (S2, S68-S70, A18, POL-SR=trim)"\ndescription: S9\n')).toEqual(["S2", "S68", "S69", "S70", "A18"]);
    expect(namedInScenario("scenarios/x/s05-s46-late.yaml", "name: late (S5)\n")).toEqual(["S5", "S46"]);
    expect(namedInScenario("scenarios/x/cards16-mixed.yaml", "name: 16 cards\n")).toEqual([]);
  });
});

describe("a tree of tests and scenarios", () => {
  let tree = "";
  const write = (file: string, text: string): void => {
    mkdirSync(join(tree, file, ".."), { recursive: true });
    writeFileSync(join(tree, file), text);
  };
  beforeEach(() => {
    tree = mkdtempSync(join(tmpdir(), "rules-"));
    write("test/all.test.ts", rules.map(({ id }) => `it("[${id}] is so", f);\n`).join(""));
    for (const folder of ["registers", "src", "workers", "tools"]) mkdirSync(join(tree, folder));
  });
  afterEach(() => rmSync(tree, { recursive: true }));
  const drop = (...ids: readonly string[]): void => write("test/all.test.ts", rules.filter(({ id }) => !ids.includes(id)).map(({ id }) => `it("[${id}] is so", f);\n`).join(""));

  it("that names every rule misses none", () => {
    expect(rulesReport(tree).missing).toEqual([]);
    expect(rulesReport(tree).text.split("\n").at(-1)).toBe(`${rules.length} rules, ${rules.length} with tests`);
  });

  it("without a test of A5, L3 and S30 misses them; what is let off is told and not missed", () => {
    drop("A5", "L3", "S30", "S18", "A20", "S91");
    const { text, missing } = rulesReport(tree);
    expect(missing).toEqual(["L3", "A5", "S30"]);
    expect(text).toContain(`${rules.length} rules, ${rules.length - 6} with tests, 3 with a reason why not, without: L3, A5, S30`);
    expect(text.split("\n").filter((line) => /^(S18|A20|S91|S30) /.test(line)).map((line) => line.replace(/ {2,}/g, " ").split(" scenarios ")[1]?.split(" ").slice(0, 3).join(" "))).toEqual(["cannot arise here", "record only Whether", "NO TEST Creating", "record only CXL.cache"]);
  });

  it("takes a scenario as evidence for a rule of the source documents, not for a check of the assembly", () => {
    drop("A5", "S30");
    write("scenarios/a/one.yaml", 'name: "one (S30, A5)"\n');
    const { missing, withoutScenario } = rulesReport(tree);
    expect(missing).toEqual(["A5"]);
    expect(withoutScenario).not.toContain("S30");
    expect(withoutScenario).toContain("S31");
    expect(rulesPage(tree)).toContain("| S30 | Creating a region over a range that hmem has fails with ERANGE, and the attempt leaves nothing behind | Soft Reserved ownership |  | scenarios/a/one.yaml |");
  });
});
