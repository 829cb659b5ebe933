// Values as people write them, for the schema: units, names, numbers of any width.

import { z } from "zod";
import { suggestion } from "./suggest.ts";
import { parseBandwidth, parsePercent, parseRate, parseSize, parseTime, parseWhole } from "./units.ts";

/** What a value looks like in a file, in words of JSON Schema: where a schema makes something else of it on the way. */
export interface FileForm {
  readonly [keyword: string]: unknown;
}
export const fileForms = z.registry<FileForm>();

/** A schema with its form in a file. */
export function withForm<T extends z.ZodType>(schema: T, form: FileForm): T {
  fileForms.add(schema, form as never);
  return schema;
}

const text = (pattern: string): FileForm => ({ type: "string", pattern: `^\\s*${pattern}\\s*$` });
const natural: FileForm = { type: "integer", minimum: 0 };
const sizeText = "\\d+\\s*(B|KiB|MiB|GiB|TiB)?";

function unitOf<T>(value: string | number | bigint, context: z.RefinementCtx, what: string, example: string, parse: (text: string) => T | undefined): T {
  const parsed = parse(String(value));
  if (parsed !== undefined) return parsed;
  context.addIssue({ code: "custom", message: `"${value}" is no ${what}; write it like ${example}` });
  return z.NEVER;
}

function unit<T>(what: string, example: string, parse: (text: string) => T | undefined) {
  return z.union([z.string(), z.number()]).transform((value, context): T => unitOf(value, context, what, example, parse));
}

/** Bytes; a value in code may be a bigint too. */
export const size = withForm(z.union([z.string(), z.number(), z.bigint()]).transform((value, context): bigint => unitOf(value, context, "size", "256MiB or 4GiB", parseSize)), { anyOf: [text(sizeText), natural] });
export const time = withForm(unit("time", "5ms, 100us or 2s", parseTime), text("\\d+(\\.\\d+)?\\s*(ns|us|ms|s)"));
export const rate = withForm(unit("rate", "1M/s, 200k/s or 50/s", parseRate), text("\\d+\\s*[kM]?/s"));
export const percent = withForm(unit("percentage", "70%", parsePercent), text("\\d{1,3}%"));
export const bandwidth = withForm(unit("bandwidth", "64GB/s or 32000MB/s", parseBandwidth), { anyOf: [text("\\d+\\s*(MB/s|GB/s)?"), { type: "integer", minimum: 1, maximum: 0xffff_ffff }] });
export const count = z.int().min(0);

function wholeOf(value: unknown): bigint | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  if (typeof value === "string") return parseWhole(value);
  return typeof value === "bigint" ? value : undefined;
}

/** Up to 64 bits. A number beyond 2^53 is written as text: YAML and JSON round it. */
export const whole = withForm(z.unknown().transform((value, context): bigint => {
  const parsed = wholeOf(value);
  if (parsed !== undefined && parsed >= 0n && parsed < 1n << 64n) return parsed;
  context.addIssue({ code: "custom", message: `${value === undefined ? "is missing" : `"${String(value)}" is no number of 64 bits`}; write it like 4096, 0x1000, 4KiB, or above 2^53 in quotes` });
  return z.NEVER;
}), { anyOf: [text(`(0x[0-9a-fA-F]{1,16}|${sizeText})`), natural] });

/** Bytes or nanoseconds of a text with its unit; undefined: it has none. */
function parseMeasure(value: string): number | undefined {
  const parsed = /[A-Za-z]\s*$/.test(value) ? (parseTime(value) ?? parseSize(value)) : undefined;
  return parsed === undefined || !Number.isSafeInteger(Number(parsed)) ? undefined : Number(parsed);
}

/** A bound of a figure: a whole number, or a size or time with its unit. */
export const measure = withForm(z.union([z.string(), z.number()]).transform((value, context): number => {
  const parsed = typeof value === "number" ? value : parseMeasure(value);
  if (parsed !== undefined && Number.isSafeInteger(parsed)) return parsed;
  context.addIssue({ code: "custom", message: `"${value}" is no whole number, size or time; write it like 3, 64MiB or 5ms` });
  return z.NEVER;
}), { anyOf: [{ type: "integer" }, text("(\\d+\\s*(B|KiB|MiB|GiB|TiB)|\\d+(\\.\\d+)?\\s*(ns|us|ms|s))")] });

/** A text; a size or time with its unit becomes the number that results have. */
export const measureText = withForm(z.string().transform((value) => String(parseMeasure(value) ?? value)), { type: "string" });

/** One of many names: a message has the nearest one, not all of them. */
export function named<T extends string>(what: string, names: readonly T[]) {
  const schema = z.string().transform((value, context): T => {
    const found = names.find((one) => one === value);
    if (found !== undefined) return found;
    context.addIssue({ code: "custom", message: `no ${what} "${value}"; ${suggestion(value, names)}` });
    return z.NEVER;
  });
  return withForm(schema, { type: "string", enum: [...new Set(names)] });
}
