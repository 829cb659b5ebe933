// A comparison as rows and notes, for the console and as Markdown: one table for each file, a row for each combination.

import type { Cell, CellFacts, Comparison } from "../scenario/comparison.ts";
import type { Style } from "./console.ts";
import { plain } from "./console.ts";

const megabytes = (bytes: string): string => String(BigInt(bytes) >> 20n);

const repairText = ({ by, lines }: CellFacts["repair"]): string => (by === "nothing" || by === "reboot" || by === "none" ? by : `${lines.length} (${by})`);

/** Invariants that do not hold, by number; one that nothing allows with a mark. */
function violationsText(violations: CellFacts["violations"]): string {
  const numbers = [...new Set(violations.map(({ invariant }) => invariant))].toSorted((a, b) => a - b);
  return numbers.map((number) => `${number}${violations.some(({ invariant, allowedBy }) => invariant === number && allowedBy === null) ? "!" : ""}`).join(" ") || "-";
}

const listedText = (partial: CellFacts["evidence"]["partial"]): string => partial.map(({ arrived, expected }) => `${arrived}/${expected}`).join(" ") || "-";

/** What reads from all regions at once, and how little of it one region gives. */
function bandwidthText(bandwidth: CellFacts["bandwidth"]): string {
  const figures = bandwidth.flatMap(({ read }) => (read === null ? [] : [read]));
  if (figures.length === 0) return "no figures";
  return figures.length === 1 ? String(figures[0]) : `${figures.length} x ${Math.min(...figures)}`;
}

/** Outcomes that no guest outlives. */
const endings = ["panic", "reset", "hang", "rebooted"];

function killedText({ guests, outcome }: CellFacts): string {
  const all = guests.killed + guests.survived;
  return all === 0 ? "-" : `${endings.includes(outcome) ? all : guests.killed}/${all}`;
}

interface Column {
  readonly head: string;
  readonly text: (cell: Cell) => string;
}

/** docs/compare.md tells each. */
const factColumns: readonly Column[] = [
  { head: "outcome", text: ({ facts }) => (facts.verdict === null ? facts.outcome : `${facts.outcome}*`) },
  { head: "served MiB", text: ({ facts: { capacity } }) => `${megabytes(capacity.served)}/${megabytes(capacity.promised)}` },
  { head: "decoding MiB", text: ({ facts: { capacity } }) => `${megabytes(capacity.decoding)}/${megabytes(capacity.attainable)}` },
  { head: "cxl:hmem", text: ({ facts: { capacity } }) => `${megabytes(capacity.byCxl)}:${megabytes(capacity.byHmem)}` },
  { head: "innocents lost", text: ({ facts: { innocents } }) => (innocents.regions === 0 ? "-" : `${innocents.lost.length}/${innocents.regions}`) },
  { head: "killed", text: ({ facts }) => killedText(facts) },
  { head: "lost MiB", text: ({ facts }) => megabytes(facts.bytesLost) },
  { head: "repair", text: ({ facts }) => repairText(facts.repair) },
  { head: "listed", text: ({ facts }) => listedText(facts.evidence.partial) },
  { head: "log", text: ({ facts: { evidence } }) => `${evidence.explicit}+${evidence.errors - evidence.explicit}+${evidence.warnings}` },
  { head: "crumbs", text: ({ facts }) => String(facts.evidence.breadcrumbs) },
  { head: "end states", text: ({ facts: { schedules } }) => (schedules.runs === 0 ? "-" : `${schedules.endStates}/${schedules.runs}`) },
  { head: "broken", text: ({ facts }) => violationsText(facts.violations) },
  { head: "refused", text: ({ facts }) => String(facts.refused.length) },
];
const bandwidthColumn: Column = { head: "read MB/s", text: ({ facts }) => bandwidthText(facts.bandwidth) };

/** Last name of a path. */
const headOf = (path: string): string => path.split(".").at(-1) ?? path;

export interface ComparisonTable {
  readonly file: string;
  readonly name: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly notes: readonly string[];
}

