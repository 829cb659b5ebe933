// Values of registers as the page handles them: hexadecimal texts, their bits and fields. What a field means comes from the worker.

import type { FieldLook, RegisterLook } from "../../../sandbox/live/registers-look.ts";

type Span = Pick<FieldLook, "high" | "low">;

const maskOf = ({ high, low }: Span): bigint => (1n << BigInt(high - low + 1)) - 1n;

/** The number in a hexadecimal text with 0x; undefined: it is none. */
export const parseHex = (text: string): bigint | undefined => (/^0x[0-9a-f]{1,16}$/i.test(text) ? BigInt(text) : undefined);

/** As wide as a register of `width` bits. */
export const hexOf = (value: bigint, width: number): string => `0x${value.toString(16).padStart(width / 4, "0")}`;

/** A field of a register's value; 0 where the text is no value. */
export const fieldOf = (hex: string, span: Span): number => Number(((parseHex(hex) ?? 0n) >> BigInt(span.low)) & maskOf(span));

/** The value with another field in it. */
export function withField(hex: string, span: Span, value: number, width: number): string {
  const shift = BigInt(span.low);
  const rest = (parseHex(hex) ?? 0n) & ~(maskOf(span) << shift);
  return hexOf(rest | ((BigInt(value) & maskOf(span)) << shift), width);
}

/** Bits that differ; none where one of both is not known. */
export const changedBits = (hex: string, before: string | undefined): bigint => (before === undefined ? 0n : (parseHex(hex) ?? 0n) ^ (parseHex(before) ?? 0n));

export const hasBit = (bits: bigint, bit: number): boolean => ((bits >> BigInt(bit)) & 1n) === 1n;

/** The field that a bit belongs to; undefined: it is reserved. */
export const fieldAt = (fields: readonly FieldLook[], bit: number): FieldLook | undefined => fields.find(({ high, low }) => bit <= high && bit >= low);

/** `memoryIsolationEnable` as "MIE": where there is no room for the name. */
export const initials = (name: string): string => `${name.slice(0, 1).toUpperCase()}${name.slice(1).replaceAll(/[^A-Z0-9]/g, "")}`.slice(0, 5);

/** What software can write, and clears by writing 1. */
export const isWritable = ({ access }: FieldLook): boolean => !["RO", "ROS", "HwInit"].includes(access);
export const clearsByOne = ({ access }: FieldLook): boolean => access === "RW1C" || access === "RW1CS";

/** A value to start a write from: what the register holds, without the bits that writing back would clear. */
export function draftOf({ fields, width }: RegisterLook, hex: string): string {
  return fields.filter(clearsByOne).reduce((draft, field) => withField(draft, field, 0, width), hex);
}

/** A field's value in words: its name, or the number. */
export function valueWords({ names, high, low }: FieldLook, value: number): string {
  const name = names[value];
  if (name !== undefined) return name;
  return high === low ? String(value) : `0x${value.toString(16)}`;
}

/** Fields that are not 0, in words: "commit, interleaveWays=2". */
export function fieldWords(fields: readonly FieldLook[], hex: string): string {
  return fields.flatMap((field) => {
    const value = fieldOf(hex, field);
    if (value === 0) return [];
    return [field.high === field.low ? field.name : `${field.name}=${valueWords(field, value)}`];
  }).join(", ");
}

/** Whether a register is looked for: its name, what it is for, or one of its fields. */
export function matches({ name, about, fields, clause }: RegisterLook, filter: string): boolean {
  const words = filter.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const text = [name, about, clause, ...fields.map((field) => `${field.name} ${field.about}`)].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}
