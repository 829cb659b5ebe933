// Who waits for the members of a region that firmware made: at most one watch each, started with the first member (seeds S5). The ending itself: region-failure.ts.

import type { Device } from "../base/device.ts";
import type { Call, Kernel } from "../base/kernel.ts";
import { clearTimer, defineState } from "../base/kernel.ts";

export const assemblyTimeout = "cxl-assembly-timeout";
/** The timer of one region. */
export const timeoutOf = (region: Device): Call => ({ handler: assemblyTimeout, argument: region.id });

const watched = defineState("cxl.regionWatch", () => ({ regions: new Set<number>() }));

export const isWatched = (kernel: Kernel, region: Device): boolean => watched(kernel).regions.has(region.id);
export const startWatch = (kernel: Kernel, region: Device): void => void watched(kernel).regions.add(region.id);

/** All members are there, the region has ended, or it goes. */
export function endWatch(kernel: Kernel, region: Device): void {
  if (watched(kernel).regions.delete(region.id)) clearTimer(kernel, timeoutOf(region));
}