const labelOf = (cell: Cell): string => cell.combination.map(({ value }) => value).join(" ") || "as it is";

/** One note for all cells that share it. */
function shared(cells: readonly Cell[], noteOf: (cell: Cell) => string | null): string[] {
  const notes = new Map<string, string[]>();
  for (const cell of cells) {
    const note = noteOf(cell);
    if (note !== null) notes.set(note, [...(notes.get(note) ?? []), labelOf(cell)]);
  }
  return [...notes].map(([note, labels]) => {
    if (labels.length === cells.length) return note;
    const others = cells.map(labelOf).filter((label) => !labels.includes(label));
    return `${others.length * 2 < labels.length ? `all but ${others.join(", ")}` : labels.join(", ")}: ${note}`;
  });
}

function notesOf(cells: readonly Cell[]): string[] {
  const listed = (what: readonly string[], text: string): string | null => (what.length === 0 ? null : `${text} ${what.join("; ")}`);
  const broken = ({ facts }: Cell): string | null => listed([...new Set(facts.violations.map(({ invariant, allowedBy }) => `${invariant} (${allowedBy ?? "NOTHING ALLOWS IT"})`))], "invariants broken:");
  return [
    ...shared(cells, ({ pinned }) => (pinned.length === 0 ? null : `the file pins ${pinned.join(", ")}: presets are alike in them`)),
    ...shared(cells, ({ dropped }) => (dropped.length === 0 ? null : `the file's own ${dropped.join(", ")} made room for the preset's`)),
    ...shared(cells, broken),
    ...shared(cells, ({ facts }) => listed(facts.refused, "refused:")),
    ...shared(cells, ({ facts }) => listed(facts.notFired, "did not fire:")),
    ...shared(cells, ({ facts }) => (facts.limit === null ? null : `broken off: ${facts.limit}`)),
  ];
}

/** One table for each file, in order of the cells. */
export function comparisonTables({ cells, variations }: Pick<Comparison, "cells" | "variations">): ComparisonTable[] {
  const hasFigures = cells.some(({ facts }) => facts.bandwidth.some(({ read }) => read !== null));
  const columns = hasFigures ? [...factColumns, bandwidthColumn] : factColumns;
  const files = [...new Set(cells.map(({ file }) => file))];
  return files.map((file) => {
    const own = cells.filter((cell) => cell.file === file);
    return {
      file, name: own[0]?.name ?? "", head: [...variations.map(({ path }) => headOf(path)), ...columns.map(({ head }) => head)],
      rows: own.map((cell) => [...cell.combination.map(({ value }) => value), ...columns.map(({ text }) => text(cell))]),
      notes: notesOf(own),
    };
  });
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ").trimEnd());
}

/** For a terminal (standard output). */
export function comparisonConsole(comparison: Comparison, style: Style = plain): string {
  return comparisonTables(comparison).map(({ file, name, head, rows, notes }) => {
    const [title = "", ...lines] = aligned([head, ...rows]);
    const painted = lines.map((line) => (line.includes("!") ? style.paint("red", line) : line));
    return [style.paint("bold", `${file}: ${name}`), style.paint("dim", title), ...painted, ...notes.map((note) => style.paint("dim", `  ${note}`)), ""].join("\n");
  }).join("\n");
}

const escaped = (text: string): string => text.replaceAll("|", "\\|");

/** The same as Markdown; `level`: number of signs before a file's heading. */
export function comparisonMarkdown(comparison: Pick<Comparison, "cells" | "variations">, level = 2): string {
  return comparisonTables(comparison).map(({ file, name, head, rows, notes }) => [
    `${"#".repeat(level)} ${escaped(name)}`, "", `\`${file}\``, "", `| ${head.join(" | ")} |`, `|${head.map(() => "---").join("|")}|`, ...rows.map((row) => `| ${row.map(escaped).join(" | ")} |`), "",
    ...notes.map((note) => `- ${escaped(note)}`), ...(notes.length === 0 ? [] : [""]),
  ].join("\n")).join("\n");
}
