// Where the ranges of dax devices lie inside their region: free space, growing, shrinking. Pure arithmetic (dax-memory section 2).

import type { FileRange } from "../mm/mapping.ts";

/** A half-open span of physical addresses. */
export interface Span {
  readonly start: bigint;
  readonly end: bigint;
}

/** Unused spans of a region, lowest first. */
export function freeSpans(region: Span, used: readonly Span[]): Span[] {
  const spans: Span[] = [];
  let from = region.start;
  for (const span of used.toSorted((a, b) => (a.start < b.start ? -1 : 1))) {
    if (span.start > from) spans.push({ start: from, end: span.start });
    if (span.end > from) from = span.end;
  }
  if (from < region.end) spans.push({ start: from, end: region.end });
  return spans;
}

export const spanOf = (range: FileRange): Span => ({ start: range.start, end: range.start + range.size });
export const totalOf = (spans: readonly Span[]): bigint => spans.reduce((sum, span) => sum + span.end - span.start, 0n);
export const sizeOf = (ranges: readonly FileRange[]): bigint => ranges.reduce((sum, range) => sum + range.size, 0n);

/**
 * The ranges after growing by `size` bytes: gaps from the lowest address; the device's own last range is extended in place when the gap
 * begins where it ends. Undefined: the free space does not suffice.
 */
export function grow(ranges: readonly FileRange[], free: readonly Span[], size: bigint): FileRange[] | undefined {
  if (totalOf(free) < size) return undefined;
  const grown = [...ranges];
  let left = size;
  for (const span of free) {
    if (left === 0n) break;
    const available = span.end - span.start;
    const taken = available < left ? available : left;
    left -= taken;
    const last = grown.at(-1);
    if (last !== undefined && last.start + last.size === span.start) grown[grown.length - 1] = { ...last, size: last.size + taken };
    else grown.push({ start: span.start, size: taken, fileOffset: sizeOf(grown) });
  }
  return grown;
}

/** The ranges after shrinking to `size` bytes: taken from the last range. */
export function shrink(ranges: readonly FileRange[], size: bigint): FileRange[] {
  const kept: FileRange[] = [];
  let left = size;
  for (const range of ranges) {
    if (left === 0n) break;
    const taken = range.size < left ? range.size : left;
    kept.push({ ...range, size: taken });
    left -= taken;
  }
  return kept;
}
