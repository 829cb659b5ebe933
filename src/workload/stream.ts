// One thread's requests as arithmetic: request number i has a time, an address and a kind that follow from i alone. Integers only.

import { highestInterleaveBit, lowestInterleaveBit } from "../platform/interleave.ts";
import type { AccessPath } from "../kernel/mce/consumption.ts";
import type { RequestKind } from "../platform/platform.ts";

export const lineBytes = 64;

/** How a thread reads: `share` of every 100 reads go by `other`; and how it writes. */
export interface Paths {
  readonly usual: AccessPath;
  readonly other: AccessPath;
  readonly share: number;
  readonly write: AccessPath;
}

export interface StreamPlan {
  readonly requester: number;
  /** Virtual nanoseconds between two requests, at least 1. */
  readonly period: number;
  /** `reads` of every `of` requests are reads, spread evenly; the others are writes. 0 <= reads <= of, of >= 1. */
  readonly reads: number;
  readonly of: number;
  /** Bytes between neighbouring lines of the walk; a multiple of 64. */
  readonly stride: number;
  /** Lines until the walk begins again. */
  readonly lines: number;
  /** First line, and lines per step: threads of one process take turns. */
  readonly firstLine: number;
  readonly lineStep: number;
  /** Requests the thread may have under way. */
  readonly outstanding: number;
}

/** Of `count` things in a row those that are chosen when `some` of every `of` are, spread evenly. */
function spread(some: number, of: number, count: number): number {
  const rest = count % of;
  const scaled = rest * some;
  return ((count - rest) / of) * some + (scaled - (scaled % of)) / of;
}

/** Reads among the requests 0..count-1. */
export const readsBefore = (plan: StreamPlan, count: number): number => spread(plan.reads, plan.of, count);

export const isRead = (plan: StreamPlan, index: number): boolean => readsBefore(plan, index + 1) > readsBefore(plan, index);

const percent = 100;

/** The way request number `index` takes. */
export function pathAt(paths: Paths, plan: StreamPlan, index: number, kind: RequestKind): AccessPath {
  if (kind === "write") return paths.write;
  if (paths.share === 0) return paths.usual;
  const read = readsBefore(plan, index);
  return spread(paths.share, percent, read + 1) > spread(paths.share, percent, read) ? paths.other : paths.usual;
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

/** Requests after which kinds and paths come round again. */
export function roundOf(paths: Paths, plan: StreamPlan): number {
  const mix = plan.of / divisor(plan.of, plan.reads);
  if (paths.share === 0 || paths.share === percent || plan.reads === 0) return mix;
  return mix * (percent / divisor(percent, paths.share));
}

/** Bytes from the start of what the stream walks over. */
export const offsetAt = (plan: StreamPlan, index: number): number => ((plan.firstLine + (index % plan.lines) * plan.lineStep) % plan.lines) * plan.stride;

/** Requests at `first`, `first + period`, ... that lie before `until`. */
export function countBefore(first: number, period: number, until: number): number {
  const span = until - first;
  return span <= 0 ? 0 : (span + period - 1 - ((span + period - 1) % period)) / period;
}

/** Most entries that requests of this period and latency hold at once. */
export const entriesHeld = (latency: number, period: number): number => (latency + period - 1 - ((latency + period - 1) % period)) / period;

/** Offsets below `end` that show every root port the stream can touch there. */
export function probeOffsets(plan: StreamPlan, end: number): number[] {
  const offsets = [0];
  for (let bit = lowestInterleaveBit; bit <= highestInterleaveBit; bit++) {
    const step = 2 ** bit;
    if (step < end && step % lowestBit(plan.stride) === 0) offsets.push(step);
  }
  return offsets;
}

function lowestBit(value: number): number {
  let bit = 1;
  while (value % (bit * 2) === 0) bit *= 2;
  return bit;
}
