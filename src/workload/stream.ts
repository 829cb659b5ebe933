// One thread's requests as arithmetic: request number i has a time, an address and a kind that follow from i alone. Integers only.

export const lineBytes = 64;

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

/** Reads among the requests 0..count-1. */
export function readsBefore(plan: StreamPlan, count: number): number {
  const rest = count % plan.of;
  const scaled = rest * plan.reads;
  return ((count - rest) / plan.of) * plan.reads + (scaled - (scaled % plan.of)) / plan.of;
}

export const isRead = (plan: StreamPlan, index: number): boolean => readsBefore(plan, index + 1) > readsBefore(plan, index);

/** Bytes from the start of what the stream walks over. */
export const offsetAt = (plan: StreamPlan, index: number): number => ((plan.firstLine + (index % plan.lines) * plan.lineStep) % plan.lines) * plan.stride;

/** Requests at `first`, `first + period`, ... that lie before `until`. */
export function countBefore(first: number, period: number, until: number): number {
  const span = until - first;
  return span <= 0 ? 0 : (span + period - 1 - ((span + period - 1) % period)) / period;
}

/** Most entries that requests of this period and latency hold at once. */
export const entriesHeld = (latency: number, period: number): number => (latency + period - 1 - ((latency + period - 1) % period)) / period;

/** Offsets that show every root port the stream can touch: interleave is a function of address bits 8 to 18 (16 ways of 16 KiB). */
export function probeOffsets(plan: StreamPlan): number[] {
  const offsets = [0];
  const end = plan.lines * plan.stride;
  for (let bit = 8; bit <= 18; bit++) {
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
