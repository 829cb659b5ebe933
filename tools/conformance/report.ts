// What a run found, as text and as JSON.

import type { Difference, Tally } from "./compare.ts";
import { explanations } from "./explanations.ts";
import { findings } from "./findings.ts";
import type { FolderResult } from "./folder.ts";
import type { FileResult } from "./run.ts";

type Counted = "entries" | "equal" | "explained" | "unexplained" | "notModelled" | "repeated" | "lists" | "zeros";
const total = (results: readonly FileResult[], key: Counted): number => results.reduce((sum, { tally }) => sum + tally[key], 0);
const hex = (value: number): string => (value < 0 ? "none" : `0x${value.toString(16)}`);
export const nameOf = (one: { readonly structure: string; readonly register: string; readonly field: string }): string => [one.structure, one.register, one.field].filter((part) => part !== "").join(".");
const shown = 40;

function describe(one: Tally["open"][number]): string {
  const nearest = one.nearest === undefined ? "" : ` (no field of ours; nearest: ${one.nearest})`;
  return `    ${one.function} ${one.text}: ${nameOf(one)}: theirs ${hex(one.theirs)}, ours ${hex(one.ours)}${nearest}${one.finding === undefined ? "" : ` [finding: ${one.finding}]`}`;
}

function usedOf(results: readonly FileResult[]): Map<string, number> {
  const used = new Map<string, number>();
  for (const { tally } of results) for (const [id, fields] of tally.used) used.set(id, (used.get(id) ?? 0) + fields);
  return used;
}

function foundOf(results: readonly FileResult[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { tally } of results) for (const { finding } of tally.open) if (finding !== undefined) found.set(finding, (found.get(finding) ?? 0) + 1);
  return found;
}

/** Rules that explain nothing in the project's own captures, but for those that only documents speak of. */
export function staleRules(results: readonly FileResult[]): string[] {
  const [used, found] = [usedOf(results), foundOf(results)];
  return [...explanations.filter((one) => one.documentedOnly !== true && !used.has(one.id)), ...findings.filter((one) => !found.has(one.id))].map((one) => one.id);
}

const counts = (pick: (key: Counted) => number): string =>
  `${pick("entries")} entries: ${pick("equal")} equal, ${pick("explained")} explained, ${pick("unexplained")} unexplained, ${pick("notModelled")} not yet modelled`;

function besides(pick: (key: Counted) => number): string {
  const parts = [["repeated", "writes repeated"], ["lists", "lists"], ["zeros", "places left out as zero"]] as const;
  const said = parts.filter(([key]) => pick(key) > 0).map(([key, words]) => `${pick(key)} ${words}`);
  return said.length === 0 ? "" : ` (with ${said.join(", ")})`;
}

const namesOf = (results: readonly FileResult[]): string => (results.length > 2 ? `${results[0]?.file ?? ""} and ${results.length - 1} more` : results.map(({ file }) => file).join(", "));

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines];
}

export function summaryOf({ results, others }: FolderResult, isVerbose: boolean, isOwn: boolean): string {
  const widest = Math.max(0, ...results.map(({ file }) => file.length));
  const rows = results.map(({ file, tally }) => `${file.padEnd(widest)}  ${counts((key) => tally[key])}${besides((key) => tally[key])}`);
  const notes = [...new Set(results.flatMap(({ tally }) => [...tally.notes]))].map((note) => `  ${note} (${namesOf(results.filter(({ tally }) => tally.notes.has(note)))})`);
  const reason = new Map(explanations.map((one) => [one.id, one.reason]));
  const used = [...usedOf(results)].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([id, fields]) => `  ${String(fields).padStart(6)}  ${id}${isVerbose ? `: ${reason.get(id) ?? ""}` : ""}`);
  const found = [...foundOf(results)].map(([id, fields]) => `  ${String(fields).padStart(6)}  ${id}: ${findings.find((one) => one.id === id)?.reason ?? ""}`);
  const open = results.flatMap(({ file, tally }) => {
    const listed = tally.open.filter((one) => isVerbose || one.finding === undefined);
    const more = listed.length > shown && !isVerbose ? [`    ... and ${listed.length - shown} more (--verbose)`] : [];
    return listed.length === 0 ? [] : [`  ${file}`, ...listed.slice(0, isVerbose ? undefined : shown).map(describe), ...more];
  });
  const left = isVerbose || others.length <= 5 ? others.map((name) => `  ${name}`) : [`  ${others.length} files (--verbose: their names)`];
  return [
    ...rows,
    ...section("To know:", notes),
    ...section("Explanations used (fields):", used),
    ...section("Explains nothing in the project's captures:", isOwn ? staleRules(results).map((id) => `  ${id}`) : []),
    ...section("Findings against the model (fields):", found),
    ...section("Unexplained:", open),
    ...section("No captures, not compared:", left),
    `total  ${counts((key) => total(results, key))}${besides((key) => total(results, key))}`,
  ].join("\n");
}

export function jsonOf({ results, others, errors }: FolderResult, isOwn: boolean): object {
  const files = results.map(({ file, kinds, tally }) => ({
    file, kinds, entries: tally.entries, equal: tally.equal, explained: tally.explained, unexplained: tally.unexplained, notModelled: tally.notModelled, repeated: tally.repeated, lists: tally.lists, zeros: tally.zeros,
    notes: [...tally.notes], explanations: Object.fromEntries(tally.used), open: tally.open satisfies readonly Difference[],
  }));
  return { files, others, errors: errors.map((error) => error.message), ...(isOwn ? { stale: staleRules(results) } : {}) };
}
