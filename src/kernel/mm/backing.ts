// The kernel's reading of its own pages in added memory: it goes on all the time, one round a period (observed.md: within milliseconds; S79). What a round meets changes
// only with the way to memory, so that between changes no round is made: each would be like the last one.

import type { Kernel } from "../base/kernel.ts";
import { defineState, setTimer } from "../base/kernel.ts";
import { kernelRangesIn } from "./direct-map.ts";
import { blockStart, hotplug, isHotplugKnown } from "./memory-state.ts";
import { basePage, kernelPageKinds } from "./page-types.ts";
import { runsIn } from "./pages.ts";

export const touchHandler = "mm-touch-kernel-pages";

const state = defineState("mm.kernelReads", () => ({ generation: -1, pending: new Set<number>() }));

/** The handler's argument: number of the first page of what is read. */
function touchLater(kernel: Kernel, start: bigint): void {
  const frame = Number(start / basePage);
  const { pending } = state(kernel);
  if (pending.has(frame)) return;
  pending.add(frame);
  setTimer(kernel, kernel.settings.kernelTouchPeriod, { handler: touchHandler, argument: frame });
}

/** The round that a timer stood for begins. */
export const beginTouch = (kernel: Kernel, frame: number): void => void state(kernel).pending.delete(frame);

/** Addresses [start, start + size) are not decoded as before: whoever of the kernel reads there does so within its period. */
export function loseBacking(kernel: Kernel, start: bigint, size: bigint): void {
  for (const range of kernelRangesIn(kernel, start, size)) touchLater(kernel, range.start);
}

/** Ways to memory may have changed: the next round over the kernel's own pages in added memory may meet something else. */
export function noticeRoutes(kernel: Kernel): void {
  const held = state(kernel);
  const { routeGeneration } = kernel.platform.memory;
  if (held.generation === routeGeneration) return;
  held.generation = routeGeneration;
  if (!isHotplugKnown(kernel)) return;
  const { blocks, blockSize } = hotplug(kernel);
  for (const block of blocks.values()) {
    if (block.isBoot) continue;
    for (const run of runsIn(kernel, blockStart(kernel, block), blockSize)) if (kernelPageKinds.includes(run.kind)) touchLater(kernel, run.start);
  }
}
