// Terms in words for a terminal: what `cxl-sandbox explain TERM` prints.

import type { Found, Term, TermTable } from "../scenario/glossary/term.ts";
import type { Style } from "./console.ts";
import { plain } from "./console.ts";
import { wrap } from "./explain.ts";

const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`.trimEnd());

/** A table without the columns that say nothing. */
function tableLines({ head, rows }: TermTable, style: Style): string[] {
  const columns = head.map((_, index) => index).filter((index) => rows.some((row) => (row[index] ?? "") !== ""));
  const all = [head, ...rows].map((row) => columns.map((index) => row[index] ?? ""));
  const widths = columns.map((_, column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]): string => row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0))).join("  ").trimEnd();
  return all.map((row, index) => (index === 0 ? style.paint("dim", line(row)) : line(row)));
}

function termLines({ meaning, source, facts, tables, examples, page }: Term, style: Style): string[] {
  const widest = Math.max(0, ...facts.map(([what]) => what.length));
  return [
    `${meaning}${source === "" ? "" : ` (${source})`}`,
    ...facts.flatMap(([what, text]) => wrap(text, 4 + widest, 0).map((line, index) => (index === 0 ? `  ${style.paint("dim", what.padEnd(widest))}  ${line.trimStart()}` : line))),
    ...tables.flatMap((table) => ["", ...indent(tableLines(table, style))]),
    ...(examples.length === 0 ? [] : ["", ...indent(examples)]),
    "", `See ${page}.`,
  ];
}

/** One term with its variants. */
export function consoleTerm({ kind, name, variants }: Found, style: Style = plain): string {
  const blocks = variants.map((term, index) => [...(variants.length > 1 ? [style.paint("dim", `variant ${index + 1} of ${variants.length}`)] : []), ...termLines(term, style)].join("\n"));
  return `${style.paint("bold", name)}, ${kind}\n${blocks.join("\n\n")}\n`;
}

/** A line for each term. */
export function consoleTermList(found: readonly Found[], style: Style = plain): string {
  const rows = found.map(({ kind, name, variants }) => [name, kind, variants[0]?.meaning ?? ""]);
  return `${tableLines({ head: ["term", "kind", "meaning"], rows }, style).join("\n")}\n`;
}
