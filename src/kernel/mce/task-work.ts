// Work that a machine check leaves to the task it interrupted, done before that is in user mode again, and its limits (machine-check 4).

import type { Kernel } from "../base/kernel.ts";
import { defineState, panic, printk } from "../base/kernel.ts";
import type { Process } from "../mm/process.ts";
import { isAlive } from "../mm/process.ts";
import { memoryFailure, takeFailureLock } from "./memory-failure.ts";
import type { Work } from "./flow.ts";
import { killNow } from "./signals.ts";

interface Queued {
  readonly work: Work;
  readonly mustKill: boolean;
  readonly address: bigint;
  count: number;
}

const queue = defineState("mce.taskWork", () => ({ byPid: new Map<number, Queued>() }));

const mostChecks = 10;
const pageMask = ~0xfffn;

/** @throws KernelPanic more than ten checks, or one on another page, before the task is in user mode again */
export function queueWork(kernel: Kernel, process: Process, work: Work, address: bigint, mustKill: boolean): void {
  const { byPid } = queue(kernel);
  const queued = byPid.get(process.pid);
  if (queued === undefined) {
    byPid.set(process.pid, { work, mustKill, address, count: 1 });
    return;
  }
  queued.count++;
  if (queued.count > mostChecks) panic(kernel, "Too many consecutive machine checks while accessing user data");
  if ((queued.address & pageMask) !== (address & pageMask)) panic(kernel, "Consecutive machine checks to different user pages");
}

function doWork(kernel: Kernel, process: Process, { work, address, mustKill }: Queued): number {
  if (work === "kill-now") {
    killNow(kernel, process);
    return 0;
  }
  const busy = takeFailureLock(kernel);
  if (work === "never-kill") {
    printk(kernel, "err", `mce: Kernel accessed poison in user space at ${address.toString(16)}`);
    memoryFailure(kernel, { address, current: process, isActionRequired: false, mustKill: false });
    return busy;
  }
  const errno = memoryFailure(kernel, { address, current: process, isActionRequired: true, mustKill });
  if (errno === 0 || errno === "EHWPOISON" || errno === "EOPNOTSUPP") return busy;
  printk(kernel, "err", "mce: Memory error not recovered");
  killNow(kernel, process);
  return busy;
}

/** The task returns to user mode: its work is done. Returns virtual ns that its processor is busy with it. */
export function returnToUser(kernel: Kernel, process: Process): number {
  const { byPid } = queue(kernel);
  const queued = byPid.get(process.pid);
  if (queued === undefined) return 0;
  byPid.delete(process.pid);
  return isAlive(process) ? doWork(kernel, process, queued) : 0;
}
