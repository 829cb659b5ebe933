// Sizes and times as people write them.

const sizeUnits: Readonly<Record<string, bigint>> = { B: 1n, KiB: 1n << 10n, MiB: 1n << 20n, GiB: 1n << 30n, TiB: 1n << 40n };
const timeUnits: Readonly<Record<string, number>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };

/** Bytes of "256MiB", "4 GiB", "512"; undefined when it is no size. */
export function parseSize(text: string): bigint | undefined {
  const match = /^(\d+)\s*(B|KiB|MiB|GiB|TiB)?$/.exec(text.trim());
  return match === null ? undefined : BigInt(match[1] ?? "0") * (sizeUnits[match[2] ?? "B"] ?? 1n);
}

/** "4096", "0x1000" or a size; undefined when it is none. */
export const parseWhole = (text: string): bigint | undefined => (/^\s*0x[0-9a-fA-F]{1,16}\s*$/.test(text) ? BigInt(text.trim()) : parseSize(text));

/** Virtual nanoseconds of "5ms", "100us", "2s", "0.5ms" (a whole number of ns); undefined when it is no time. */
export function parseTime(text: string): number | undefined {
  const match = /^(\d+)(?:\.(\d+))?\s*(ns|us|ms|s)$/.exec(text.trim());
  if (match === null) return undefined;
  const unit = timeUnits[match[3] ?? "ns"] ?? 1;
  const fraction = match[2] ?? "";
  const scale = 10 ** fraction.length;
  const value = Number(match[1]) * unit + (Number(fraction === "" ? "0" : fraction) * unit) / scale;
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Nanoseconds between accesses of "1M/s", "200k/s", "50/s"; undefined when it is no rate or not 1..1e9 per second. */
export function parseRate(text: string): number | undefined {
  const match = /^(\d+)\s*([kM])?\/s$/.exec(text.trim());
  if (match === null) return undefined;
  const perSecond = Number(match[1]) * (match[2] === "M" ? 1e6 : match[2] === "k" ? 1e3 : 1);
  return perSecond < 1 || perSecond > 1e9 ? undefined : Math.max(1, Math.round(1e9 / perSecond));
}

/** MB/s of "64GB/s", "32000MB/s" or a bare number; undefined when it is no bandwidth or not 1..2^32-1. */
export function parseBandwidth(text: string): number | undefined {
  const match = /^(\d+)\s*(MB\/s|GB\/s)?$/.exec(text.trim());
  if (match === null) return undefined;
  const value = Number(match[1]) * (match[2] === "GB/s" ? 1000 : 1);
  return value >= 1 && value <= 0xffff_ffff ? value : undefined;
}

/** "70%" as 70; undefined when it is no whole percentage. */
export function parsePercent(text: string): number | undefined {
  const match = /^(\d{1,3})%$/.exec(text.trim());
  const value = Number(match?.[1] ?? "101");
  return value <= 100 ? value : undefined;
}

/** Nanoseconds in the largest unit that has no fraction: "90s", "1500us", "0s". */
export function timeText(nanoseconds: number): string {
  const unit = Object.keys(timeUnits).toReversed().find((name) => nanoseconds % (timeUnits[name] ?? 1) === 0) ?? "ns";
  return `${nanoseconds / (timeUnits[unit] ?? 1)}${unit}`;
}
