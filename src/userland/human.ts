// Numbers for people (-u): sizes with two units, addresses and serial numbers as quoted hex.

import type { Json } from "./json.ts";

const sizeKeys = new Set([
  "size", "ram_size", "pmem_size", "dpa_size", "available_size", "max_available_extent", "length", "remaining_size", "total_size", "volatile_only_size", "persistent_only_size", "partition_alignment_size",
  "active_volatile_size", "active_persistent_size", "next_volatile_size", "next_persistent_size",
]);
const addressKeys = new Set(["resource", "dpa_resource", "serial", "start", "end", "page_offset", "offset", "overflow_t"]);

/** Two decimals of numerator / denominator, rounded to nearest, without fractions. */
function twoDecimals(numerator: bigint, denominator: bigint): string {
  const hundredths = (numerator * 200n + denominator) / (2n * denominator);
  return `${hundredths / 100n}.${String(hundredths % 100n).padStart(2, "0")}`;
}

const units = [
  { until: 2n << 30n, binary: 1n << 20n, decimal: 1_000_000n, names: ["MiB", "MB"] },
  { until: 2n << 40n, binary: 1n << 30n, decimal: 1_000_000_000n, names: ["GiB", "GB"] },
  { until: null, binary: 1n << 40n, decimal: 1_000_000_000_000n, names: ["TiB", "TB"] },
] as const;

/** "512.00 MiB (536.87 MB)"; a plain number below 5000 KiB. */
export function humanSize(size: bigint): string | bigint {
  if (size < 5000n << 10n) return size;
  const unit = units.find((candidate) => candidate.until === null || size < candidate.until) ?? units[2];
  return `${twoDecimals(size, unit.binary)} ${unit.names[0]} (${twoDecimals(size, unit.decimal)} ${unit.names[1]})`;
}

function humanValue(key: string, value: Json): Json {
  if (typeof value === "bigint" && sizeKeys.has(key)) return humanSize(value);
  if (typeof value === "bigint" && addressKeys.has(key)) return `0x${value.toString(16)}`;
  return humanize(value);
}

/** The same document with sizes and addresses as people read them. */
export function humanize(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(humanize);
  if (typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value as { readonly [key: string]: Json | undefined }).map(([key, item]) => [key, item === undefined ? undefined : humanValue(key, item)]));
}
