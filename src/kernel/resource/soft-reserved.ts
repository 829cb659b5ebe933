// Ranges that firmware keeps for special purposes (e820 "soft reserved"): a tree of their own beside /proc/iomem (region-assembly 9.1), and what is
// cut out of it when policy trims (S45, S46).

import type { Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";
import type { Range, Resource } from "./resource.ts";
import { contains, createResource, createResourceTree, insertConflict, intersecting, iomem, releaseResource, removeResource, resourceSize, subtract } from "./resource.ts";

export const softReservedName = "Soft Reserved";

const state = defineState("resource.softReserved", () => ({ tree: createResourceTree(softReservedName), entries: [] as Range[] }));

/** Every Soft Reserved range, ascending. */
export const softReservedRanges = (kernel: Kernel): readonly Resource[] => state(kernel).tree.children;

/** Firmware's entries, whatever was cut out of them since. */
export const softReservedEntries = (kernel: Kernel): readonly Range[] => state(kernel).entries;

/** Records a range of the memory map. They are reserved for the kernel's early allocator too, hence busy. */
export function addSoftReserved(kernel: Kernel, base: bigint, size: bigint): void {
  const resource = createResource(softReservedName, base, size, true);
  if (insertConflict(state(kernel).tree, resource) === null) state(kernel).entries.push({ start: resource.start, end: resource.end });
}

/** Whether all of a range is Soft Reserved. */
export const isSoftReserved = (kernel: Kernel, range: Range): boolean => softReservedRanges(kernel).some((outer) => contains(outer, range));

/** Whether a range is less than firmware's entry: something was cut off. */
export const isRemainder = (kernel: Kernel, range: Range): boolean => !state(kernel).entries.some(({ start, end }) => start === range.start && end === range.end);

/** What is left of a line of /proc/iomem stays a line; what is below it moves up or into what is left. */
function cutLine(kernel: Kernel, line: Resource, cut: Range): void {
  removeResource(line);
  for (const left of subtract(line, [cut])) insertConflict(iomem(kernel), createResource(line.name, left.start, resourceSize(left), line.isBusy));
}

/** Cuts a range out of the Soft Reserved ones, under `trim` alone; it does not come back. A published line is cut in the same way. */
export function trimSoftReserved(kernel: Kernel, cut: Range): void {
  if (kernel.policy.softReserved.split !== "trim") return;
  const { tree } = state(kernel);
  for (const range of tree.children.filter((each) => each.start <= cut.end && cut.start <= each.end)) {
    releaseResource(range);
    for (const left of subtract(range, [cut])) insertConflict(tree, createResource(range.name, left.start, resourceSize(left), range.isBusy));
  }
  for (const line of intersecting(iomem(kernel), softReservedName, cut.start, cut.end)) cutLine(kernel, line, cut);
}
