// memory_failure (machine-check 5): one page after the other, under one lock for the whole system.

import type { Kernel } from "../base/kernel.ts";
import { defineState, panic, printk } from "../base/kernel.ts";
import { countKept } from "../base/ratelimit.ts";
import { basePage } from "../mm/page-types.ts";
import { pageAt } from "../mm/pages.ts";
import type { Process } from "../mm/process.ts";
import { isAlive } from "../mm/process.ts";
import { daxDeviceAt, daxFailure } from "./dax-failure.ts";
import type { Failure } from "./failure.ts";
import type { FailureErrno } from "./failure-result.ts";
import { countAction, reportAction } from "./failure-result.ts";
import { pageFailure } from "./page-failure.ts";
import { frameOf, noOffset, signalUser } from "./signals.ts";

/** The one lock: virtual time at which all who wait for it now are through. */
export const failureLock = defineState("mce.memoryFailure", () => ({ freeAt: 0 }));

/** Virtual ns that a processor which begins a memory failure now spends until it is done: it waits for those before it. */
export function takeFailureLock(kernel: Kernel, count = 1): number {
  const state = failureLock(kernel);
  const now = kernel.platform.clock.now;
  state.freeAt = Math.max(now, state.freeAt) + count * kernel.settings.memoryFailureTime;
  return state.freeAt - now;
}

/** Memory without struct pages that a driver maps into processes and wants to hear of. */
const frameMappings = defineState("mce.frameMappings", () => ({ ranges: new Map<string, { readonly start: bigint; readonly size: bigint; readonly users: readonly Process[] }>() }));

/** Registers who maps a range of memory that has no struct pages. No users: nobody does any more. */
export function registerFrames(kernel: Kernel, name: string, start: bigint, size: bigint, users: readonly Process[]): void {
  if (users.length === 0) frameMappings(kernel).ranges.delete(name);
  else frameMappings(kernel).ranges.set(name, { start, size, users });
}

/** A page that no struct page describes: whoever registered it is told. */
function withoutPage(kernel: Kernel, { address, current }: Failure): FailureErrno {
  const found = [...frameMappings(kernel).ranges.values()].find(({ start, size }) => start <= address && address < start + size);
  for (const process of found?.users.filter(isAlive) ?? []) signalUser(kernel, address, { process, isConsumer: process === current, offset: noOffset, leaf: basePage });
  return reportAction(kernel, address, "non struct page pfn", found === undefined ? "Ignored" : "Recovered");
}

/**
 * Handles the page at an address, by what it is.
 * @returns 0; ENXIO no page of the kernel's; EBUSY failed or ignored; EHWPOISON known already, and the current task has its signal
 * @throws KernelPanic vm.memory_failure_recovery is off, or the page is the kernel's own and that is set to panic
 */
export function memoryFailure(kernel: Kernel, failure: Failure): FailureErrno {
  const { address } = failure;
  if (!kernel.settings.memoryFailureRecovery) panic(kernel, `Memory failure on page ${frameOf(address).slice(2)}`);
  const device = daxDeviceAt(kernel, address);
  if (device !== undefined) return daxFailure(kernel, device, failure);
  const found = pageAt(kernel, address);
  if (found.is === "page" || found.is === "free") return pageFailure(kernel, found, failure);
  if (found.is === "outside") return withoutPage(kernel, failure);
  printk(kernel, "err", `Memory failure: ${frameOf(address)}: memory outside kernel control`);
  return "ENXIO";
}

/** Signal and result. */
const linesOfFailure = 2;

/** `count` more failures of the page just like one that was handled: only device pages are handled anew each time, others are known by then. */
export function repeatFailure(kernel: Kernel, address: bigint, count: number): void {
  takeFailureLock(kernel, count);
  if (daxDeviceAt(kernel, address) === undefined) return;
  countAction(kernel, address, "dax page", "Recovered", count);
  countKept(kernel, "Memory failure", count * linesOfFailure);
}
