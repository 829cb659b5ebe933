// Which factors decide: the outcomes as a tree of questions, the one that tells most apart first.

import type { Factor } from "./cells.ts";
import { factorNames, factors } from "./cells.ts";
import type { CellResult } from "./results.ts";

/** Pairs of results that are not alike, per result (Gini): 0 where all are one outcome. */
function mixture(results: readonly CellResult[]): number {
  const counts = new Map<string, number>();
  for (const { outcome } of results) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const alike = [...counts.values()].reduce((sum, count) => sum + count * count, 0);
  return (results.length * results.length - alike) / results.length;
}

const branchesOf = (results: readonly CellResult[], factor: Factor): (readonly [string, CellResult[]])[] =>
  factors[factor].map((value) => [value, results.filter(({ cell }) => cell[factor] === value)] as const).filter(([, inside]) => inside.length > 0);

/** The factor after which results are least mixed; of equals the first. */
function bestFactor(results: readonly CellResult[]): Factor | undefined {
  let best: Factor | undefined;
  let least = Number.MAX_SAFE_INTEGER;
  for (const factor of factorNames) {
    const branches = branchesOf(results, factor);
    const left = branches.reduce((sum, [, inside]) => sum + mixture(inside), 0);
    if (branches.length > 1 && left < least) {
      best = factor;
      least = left;
    }
  }
  return best;
}

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);

/** The same answer with other numbers of cells behind it is the same answer. */
const withoutCounts = (lines: readonly string[]): string => lines.join("\n").replaceAll(/ \(\d+\)/g, "");

function linesOf(results: readonly CellResult[]): string[] {
  const factor = bestFactor(results);
  if (mixture(results) === 0 || factor === undefined) return [`**${results[0]?.outcome ?? "none"}**`];
  const alike = new Map<string, { readonly values: string[]; readonly results: CellResult[] }>();
  for (const [value, inside] of branchesOf(results, factor)) {
    const answer = withoutCounts(linesOf(inside));
    const same = alike.get(answer) ?? { values: [], results: [] };
    same.values.push(value);
    same.results.push(...inside);
    alike.set(answer, same);
  }
  return [...alike.values()].flatMap(({ values, results: inside }) => {
    const title = `- ${values.join(" or ")} (${inside.length})`;
    const lines = linesOf(inside);
    return lines.length === 1 ? [`${title}: ${lines[0] ?? ""}`] : [title, ...indent(lines)];
  });
}

/** Nested list in Markdown. */
export const treeOf = (results: readonly CellResult[]): string => linesOf(results).join("\n");
