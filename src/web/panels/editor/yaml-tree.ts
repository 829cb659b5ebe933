// A YAML text as a tree with places, read by indent and brackets: also of a text that is being written and is no good YAML at the moment. What it cannot make out it leaves out.

export interface ScalarNode {
  readonly kind: "scalar";
  readonly from: number;
  /** Behind the last letter, quotes included. */
  readonly to: number;
  readonly text: string;
  readonly style: "plain" | "single" | "double" | "block";
}
export interface Entry {
  readonly from: number;
  readonly to: number;
  readonly key: string;
  /** Behind the colon; -1: there is none yet. */
  readonly colon: number;
  readonly value: TreeNode | null;
}
export interface MapNode {
  readonly kind: "map";
  readonly from: number;
  readonly isFlow: boolean;
  /** Column of its keys, from 0; of a flow mapping that of its bracket. */
  readonly column: number;
  readonly entries: readonly Entry[];
}
export interface SeqNode {
  readonly kind: "seq";
  readonly from: number;
  readonly isFlow: boolean;
  /** Column of its dashes, from 0. */
  readonly column: number;
  readonly items: readonly (TreeNode | null)[];
}
export type TreeNode = ScalarNode | MapNode | SeqNode;

/** Levels that are read. */
const deepest = 100;

interface Reader {
  readonly text: string;
  at: number;
  depth: number;
}

const lineStart = (text: string, at: number): number => text.lastIndexOf("\n", at - 1) + 1;
const lineEnd = (text: string, at: number): number => {
  const end = text.indexOf("\n", at);
  return end < 0 ? text.length : end;
};
const columnOf = (reader: Reader, at = reader.at): number => at - lineStart(reader.text, at);

function matched(reader: Reader, pattern: RegExp): string | undefined {
  pattern.lastIndex = reader.at;
  return pattern.exec(reader.text)?.[0];
}

