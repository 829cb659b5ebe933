// Probes in flight, queued ones included: what wait_for_device_probe waits for (seeds S59). It knows nothing of drivers that have yet to register.

import type { Task } from "../../sim/task.ts";
import { task, until, wake } from "../../sim/task.ts";
import type { Kernel } from "./kernel.ts";
import { defineState } from "./kernel.ts";

const state = defineState("base.probing", () => ({ inFlight: 0 }));
const atRest = "probing:at rest";

export function beginProbe(kernel: Kernel): void {
  state(kernel).inFlight++;
}

export function endProbe(kernel: Kernel): void {
  state(kernel).inFlight--;
  if (state(kernel).inFlight === 0) wake(kernel.scheduler, atRest);
}

export const isProbingAtRest = (kernel: Kernel): boolean => state(kernel).inFlight === 0;

/** Waits until no probe is in flight. Not to be called from inside a probe. */
export const awaitProbing = task("base.awaitProbing", function* (kernel: Kernel): Task<void> {
  while (!isProbingAtRest(kernel)) yield until(atRest);
});
