// Which node an address belongs to, as firmware and the kernel's own numbering say it (drivers/acpi/numa, phys_to_target_node).

import type { Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";

export interface NodeRange {
  readonly start: bigint;
  readonly size: bigint;
  readonly node: number;
}

const nodeState = defineState("nodes", () => ({ ranges: [] as NodeRange[], watchers: new Set<string>() }));

/** Ranges that belong to a node whether there is memory in them or not. */
export const nodeRanges = (kernel: Kernel): NodeRange[] => nodeState(kernel).ranges;

/** The node that memory at this address has once it is there; -1: nobody said so. */
export const targetNode = (kernel: Kernel, address: bigint): number =>
  nodeRanges(kernel).find((range) => range.start <= address && address < range.start + range.size)?.node ?? -1;

/** Handlers of this name are called with a node that gets its first memory (NODE_ADDED_FIRST_MEMORY). */
export const watchNodes = (kernel: Kernel, handler: string): void => void nodeState(kernel).watchers.add(handler);

export function announceFirstMemory(kernel: Kernel, node: number): void {
  for (const handler of nodeState(kernel).watchers) kernel.handlers.get(handler)?.(kernel, node);
}
