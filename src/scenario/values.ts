// Values as people write them, for the schema: units, names, numbers of any width.

import { z } from "zod";
import { suggestion } from "./suggest.ts";
import { parseBandwidth, parsePercent, parseRate, parseSize, parseTime, parseWhole } from "./units.ts";

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
export const size = z.union([z.string(), z.number(), z.bigint()]).transform((value, context): bigint => unitOf(value, context, "size", "256MiB or 4GiB", parseSize));
export const time = unit("time", "5ms, 100us or 2s", parseTime);
export const rate = unit("rate", "1M/s, 200k/s or 50/s", parseRate);
export const percent = unit("percentage", "70%", parsePercent);
export const bandwidth = unit("bandwidth", "64GB/s or 32000MB/s", parseBandwidth);
export const count = z.int().min(0);

function wholeOf(value: unknown): bigint | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : undefined;
  if (typeof value === "string") return parseWhole(value);
  return typeof value === "bigint" ? value : undefined;
}

/** Up to 64 bits. A number beyond 2^53 is written as text: YAML and JSON round it. */
export const whole = z.unknown().transform((value, context): bigint => {
  const parsed = wholeOf(value);
  if (parsed !== undefined && parsed >= 0n && parsed < 1n << 64n) return parsed;
  context.addIssue({ code: "custom", message: `${value === undefined ? "is missing" : `"${String(value)}" is no number of 64 bits`}; write it like 4096, 0x1000, 4KiB, or above 2^53 in quotes` });
  return z.NEVER;
});

/** One of many names: a message has the nearest one, not all of them. */
export function named<T extends string>(what: string, names: readonly T[]) {
  return z.string().transform((value, context): T => {
    const found = names.find((one) => one === value);
    if (found !== undefined) return found;
    context.addIssue({ code: "custom", message: `no ${what} "${value}"; ${suggestion(value, names)}` });
    return z.NEVER;
  });
}