const nothingMore = /[ \t]*(?:#[^\n]*)?\r?(?=\n|$)/y;
const noContent = /[ \t]*(?:#[^\n]*|%[^\n]*|---(?=[ \t\r\n]|$)[ \t]*|\.\.\.(?=[ \t\r\n]|$)[^\n]*)?\r?(?:\n|$)/y;

/** To the first letter of the next line that says something, from the end of this one. */
function toNextLine(reader: Reader): void {
  reader.at = Math.min(lineEnd(reader.text, reader.at) + 1, reader.text.length);
  skipLines(reader);
}

/** Over lines that say nothing; the place is the beginning of a line. */
function skipLines(reader: Reader): void {
  for (let skipped = matched(reader, noContent); reader.at < reader.text.length && skipped !== undefined && skipped !== ""; skipped = matched(reader, noContent)) reader.at += skipped.length;
  reader.at += matched(reader, / */y)?.length ?? 0;
}

const dash = /-(?=[ \t\r\n]|$)/y;
const quotedKey = /(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\n]|'')*')(?=[ \t]*:(?:[ \t\r\n]|$))/y;
const plainKey = /[^\s#[\]{},"'&*!|>%@`](?:[^\n:#]|:(?![ \t\r\n]|$)|(?<=\S)#)*?(?=[ \t]*:(?:[ \t\r\n]|$))/y;
const property = /[&!][^\s,[\]{}]*[ \t]*/y;

const unquoted = (word: string): string => (/^["']/.test(word) ? word.slice(1, word.length > 1 && word.endsWith(word[0] ?? "") ? -1 : undefined) : word);

/** What stands at the place, in lines whose first letters are in column `least` or behind it. */
function block(reader: Reader, least: number): TreeNode | null {
  const column = columnOf(reader);
  if (reader.at >= reader.text.length || column < least || reader.depth > deepest) return null;
  reader.depth++;
  const start = reader.at;
  // `- &anchor { ... }`
  reader.at += matched(reader, property)?.length ?? 0;
  const isKey = matched(reader, quotedKey) ?? matched(reader, plainKey);
  reader.at = start;
  const node = matched(reader, dash) !== undefined ? sequence(reader, column) : isKey !== undefined ? mapping(reader, column) : inline(reader, least - 1);
  reader.depth--;
  return node;
}

function sequence(reader: Reader, column: number): SeqNode {
  const from = reader.at;
  const items: (TreeNode | null)[] = [];
  while (reader.at < reader.text.length && columnOf(reader) === column && matched(reader, dash) !== undefined) {
    reader.at++;
    const line = lineStart(reader.text, reader.at);
    if (matched(reader, nothingMore) !== undefined) toNextLine(reader);
    else reader.at += matched(reader, /[ \t]*/y)?.length ?? 0;
    const isBelow = lineStart(reader.text, reader.at) !== line;
    items.push(isBelow && columnOf(reader) <= column ? null : block(reader, column + 1));
    leaveOver(reader, column);
  }
  return { kind: "seq", from, isFlow: false, column, items };
}

/** Lines that are further in than a list or mapping and were not made out. */
function leaveOver(reader: Reader, column: number): void {
  while (reader.at < reader.text.length && columnOf(reader) > column) toNextLine(reader);
}

function mapping(reader: Reader, column: number): MapNode {
  const from = reader.at;
  const entries: Entry[] = [];
  while (reader.at < reader.text.length && columnOf(reader) === column && matched(reader, dash) === undefined) {
    const begin = reader.at;
    const key = matched(reader, quotedKey) ?? matched(reader, plainKey);
    if (key === undefined) {
      const word = matched(reader, /[^\s#][^\n#]*/y)?.trimEnd() ?? "";
      entries.push({ from: begin, to: begin + word.length, key: word, colon: -1, value: null });
      toNextLine(reader);
    } else {
      reader.at += key.length;
      const colon = reader.text.indexOf(":", reader.at) + 1;
      reader.at = colon;
      entries.push({ from: begin, to: begin + key.length, key: unquoted(key), colon, value: valueOf(reader, column) });
    }
    leaveOver(reader, column);
  }
  return { kind: "map", from, isFlow: false, column, entries };
}

/** The value of a key of a block mapping whose keys stand in `column`; the place is behind the colon. */
function valueOf(reader: Reader, column: number): TreeNode | null {
  reader.at += matched(reader, /[ \t]*/y)?.length ?? 0;
  const start = reader.at;
  reader.at += matched(reader, property)?.length ?? 0;
  if (matched(reader, nothingMore) === undefined) return inline(reader, column);
  if (reader.at === start && matched(reader, nothingMore) === undefined) return null;
  toNextLine(reader);
  if (columnOf(reader) > column) return block(reader, column + 1);
  return columnOf(reader) === column && matched(reader, dash) !== undefined ? sequence(reader, column) : null;
}

/** A value that begins in this line; lines further in than `column` may belong to it. Leaves the place at the next line. */
function inline(reader: Reader, column: number): TreeNode | null {
  reader.at += matched(reader, property)?.length ?? 0;
  const letter = reader.text[reader.at] ?? "";
  let node: TreeNode | null;
  if (letter === "{" || letter === "[") node = flow(reader, column);
  else if (letter === '"' || letter === "'") node = quoted(reader);
  else if (matched(reader, /[|>][-+0-9]*[ \t]*(?:#[^\n]*)?\r?(?=\n|$)/y) !== undefined) node = literal(reader, column);
  else {
    const from = reader.at;
    const word = (matched(reader, /(?:[^\n#]|(?<=\S)#)*/y) ?? "").trimEnd();
    node = { kind: "scalar", from, to: from + word.length, text: word, style: "plain" };
  }
  toNextLine(reader);
  return node;
}

/** Lines behind | or >. */
function literal(reader: Reader, column: number): ScalarNode {
  const from = reader.at;
  let end = lineEnd(reader.text, from);
  while (end < reader.text.length) {
    const [blanks = "", letter = ""] = /^( *)(\S?)/.exec(reader.text.slice(end + 1, lineEnd(reader.text, end + 1))) ?? [];
    if (letter !== "" && blanks.length <= column) break;
    end = lineEnd(reader.text, end + 1);
  }
  reader.at = end;
  return { kind: "scalar", from, to: end, text: reader.text.slice(from, end), style: "block" };
}

/** A text in quotes, over lines where it has an end there; otherwise to the end of its line. */
function quoted(reader: Reader): ScalarNode {
  const from = reader.at;
  const style = reader.text[from] === '"' ? "double" : "single";
  const word = matched(reader, style === "double" ? /"(?:[^"\\]|\\[^])*"/y : /'(?:[^']|'')*'/y);
  const isFar = word === undefined || word.split("\n").length > 20;
  const text = isFar ? reader.text.slice(from, lineEnd(reader.text, from)).trimEnd() : word;
  reader.at = from + text.length;
  return { kind: "scalar", from, to: reader.at, text: unquoted(text), style };
}

/** Over blanks, comments and line ends inside brackets. False: a line that begins in `column` or before it ends what was never closed. */
function skipInFlow(reader: Reader, column: number): boolean {
  for (;;) {
    reader.at += matched(reader, /[ \t\r]*/y)?.length ?? 0;
    if (reader.text[reader.at] === "#" && /\s/.test(reader.text[reader.at - 1] ?? " ")) reader.at = lineEnd(reader.text, reader.at);
    if (reader.text[reader.at] !== "\n") return reader.at < reader.text.length;
    reader.at++;
    const rest = matched(reader, /[ \t]*/y) ?? "";
    const letter = reader.text[reader.at + rest.length] ?? "";
    if (letter !== "" && !/[\s#\]}]/.test(letter) && rest.length <= column) {
      reader.at--;
      return false;
    }
  }
}

const flowWord = /(?:\$\{[^}\n]*\}?|[^\s,[\]{}:#]|:(?![ \t\r\n,[\]{}]|$)|(?<=\S)#|[ \t]+(?=[^\s,[\]{}:#]))+/y;

function flow(reader: Reader, column: number): TreeNode | null {
  reader.at += matched(reader, property)?.length ?? 0;
  const letter = reader.text[reader.at];
  if (letter === "{" || letter === "[") {
    if (reader.depth > deepest) return null;
    reader.depth++;
    const node = letter === "{" ? flowMapping(reader, column) : flowSequence(reader, column);
    reader.depth--;
    return node;
  }
  if (letter === '"' || letter === "'") return quoted(reader);
  const from = reader.at;
  const word = matched(reader, flowWord) ?? "";
  reader.at += word.length;
  return word === "" ? null : { kind: "scalar", from, to: reader.at, text: word, style: "plain" };
}

/** Behind a key's colon inside brackets. */
function flowValue(reader: Reader, column: number): TreeNode | null {
  if (!skipInFlow(reader, column)) return null;
  return flow(reader, column);
}

function flowMapping(reader: Reader, column: number): MapNode {
  const from = reader.at++;
  const entries: Entry[] = [];
  while (skipInFlow(reader, column)) {
    const begin = reader.at;
    const letter = reader.text[begin] ?? "";
    if (letter === "}") {
      reader.at++;
      break;
    }
    if (letter === "]") break;
    const word = flow(reader, column);
    const key = word?.kind === "scalar" ? word : null;
    if (key === null) {
      if (word === null) reader.at = begin + 1;
      continue;
    }
    reader.at += matched(reader, /[ \t]*(?=:)/y)?.length ?? 0;
    const hasColon = reader.text[reader.at] === ":";
    if (hasColon) reader.at++;
    const colon = hasColon ? reader.at : -1;
    entries.push({ from: key.from, to: key.to, key: key.text, colon, value: hasColon ? flowValue(reader, column) : null });
  }
  return { kind: "map", from, isFlow: true, column: columnOf(reader, from), entries };
}

function flowSequence(reader: Reader, column: number): SeqNode {
  const from = reader.at++;
  const items: (TreeNode | null)[] = [];
  while (skipInFlow(reader, column)) {
    const begin = reader.at;
    const letter = reader.text[begin] ?? "";
    if (letter === "]") {
      reader.at++;
      break;
    }
    if (letter === "}") break;
    const item = flow(reader, column);
    if (item === null) reader.at = begin + 1;
    else items.push(item);
  }
  return { kind: "seq", from, isFlow: true, column: columnOf(reader, from), items };
}

/** Null: nothing of it could be made out. */
export function readTree(text: string): TreeNode | null {
  const reader: Reader = { text, at: 0, depth: 0 };
  skipLines(reader);
  return block(reader, 0);
}
