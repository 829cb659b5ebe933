// What a run found, as text, as JSON, and the explanations as a page.

import type { Difference, Tally } from "./compare.ts";
import type { Expected, Explanation } from "./explanations.ts";
import { explanations } from "./explanations.ts";
import { findings } from "./findings.ts";
import type { FolderResult } from "./folder.ts";
import type { FileResult } from "./run.ts";

type Counted = "entries" | "equal" | "explained" | "unexplained" | "notModelled" | "repeated" | "lists" | "zeros";
const total = (results: readonly FileResult[], key: Counted): number => results.reduce((sum, { tally }) => sum + tally[key], 0);
const hex = (value: number): string => (value < 0 ? "none" : `0x${value.toString(16)}`);
const nameOf = (one: { readonly structure: string; readonly register: string; readonly field: string }): string => [one.structure, one.register, one.field].filter((part) => part !== "").join(".");
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

export function jsonOf({ results, others, errors }: FolderResult, isOwn: boolean): string {
  const files = results.map(({ file, kinds, tally }) => ({
    file, kinds, entries: tally.entries, equal: tally.equal, explained: tally.explained, unexplained: tally.unexplained, notModelled: tally.notModelled, repeated: tally.repeated, lists: tally.lists, zeros: tally.zeros,
    notes: [...tally.notes], explanations: Object.fromEntries(tally.used), open: tally.open satisfies readonly Difference[],
  }));
  return JSON.stringify({ files, others, errors: errors.map((error) => error.message), ...(isOwn ? { stale: staleRules(results) } : {}) }, undefined, 1);
}

const value = (one: number): string => (one < 0 ? "none" : `0x${one.toString(16)}`);
function expectation({ expect, states }: { readonly expect: Expected; readonly states?: string }): string {
  if (states !== undefined) return states;
  return typeof expect === "object" ? expect.map(([theirs, ours]) => `${value(theirs)} / ${value(ours)}`).join(", ") : "any";
}

const cell = (text: string): string => text.replaceAll("|", "\\|");
const row = (one: Explanation): string => `| ${[one.id, (one.kinds ?? ["any"]).join(", "), `\`${nameOf(one)}\`${one.isWhole === true ? " (all of it)" : ""}${one.circumstance === undefined ? "" : `, ${one.circumstance}`}`, expectation(one), one.clause, `${one.reason}${one.documentedOnly === true ? " (Known of QEMU; not in the project's captures.)" : ""}`].map(cell).join(" | ")} |`;

/** Text of docs/conformance.md. */
export function pageOf(): string {
  const open = findings.length === 0 ? "None.\n" : `| finding | functions | field | theirs / ours | clause | what is missing |\n|---|---|---|---|---|---|\n${findings.map((one) => `| ${[one.id, (one.kinds ?? ["any"]).join(", "), `\`${nameOf(one)}\``, expectation(one), one.clause, one.reason].map(cell).join(" | ")} |`).join("\n")}\n`;
  return `# Conformance

\`npm run conformance [FOLDER]\` holds the register model against captures of QEMU 11.1 and of a real Linux driver. FOLDER defaults to the project's
own captures (\`test/fixtures/captures\`); other topologies and other sequences in the same formats can be given. Exit status 0: everything is equal
or explained; 1: it is not; 2: bad input. This page is written by \`npm run conformance -- --write-docs\`.

## What is read

| file | what is compared |
|---|---|
| JSON with \`entries\`, \`block\` \`cfg\` or \`comp\`, \`op\` \`r\` or \`w\` | registers after reset, or after the writes of the capture |
| the same, \`op\` \`mask\` or \`ones-range\` | what is read after ones, after zeros and after the first value |
| the same, \`op\` \`exchange\` | answers of data object exchanges, CDAT structures field by field |
| the same, \`type\` \`CHBS\`, \`CFMWS\` or \`CXIMS\`; \`CEDT.bin\` | tables of our firmware for the same topology |
| the same, \`program\` and \`rows\` | which device and DPA an HPA reaches |
| \`mmio.ndjson\` beside \`qemu-cmdline.txt\` (and \`CEDT.bin\`) | every access of a driver, in order; outputs of commands by the fields of the command |
| \`*.hdm-regs.txt\` beside \`qemu-cmdline.txt\` | decoders of a moment: programmed anew, and read back |
| the same, \`block\` \`device\` | device registers after reset, under masks and in every width, by capability |
| the same, \`block\` \`mailbox\` | a transcript: every command is sent here too, in order; return codes, registers, outputs field by field |

\`node dist/tools/conformance/compact.js FROM TO\` makes small copies of captures, without sockets, paths and duplicates; both forms are read.

## How it is compared

Structures are compared by identity, not by place: where a structure lies is each machine's own business (PCIe 7.5.1.1.11, 7.6.3; CXL 8.2.4). Lists
are compared as lists of ids and versions, registers field by field. A capture that leaves zeros out is held to them: a register of ours that is not 0
where theirs was left out is a difference. The machine is built from the command line, with QEMU's own constants (four decoders, eight vectors, no
isolation, figures of the CDAT, commands and logs of the mailbox) where the description has them.

A transcript has few times: ours waits where theirs had ended an operation, and does not where theirs was still at it. So that one explained difference
does not bring others with it, a command that theirs refused is taken back here, and one that ours refused for an explained reason is sent again
without that reason; records that ours logs of itself are told and cleared; handles of event records are translated. An event from outside is the record
that the transcript shows later: what is compared is what becomes of it. Lists of poisoned lines are compared as lines, lists by UUID entry by entry.

A difference is explained by one of the rules below, for one field and, where they can be stated, for exactly these values, or it is unexplained.
Where the model lacks what the specification asks for, the difference is a finding and stays open.

## Explanations

| rule | functions | field | theirs / ours | clause | reason |
|---|---|---|---|---|---|
${explanations.map(row).join("\n")}

## Findings

${open}`;
}
