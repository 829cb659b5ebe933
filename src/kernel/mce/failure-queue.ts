// Pages that somebody found to be lost without a task that waits: one queue per processor, worked off one page after the other (memory_failure_queue).

import type { Handler, Kernel } from "../base/kernel.ts";
import { defineState, printk, setTimer } from "../base/kernel.ts";
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

/** Queues the page at an address; a full queue drops it with a message. */
export function queueFailure(kernel: Kernel, cpu: number, address: bigint): void {
  const { byProcessor } = queues(kernel);
  const queue = byProcessor.get(cpu) ?? [];
  byProcessor.set(cpu, queue);
  if (queue.length >= longest) {
    printk(kernel, "err", `Memory failure: buffer overflow when queuing memory failure at ${frameOf(address)}`);
    return;
  }
  queue.push(address);
  if (queue.length === 1) setTimer(kernel, 0, { handler: workHandler, argument: cpu });
}

const work: Handler = (kernel, cpu) => {
  const queue = queues(kernel).byProcessor.get(cpu) ?? [];
  const address = queue.shift();
  if (address === undefined) return;
  const busy = takeFailureLock(kernel);
  if (queue.length > 0) setTimer(kernel, busy, { handler: workHandler, argument: cpu });
  memoryFailure(kernel, { address, current: null, isActionRequired: false, mustKill: false });
};

export const failureQueueHandlers: ReadonlyMap<string, Handler> = new Map([[workHandler, work]]);
