// A scenario file as it is to be written: values, lists and mappings, each with what is to be said beside it; and its text.

import { Document, Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";

export type Plain = string | number | boolean;

/** An address or a bit pattern. */
export interface Hex {
  readonly hex: bigint;
}

export interface Entry {
  readonly key: string;
  readonly value: FileNode;
  /** Said at the key. */
  readonly note?: string;
}

export type FileNode = Plain | Hex | readonly FileNode[] | Mapping;

export interface Mapping {
  readonly entries: readonly Entry[];
  /** In one line. */
  readonly isFlow: boolean;
}

/** An entry of a mapping; none where there is no value. */
export const entry = (key: string, value: FileNode | undefined, note?: string): Entry[] => (value === undefined ? [] : [{ key, value, ...(note === undefined ? {} : { note }) }]);

export const mapping = (...entries: readonly (readonly Entry[])[]): Mapping => ({ entries: entries.flat(), isFlow: false });

/** A mapping in one line: for small ones without notes. */
export const inLine = (...entries: readonly (readonly Entry[])[]): Mapping => ({ entries: entries.flat(), isFlow: true });

const units = [["TiB", 40n], ["GiB", 30n], ["MiB", 20n], ["KiB", 10n]] as const;

/** Bytes in the largest unit that divides them. */
export function sizeText(bytes: bigint): string | number {
  const unit = units.find(([, shift]) => bytes > 0n && bytes % (1n << shift) === 0n);
  return unit === undefined ? Number(bytes) : `${bytes >> unit[1]}${unit[0]}`;
}

const isPlainNode = (node: FileNode): boolean => typeof node !== "object" || "hex" in node;
const isMapping = (node: FileNode): node is Mapping => typeof node === "object" && "isFlow" in node;

function hexScalar({ hex }: Hex): Scalar {
  if (hex > BigInt(Number.MAX_SAFE_INTEGER)) return new Scalar(`0x${hex.toString(16)}`);
  const scalar = new Scalar<number>(Number(hex));
  scalar.format = "HEX";
  return scalar;
}

function toYaml(node: FileNode, isFlow: boolean): Scalar | YAMLSeq | YAMLMap {
  if (typeof node !== "object") return new Scalar(node);
  if ("hex" in node) return hexScalar(node);
  if (isMapping(node)) {
    const map = new YAMLMap();
    map.flow = isFlow || node.isFlow;
    for (const one of node.entries) map.add(pairOf(one, map.flow));
    return map;
  }
  const list = new YAMLSeq();
  list.flow = isFlow || node.every(isPlainNode);
  for (const item of node) list.add(toYaml(item, list.flow));
  return list;
}

function pairOf({ key, value, note }: Entry, isFlow: boolean): Pair {
  const name = new Scalar(key);
  const content = toYaml(value, isFlow);
  if (note !== undefined) {
    if (content instanceof Scalar || content.flow === true) content.comment = ` ${note}`;
    else name.commentBefore = ` ${note}`;
  }
  return new Pair(name, content);
}

/** Text of a file; `head` is its first comment, a line each. */
export function fileText(file: Mapping, head: readonly string[]): string {
  const document = new Document();
  document.contents = toYaml(file, false) as never;
  const comment = head.map((line) => (line === "" ? "#" : `# ${line}`)).join("\n");
  return `${comment}\n${document.toString({ lineWidth: 0, flowCollectionPadding: true })}`;
}
