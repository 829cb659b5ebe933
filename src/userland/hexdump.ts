// hexdump and xxd: bytes of a file, or of what is piped in.

import { SystemError, errnoText } from "../kernel/base/errno.ts";
import { toBytes } from "../kernel/sysfs/bytes.ts";
import type { Call } from "./programs.ts";
import { ToolUsage, parseShort, withUsage } from "./text-input.ts";

const rowBytes = 16;
const largest = 1 << 24;

const hex = (value: number | bigint, digits: number): string => value.toString(16).padStart(digits, "0");
const printable = (bytes: Uint8Array): string => [...bytes].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");

/** A number, decimal or with 0x. @throws ToolUsage */
function parseNumber(name: string, text: string | undefined, otherwise: bigint): bigint {
  if (text === undefined) return otherwise;
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) throw new ToolUsage(`${name}: invalid number '${text}'\n`, 1);
  return BigInt(text);
}

interface Part {
  readonly offset: bigint;
  readonly bytes: Uint8Array;
}

/** `length` bytes from `skip` on; a file that gives them in pieces is read in pieces. */
function readPart({ files, input }: Call, path: string | undefined, skip: bigint, length: number): Part {
  if (path === undefined || path === "-") return { offset: skip, bytes: toBytes(input.slice(Number(skip), Number(skip) + length)) };
  const pieces: number[] = [];
  while (pieces.length < length) {
    const piece = files.pread(path, skip + BigInt(pieces.length), Math.min(4096, length - pieces.length));
    if (piece.length === 0) break;
    pieces.push(...piece);
  }
  return { offset: skip, bytes: Uint8Array.from(pieces) };
}

const rowsOf = ({ offset, bytes }: Part): Part[] => Array.from({ length: Math.ceil(bytes.length / rowBytes) }, (_, row) => ({ offset: offset + BigInt(row * rowBytes), bytes: bytes.subarray(row * rowBytes, (row + 1) * rowBytes) }));

interface Letters {
  readonly flags: string;
  readonly length: string;
}

function dump(call: Call, name: string, letters: Letters, show: (part: Part, flags: ReadonlySet<string>) => string): number {
  return withUsage(call, () => {
    const { flags, values, words } = parseShort({ name, flags: letters.flags, values: `s${letters.length}`, exitCode: 1 }, call.argv);
    const skip = parseNumber(name, values.get("s"), 0n);
    const length = Math.min(largest, Number(parseNumber(name, values.get(letters.length), BigInt(largest))));
    try {
      call.output.out(show(readPart(call, words[0], skip, length), flags));
      return 0;
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      call.output.err(`${name}: ${words[0]}: ${errnoText(thrown.errno)}\n`);
      return 1;
    }
  });
}

function canonicalRow({ offset, bytes }: Part): string {
  const digits = [...bytes].map((byte, index) => `${index === 8 ? " " : ""}${hex(byte, 2)} `).join("");
  return `${hex(offset, 8)}  ${digits.padEnd(50)}|${printable(bytes)}|\n`;
}

/** Words of two bytes, the lower first. */
function wordRow({ offset, bytes }: Part): string {
  const words = Array.from({ length: Math.ceil(bytes.length / 2) }, (_, at) => hex((bytes[2 * at] ?? 0) | ((bytes[2 * at + 1] ?? 0) << 8), 4));
  return `${hex(offset, 7)} ${words.join(" ").padEnd(39)}\n`;
}

/** Rows that repeat the one before are one star; the last line is where the bytes end. */
function starred(part: Part, rowText: (row: Part) => string, offsetDigits: number): string {
  let last = "";
  let isStarred = false;
  let text = "";
  for (const row of rowsOf(part)) {
    const digits = row.bytes.join();
    if (digits === last && row.bytes.length === rowBytes) {
      text += isStarred ? "" : "*\n";
      isStarred = true;
    } else {
      text += rowText(row);
      isStarred = false;
    }
    last = digits;
  }
  return part.bytes.length === 0 ? "" : `${text}${hex(part.offset + BigInt(part.bytes.length), offsetDigits)}\n`;
}

/** `hexdump [-C] [-s SKIP] [-n LENGTH] [FILE]` */
export const hexdump = (call: Call): number => dump(call, "hexdump", { flags: "C", length: "n" }, (part, flags) => (flags.has("C") ? starred(part, canonicalRow, 8) : starred(part, wordRow, 7)));

function pairRow({ offset, bytes }: Part): string {
  const digits = [...bytes].map((byte, index) => hex(byte, 2) + (index % 2 === 1 ? " " : "")).join("");
  return `${hex(offset, 8)}: ${digits.padEnd(40)} ${printable(bytes)}\n`;
}

/** `xxd [-s SKIP] [-l LENGTH] [FILE]` */
export const xxd = (call: Call): number => dump(call, "xxd", { flags: "", length: "l" }, (part) => rowsOf(part).map(pairRow).join(""));
