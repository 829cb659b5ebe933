// Lockups (kernel/watchdog.c): a processor that comes out of a handler for less than a timer tick at a time runs no other task (soft lockup), and one that does
// not come out at all takes no timer interrupt either, which the NMI watchdog sees (hard lockup). INFERRED: a real processor takes a pending timer interrupt
// wherever interrupts are on; how much of the time between two checks is left for it is not known. A processor is reported once for each such stretch.

import type { Kernel } from "../base/kernel.ts";
import { defineState, panic, printk } from "../base/kernel.ts";

/** Every processor at once: a broadcast check. */
export const everyProcessor = -1;

/** Virtual ns between two timer ticks (CONFIG_HZ=1000): who is out of the kernel for less than that is seen by nobody. */
const tick = 1_000_000;

/** Who runs on a processor, as reports name it. */
export interface Running {
  readonly name: string;
  readonly pid: number;
}

/** Time that a processor has spent in the kernel. Virtual ns. */
interface Stretch {
  /** Since when without a gap of a tick, and without any. */
  since: number;
  lockedSince: number;
  until: number;
  running: Running;
  isReported: boolean;
}

interface Watchdog {
  readonly stretches: Map<number, Stretch>;
  /** Virtual time of the next look at a stretch; -1: none is long enough to be looked at. */
  next: number;
}

const watchdogOf = defineState("watchdog", (): Watchdog => ({ stretches: new Map(), next: -1 }));

const idle: Running = { name: "swapper/0", pid: 0 };

/** The NMI watchdog compares once in a threshold: two looks with no timer interrupt between them. */
function hardAt(kernel: Kernel, { lockedSince }: Stretch): number {
  const period = kernel.settings.watchdogTime;
  return lockedSince - (lockedSince % period) + 2 * period;
}

/** The timer looks five times in the time of a soft lockup, which is twice the threshold. */
function timerPeriod(kernel: Kernel): number {
  const limit = 2 * kernel.settings.watchdogTime;
  return (limit - (limit % 5)) / 5;
}

/** The first look that is more than five periods after the last one that found another task running. */
const softLooks = 6;

function softAt(kernel: Kernel, { since }: Stretch): number {
  const period = timerPeriod(kernel);
  return since - (since % period) + softLooks * period;
}

const nextLook = (kernel: Kernel, stretch: Stretch): number => Math.min(hardAt(kernel, stretch), softAt(kernel, stretch));

function lookLater(kernel: Kernel, stretch: Stretch): void {
  if (kernel.settings.watchdogTime === 0 || stretch.isReported || stretch.until - stretch.since < tick) return;
  const watchdog = watchdogOf(kernel);
  const at = nextLook(kernel, stretch);
  if (watchdog.next < 0 || at < watchdog.next) watchdog.next = at;
}

/**
 * Takes note that a processor does nothing but work of the kernel's, interrupts off, for a time.
 * @param cpu logical processor, or `everyProcessor`
 * @param from virtual ns; not before the last one's
 * @param to virtual ns
 */
export function noteKernelTime(kernel: Kernel, cpu: number, from: number, to: number, running: Running = idle): void {
  if (to <= from) return;
  const { stretches } = watchdogOf(kernel);
  const stretch = stretches.get(cpu);
  if (stretch === undefined || from >= stretch.until + tick) {
    const begun: Stretch = { since: from, lockedSince: from, until: to, running, isReported: false };
    stretches.set(cpu, begun);
    lookLater(kernel, begun);
    return;
  }
  if (from > stretch.until) stretch.lockedSince = from;
  stretch.until = Math.max(stretch.until, to);
  stretch.running = running;
  lookLater(kernel, stretch);
}

/** What processors did up to now goes on just so for `span` ns more: a storm that is counted in closed form. */
export function repeatKernelTime(kernel: Kernel, now: number, span: number): void {
  for (const stretch of watchdogOf(kernel).stretches.values()) {
    if (now >= stretch.until + tick) continue;
    stretch.until += span;
    // A gap within the turn comes again in its last repetition.
    if (stretch.lockedSince > stretch.since) stretch.lockedSince += span;
  }
}

/** Virtual time of the next look that may find a lockup, or -1. */
export const nextLockupCheck = (kernel: Kernel): number => watchdogOf(kernel).next;

/** `__ns >> 30`: the watchdog's seconds. */
const roughSeconds = (nanoseconds: number): number => Math.trunc(nanoseconds / 2 ** 30);

/** @throws KernelPanic */
function reportHard(kernel: Kernel, cpu: number): void {
  printk(kernel, "emerg", `watchdog: CPU${cpu}: Watchdog detected hard LOCKUP on cpu ${cpu}`);
  if (kernel.settings.hardLockupPanic) panic(kernel, "Hard LOCKUP");
}

/** @throws KernelPanic */
function reportSoft(kernel: Kernel, cpu: number, seconds: number, { name, pid }: Running): void {
  printk(kernel, "emerg", `watchdog: BUG: soft lockup - CPU#${cpu} stuck for ${seconds}s! [${name}:${pid}]`);
  if (kernel.settings.softLockupPanic) panic(kernel, "softlockup: hung tasks");
}

function lookAt(kernel: Kernel, cpu: number, stretch: Stretch, now: number): void {
  const seen = cpu === everyProcessor ? 0 : cpu;
  const [hard, soft] = [hardAt(kernel, stretch), softAt(kernel, stretch)];
  if (now >= hard && stretch.until >= hard) {
    stretch.isReported = true;
    reportHard(kernel, seen);
  } else if (now >= soft && stretch.until + tick > soft) {
    stretch.isReported = true;
    reportSoft(kernel, seen, roughSeconds(softLooks * timerPeriod(kernel)), stretch.running);
  }
}

/** Looks at every processor when a look is due. @throws KernelPanic a lockup, where it is set to panic */
export function checkLockups(kernel: Kernel, now: number): void {
  const watchdog = watchdogOf(kernel);
  if (watchdog.next < 0 || now < watchdog.next) return;
  watchdog.next = -1;
  for (const [cpu, stretch] of [...watchdog.stretches].toSorted(([a], [b]) => a - b)) {
    if (!stretch.isReported) lookAt(kernel, cpu, stretch, now);
    if (now >= stretch.until + tick) watchdog.stretches.delete(cpu);
    else lookLater(kernel, stretch);
  }
}
