// The stretch of time that is picked (`store.range`), for panels that show only what lies in it, and times in words.

import { timeWords } from "./shell/words.ts";
import type { TimeRange } from "./store/contract.ts";

/** Whole ns, in either order. */
export const rangeOf = (one: number, other: number): TimeRange => ({ fromNs: Math.max(0, Math.floor(Math.min(one, other))), toNs: Math.max(0, Math.ceil(Math.max(one, other))) });

/** Whether something at `atNs`, or that lasted until `untilNs`, lies in the range at least in part; no range: always. */
export const isInRange = (range: TimeRange | null, atNs: number, untilNs = atNs): boolean => range === null || (untilNs >= range.fromNs && atNs <= range.toNs);

/** `45.657 ms`, or where a run is ready at some time, `5 ms after ready`. @param readyAtNs -1: not known */
export function momentText(atNs: number, readyAtNs: number): string {
  const at = Math.round(atNs);
  if (readyAtNs < 0) return timeWords(Math.max(0, at));
  if (at === readyAtNs) return "at ready";
  return at > readyAtNs ? `${timeWords(at - readyAtNs)} after ready` : `${timeWords(readyAtNs - at)} before ready`;
}

/** To the nanosecond, in seconds: `5.000120000`, counted from ready where that is known, and then with a sign before it. */
export function exactText(atNs: number, readyAtNs: number): string {
  const at = Math.abs(atNs - Math.max(0, readyAtNs));
  const sign = readyAtNs < 0 ? "" : atNs < readyAtNs ? "\u2212" : "+";
  return `${sign}${Math.floor(at / 1e9)}.${String(at % 1e9).padStart(9, "0")}`;
}

/** `5 ms to 7 ms after ready, 2 ms long`. */
export function rangeText({ fromNs, toNs }: TimeRange, readyAtNs: number): string {
  const until = momentText(toNs, readyAtNs);
  const isOneSide = readyAtNs >= 0 && fromNs !== readyAtNs && toNs !== readyAtNs && fromNs < readyAtNs === toNs < readyAtNs;
  const from = isOneSide ? timeWords(Math.abs(fromNs - readyAtNs)) : momentText(fromNs, readyAtNs);
  return `${from} to ${until}, ${timeWords(toNs - fromNs)} long`;
}
