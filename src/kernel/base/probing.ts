// Probes in flight, queued ones included, and probes that were deferred: what wait_for_device_probe waits for (seeds S59). It knows nothing of
// drivers that have yet to register.

import type { Task } from "../../sim/task.ts";
import { task, until, wake } from "../../sim/task.ts";
import type { Kernel } from "./kernel.ts";
import { defineState } from "./kernel.ts";

const state = defineState("base.probing", () => ({ inFlight: 0, deferred: [] as number[] }));
const atRest = "probing:at rest";

export function beginProbe(kernel: Kernel): void {
  state(kernel).inFlight++;
}

export function endProbe(kernel: Kernel): void {
  state(kernel).inFlight--;
  if (state(kernel).inFlight === 0) wake(kernel.scheduler, atRest);
}

/** Puts a device (by id) on the deferred list: it is tried again when some other probe succeeds. */
export function deferProbe(kernel: Kernel, device: number): void {
  const { deferred } = state(kernel);
  if (!deferred.includes(device)) deferred.push(device);
}

/** Empties the deferred list, for another try of each. */
export const takeDeferred = (kernel: Kernel): number[] => state(kernel).deferred.splice(0);

/** Devices whose probe was deferred, by id. */
export const deferredProbes = (kernel: Kernel): readonly number[] => state(kernel).deferred;

export const isProbingAtRest = (kernel: Kernel): boolean => state(kernel).inFlight === 0;

/**
 * Waits until no probe is in flight; a retry of the deferred list is one, a device that stays on the list is not. Not to be called from inside a
 * probe.
 */
export const awaitProbing = task("base.awaitProbing", function* (kernel: Kernel): Task<void> {
  while (!isProbingAtRest(kernel)) yield until(atRest);
});
