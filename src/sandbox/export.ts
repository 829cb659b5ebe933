// The tree of a machine as entries that can be written somewhere: every file read once, links made to stay inside. Nothing is written here.

import { SystemError } from "../kernel/base/errno.ts";
import type { Errno } from "../kernel/base/errno.ts";
import type { FileStatus, FileSystem } from "../kernel/sysfs/interface.ts";

/** Paths are absolute in the machine's own tree; outer entries come before inner ones, names in order of their characters. */
export type ExportEntry =
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "link"; readonly path: string; readonly target: string }
  | { readonly kind: "file"; readonly path: string; readonly mode: number; readonly bytes: Uint8Array; readonly device: DeviceNumbers | null }
  /** A file that answers a read with an error: nothing stands for it. */
  | { readonly kind: "unreadable"; readonly path: string; readonly errno: Errno; readonly message: string };

export interface DeviceNumbers {
  readonly major: number;
  readonly minor: number;
}

/** A name in the tree that no file system takes, or that would lead out of the folder. */
export class ExportNameError extends Error {
  constructor(folder: string, name: string) {
    super(`${folder}: ${JSON.stringify(name)} is no name of a file`);
    this.name = "ExportNameError";
  }
}

/** What a file system of 4096-byte paths takes as one name. */
const longestName = 255;
const isName = (name: string): boolean => name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name) && new TextEncoder().encode(name).length <= longestName;

const partsOf = (path: string): string[] => path.split("/").filter((part) => part !== "" && part !== ".");

/** Steps up, never more than a link at this depth has above it, then names. */
function isContained(depth: number, target: string): boolean {
  const parts = target.split("/");
  const up = parts.findIndex((part) => part !== "..");
  return up >= 0 && up <= depth && !parts.slice(up).some((part) => part === "" || part === "." || part === "..");
}

/**
 * Target of a link at `path`, relative and in such a form that it cannot lead above the root whatever stands on the way. The kernel's own targets have it
 * already; the kernel stops at its root where a target goes higher.
 */
export function containedTarget(path: string, target: string): string {
  const from = partsOf(path).slice(0, -1);
  if (isContained(from.length, target)) return target;
  const to = target.startsWith("/") ? [] : from.slice();
  for (const part of partsOf(target)) {
    if (part === "..") to.pop();
    else to.push(part);
  }
  let same = 0;
  while (same < from.length && same < to.length && from[same] === to[same]) same++;
  return [...from.slice(same).map(() => ".."), ...to.slice(same)].join("/") || ".";
}

/** Files hold bytes as characters 0 to 255; a text with others is UTF-8. */
export function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0xff) return new TextEncoder().encode(text);
    bytes[index] = code;
  }
  return bytes;
}

/** Permissions of root's files in sysfs. */
const modeOf = ({ isReadable, isWritable }: { readonly isReadable: boolean; readonly isWritable: boolean }): number => (isReadable ? 0o444 : 0) | (isWritable ? 0o200 : 0);

/** The one node below /dev that is a text; the others are what an ioctl or a mapping is for. */
const messages = "/dev/kmsg";
const isRead = (path: string, isReadable: boolean): boolean => isReadable && (path === messages || !path.startsWith("/dev/"));

function exportFile(files: FileSystem, path: string, status: FileStatus & { readonly kind: "file" }): ExportEntry {
  try {
    const text = isRead(path, status.isReadable) ? files.read(path) : "";
    return { kind: "file", path, mode: modeOf(status), bytes: bytesOf(text), device: status.device };
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    return { kind: "unreadable", path, errno: thrown.errno, message: thrown.message };
  }
}

/** Everything below a folder of the tree; `order` puts the names of each folder in another order. @throws ExportNameError */
export function* exportTree(files: FileSystem, folder = "", order: (names: readonly string[]) => readonly string[] = (names) => names): Generator<ExportEntry> {
  for (const name of order(files.list(folder === "" ? "/" : folder))) {
    if (!isName(name)) throw new ExportNameError(folder, name);
    const path = `${folder}/${name}`;
    const status = files.status(path);
    if (status.kind === "link") yield { kind: "link", path, target: containedTarget(path, files.readlink(path)) };
    else if (status.kind === "file") yield exportFile(files, path, status);
    else {
      yield { kind: "directory", path };
      yield* exportTree(files, path, order);
    }
  }
}
