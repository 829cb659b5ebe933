// Who waits for the members of a region that firmware made: at most one watch each, started with the first member (seeds S5). The ending itself: region-failure.ts.

import type { Task } from "../../sim/task.ts";
import { join, spawn, task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import type { Call, Kernel } from "../base/kernel.ts";
import { clearTimer, defineState } from "../base/kernel.ts";

export const assemblyTimeout = "cxl-assembly-timeout";
/** The timer of one region. */
export const timeoutOf = (region: Device): Call => ({ handler: assemblyTimeout, argument: region.id });

const watched = defineState("cxl.regionWatch", () => ({ regions: new Set<number>(), works: [] as number[] }));

export const isWatched = (kernel: Kernel, region: Device): boolean => watched(kernel).regions.has(region.id);
export const startWatch = (kernel: Kernel, region: Device): void => void watched(kernel).regions.add(region.id);

/** All members are there, the region has ended, or it goes. */
export function endWatch(kernel: Kernel, region: Device): void {
  if (watched(kernel).regions.delete(region.id)) clearTimer(kernel, timeoutOf(region));
}

/** A task that ends assemblies once device probing is at rest: whoever decides then what is left waits for it. */
export const queueEnding = (kernel: Kernel, name: string, body: Task<void>): void => void watched(kernel).works.push(spawn(kernel.scheduler, name, body));

/** Waits for the endings that probing at rest brought about. */
export const awaitEndings = task("region.awaitEndings", function* (kernel: Kernel): Task<void> {
  for (const id of watched(kernel).works) yield* join(kernel.scheduler, id);
});
