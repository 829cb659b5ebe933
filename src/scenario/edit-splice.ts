// One change of a YAML text as one stretch of letters that gives way to others: beside what it changes nothing moves.

import { Document, isAlias, isCollection, isMap, isPair, isScalar, isSeq, visit } from "yaml";
import type { Node, Pair, YAMLMap, YAMLSeq } from "yaml";
import { scenarioSchema } from "./schema.ts";
import type { Path } from "./yaml-text.ts";

/** `lead`: letters of `insert` before what was put there (an indent, a line end). */
export interface Splice {
  readonly from: number;
  readonly to: number;
  readonly insert: string;
  readonly lead: number;
}

/** Why an edit cannot be made. */
export class EditRefusal extends Error {}

export const spliced = (text: string, { from, to, insert }: Splice): string => text.slice(0, from) + insert + text.slice(to);

/** In the order in which a file usually has them. */
const scenarioKeys: readonly string[] = Object.keys(scenarioSchema.shape);

type Collection = YAMLMap | YAMLSeq;

/** What ends a plain word inside brackets, wherever it is written. */
const needsQuotes = /[,[\]{}]/;

/** A value on one line, `{ at: 5ms }`. */
function flowText(value: unknown): string {
  const document = new Document(value, { schema: "core", aliasDuplicateObjects: false });
  visit(document, {
    Scalar: (_key, node) => {
      if (typeof node.value === "string" && needsQuotes.test(node.value)) node.type = "QUOTE_DOUBLE";
    },
  });
  if (isCollection(document.contents)) document.contents.flow = true;
  return document.toString({ lineWidth: 0, flowCollectionPadding: true }).trimEnd().replaceAll(/ *\n */g, " ");
}

const breakOf = (text: string): string => (text.includes("\r\n") ? "\r\n" : "\n");
const lineStart = (text: string, offset: number): number => text.lastIndexOf("\n", offset - 1) + 1;
/** Behind the last letter of the line, before its end. */
function lineEnd(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  if (end < 0) return text.length;
  return text[end - 1] === "\r" && end > offset ? end - 1 : end;
}

function rangeOf(node: unknown): readonly [number, number] {
  const { range } = node as Node;
  if (range === undefined || range === null) throw new EditRefusal("a part of the file has no place in its text; make the change by hand");
  return [range[0], range[1]];
}

/** Where an element of a collection begins and where its last letter is over. */
function spanOf(text: string, item: unknown): readonly [number, number] {
  const [first, last] = isPair(item) ? [item.key, item.value ?? item.key] : [item, item];
  const [from, keyEnd] = rangeOf(first);
  let [, to] = rangeOf(last);
  // What is written in lines ends with the line end behind it.
  while (to > (isPair(item) ? keyEnd : from) && /\s/.test(text[to - 1] ?? "")) to--;
  // A key without a value ends behind its colon.
  if (isPair(item) && to <= keyEnd) to = behindColon(text, keyEnd);
  return [from, to];
}

function behindColon(text: string, keyEnd: number): number {
  const gap = /^[ \t]*:/.exec(text.slice(keyEnd))?.[0];
  if (gap === undefined) throw new EditRefusal("a key is written in a way that cannot be changed here; make the change by hand");
  return keyEnd + gap.length;
}

const columnOf = (text: string, offset: number): number => offset - lineStart(text, offset);

/** The element as lines of a block list whose dash stands in `column`: as the list's last one is written. */
function blockItem(text: string, column: number, last: unknown, value: unknown): string {
  const lead = " ".repeat(column);
  if (!isMap(last) || last.flow === true || typeof value !== "object" || value === null || Array.isArray(value)) return `${lead}- ${flowText(value)}`;
  return Object.entries(value).map(([key, inner], index) => `${lead}${index === 0 ? "- " : "  "}${key}: ${flowText(inner)}`).join(breakOf(text));
}

/** Lines put behind the line in which `offset` lies. */
function linesBehind(text: string, offset: number, lines: string): Splice {
  const at = lineEnd(text, offset);
  const insert = breakOf(text) + lines;
  return { from: at, to: at, insert, lead: breakOf(text).length + (/^ */.exec(lines)?.[0].length ?? 0) };
}

