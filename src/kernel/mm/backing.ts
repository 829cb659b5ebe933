// Memory that the kernel uses and that decode was taken from under it: who resets decoders says so here, and the kernel touches its pages soon after.

import type { Kernel } from "../base/kernel.ts";
import { setTimer } from "../base/kernel.ts";
import { kernelRangesIn } from "./direct-map.ts";

/** The kernel's next access to pages of its own: slab and page tables are never left alone for longer (observed: within milliseconds; INFERRED). */
const touchDelay = 1_000_000;
export const touchHandler = "mm-touch-kernel-pages";

/** Addresses [start, start + size) are not decoded as before. The timer's argument is the direct map range. */
export function loseBacking(kernel: Kernel, start: bigint, size: bigint): void {
  for (const range of kernelRangesIn(kernel, start, size)) setTimer(kernel, touchDelay, { handler: touchHandler, argument: range.id });
}
