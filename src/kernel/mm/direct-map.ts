// Where the kernel itself reads: pages of its own in System RAM, and ranges that a part of it reads through its direct map. A machine check on a load from there is
// in kernel context (S75, S79).

import type { Kernel } from "../base/kernel.ts";
import { SystemError } from "../base/errno.ts";
import { defineState, mark } from "../base/kernel.ts";
import { kernelPageKinds } from "./page-types.ts";
import { runsIn } from "./pages.ts";

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

/** Ranges that overlap [start, start + size): declared ones whole, the kernel's own pages cut to it. */
export function kernelRangesIn(kernel: Kernel, start: bigint, size: bigint): KernelRange[] {
  const declared = readers(kernel).ranges.filter((range) => range.start < start + size && start < range.start + range.size);
  return [...declared, ...runsIn(kernel, start, size).filter(({ kind }) => kernelPageKinds.includes(kind))];
}