/** One element more at the end of a collection in brackets; `from`..`to`: the brackets. */
function intoFlow(text: string, collection: Collection, addition: string): Splice {
  const [from, to] = rangeOf(collection);
  const last = collection.items.at(-1);
  const isPadded = isMap(collection);
  if (last === undefined) {
    const insert = isPadded ? `{ ${addition} }` : `[${addition}]`;
    return { from, to, insert, lead: isPadded ? 2 : 1 };
  }
  const [begin, end] = spanOf(text, last);
  const comma = /^\s*,/.exec(text.slice(end, to))?.[0].length ?? 0;
  // Where each element has a line of its own, so has the new one.
  const isOwnLine = collection.items.length > 0 && lineStart(text, begin) > from && text.slice(lineStart(text, begin), begin).trim() === "";
  const gap = isOwnLine ? breakOf(text) + " ".repeat(columnOf(text, begin)) : " ";
  const at = end + comma;
  // A comment behind the last element stays in its line.
  const insert = `${comma > 0 ? "" : ","}${gap}${addition}`;
  return { from: at, to: at, insert, lead: insert.length - addition.length };
}

const keyOf = (pair: Pair): string => (isScalar(pair.key) ? String(pair.key.value) : "");

/** Where a new top-level key belongs: before the first key that usually comes later, with the comment above it. Undefined: at the end. */
function keyAfter(text: string, top: YAMLMap, key: string): number | undefined {
  const order = scenarioKeys.indexOf(key);
  const later = order < 0 ? undefined : top.items.find((pair) => scenarioKeys.indexOf(keyOf(pair)) > order);
  if (later === undefined || top.items[0] === later) return undefined;
  let at = lineStart(text, rangeOf(later.key)[0]);
  for (let above = lineStart(text, at - 1); at > 0 && /^\s*#/.test(text.slice(above, at)); above = lineStart(text, at - 1)) at = above;
  return at;
}

/** A new key of a mapping. */
function intoMap(text: string, map: YAMLMap, key: string, value: string, isTop: boolean): Splice {
  if (map.flow === true) return intoFlow(text, map, `${key}: ${value.trimStart()}`);
  const [first, last] = [map.items[0], map.items.at(-1)];
  if (first === undefined || last === undefined) throw new EditRefusal("an empty mapping is written in a way that cannot be changed here; make the change by hand");
  const column = columnOf(text, rangeOf(first.key)[0]);
  const line = `${" ".repeat(column)}${key}:${value.startsWith("\n") ? value.replaceAll("\n", breakOf(text)) : ` ${value}`}`;
  const before = isTop ? keyAfter(text, map, key) : undefined;
  if (before === undefined) return linesBehind(text, spanOf(text, last)[1], line);
  return { from: before, to: before, insert: line + breakOf(text), lead: column };
}

/** Refuses what is shared with other places. */
function own(node: unknown, path: string): unknown {
  if (isAlias(node)) throw new EditRefusal(`${path} is written as an alias (*${node.source}); write it out first`);
  return node;
}

const inWords = (path: Path): string => path.join(".");

/** One element more in a list of the top level. */
export function addItem(text: string, top: YAMLMap, key: string, item: unknown): Splice {
  const pair = top.items.find((one) => keyOf(one) === key);
  if (pair === undefined) return intoMap(text, top, key, top.flow === true ? `[${flowText(item)}]` : `\n  - ${flowText(item)}`, true);
  const list = own(pair.value, key);
  if (list === null || (isScalar(list) && list.value === null)) return fill(text, pair, `${" ".repeat(columnOf(text, rangeOf(pair.key)[0]) + 2)}- ${flowText(item)}`);
  if (!isSeq(list)) throw new EditRefusal(`${key} is no list; make it one first`);
  if (list.flow === true) return intoFlow(text, list, flowText(item));
  const [begin] = rangeOf(list);
  return linesBehind(text, spanOf(text, list.items.at(-1))[1], blockItem(text, columnOf(text, begin), list.items.at(-1), item));
}

/** Gives a key that has no value lines below it. */
function fill(text: string, pair: Pair, lines: string): Splice {
  const colon = behindColon(text, rangeOf(pair.key)[1]);
  const [begin, end] = pair.value === null || pair.value === undefined ? [colon, colon] : rangeOf(pair.value);
  const rest = text.slice(colon, lineEnd(text, colon));
  // `faults: null` loses its word; a comment behind the colon stays.
  if (end > begin) return { from: colon, to: end, insert: breakOf(text) + lines, lead: breakOf(text).length };
  return linesBehind(text, colon + rest.length, lines);
}

/** What stands at a path, with the pair or list that it stands in. */
interface Found {
  readonly node: unknown;
  readonly parent: Collection;
  readonly item: unknown;
}

function walk(top: YAMLMap, path: Path): { readonly steps: readonly Found[]; readonly rest: Path } {
  const steps: Found[] = [];
  let node: unknown = top;
  for (const [index, step] of path.entries()) {
    own(node, inWords(path.slice(0, index)));
    const parent: unknown = node;
    const item: unknown = isMap(parent) ? parent.items.find((pair) => keyOf(pair) === String(step)) : isSeq(parent) ? parent.items[Number(step)] : undefined;
    if (item === undefined || !isCollection(parent)) return { steps, rest: path.slice(index) };
    node = isPair(item) ? item.value : item;
    steps.push({ node, parent: parent as Collection, item });
  }
  return { steps, rest: [] };
}

const nested = (path: Path, value: unknown): unknown => path.toReversed().reduce<unknown>((inner, step) => ({ [String(step)]: inner }), value);

/** Sets what stands at a path; keys that are missing on the way are made. */
export function setAt(text: string, top: YAMLMap, path: Path, value: unknown): Splice {
  const { steps, rest } = walk(top, path);
  const found = steps.at(-1);
  const [step, ...below] = rest;
  if (step === undefined) {
    if (found === undefined) throw new EditRefusal("nothing is named; give a path");
    own(found.node, inWords(path));
    return replaced(text, found, flowText(value));
  }
  const above = found === undefined ? top : found.node;
  if (isSeq(above) || typeof step === "number") throw new EditRefusal(`${inWords(path)} is not in this file; where an included file has it, change it there`);
  if (isMap(above)) return intoMap(text, above, flowText(String(step)), flowText(nested(below, value)), above === top);
  if (found !== undefined && (above === null || (isScalar(above) && above.value === null))) return replaced(text, found, flowText(nested(rest, value)));
  throw new EditRefusal(`${inWords(path.slice(0, path.length - rest.length))} is no mapping; it cannot have the key ${String(step)}`);
}

/** Another value in place of the one that stands there. */
function replaced(text: string, { node, item }: Found, insert: string): Splice {
  if (node === null || (isScalar(node) && node.value === null)) {
    if (!isPair(item)) return { from: rangeOf(node)[0], to: rangeOf(node)[1], insert, lead: 0 };
    const colon = behindColon(text, rangeOf(item.key)[1]);
    const end = node === null ? colon : Math.max(colon, rangeOf(node)[1]);
    return { from: colon, to: text.slice(colon, end).trim() === "" ? colon : end, insert: ` ${insert}`, lead: 1 };
  }
  const [from, to] = rangeOf(node);
  const end = to - (/\s*$/.exec(text.slice(from, to))?.[0].length ?? 0);
  return { from, to: end, insert, lead: 0 };
}

/** Takes away what stands at a path, with its key or dash; the last element of a block takes the block's key with it. */
export function removeAt(text: string, top: YAMLMap, path: Path): Splice {
  const { steps, rest } = walk(top, path);
  const found = steps.at(-1);
  if (found === undefined || rest.length > 0) throw new EditRefusal(`${inWords(path)} is not in this file; where an included file has it, change it there`);
  const { parent, item } = found;
  if (parent.flow !== true && parent.items.length === 1) {
    if (steps.length < 2) throw new EditRefusal("nothing would be left of the file");
    return removeAt(text, top, path.slice(0, -1));
  }
  const index = parent.items.indexOf(item as never);
  const [begin, end] = spanOf(text, item);
  if (parent.flow === true) {
    const [next, before] = [parent.items[index + 1], parent.items[index - 1]];
    if (next !== undefined) return { from: begin, to: spanOf(text, next)[0], insert: "", lead: 0 };
    return { from: before === undefined ? begin : spanOf(text, before)[1], to: end, insert: "", lead: 0 };
  }
  const start = lineStart(text, begin);
  const isFirstBesideDash = text.slice(start, begin).trim() !== "" && isMap(parent);
  // The first key of an element stands beside its dash: the next one takes its place.
  if (isFirstBesideDash) return { from: begin, to: spanOf(text, parent.items[index + 1])[0], insert: "", lead: 0 };
  const stop = text.indexOf("\n", end);
  return { from: start, to: stop < 0 ? text.length : stop + 1, insert: "", lead: 0 };
}
