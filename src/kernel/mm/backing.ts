// Memory that the kernel uses and that decode was taken from under it: who resets decoders says so here, and the kernel touches its pages soon after.

import type { Kernel } from "../base/kernel.ts";
import { setTimer } from "../base/kernel.ts";
import { kernelRangesIn } from "./direct-map.ts";
import { basePage } from "./page-types.ts";

export const touchHandler = "mm-touch-kernel-pages";

/** Addresses [start, start + size) are not decoded as before: the kernel reads pages of its own there within its period. The timer's argument is a page's number. */
export function loseBacking(kernel: Kernel, start: bigint, size: bigint): void {
  for (const range of kernelRangesIn(kernel, start, size)) setTimer(kernel, kernel.settings.kernelTouchPeriod, { handler: touchHandler, argument: Number(range.start / basePage) });
}
