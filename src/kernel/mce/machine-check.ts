// The machine-check handler: grades what a completion raises and acts. Bursts of identical checks leave one record with a count.

import { kernelKinds, traceText } from "../../sim/trace.ts";
import type { MemoryStatus } from "../../platform/platform.ts";
import type { Call, Kernel } from "../base/kernel.ts";
import { defineState, panic, printk, setTimer } from "../base/kernel.ts";
import type { Process } from "../mm/process.ts";
import { isAlive } from "../mm/process.ts";
import { decide } from "./decide.ts";
import { memoryFailure } from "./memory-failure.ts";

/** Who waited for the completion: a process's thread, or the kernel through its direct map. */
export type Consumer = { readonly context: "USER"; readonly process: Process } | { readonly context: "KERNEL"; readonly name: string };

interface Burst {
  readonly consumer: string;
  readonly row: number;
  readonly address: bigint;
  count: number;
}

interface MachineCheckState {
  burst: Burst | null;
  /** Times of the last lines "events logged" (rate limit: two in 60 s). */
  logged: number[];
  /** Called at the first check since it was last armed, with the count as argument: how a lost isolation interrupt is noticed. */
  onFirst: Call | null;
}

const machineCheckState = defineState("machine-checks", (): MachineCheckState => ({ burst: null, logged: [], onFirst: null }));

const logWindow = 60_000_000_000;
const logLimit = 2;

/** Arms a call at the next machine check. */
export function callAtMachineCheck(kernel: Kernel, call: Call | null): void {
  machineCheckState(kernel).onFirst = call;
}

/** Writes the record of the burst that is being counted. Call it when an instant's completions are all taken. */
export function flushMachineChecks(kernel: Kernel): void {
  const state = machineCheckState(kernel);
  const burst = state.burst;
  if (burst === null) return;
  state.burst = null;
  traceText(kernel.trace, "kernel", kernelKinds.machineCheck, burst.consumer, `row ${burst.row} at 0x${burst.address.toString(16)}`, burst.count, burst.row);
}

function record(kernel: Kernel, consumer: string, row: number, address: bigint): void {
  const state = machineCheckState(kernel);
  if (state.burst !== null && (state.burst.consumer !== consumer || state.burst.row !== row)) flushMachineChecks(kernel);
  if (state.burst === null) state.burst = { consumer, row, address, count: 1 };
  else state.burst.count++;
}

function logEvents(kernel: Kernel): void {
  const state = machineCheckState(kernel);
  const now = kernel.platform.clock.now;
  state.logged = state.logged.filter((at) => now - at < logWindow);
  if (state.logged.length >= logLimit) return;
  state.logged.push(now);
  printk(kernel, "info", "mce: [Hardware Error]: Machine check events logged");
}

function die(kernel: Kernel, requester: number, address: bigint, meaning: string, isContextCorrupt: boolean): never {
  flushMachineChecks(kernel);
  printk(kernel, "emerg", `mce: [Hardware Error]: CPU ${requester}: Machine Check Exception: ${isContextCorrupt ? "5" : "f"} Bank 1: ${isContextCorrupt ? "be00000000000135" : "bd80000000100134"}`);
  printk(kernel, "emerg", `mce: [Hardware Error]: TSC 0 ADDR ${address.toString(16)} MISC 86`);
  printk(kernel, "emerg", `mce: [Hardware Error]: Machine check: ${meaning}`);
  panic(kernel, "Fatal local machine check");
}

/**
 * Takes the completion of a load to the machine-check handler, if it raises a check. A dead process's checks still count: its loads were
 * on their way.
 * @throws KernelPanic the check is not recoverable
 */
export function consume(kernel: Kernel, requester: number, status: MemoryStatus, address: bigint, consumer: Consumer): void {
  const row = decide({ kind: "read", status, context: consumer.context });
  if (row === undefined) return;
  record(kernel, consumer.context === "USER" ? consumer.process.name : consumer.name, row.row, address);
  const state = machineCheckState(kernel);
  if (state.onFirst !== null) {
    setTimer(kernel, 0, state.onFirst);
    state.onFirst = null;
  }
  if (row.severity === "PANIC") die(kernel, requester, address, row.meaning, row.row === 2);
  logEvents(kernel);
  if (consumer.context === "USER" && isAlive(consumer.process)) memoryFailure(kernel, address, consumer.process);
}
