// Pages that somebody found to be lost without a task that waits: one queue per processor, worked off one page after the other (memory_failure_queue).

import type { Task } from "../../sim/task.ts";
import { spawn, task } from "../../sim/task.ts";
import { SystemError } from "../base/errno.ts";
import type { Handler, Kernel } from "../base/kernel.ts";
import { defineState, printk, setTimer } from "../base/kernel.ts";
import { softOffline } from "../mm/soft-offline.ts";
import { memoryFailure, takeFailureLock } from "./memory-failure.ts";
import { frameOf } from "./signals.ts";

interface Queued {
  readonly address: bigint;
  /** The page still gives its data: it is to be moved away (soft offline). */
  readonly isSoft: boolean;
}

const queues = defineState("mce.failureQueue", () => ({ byProcessor: new Map<number, Queued[]>() }));
const longest = 16;
const workHandler = "mce-failure-work";
const nextHandler = "mce-failure-next";

/** Queues the page at an address; a full queue drops it with a message. `isSoft`: corrected errors crossed a threshold, the page still gives its data. */
export function queueFailure(kernel: Kernel, cpu: number, address: bigint, isSoft = false): void {
  const { byProcessor } = queues(kernel);
  const queue = byProcessor.get(cpu) ?? [];
  byProcessor.set(cpu, queue);
  if (queue.length >= longest) {
    printk(kernel, "err", `Memory failure: buffer overflow when queuing memory failure at ${frameOf(address)}`);
    return;
  }
  queue.push({ address, isSoft });
  if (queue.length === 1) setTimer(kernel, 0, { handler: workHandler, argument: cpu });
}

/** Nobody hears of a soft offline that fails: the line in the log is all. */
const offlineQuietly = task("mce.softOffline", function* (kernel: Kernel, address: bigint): Task<void> {
  try {
    yield* softOffline(kernel, address);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
  }
});

/** The first entry leaves the queue when it is done: one that comes meanwhile waits behind it. */
const work: Handler = (kernel, cpu) => {
  const queue = queues(kernel).byProcessor.get(cpu) ?? [];
  const [first] = queue;
  if (first === undefined) return;
  const busy = first.isSoft ? 0 : takeFailureLock(kernel);
  setTimer(kernel, busy, { handler: nextHandler, argument: cpu });
  if (first.isSoft) spawn(kernel.scheduler, "soft offline", offlineQuietly(kernel, first.address));
  else memoryFailure(kernel, { address: first.address, current: null, isActionRequired: false, mustKill: false });
};

const next: Handler = (kernel, cpu) => {
  const queue = queues(kernel).byProcessor.get(cpu) ?? [];
  queue.shift();
  work(kernel, cpu);
};

export const failureQueueHandlers: ReadonlyMap<string, Handler> = new Map([[workHandler, work], [nextHandler, next]]);
