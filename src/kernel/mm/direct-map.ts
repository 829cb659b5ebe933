// Where the kernel itself reads: pages of its own in System RAM, and ranges that a part of it reads through its direct map. A machine check on a load from there is
// in kernel context (S75, S79).

import type { Kernel } from "../base/kernel.ts";
import { SystemError } from "../base/errno.ts";
import { defineState, mark } from "../base/kernel.ts";
import { basePage, kernelPageKinds } from "./page-types.ts";
import { pageAt, runsIn } from "./pages.ts";

export interface KernelRange {
  readonly start: bigint;
  readonly size: bigint;
  readonly owner: string;
}

const readers = defineState("direct-map", () => ({ ranges: [] as KernelRange[] }));

/** A part of the kernel reads a range of physical memory. @throws SystemError EINVAL an empty range */
export function mapKernelRange(kernel: Kernel, start: bigint, size: bigint, owner: string): KernelRange {
  if (size <= 0n) throw new SystemError("EINVAL", `direct map of ${owner}: size ${size}`);
  const range: KernelRange = { start, size, owner };
  readers(kernel).ranges.push(range);
  mark(kernel, "kernel range mapped", owner);
  return range;
}

/** What the kernel reads in the page at an address, whole; undefined: nothing. */
export function kernelRangeAt(kernel: Kernel, page: bigint): KernelRange | undefined {
  const declared = readers(kernel).ranges.find((range) => range.start < page + basePage && page < range.start + range.size);
  const at = pageAt(kernel, page);
  return declared ?? (at.is === "page" && kernelPageKinds.includes(at.run.kind) ? at.run : undefined);
}

/** Ranges that overlap [start, start + size): declared ones whole, the kernel's own pages cut to it. */
export function kernelRangesIn(kernel: Kernel, start: bigint, size: bigint): KernelRange[] {
  const declared = readers(kernel).ranges.filter((range) => range.start < start + size && start < range.start + range.size);
  return [...declared, ...runsIn(kernel, start, size).filter(({ kind }) => kernelPageKinds.includes(kind))];
}
