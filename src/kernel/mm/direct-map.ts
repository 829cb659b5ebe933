// Ranges of device memory that hold pages of the kernel's own: System RAM in a kernel zone. A machine check on a load from here is in kernel context
// (S75, S79).

import type { Kernel } from "../base/kernel.ts";
import { SystemError } from "../base/errno.ts";
import { defineState, mark } from "../base/kernel.ts";

export interface DirectMapRange {
  readonly id: number;
  readonly start: bigint;
  readonly size: bigint;
  readonly owner: string;
}

interface DirectMap {
  readonly ranges: Map<number, DirectMapRange>;
  nextId: number;
}

const directMap = defineState("direct-map", (): DirectMap => ({ ranges: new Map(), nextId: 1 }));

/** Maps physical memory into the kernel. @throws SystemError EINVAL an empty range */
export function mapKernelRange(kernel: Kernel, start: bigint, size: bigint, owner: string): DirectMapRange {
  if (size <= 0n) throw new SystemError("EINVAL", `direct map of ${owner}: size ${size}`);
  const map = directMap(kernel);
  const range: DirectMapRange = { id: map.nextId++, start, size, owner };
  map.ranges.set(range.id, range);
  mark(kernel, "kernel range mapped", owner);
  return range;
}

export function unmapKernelRange(kernel: Kernel, id: number): void {
  directMap(kernel).ranges.delete(id);
}

export const directMapRange = (kernel: Kernel, id: number): DirectMapRange | undefined => directMap(kernel).ranges.get(id);

/** Ranges that overlap [start, start + size). */
export function kernelRangesIn(kernel: Kernel, start: bigint, size: bigint): DirectMapRange[] {
  return [...directMap(kernel).ranges.values()].filter((range) => range.start < start + size && start < range.start + range.size);
}
