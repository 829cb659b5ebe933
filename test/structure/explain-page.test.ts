// docs/explain.md: every output that it shows is what the command prints today. A block that ends in "..." shows the beginning.

import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { consoleExplanation } from "../../src/report/explain.ts";
import { consoleTerm } from "../../src/report/glossary.ts";
import { glossary } from "../../src/sandbox/glossary.ts";
import { findTerms } from "../../src/scenario/glossary/term.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import { explain } from "../support/explained.ts";

const page = readFileSync("docs/explain.md", "utf8");
const blocks = [...page.matchAll(/^```console\n\$ npx cxl-sandbox explain (\S+)(?: --at (\S+))?\n([^]*?)^```$/gm)].map(([, file = "", moment = "end", shown = ""]) => [file, moment, shown] as const);

it("has examples", () => expect(blocks.length).toBeGreaterThan(4));

it.each(blocks.filter(([file]) => file.endsWith(".yaml")))("docs/explain.md: %s at %s", (file, moment, shown) => {
  const printed = consoleExplanation(explain(planScenario(file, readFileSync(file, "utf8")), moment, true).told);
  const isHead = shown.endsWith("\n...\n");
  expect(isHead ? printed.slice(0, shown.length - 4) : `${printed.trimEnd()}\n`).toBe(isHead ? shown.slice(0, -4) : shown);
});

it.each(blocks.filter(([file]) => !file.endsWith(".yaml")))("docs/explain.md: the term %s", (word, _, shown) => {
  expect(findTerms(glossary(), word).map((found) => consoleTerm(found))).toEqual([shown]);
});
