// Where findings stand in the text of the editor: a place is a line and a column, a mark is the whole word there.

import type { Finding } from "../../../scenario/lint.ts";

/** Offsets into a text; `to` lies behind the last letter. */
export interface Mark {
  readonly from: number;
  readonly to: number;
}

export interface MarkedFinding extends Mark {
  readonly severity: Finding["severity"];
  readonly message: string;
  readonly rule: string;
}

const quoted = /^("(?:[^"\\]|\\.)*"?|'(?:[^']|'')*'?)/;
const bare = /^[^\s,[\]{}#]+/;

/** Letters of the word that begins where the text does: a quoted one with its quotes, `- ` and brackets alone; one letter at least where there is one. */
function wordLength(text: string): number {
  const found = quoted.exec(text)?.[0] ?? bare.exec(text)?.[0] ?? "";
  const word = /^[^\s"'].*:$/.test(found) ? found.slice(0, -1) : found;
  return Math.max(word.length, Math.min(text.length, 1));
}

/** Offset of a place; one that lies behind the text is at its end, one behind its line at the line's. Lines and columns are from 1. */
export function offsetAt(lineStarts: readonly number[], length: number, { line, column }: { readonly line: number; readonly column: number }): number {
  const start = lineStarts[Math.max(line, 1) - 1];
  if (start === undefined) return length;
  const end = (lineStarts[Math.max(line, 1)] ?? length + 1) - 1;
  return Math.min(start + Math.max(column, 1) - 1, end);
}

/** Offsets of the first letters of all lines; line ends are one letter each, as the editor counts them. */
export function lineStartsOf(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** Marks of the findings that are about this file, in order of place. `text` has \n between its lines. */
export function marksOf(text: string, file: string, findings: readonly Finding[]): readonly MarkedFinding[] {
  const starts = lineStartsOf(text);
  const own = findings.filter((finding) => finding.file === file);
  const marks = own.map((finding): MarkedFinding => {
    const from = offsetAt(starts, text.length, finding);
    const end = text.indexOf("\n", from);
    const rest = text.slice(from, end < 0 ? text.length : end);
    return { from, to: from + wordLength(rest), severity: finding.severity, message: finding.message, rule: finding.rule };
  });
  return marks.toSorted((a, b) => a.from - b.from || a.to - b.to);
}

/** What is to be replaced to make `after` of `before`: one stretch, as short as it can be. Undefined: they are equal. */
export function changeBetween(before: string, after: string): { readonly from: number; readonly to: number; readonly insert: string } | undefined {
  if (before === after) return undefined;
  const most = Math.min(before.length, after.length);
  let from = 0;
  while (from < most && before.charCodeAt(from) === after.charCodeAt(from)) from++;
  let behind = 0;
  while (behind < most - from && before.charCodeAt(before.length - 1 - behind) === after.charCodeAt(after.length - 1 - behind)) behind++;
  return { from, to: before.length - behind, insert: after.slice(from, after.length - behind) };
}

/** What stands between the lines of a text: \r\n where it stands between all of them. */
export const lineBreakOf = (text: string): "\r\n" | "\n" => (/\r\n/.test(text) && !/(^|[^\r])\n|\r(?!\n)/.test(text) ? "\r\n" : "\n");

/** A text with \n between its lines, as the editor holds it. */
export const withPlainBreaks = (text: string): string => text.replaceAll(/\r\n?/g, "\n");
