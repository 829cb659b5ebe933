// How a line with its prompt lies on a screen of so many columns, and the sequences that put it there.

import { cellsOf, lettersOf } from "./cells.ts";
import type { Edit } from "./line-editor.ts";
import { textOf } from "./line-editor.ts";

export interface Drawn {
  readonly prompt: string;
  readonly text: string;
  /** Letters of prompt and text before the cursor. */
  readonly cursor: number;
}

interface Place {
  readonly row: number;
  readonly column: number;
}

/** Where the cursor stands behind so many letters: a letter of two cells does not stand over the edge. */
function placeAfter(letters: readonly string[], count: number, columns: number): Place {
  let [row, column] = [0, 0];
  for (const letter of letters.slice(0, count)) {
    const cells = cellsOf(letter);
    if (column + cells > columns) [row, column] = [row + 1, 0];
    column += cells;
    if (column === columns) [row, column] = [row + 1, 0];
  }
  return { row, column };
}

export const drawnOf = (prompt: string, edit: Edit): Drawn => {
  if (edit.search === null) return { prompt, text: textOf(edit), cursor: lettersOf(prompt).length + edit.cursor };
  const label = `(search${edit.search.at < 0 && edit.search.text !== "" ? ", nothing found" : ""}) ${edit.search.text}: `;
  return { prompt: label, text: textOf(edit), cursor: lettersOf(label).length - 2 };
};

const csi = "\u001b[";
const up = (rows: number): string => (rows > 0 ? `${csi}${rows}A` : "");

/** Takes a drawn line away; the cursor stands where its prompt began. */
export const erase = (drawn: Drawn, columns: number): string => `${up(placeAfter(lettersOf(drawn.prompt + drawn.text), drawn.cursor, columns).row)}\r${csi}J`;

/** Draws a line from the first column on. */
export function draw({ prompt, text, cursor }: Drawn, columns: number): string {
  const letters = lettersOf(prompt + text);
  const end = placeAfter(letters, letters.length, columns);
  const at = placeAfter(letters, cursor, columns);
  // A line that fills its row leaves the cursor at the edge: it is brought into the next one.
  const edge = end.column === 0 && letters.length > 0 ? " \r" : "";
  return `${csi}1m${prompt}${csi}22m${text}${edge}${up(end.row - at.row)}\r${at.column > 0 ? `${csi}${at.column}C` : ""}`;
}

/** Moves behind the line, to the beginning of a fresh one. */
export function leave({ prompt, text, cursor }: Drawn, columns: number): string {
  const letters = lettersOf(prompt + text);
  const end = placeAfter(letters, letters.length, columns);
  const at = placeAfter(letters, cursor, columns);
  const down = end.row - at.row;
  return `${down > 0 ? `${csi}${down}B` : ""}\r${end.column === 0 && letters.length > 0 ? "" : "\n"}`;
}

/** Names side by side, as many as fit. */
export function columnsOf(names: readonly string[], columns: number, most = 200): string {
  const shown = names.slice(0, most);
  const width = Math.max(0, ...shown.map((name) => lettersOf(name).reduce((sum, letter) => sum + cellsOf(letter), 0))) + 2;
  const across = Math.max(1, Math.floor(columns / width));
  const rows = Math.ceil(shown.length / across);
  const lines = Array.from({ length: rows }, (_, row) => shown.filter((_name, index) => index % rows === row).map((name) => name.padEnd(width)).join("").trimEnd());
  return `${lines.join("\n")}\n${names.length > most ? `... and ${names.length - most} more\n` : ""}`;
}
