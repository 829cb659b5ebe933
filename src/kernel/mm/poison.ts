// Pages that are poisoned, for as long as their memory is there, and what memory_failure came to, per node (machine-check 5.2). A poisoned page is never handed
// out again, and a block that has one never goes online again.

import type { Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";
import { targetNode } from "./node.ts";
import { basePage } from "./page-types.ts";
import type { Extent } from "./run-list.ts";
import { firstEndingBehind } from "./run-list.ts";
import { blockAt } from "./zone-areas.ts";

export const failureResults = ["ignored", "failed", "delayed", "recovered"] as const;
export type FailureCount = (typeof failureResults)[number];

interface PoisonState {
  /** Poisoned pages, in order of address; neighbours are one. */
  readonly extents: Extent[];
  /** Actions taken, by node. */
  readonly failures: Map<number, Record<FailureCount, number>>;
  /** Pages that count as HardwareCorrupted, by the block they are in; -1: in none. */
  readonly corrupted: Map<number, number>;
}

const state = defineState("mm.poison", (): PoisonState => ({ extents: [], failures: new Map(), corrupted: new Map() }));

const firstBehind = (extents: readonly Extent[], address: bigint): number => firstEndingBehind(extents, address, ({ end }) => end);

/** Poisoned pages of [start, end), cut to it. */
export function poisonWithin(kernel: Kernel, { start, end }: Extent): Extent[] {
  const { extents } = state(kernel);
  const found: Extent[] = [];
  for (let at = firstBehind(extents, start); at < extents.length; at++) {
    const extent = extents[at];
    if (extent === undefined || extent.start >= end) break;
    found.push({ start: extent.start > start ? extent.start : start, end: extent.end < end ? extent.end : end });
  }
  return found;
}

/** What of some extents is not poisoned. */
export const withoutPoison = (kernel: Kernel, extents: readonly Extent[]): Extent[] => extents.flatMap(({ start, end }) => {
  const left: Extent[] = [];
  let at = start;
  for (const poison of poisonWithin(kernel, { start, end })) {
    if (poison.start > at) left.push({ start: at, end: poison.start });
    at = poison.end;
  }
  if (at < end) left.push({ start: at, end });
  return left;
});

export const isPoisoned = (kernel: Kernel, address: bigint): boolean => poisonWithin(kernel, { start: address, end: address + 1n }).length > 0;

/** Puts the poison flag on all pages of [start, start + size). */
export function poisonPages(kernel: Kernel, start: bigint, size: bigint): void {
  const { extents } = state(kernel);
  let from = (start / basePage) * basePage;
  let to = ((start + size + basePage - 1n) / basePage) * basePage;
  const first = firstBehind(extents, from - 1n);
  let last = first;
  for (let extent = extents[last]; extent !== undefined && extent.start <= to; extent = extents[last]) {
    if (extent.start < from) from = extent.start;
    if (extent.end > to) to = extent.end;
    last++;
  }
  extents.splice(first, last - first, { start: from, end: to });
}

/** Puts the poison flag on the page of 4 KiB at an address; on one that has it, it changes nothing. */
export const poisonPage = (kernel: Kernel, address: bigint): void => poisonPages(kernel, address, 1n);

/** Pages of [start, start + size) are gone or made anew: their flags go. */
export function forgetPoison(kernel: Kernel, start: bigint, size: bigint): void {
  const { extents } = state(kernel);
  const end = start + size;
  const first = firstBehind(extents, start);
  const touched = extents.slice(first).filter((extent) => extent.start < end);
  const left = touched.flatMap((extent) => [{ start: extent.start, end: extent.end < start ? extent.end : start }, { start: extent.start > end ? extent.start : end, end: extent.end }].filter((part) => part.start < part.end));
  extents.splice(first, touched.length, ...left);
}

/** A block is removed: so are its flags, and what it counted as corrupted. */
export function forgetBlock(kernel: Kernel, id: number, start: bigint, size: bigint): void {
  forgetPoison(kernel, start, size);
  state(kernel).corrupted.delete(id);
}

/** Node whose counters an address goes to; memory that no table speaks of is node 0's. */
const nodeOf = (kernel: Kernel, address: bigint): number => blockAt(kernel, address)?.node ?? Math.max(0, targetNode(kernel, address));

/**
 * Counts `count` actions of memory_failure at an address: the node's counter, and a page each in HardwareCorrupted (every action does, as action_result;
 * a page that was poisoned already is not to be counted).
 */
export function countFailure(kernel: Kernel, address: bigint, result: FailureCount, count = 1): void {
  const { failures } = state(kernel);
  const node = nodeOf(kernel, address);
  const counts = failures.get(node) ?? { ignored: 0, failed: 0, delayed: 0, recovered: 0 };
  counts[result] += count;
  failures.set(node, counts);
  countCorrupted(kernel, address, count);
}

/** Pages that count as corrupted beside those of memory_failure: soft offline. */
export function countCorrupted(kernel: Kernel, address: bigint, count = 1): void {
  const { corrupted } = state(kernel);
  const block = blockAt(kernel, address)?.id ?? -1;
  corrupted.set(block, (corrupted.get(block) ?? 0) + count);
}

/** Counters of a node as its `memory_failure` folder has them. */
export const failuresOf = (kernel: Kernel, node: number): Readonly<Record<FailureCount, number>> => state(kernel).failures.get(node) ?? { ignored: 0, failed: 0, delayed: 0, recovered: 0 };

/** HardwareCorrupted of /proc/meminfo in bytes. */
export const corruptedBytes = (kernel: Kernel): bigint => BigInt([...state(kernel).corrupted.values()].reduce((sum, pages) => sum + pages, 0)) * basePage;

/** Whether a block has poisoned pages: it cannot go online then. */
export const hasPoison = (kernel: Kernel, block: { readonly id: number }, { start, end }: Extent): boolean => (state(kernel).corrupted.get(block.id) ?? 0) > 0 || poisonWithin(kernel, { start, end }).length > 0;
