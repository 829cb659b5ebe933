// What stands at a place of a text: the path there, and whether a key or a value is written.

import type { Path } from "../../../scenario/yaml-text.ts";
import type { Entry, MapNode, TreeNode } from "./yaml-tree.ts";
import { readTree } from "./yaml-tree.ts";

export interface Context {
  /** Of a key: to the mapping that it is in. Of a value: to the value. */
  readonly path: Path;
  readonly role: "key" | "value";
  /** Where what is written begins, behind an opening quote. */
  readonly from: number;
  /** What of it stands before the place. */
  readonly typed: string;
  /** Of a key: the other keys of its mapping. */
  readonly present: readonly string[];
  /** Of a key: its colon is there already. */
  readonly hasColon: boolean;
  /** Of a value: a block mapping could begin here. */
  readonly isOwnLine: boolean;
  readonly isFlow: boolean;
  /** Column of the key, or of the key or dash that the value belongs to. */
  readonly column: number;
  readonly isQuoted: boolean;
  /** The text with a letter put in at the place, as a tree. */
  readonly tree: TreeNode | null;
}

/** Stands for what is still to be written; a letter that no text has. */
const mark = "\u{f8ff}";

const columnAt = (text: string, at: number): number => at - text.lastIndexOf("\n", at - 1) - 1;

interface Above {
  readonly path: Path;
  readonly isFlow: boolean;
  readonly isOwnLine: boolean;
  readonly column: number;
}

function keyContext(at: number, text: string, tree: TreeNode, map: MapNode, entry: Entry, path: Path): Context | null {
  const isQuoted = /["']/.test(text[entry.from] ?? "");
  const from = entry.from + (isQuoted ? 1 : 0);
  const typed = text.slice(from, at);
  if (/[\n:]/.test(typed)) return null;
  return { path, role: "key", from, typed, present: map.entries.filter((other) => other !== entry).map(({ key }) => key), hasColon: entry.colon >= 0, isOwnLine: false, isFlow: map.isFlow, column: columnAt(text, entry.from), isQuoted, tree };
}

function within(node: TreeNode, at: number, text: string, tree: TreeNode, above: Above): Context | null {
  if (node.kind === "scalar") {
    if (at < node.from || at >= node.to || node.style === "block") return null;
    const isQuoted = node.style !== "plain";
    const from = node.from + (isQuoted ? 1 : 0);
    const typed = text.slice(from, at);
    if (at < from || typed.includes("\n")) return null;
    // Before an opening quote, and behind a colon that lacks its blank.
    if (!isQuoted && (/["']/.test(text[at + 1] ?? "") || typed.endsWith(":"))) return null;
    const isOwnLine = above.isOwnLine && text.slice(text.lastIndexOf("\n", node.from - 1) + 1, node.from).replaceAll(/[-\s]/g, "") === "";
    return { path: above.path, role: "value", from, typed, present: [], hasColon: false, isOwnLine, isFlow: above.isFlow, column: above.column, isQuoted, tree };
  }
  if (node.kind === "seq") {
    for (const [index, item] of node.items.entries()) {
      const found = item === null ? null : within(item, at, text, tree, { path: [...above.path, index], isFlow: node.isFlow, isOwnLine: !node.isFlow, column: node.column });
      if (found !== null) return found;
    }
    return null;
  }
  for (const entry of node.entries) {
    if (at >= entry.from && at < entry.to) return keyContext(at, text, tree, node, entry, above.path);
    const found = entry.value === null ? null : within(entry.value, at, text, tree, { path: [...above.path, entry.key], isFlow: node.isFlow, isOwnLine: !node.isFlow, column: columnAt(text, entry.from) });
    if (found !== null) return found;
  }
  return null;
}

/** Null: in a comment, in a text over lines, behind a bracket, between a key and its colon ... */
export function contextAt(text: string, at: number): Context | null {
  // A word that begins before a bracket would take that in.
  if (/[[{]/.test(text[at] ?? "")) return null;
  const marked = text.slice(0, at) + mark + text.slice(at);
  const tree = readTree(marked);
  return tree === null ? null : within(tree, at, marked, tree, { path: [], isFlow: false, isOwnLine: true, column: 0 });
}

/** The key whose name lies at a place, with the path to its value and where it stands. */
export function keyAt(text: string, at: number): { readonly path: Path; readonly from: number; readonly to: number; readonly tree: TreeNode } | null {
  const tree = readTree(text);
  const search = (node: TreeNode | null, path: Path): { readonly path: Path; readonly from: number; readonly to: number } | null => {
    if (node === null || node.kind === "scalar") return null;
    const below = node.kind === "seq" ? node.items.map((item, index) => [index, item] as const) : node.entries.map(({ key, value }) => [key, value] as const);
    const own = node.kind === "map" ? node.entries.find(({ from, to }) => at >= from && at <= to) : undefined;
    if (own !== undefined) return { path: [...path, own.key], from: own.from, to: own.to };
    for (const [step, value] of below) {
      const found = search(value, [...path, step]);
      if (found !== null) return found;
    }
    return null;
  };
  const found = search(tree, []);
  return found === null || tree === null ? null : { ...found, tree };
}
