// Hung tasks (kernel/hung_task.c): khungtaskd looks once in every kernel.hung_task_timeout_secs at who waits where no signal reaches. Who waited at one look and
// has not run by the next is reported. Nothing is due while nobody waits: looks that would find nobody are not made.

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import { parseUnsigned } from "../base/parse.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState, panic, printk } from "../base/kernel.ts";
import { holderName } from "../mm/page-reference.ts";
import { awaitedPins } from "../mm/pin.ts";

/** kernel.hung_task_warnings: this many reports, then no more. */
const mostWarnings = 10;
const second = 1_000_000_000;
/** Seconds that kernel.hung_task_timeout_secs takes (LONG_MAX / HZ there; here what virtual time has room for). */
const mostSeconds = 9_000_000n;
/** Kernel threads have the numbers below the first process, round and round (INFERRED: there is no table of them). */
const [firstPid, kernelPids] = [2, 998];

interface Watch {
  /** As written to hung_task_timeout_secs, virtual ns; null: as set. */
  timeout: number | null;
  warnings: number;
  /** Virtual time of the last look that reported somebody. */
  lastLook: number;
}

const watchOf = defineState("hungTasks", (): Watch => ({ timeout: null, warnings: mostWarnings, lastLook: 0 }));
const timeoutOf = (kernel: Kernel): number => watchOf(kernel).timeout ?? kernel.settings.hungTaskTime;

interface Waiting {
  readonly name: string;
  readonly pid: number;
  readonly channel: string;
  /** Virtual time of the look that saw it first. */
  readonly seenAt: number;
}

/** Tasks that no signal reaches. */
function* waitingTasks(kernel: Kernel, period: number): Generator<Waiting> {
  for (const [channel, threads] of kernel.scheduler.waiting) {
    for (const { id, name, wait, parkedAt } of threads) {
      if (wait.kind !== "until" || wait.isInterruptible === true) continue;
      yield { name, pid: firstPid + (id % kernelPids), channel, seenAt: parkedAt - (parkedAt % period) + period };
    }
  }
}

/** Virtual time of the next look that will find somebody if nobody is woken, or -1. */
export function nextHungCheck(kernel: Kernel): number {
  if (kernel.scheduler.waiting.size === 0) return -1;
  const period = timeoutOf(kernel);
  const { warnings, lastLook } = watchOf(kernel);
  if (period === 0 || (warnings === 0 && !kernel.settings.hungTaskPanic)) return -1;
  let next = -1;
  for (const { seenAt } of waitingTasks(kernel, period)) {
    const at = Math.max(seenAt, lastLook) + period;
    if (next < 0 || at < next) next = at;
  }
  return next;
}

/** Who is in the way, as far as the kernel can tell. */
function blockerOf(kernel: Kernel, { name, pid, channel }: Waiting): string[] {
  const holders = awaitedPins(kernel, channel).map(holderName);
  return holders.length === 0 ? [] : [`INFO: task ${name}:${pid} is blocked on pages likely pinned by ${holders.join(", ")}.`];
}

/** The report of one task, with the step it stands at in place of its stack. */
function report(kernel: Kernel, waiting: Waiting, seconds: number): void {
  const { name, pid, channel } = waiting;
  printk(kernel, "err", `INFO: task ${name}:${pid} blocked for more than ${seconds} seconds.`);
  printk(kernel, "err", `      Not tainted ${kernel.policy.version}.0 #1`);
  printk(kernel, "err", "\"echo 0 > /proc/sys/kernel/hung_task_timeout_secs\" disables this message.");
  printk(kernel, "info", `task:${name.padEnd(15)} state:D stack:0     pid:${pid}`);
  printk(kernel, "info", "Call Trace:");
  printk(kernel, "info", ` wait_for ${channel}`);
  for (const line of blockerOf(kernel, waiting)) printk(kernel, "err", line);
}

/** khungtaskd's look, when it is due. @throws KernelPanic somebody hangs and kernel.hung_task_panic is set */
export function checkHungTasks(kernel: Kernel, now: number): void {
  const period = timeoutOf(kernel);
  const watch = watchOf(kernel);
  if (now < watch.lastLook + period) return;
  const due = nextHungCheck(kernel);
  if (due < 0 || due > now) return;
  watch.lastLook = now - (now % period);
  for (const waiting of waitingTasks(kernel, period)) {
    const time = watch.lastLook - waiting.seenAt;
    if (time < period || watch.warnings === 0) continue;
    watch.warnings--;
    report(kernel, waiting, (time - (time % second)) / second);
    if (watch.warnings === 0) printk(kernel, "info", "Future hung task reports are suppressed, see sysctl kernel.hung_task_warnings");
  }
  if (kernel.settings.hungTaskPanic) panic(kernel, "hung_task: blocked tasks");
}

/** kernel.hung_task_timeout_secs. */
export const hungTaskSeconds = (kernel: Kernel): number => Math.trunc(timeoutOf(kernel) / second);
/** kernel.hung_task_warnings: reports that are left. */
export const hungTaskWarnings = (kernel: Kernel): number => watchOf(kernel).warnings;

/** A store to kernel.hung_task_timeout_secs; 0: no more looks. @throws SystemError EINVAL */
export const storeHungTaskSeconds = task("hung_task_timeout_secs.store", function* (kernel: Kernel, text: string): Task<void> {
  const seconds = parseUnsigned(text.trim());
  if (seconds > mostSeconds) throw new SystemError("EINVAL", `${seconds} s: 0 to ${mostSeconds}`);
  watchOf(kernel).timeout = Number(seconds) * second;
});
