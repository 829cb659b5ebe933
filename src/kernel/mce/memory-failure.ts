// memory_failure (machine-check 5): one page after the other, under one lock for the whole system.

import type { Kernel } from "../base/kernel.ts";
import { defineState, panic, printk } from "../base/kernel.ts";
import { daxDeviceAt, daxFailure } from "./dax-failure.ts";
import type { Failure } from "./failure.ts";
import type { FailureErrno } from "./failure-result.ts";
import { frameOf } from "./signals.ts";

/** The one lock: virtual time at which all who wait for it now are through. */
export const failureLock = defineState("mce.memoryFailure", () => ({ freeAt: 0 }));

/** Virtual ns that a processor which begins a memory failure now spends until it is done: it waits for those before it. */
export function takeFailureLock(kernel: Kernel, count = 1): number {
  const state = failureLock(kernel);
  const now = kernel.platform.clock.now;
  state.freeAt = Math.max(now, state.freeAt) + count * kernel.settings.memoryFailureTime;
  return state.freeAt - now;
}

/**
 * Handles the page at an address, by what it is.
 * @returns 0; ENXIO no page of the kernel's; EBUSY failed or ignored; EHWPOISON known already, and the current task has its signal
 * @throws KernelPanic vm.memory_failure_recovery is off
 */
export function memoryFailure(kernel: Kernel, failure: Failure): FailureErrno {
  const { address } = failure;
  if (!kernel.settings.memoryFailureRecovery) panic(kernel, `Memory failure on page ${frameOf(address).slice(2)}`);
  const device = daxDeviceAt(kernel, address);
  if (device !== undefined) return daxFailure(kernel, device, failure);
  printk(kernel, "err", `Memory failure: ${frameOf(address)}: memory outside kernel control`);
  return "ENXIO";
}
