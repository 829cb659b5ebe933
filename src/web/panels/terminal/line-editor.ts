// A line that is being typed, with the lines before it: what each key does. Pure; letters are those that a reader sees (cells.ts).

import { lettersOf } from "./cells.ts";
import type { Key } from "./keys.ts";

/** Looking for an older line that holds a text. */
export interface Search {
  readonly text: string;
  /** Number of the line that is shown; -1: none holds the text. */
  readonly at: number;
  /** What was typed before. */
  readonly before: string;
}

export interface Edit {
  readonly letters: readonly string[];
  /** Letters before the cursor. */
  readonly cursor: number;
  /** Lines given before, the oldest first. */
  readonly history: readonly string[];
  /** The line of the history that is shown; its length: none, what is typed is new. */
  readonly at: number;
  /** What was typed before somebody went through the history. */
  readonly draft: string;
  /** What was cut last. */
  readonly cut: string;
  readonly search: Search | null;
}

/** What is to be done beside the line itself. */
export type Wish = { readonly kind: "none" | "interrupt" | "clear" | "complete" | "end of input" } | { readonly kind: "line"; readonly line: string };

export interface Pressed {
  readonly edit: Edit;
  readonly wish: Wish;
}

export const mostHistory = 1000;
/** Letters of a line; a longer one is cut. */
const longestLine = 8192;

export const emptyEdit = (history: readonly string[] = []): Edit => ({ letters: [], cursor: 0, history, at: history.length, draft: "", cut: "", search: null });
export const textOf = ({ letters }: Pick<Edit, "letters">): string => letters.join("");
export const textBefore = ({ letters, cursor }: Edit): string => letters.slice(0, cursor).join("");

/** The line with another text, the cursor at its end. */
function withText(edit: Edit, text: string): Edit {
  const letters = lettersOf(text).slice(0, longestLine);
  return { ...edit, letters, cursor: letters.length };
}

/** Text at the cursor. */
export function insert(edit: Edit, text: string): Edit {
  const before = lettersOf(edit.letters.slice(0, edit.cursor).join("") + text).slice(0, longestLine);
  return { ...edit, letters: [...before, ...edit.letters.slice(edit.cursor)].slice(0, longestLine), cursor: before.length };
}

/** Takes letters from one place to another out. */
function remove(edit: Edit, from: number, to: number, isKept = false): Edit {
  const gone = edit.letters.slice(from, to).join("");
  return { ...edit, letters: [...edit.letters.slice(0, from), ...edit.letters.slice(to)], cursor: from, ...(isKept && gone !== "" ? { cut: gone } : {}) };
}

const isInWord = (letter: string | undefined): boolean => letter !== undefined && /[\p{L}\p{N}_]/u.test(letter);

function wordStart({ letters, cursor }: Edit, isEnd: (letter: string | undefined) => boolean): number {
  let at = cursor;
  while (at > 0 && isEnd(letters[at - 1])) at--;
  while (at > 0 && !isEnd(letters[at - 1])) at--;
  return at;
}

function wordEnd({ letters, cursor }: Edit): number {
  let at = cursor;
  while (at < letters.length && !isInWord(letters[at])) at++;
  while (at < letters.length && isInWord(letters[at])) at++;
  return at;
}

const isNoWord = (letter: string | undefined): boolean => !isInWord(letter);
const isSpace = (letter: string | undefined): boolean => letter === " ";

/** The line `step` further in the history; what was typed waits behind the newest one. */
function browse(edit: Edit, step: 1 | -1): Edit {
  const at = Math.max(0, Math.min(edit.history.length, edit.at + step));
  if (at === edit.at) return edit;
  const draft = edit.at === edit.history.length ? textOf(edit) : edit.draft;
  return { ...withText(edit, edit.history[at] ?? draft), at, draft };
}

const found = (history: readonly string[], text: string, from: number): number => (text === "" ? -1 : history.slice(0, from).findLastIndex((line) => line.includes(text)));

