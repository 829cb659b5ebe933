// `cxl-sandbox explain TERM`: says what a word of the project means, from its own declarations.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { consoleTerm, consoleTermList } from "../report/glossary.ts";
import { glossary } from "../sandbox/glossary.ts";
import type { Found, Term, TermKind } from "../scenario/glossary/term.ts";
import { allTerms, findTerms, nearestTerm, termKinds } from "../scenario/glossary/term.ts";
import { namedInScenario } from "../scenario/rule-names.ts";
import { UsageError, oneOf } from "./arguments.ts";
import { packageRoot } from "./version.ts";
import { styleFor } from "./terminal.ts";

export interface TermRequest {
  readonly kind: TermKind | undefined;
  readonly reporter: "console" | "json";
}

/** @throws UsageError */
export const kindOf = (text: string | undefined): TermKind | undefined => (text === undefined ? undefined : oneOf("kind", text, termKinds));

/** Whether a word of the command line is a scenario: by its ending, by a folder in it, or because a file has this name and no term. */
export const isScenarioPath = (word: string, exists: (path: string) => boolean): boolean => /\.ya?ml$/.test(word) || word.includes("/") || (exists(word) && findTerms(glossary(), word).length === 0);

/** Bundled scenarios that name a rule; none where they are not installed. */
function scenariosOf(rule: string): string[] {
  const root = packageRoot();
  if (root === undefined) return [];
  const folder = join(fileURLToPath(root), "scenarios");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".yaml")).toSorted();
  return files.filter((name) => namedInScenario(name, readFileSync(join(folder, name), "utf8")).includes(rule)).map((name) => `scenarios/${name}`);
}

/** A rule with the scenarios that show it. */
function withScenarios(term: Term): Term {
  const shown = term.kind === "rule" ? scenariosOf(term.name) : [];
  return shown.length === 0 ? term : { ...term, facts: [...term.facts, ...shown.map((file, index) => [index === 0 ? "shown by" : "", file] as const)] };
}

/** Data for programs. */
const jsonOf = (found: readonly Found[]): string => `${JSON.stringify(found.flatMap(({ variants }) => variants), null, 2)}\n`;

function print(found: readonly Found[], { reporter }: TermRequest, text: () => string): void {
  process.stdout.write(reporter === "json" ? jsonOf(found) : text());
}

/** Explains a word, or lists what it may mean. @throws UsageError there is none */
export function explainTerm(word: string, request: TermRequest): number {
  const words = glossary();
  const kinds = request.kind === undefined ? termKinds : [request.kind];
  const found = findTerms(words, word, kinds);
  if (found.length === 0) {
    const near = nearestTerm(words, word, kinds);
    throw new UsageError(`there is no ${request.kind ?? "term"} "${word}"${request.kind === undefined ? " and no file of that name" : ""}; ${near === undefined ? "cxl-sandbox explain --list shows all terms" : `did you mean "${near}"?`}`);
  }
  const style = styleFor(process.stdout);
  const [first, ...others] = found.map(({ variants, ...one }) => ({ ...one, variants: variants.map(withScenarios) }));
  if (first !== undefined && others.length === 0) print([first], request, () => consoleTerm(first, style));
  else print(found, request, () => `"${word}" is said of ${found.length} things; write a whole name, or --kind KIND:\n\n${consoleTermList(found, style)}`);
  return 0;
}

/** Every term, or those of one kind. */
export function listTerms(request: TermRequest): number {
  const found = allTerms(glossary(), request.kind);
  print(found, request, () => consoleTermList(found, styleFor(process.stdout)));
  return 0;
}
