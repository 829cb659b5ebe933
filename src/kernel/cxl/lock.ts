// The region lock: every change of region and decoder configuration holds it, as cxl_rwsem.region does for writers.

import type { Task } from "../../sim/task.ts";
import { task, until, wake } from "../../sim/task.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";
import { waitInterruptibly } from "../base/signal.ts";

const lockState = defineState("cxl.regionLock", () => ({ isHeld: false }));
const channel = "lock:region";

export const lockRegions = task("lockRegions", function* (kernel: Kernel): Task<void> {
  const lock = lockState(kernel);
  while (lock.isHeld) yield until(channel);
  lock.isHeld = true;
});

/** The same for a store, whose caller a signal can end (user-interface 5). @throws SystemError EINTR */
export const lockRegionsForStore = task("lockRegionsForStore", function* (kernel: Kernel): Task<void> {
  const lock = lockState(kernel);
  while (lock.isHeld) yield* waitInterruptibly(kernel, channel);
  lock.isHeld = true;
});

export function unlockRegions(kernel: Kernel): void {
  lockState(kernel).isHeld = false;
  wake(kernel.scheduler, channel);
}
