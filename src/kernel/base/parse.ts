// What a store makes of its text, as lib/kstrtox.c and sysfs_streq do: the text ends at the first NUL, one line end at its end does not count,
// white space counts.

import { SystemError } from "./errno.ts";

/** The text as C sees it: what comes before the first NUL. */
const cString = (text: string): string => text.split("\0", 1)[0] ?? "";

/** A word, without the line end that `echo` adds (sysfs_streq). */
export const parseWord = (text: string): string => cString(text).replace(/\n$/, "");

const digitsOf: Readonly<Record<number, RegExp>> = { 8: /^[0-7]+$/, 10: /^[0-9]+$/, 16: /^[0-9a-fA-F]+$/ };
const prefixes: Readonly<Record<number, string>> = { 8: "0o", 10: "", 16: "0x" };

function radixOf(digits: string): number {
  if (!digits.startsWith("0")) return 10;
  return /^0[xX][0-9a-fA-F]/.test(digits) ? 16 : 8;
}

/** `base` 0: 0x is hexadecimal, a leading 0 octal. @throws SystemError EINVAL no number; ERANGE beyond `limit` */
function parseDigits(text: string, base: number, limit: bigint): bigint {
  const radix = base === 0 ? radixOf(text) : base;
  const digits = radix === 16 ? text.replace(/^0[xX](?=[0-9a-fA-F])/, "") : text;
  if (digitsOf[radix]?.test(digits) !== true) throw new SystemError("EINVAL", `"${text}" is no number`);
  const value = BigInt(`${prefixes[radix] ?? ""}${digits}`);
  if (value > limit) throw new SystemError("ERANGE", `${text} is beyond ${limit}`);
  return value;
}

/** A number without a sign of `bits` bits (kstrtoull, kstrtouint). @throws SystemError EINVAL no number; ERANGE too large */
export function parseUnsigned(text: string, bits = 64, base = 0): bigint {
  return parseDigits(parseWord(text).replace(/^\+/, ""), base, (1n << BigInt(bits)) - 1n);
}

/** A number with a sign of `bits` bits (kstrtoint). @throws SystemError EINVAL no number; ERANGE too large or too small */
export function parseSigned(text: string, bits = 32): bigint {
  const word = parseWord(text);
  const half = 1n << BigInt(bits - 1);
  return word.startsWith("-") ? -parseDigits(word.slice(1), 0, half) : parseDigits(word.replace(/^\+/, ""), 0, half - 1n);
}

/** A truth value by its first letters (kstrtobool). @throws SystemError EINVAL */
export function parseBoolean(text: string): boolean {
  const word = cString(text);
  if (/^([1yYtT]|[oO][nN])/.test(word)) return true;
  if (/^([0nNfF]|[oO][fF])/.test(word)) return false;
  throw new SystemError("EINVAL", `"${word.trim()}" is neither true nor false`);
}
