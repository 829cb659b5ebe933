// Page runs in order of address: found by binary search, cut at any page, joined where parts of one run meet again.

import type { PageRun } from "./page-types.ts";
import { basePage } from "./page-types.ts";

export const endOf = (run: Pick<PageRun, "start" | "size">): bigint => run.start + run.size;

/** Index of the first of a list in order of address that ends behind one; the length of the list where none does. */
export function firstEndingBehind<T>(list: readonly T[], address: bigint, end: (one: T) => bigint): number {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (end(list[middle] as T) > address) high = middle;
    else low = middle + 1;
  }
  return low;
}

export const firstBehind = (runs: readonly PageRun[], address: bigint): number => firstEndingBehind(runs, address, endOf);

/** The run that holds an address. */
export function runAt(runs: readonly PageRun[], address: bigint): PageRun | undefined {
  const run = runs[firstBehind(runs, address)];
  return run !== undefined && run.start <= address ? run : undefined;
}

/** What of a run lies in [from, to). Whole folios keep their size; what is left of one that is cut is base pages. */
function piecesOf(run: PageRun, from: bigint, to: bigint): PageRun[] {
  const start = from > run.start ? from : run.start;
  const end = to < endOf(run) ? to : endOf(run);
  if (start >= end) return [];
  const first = ((start + run.unit - 1n) / run.unit) * run.unit;
  const last = (end / run.unit) * run.unit;
  if (first >= last) return [{ ...run, start, size: end - start, unit: basePage }];
  const head = { ...run, start, size: first - start, unit: basePage };
  const tail = { ...run, start: last, size: end - last, unit: basePage };
  return [head, { ...run, start: first, size: last - first }, tail].filter(({ size }) => size > 0n);
}

/** Runs of [start, start + size), cut to it, in order of address. */
export function runsWithin(runs: readonly PageRun[], start: bigint, size: bigint): PageRun[] {
  const found: PageRun[] = [];
  for (let at = firstBehind(runs, start); at < runs.length; at++) {
    const run = runs[at];
    if (run === undefined || run.start >= start + size) break;
    found.push(...piecesOf(run, start, start + size));
  }
  return found;
}

/** Takes [start, start + size) out of the runs. Returns what lay there. */
export function cutOut(runs: PageRun[], start: bigint, size: bigint): PageRun[] {
  const end = start + size;
  const first = firstBehind(runs, start);
  let last = first;
  for (let run = runs[last]; run !== undefined && run.start < end; run = runs[last]) last++;
  const touched = runs.slice(first, last);
  const left = touched.flatMap((run) => [...piecesOf(run, run.start, start), ...piecesOf(run, end, endOf(run))]);
  runs.splice(first, last - first, ...left);
  return touched.flatMap((run) => piecesOf(run, start, end));
}

const areOne = (a: PageRun, b: PageRun): boolean => a.id === b.id && a.unit === b.unit && endOf(a) === b.start;

/** Puts a run where nothing lies; it grows together with parts of the same run beside it. */
export function insertRun(runs: PageRun[], run: PageRun): void {
  const at = firstBehind(runs, run.start);
  const before = runs[at - 1];
  const behind = runs[at];
  let joined = run;
  let from = at;
  let count = 0;
  if (before !== undefined && areOne(before, joined)) {
    joined = { ...before, size: before.size + joined.size };
    from--;
    count++;
  }
  if (behind !== undefined && areOne(joined, behind)) {
    joined = { ...joined, size: joined.size + behind.size };
    count++;
  }
  runs.splice(from, count, joined);
}

export interface Extent {
  readonly start: bigint;
  readonly end: bigint;
}

/** The first part of [start, end) that no run covers; undefined: there is none. */
export function nextGap(runs: readonly PageRun[], { start, end }: Extent): Extent | undefined {
  let at = start;
  for (let index = firstBehind(runs, start); at < end; index++) {
    const run = runs[index];
    if (run === undefined || run.start >= end) return { start: at, end };
    if (run.start > at) return { start: at, end: run.start };
    at = endOf(run);
  }
  return undefined;
}

/** What of [start, end) no run covers, in order of address. */
export function gapsWithin(runs: readonly PageRun[], { start, end }: Extent): Extent[] {
  const gaps: Extent[] = [];
  for (let gap = nextGap(runs, { start, end }); gap !== undefined; gap = nextGap(runs, { start: gap.end, end })) gaps.push(gap);
  return gaps;
}
