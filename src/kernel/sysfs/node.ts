// What a virtual tree is made of.

import type { Task } from "../../sim/task.ts";

/** A file whose bytes are reached at offsets. */
export interface ByteAccess {
  /** Bytes; null: no end, and the file cannot be read as a whole. */
  readonly size: number | null;
  /** How many of them someone who is not root may read; 0: none. */
  readonly forOthers: number;
  /** `length` bytes at `offset`, all of them inside the file. */
  readonly readAt: (offset: bigint, length: number) => Uint8Array;
  readonly writeAt: (offset: bigint, bytes: Uint8Array) => void;
}

export type Node =
  | { readonly kind: "directory"; readonly entries: () => ReadonlyMap<string, Node>; /** One entry; walking a path asks for names only. */ readonly find: (name: string) => Node | undefined }
  | { readonly kind: "link"; readonly target: string }
  | { readonly kind: "file"; readonly read: (() => string) | null; readonly write: ((text: string) => Task<void>) | null; /** What who is not root reads instead. */ readonly readAsOther?: () => string; /** Numbers of a character device's node. */ readonly device?: { readonly major: number; readonly minor: number }; /** Neither text nor store: bytes. */ readonly bytes?: ByteAccess };

export type FileNode = Extract<Node, { readonly kind: "file" }>;
export type Entries = Map<string, Node>;

export const directory = (entries: () => ReadonlyMap<string, Node>, find?: (name: string) => Node | undefined): Node => ({ kind: "directory", entries, find: find ?? ((name) => entries().get(name)) });
const ownOf = <T>(entries: Readonly<Record<string, T>>, name: string): T | undefined => (Object.hasOwn(entries, name) ? entries[name] : undefined);
export const fixed = (entries: Readonly<Record<string, Node>>): Node => directory(() => new Map(Object.entries(entries)), (name) => ownOf(entries, name));
/** Entries of fixed names, each made when it is looked at. */
export const onDemand = (entries: Readonly<Record<string, () => Node>>): Node => directory(() => new Map(Object.entries(entries).map(([name, make]) => [name, make()])), (name) => ownOf(entries, name)?.());
export const file = (read: (() => string) | null, write: ((text: string) => Task<void>) | null = null): FileNode => ({ kind: "file", read, write });
export const binary = (bytes: ByteAccess): FileNode => ({ kind: "file", read: null, write: null, bytes });
