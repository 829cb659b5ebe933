// The binary format of a WebAssembly module, as far as limits need it (WebAssembly Core 5.5): holds memories and tables of a foreign module to a maximum
// before it is compiled, since an engine lets a module without one grow to gigabytes.

import { WasmDriverError } from "./errors.ts";

export const pageSize = 0x1_0000;
/** Elements of a table; an engine's own limit is ten million. */
const tableLimit = 0x1_0000;

const magic = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00] as const;
const tableSection = 4;
const memorySection = 5;
const maximumSections = 1000;
/** Flags of a limit: bit 0 has a maximum; 1 shared; 2 64-bit. */
const hasMaximum = 1;
const unusualLimit = ~hasMaximum;

interface Reader {
  readonly driver: string;
  readonly bytes: Uint8Array;
  at: number;
}

const fail = (reader: Reader, problem: string): never => {
  throw new WasmDriverError(reader.driver, problem);
};

function byte(reader: Reader): number {
  const value = reader.bytes[reader.at++];
  return value ?? fail(reader, "the file ends inside a section: it is not a WebAssembly module, or not all of it");
}

/** An unsigned LEB128 number of at most 32 bits. */
function number(reader: Reader): number {
  let value = 0;
  for (let shift = 0; shift < 35; shift += 7) {
    const part = byte(reader);
    value += (part & 0x7f) * 2 ** shift;
    if (part < 0x80) return value;
  }
  return fail(reader, `a number of more than 32 bits stands at byte ${reader.at}`);
}

function encode(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return bytes;
}

/** A limit with a maximum, `most` at most. */
function limit(reader: Reader, what: string, most: number, unit: string): number[] {
  const flags = byte(reader);
  if ((flags & unusualLimit) !== 0) fail(reader, `its ${what} is shared or has 64-bit addresses; a driver has a plain 32-bit one`);
  const least = number(reader);
  const declared = (flags & hasMaximum) === 0 ? most : number(reader);
  if (least > most) fail(reader, `its ${what} begins with ${least} ${unit}, more than the ${most} that it may have`);
  return [hasMaximum, ...encode(least), ...encode(Math.min(declared, most))];
}

function memories(reader: Reader, pages: number): number[] {
  const count = number(reader);
  if (count > 1) fail(reader, `it has ${count} memories; a driver has one`);
  return [...encode(count), ...(count === 0 ? [] : limit(reader, "memory", pages, "pages"))];
}

/** Tables without an initializer of their own, which no compiler of C makes. */
function tables(reader: Reader): number[] {
  const count = number(reader);
  if (count > 1) fail(reader, `it has ${count} tables; a driver has one at most`);
  if (count === 0) return encode(count);
  const kind = byte(reader);
  if (kind === 0x40) fail(reader, "its table has an initializer, which is not supported");
  return [...encode(count), kind, ...limit(reader, "table", tableLimit, "elements")];
}

/**
 * The module with a maximum of `memoryLimit` bytes for its memory, whatever it declares itself.
 * @throws WasmDriverError it is none, begins with more, or has more than one memory or table, or a shared or 64-bit one
 */
export function withMemoryLimit(driver: string, bytes: Uint8Array, memoryLimit: number): Uint8Array<ArrayBuffer> {
  const reader: Reader = { driver, bytes, at: 0 };
  for (const expected of magic) if (byte(reader) !== expected) fail(reader, "it is not a WebAssembly module of version 1");
  const parts: Uint8Array[] = [Uint8Array.from(magic)];
  for (let section = 0; reader.at < bytes.length; section++) {
    if (section === maximumSections) fail(reader, `it has more than ${maximumSections} sections`);
    parts.push(...sectionOf(reader, Math.floor(memoryLimit / pageSize)));
  }
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

function sectionOf(reader: Reader, pages: number): Uint8Array[] {
  const id = byte(reader);
  const size = number(reader);
  const start = reader.at;
  const end = start + size;
  if (end > reader.bytes.length) fail(reader, `section ${id} says ${size} bytes and the file has ${reader.bytes.length - start}`);
  const body = id === memorySection ? memories(reader, pages) : id === tableSection ? tables(reader) : undefined;
  if (body !== undefined && reader.at !== end) fail(reader, `section ${id} is longer than what it holds`);
  reader.at = end;
  const content = body === undefined ? reader.bytes.subarray(start, end) : Uint8Array.from(body);
  return [Uint8Array.from([id, ...encode(content.length)]), content];
}
