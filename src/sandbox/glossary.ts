// Every word that the project declares, for `cxl-sandbox explain TERM`: those of scenarios and registers, and the defects of the recovery driver.

import { registerTerms } from "../scenario/glossary/register-terms.ts";
import type { Glossary, Term } from "../scenario/glossary/term.ts";
import { createGlossary } from "../scenario/glossary/term.ts";
import { wordTerms } from "../scenario/glossary/word-terms.ts";
import { defectNames, defects } from "./defects.ts";

const defectTerms = (): Term[] => defectNames.map((name) => {
  const { meaning, source, scenario, seen } = defects[name];
  return {
    kind: "defect", name, meaning, source, facts: [["seen", seen.replaceAll("`", "")], ["scenario", `scenarios/defects/${scenario}`]], tables: [],
    examples: [], page: "docs/defects.md", also: [],
  };
});

export const glossary = (): Glossary => createGlossary([...registerTerms(), ...wordTerms(), ...defectTerms()]);
