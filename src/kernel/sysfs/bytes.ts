// Files of bytes: reads and writes at offsets, with the ends of the file and what is root's alone.

import { SystemError } from "../base/errno.ts";
import type { ByteAccess } from "./node.ts";

/** Characters 0 to 255 as bytes. */
export const toBytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/** Bytes as characters 0 to 255. */
export function toText(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** Bytes from `offset` on that may be read. @throws SystemError EACCES none of this file */
function readable(bytes: ByteAccess, path: string, offset: bigint, isRoot: boolean): number {
  if (!isRoot && bytes.forOthers === 0) throw new SystemError("EACCES", `${path}: root's alone`);
  if (isRoot && bytes.size === null) return Number.MAX_SAFE_INTEGER;
  const end = BigInt(isRoot ? (bytes.size ?? 0) : bytes.forOthers);
  return offset >= end ? 0 : Number(end - offset);
}

/** @throws SystemError EINVAL a negative place or length; EACCES, and what the file answers */
export function readPart(bytes: ByteAccess, path: string, offset: bigint, length: number, isRoot: boolean): Uint8Array {
  if (offset < 0n || length < 0) throw new SystemError("EINVAL", `${path}: ${length} bytes at ${offset}`);
  return bytes.readAt(offset, Math.min(length, readable(bytes, path, offset, isRoot)));
}

/** @throws SystemError EPERM a file without end */
export function readWhole(bytes: ByteAccess, path: string, isRoot: boolean): string {
  if (bytes.size === null && isRoot) throw new SystemError("EPERM", `${path}: has no end`);
  return toText(readPart(bytes, path, 0n, bytes.size ?? 0, isRoot));
}

/** What lies beyond the end is cut off. @throws SystemError EINVAL, and what the file answers */
export function writeBytes(bytes: ByteAccess, path: string, offset: bigint, data: Uint8Array): void {
  if (offset < 0n || (bytes.size !== null && offset > BigInt(bytes.size))) throw new SystemError("EINVAL", `${path}: no byte ${offset}`);
  bytes.writeAt(offset, bytes.size === null ? data : data.subarray(0, bytes.size - Number(offset)));
}