/** While a search is on: letters look for more, Ctrl-R for an older line, everything else takes the line and does what it does. */
function searched(edit: Edit, search: Search, key: Key): Pressed | null {
  const none: Wish = { kind: "none" };
  const show = (next: Search): Pressed => ({ edit: { ...withText(edit, edit.history[next.at] ?? search.before), search: next }, wish: none });
  if (key.kind === "text") {
    const text = search.text + key.text;
    return show({ ...search, text, at: found(edit.history, text, (search.at < 0 ? edit.history.length - 1 : search.at) + 1) });
  }
  if (key.kind === "backspace") {
    const text = lettersOf(search.text).slice(0, -1).join("");
    return show({ ...search, text, at: found(edit.history, text, edit.history.length) });
  }
  if (key.kind === "search") {
    const older = search.at < 0 ? -1 : found(edit.history, search.text, search.at);
    return show(older < 0 ? search : { ...search, at: older });
  }
  if (key.kind === "escape" || key.kind === "interrupt") return { edit: { ...withText(edit, search.before), search: null }, wish: none };
  return null;
}

/** A line that is given, kept once where it stands twice in a row. */
function given(edit: Edit): Pressed {
  const line = textOf(edit);
  const history = line.trim() === "" || line === edit.history.at(-1) ? edit.history : [...edit.history, line].slice(-mostHistory);
  return { edit: { ...emptyEdit(history), cut: edit.cut }, wish: { kind: "line", line } };
}

const edits: Readonly<Partial<Record<Key["kind"], (edit: Edit) => Edit>>> = {
  left: (edit) => ({ ...edit, cursor: Math.max(0, edit.cursor - 1) }),
  right: (edit) => ({ ...edit, cursor: Math.min(edit.letters.length, edit.cursor + 1) }),
  wordLeft: (edit) => ({ ...edit, cursor: wordStart(edit, isNoWord) }),
  wordRight: (edit) => ({ ...edit, cursor: wordEnd(edit) }),
  home: (edit) => ({ ...edit, cursor: 0 }),
  end: (edit) => ({ ...edit, cursor: edit.letters.length }),
  up: (edit) => browse(edit, -1),
  down: (edit) => browse(edit, 1),
  backspace: (edit) => (edit.cursor === 0 ? edit : remove(edit, edit.cursor - 1, edit.cursor)),
  delete: (edit) => remove(edit, edit.cursor, edit.cursor + 1),
  killEnd: (edit) => remove(edit, edit.cursor, edit.letters.length, true),
  killStart: (edit) => remove(edit, 0, edit.cursor, true),
  killWord: (edit) => remove(edit, wordStart(edit, isSpace), edit.cursor, true),
  killWordRight: (edit) => remove(edit, edit.cursor, wordEnd(edit), true),
  yank: (edit) => insert(edit, edit.cut),
};

/** What a key does. */
export function press(edit: Edit, key: Key): Pressed {
  if (edit.search !== null) {
    const pressed = searched(edit, edit.search, key);
    if (pressed !== null) return pressed;
    const { at } = edit.search;
    return press({ ...edit, search: null, at: at < 0 ? edit.history.length : at, draft: edit.search.before }, key);
  }
  const none: Wish = { kind: "none" };
  if (key.kind === "text") return { edit: insert(edit, key.text), wish: none };
  if (key.kind === "enter") return given(edit);
  if (key.kind === "search") return { edit: { ...edit, search: { text: "", at: -1, before: textOf(edit) } }, wish: none };
  if (key.kind === "interrupt") return { edit: { ...emptyEdit(edit.history), cut: edit.cut }, wish: { kind: "interrupt" } };
  if (key.kind === "clear" || key.kind === "complete") return { edit, wish: { kind: key.kind } };
  if (key.kind === "end of input") return edit.letters.length > 0 ? press(edit, { kind: "delete" }) : { edit, wish: { kind: key.kind } };
  return { edit: edits[key.kind]?.(edit) ?? edit, wish: none };
}

/** What is to be inserted for a choice of words, and whether they are to be listed because there is more than one way on. */
export function completion(line: string, candidates: readonly string[]): { readonly insert: string; readonly isListed: boolean } {
  const [first] = candidates;
  if (first === undefined) return { insert: "", isListed: false };
  let common = first;
  for (const one of candidates) while (!one.startsWith(common)) common = common.slice(0, -1);
  // What is typed of the word: the longest end of the line that they all begin with.
  let typed = Math.min(line.length, common.length);
  while (typed > 0 && !common.startsWith(line.slice(line.length - typed))) typed--;
  const rest = common.slice(typed);
  const isWhole = candidates.length === 1 && !/[/:}]$/.test(first);
  return { insert: isWhole ? `${rest} ` : rest, isListed: candidates.length > 1 && rest === "" };
}
