// What the cells of a scorecard say of each position of the seeds. A rule names the claim, who makes it, the column it looks at and how two cells are held
// against each other; whether the claim holds, and the numbers, come from the cells.

import type { CellFacts, Comparison } from "../scenario/comparison.ts";

export type SectionName = "presets" | "decision" | "publication" | "layouts";
export type Sections = Readonly<Record<SectionName, Pick<Comparison, "cells" | "variations">>>;

export type StatementOutcome = "holds" | "does not hold" | "depends" | "not asked";

export interface Statement {
  /** Numbers of the seeds. */
  readonly ids: readonly string[];
  readonly position: string;
  readonly claim: string;
  readonly outcome: StatementOutcome;
  /** One text for each case that was asked. */
  readonly holdsIn: readonly string[];
  readonly failsIn: readonly string[];
}

/** Cells that are held against each other, by label: a preset, a value, a layout. */
export interface Case {
  readonly name: string;
  readonly cells: ReadonlyMap<string, CellFacts>;
}

export interface Judged {
  readonly holds: boolean;
  readonly numbers: string;
}

export interface Rule {
  readonly ids: readonly string[];
  /** Who says so. */
  readonly position: string;
  readonly claim: string;
  readonly section: SectionName;
  /** Labels whose cells it needs. */
  readonly of: readonly string[];
  /** Null: the case has nothing to say about it. `cells`: those of `of`, in order. */
  readonly judge: (cells: readonly CellFacts[], all: Case) => Judged | null;
}

const baseName = (file: string): string => (file.split("/").at(-1) ?? file).replace(/\.ya?ml$/, "");

/** Layouts are one case, the others one for each file. */
export function casesOf(sections: Sections, name: SectionName): Case[] {
  const { cells } = sections[name];
  if (name === "layouts") return [{ name: "layouts", cells: new Map(cells.map((cell) => [baseName(cell.file), cell.facts])) }];
  const files = [...new Set(cells.map(({ file }) => file))];
  return files.map((file) => ({ name: baseName(file), cells: new Map(cells.filter((cell) => cell.file === file).map((cell) => [cell.combination.map(({ value }) => value).join(" "), cell.facts])) }));
}

export function judgeRule(rule: Rule, cases: readonly Case[]): Statement {
  const holdsIn: string[] = [];
  const failsIn: string[] = [];
  for (const one of cases) {
    const cells = rule.of.flatMap((label) => one.cells.get(label) ?? []);
    const judged = cells.length === rule.of.length ? rule.judge(cells, one) : null;
    if (judged !== null) (judged.holds ? holdsIn : failsIn).push(`${one.name}: ${judged.numbers}`);
  }
  const outcome = holdsIn.length + failsIn.length === 0 ? "not asked" : failsIn.length === 0 ? "holds" : holdsIn.length === 0 ? "does not hold" : "depends";
  return { ids: rule.ids, position: rule.position, claim: rule.claim, outcome, holdsIn, failsIn };
}

export const statementsOf = (rules: readonly Rule[], sections: Sections): Statement[] => rules.map((rule) => judgeRule(rule, casesOf(sections, rule.section)));

const escaped = (text: string): string => text.replaceAll("|", "\\|");

/** A table of all statements, and below it the numbers of each. */
export function statementsMarkdown(statements: readonly Statement[]): string {
  const rows = statements.map(({ ids, position, claim, outcome, holdsIn, failsIn }) => `| ${ids.join(", ")} | ${escaped(position)} | ${escaped(claim)} | **${outcome}** (${holdsIn.length} of ${holdsIn.length + failsIn.length}) |`);
  const details = statements.flatMap(({ ids, claim, holdsIn, failsIn }) => [
    `- **${ids.join(", ")}** ${escaped(claim)}`, ...(holdsIn.length === 0 ? [] : [`  - so: ${escaped(holdsIn.join("; "))}`]), ...(failsIn.length === 0 ? [] : [`  - not so: ${escaped(failsIn.join("; "))}`]),
  ]);
  return ["| seeds | position | claim | outcome |", "|---|---|---|---|", ...rows, "", "The numbers:", "", ...details, ""].join("\n");
}
