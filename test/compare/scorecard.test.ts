// docs/scorecard.md is what the code gives: the page is cut into its tables, and those that are quick to make are made again. `npm run scorecard -- --check` does all.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { comparisonTables } from "../../src/report/comparison.ts";
import { scorecardPage } from "../../src/report/scorecard.ts";
import { statementRules } from "../../src/report/statement-rules.ts";
import { judgeRule, casesOf, statementsMarkdown } from "../../src/report/statements.ts";
import type { Sections } from "../../src/report/statements.ts";
import type { Cell } from "../../src/scenario/comparison.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import { combinationsOf, parseVariation, varyScenario } from "../../src/scenario/vary.ts";
import { scoreText } from "../support/cells.ts";
import { bundledScenarios } from "../support/library.ts";

const page = readFileSync(new URL("../../docs/scorecard.md", import.meta.url), "utf8");

function sectionOf(files: readonly string[], vary: string, isUnpinned: boolean): Sections["presets"] {
  const variation = parseVariation(vary);
  const cells = files.flatMap((file) => combinationsOf([variation]).map((combination): Cell => {
    const varied = varyScenario(file, bundledScenarios()[file] ?? "", combination, isUnpinned);
    const plan = planScenario(file, varied.text);
    return { file, name: plan.name, combination, seed: 1, pinned: varied.pinned, dropped: varied.dropped, policies: plan.policies, facts: scoreText(varied.text, 8, file) };
  }));
  return { cells, variations: [variation] };
}

const layouts = sectionOf(["contained", "spread", "vm-per-dax"].map((name) => `scenarios/layouts/${name}.yaml`), "kernel.preset=isolation-safe", false);
const decision = sectionOf(["scenarios/faults/slow-card.yaml", "scenarios/trimming/s59-too-early.yaml"], "kernel.policies.quiesce=barrier,delay(10s),naive-wait", false);
const publication = sectionOf(["scenarios/faults/hot-replace.yaml"], "kernel.policies.srpub=always,never,late", false);
const presets = sectionOf(["scenarios/faults/missing-member.yaml", "scenarios/faults/boundary-mismatch.yaml"], "kernel.preset=all", true);

describe("docs/scorecard.md", () => {
  it.each([["presets", presets, "preset"], ["decision", decision, "quiesce"], ["publication", publication, "srpub"], ["layouts", layouts, "preset"]] as const)("tables of %s are what their cells are today", (_, section, label) => {
    for (const { file, head, rows, notes } of comparisonTables(section)) {
      const text = page.slice(page.indexOf(`\`${file}\`\n\n| ${label}`));
      expect(text.length).toBeLessThan(page.length);
      expect(text.split("\n").slice(2, 4 + rows.length)).toEqual([`| ${head.join(" | ")} |`, `|${head.map(() => "---").join("|")}|`, ...rows.map((row) => `| ${row.join(" | ")} |`)]);
      for (const note of notes) expect(text).toContain(`- ${note}`);
    }
  });

  it("statements about decision, publication and layouts are what the rules say of their cells today", () => {
    const sections: Sections = { presets, decision, publication, layouts };
    const own = statementRules.filter(({ section }) => section !== "presets").map((rule) => judgeRule(rule, casesOf(sections, rule.section)));
    const [table = "", details = ""] = statementsMarkdown(own).split("The numbers:");
    expect(own.length).toBeGreaterThan(4);
    for (const line of [...table.split("\n").slice(2), ...details.split("\n")]) expect(page).toContain(line);
  });

  it("every rule has a statement there, and every fault of the corpus a table", () => {
    for (const { claim } of statementRules) expect(page).toContain(`| ${claim} |`);
    for (const file of Object.keys(bundledScenarios()).filter((name) => /^scenarios\/(faults|layouts)\//.test(name))) expect(page).toContain(`\`${file}\``);
  });

  it("another cell gives another page", () => {
    const sections: Sections = { presets, decision, publication, layouts };
    const [first, ...rest] = layouts.cells;
    if (first === undefined) throw new Error("no cell");
    const altered = { ...sections, layouts: { ...layouts, cells: [{ ...first, facts: { ...first.facts, bytesLost: "0" } }, ...rest] } };
    expect(scorecardPage(altered)).not.toBe(scorecardPage(sections));
    expect(scorecardPage(sections)).toBe(scorecardPage(sections));
  });
});
