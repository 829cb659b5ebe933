// Ranges that firmware keeps for special purposes (e820 "soft reserved"): a tree of their own beside /proc/iomem (region-assembly 9.1).

import type { Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";
import type { Resource } from "./resource.ts";
import { contains, createResource, createResourceTree, insertConflict } from "./resource.ts";

export const softReservedName = "Soft Reserved";

const state = defineState("resource.softReserved", () => createResourceTree(softReservedName));

/** Every Soft Reserved range, ascending. */
export const softReservedRanges = (kernel: Kernel): readonly Resource[] => state(kernel).children;

/** Records a range of the memory map. They are reserved for the kernel's early allocator too, hence busy. */
export function addSoftReserved(kernel: Kernel, base: bigint, size: bigint): void {
  insertConflict(state(kernel), createResource(softReservedName, base, size, true));
}

/** Whether all of a range is Soft Reserved. */
export const isSoftReserved = (kernel: Kernel, range: Resource): boolean => softReservedRanges(kernel).some((outer) => contains(outer, range));
