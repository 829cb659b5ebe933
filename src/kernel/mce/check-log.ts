// Where a machine check shows: the burst record of the run's trace, the kernel's log, the trace event that rasdaemon reads.

import { kernelKinds, traceText } from "../../sim/trace.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState, panic, printk } from "../base/kernel.ts";
import { recordEvent } from "../trace/ring.ts";
import { bankOf, globalStatusOf, miscOf, statusOf } from "./error-form.ts";
import type { CheckRecord } from "./severity.ts";

/** One error as a bank has it. */
export interface BankError {
  readonly cpu: number;
  readonly address: bigint;
  /** Number of the bank; absent: the one that the processor has for what the record says. */
  readonly bank?: number;
  readonly record: CheckRecord;
  readonly isLocal: boolean;
}

interface Burst {
  readonly consumer: string;
  readonly row: number;
  readonly address: bigint;
  count: number;
}

interface LogState {
  burst: Burst | null;
  /** Times of the last lines "events logged" (rate limit: two in 60 s). */
  logged: number[];
  /** Checks so far. */
  taken: number;
}

const logState = defineState("mce.log", (): LogState => ({ burst: null, logged: [], taken: 0 }));

const logWindow = 60_000_000_000;
const logLimit = 2;

/** Writes the record of the burst that is being counted. Call it when an instant's completions are all taken. */
export function flushMachineChecks(kernel: Kernel): void {
  const state = logState(kernel);
  const burst = state.burst;
  if (burst === null) return;
  state.burst = null;
  traceText(kernel.trace, "kernel", kernelKinds.machineCheck, burst.consumer, `row ${burst.row} at 0x${burst.address.toString(16)}`, burst.count, burst.row);
}

/** Counts checks of one consumer and row together; the record names the address of the first. */
export function countChecks(kernel: Kernel, consumer: string, row: number, address: bigint, count: number): void {
  const state = logState(kernel);
  state.taken += count;
  if (state.burst !== null && (state.burst.consumer !== consumer || state.burst.row !== row)) flushMachineChecks(kernel);
  if (state.burst === null) state.burst = { consumer, row, address, count };
  else state.burst.count += count;
}

/** Machine checks that were taken so far, the one that ended the system among them. */
export const checksTaken = (kernel: Kernel): number => logState(kernel).taken;

/** The line by which the log tells that somebody may read the records. */
export function logEvents(kernel: Kernel): void {
  const state = logState(kernel);
  const now = kernel.platform.clock.now;
  state.logged = state.logged.filter((at) => now - at < logWindow);
  if (state.logged.length >= logLimit) return;
  state.logged.push(now);
  printk(kernel, "info", "mce: [Hardware Error]: Machine check events logged");
}

const hex = (value: bigint | number, digits: number): string => value.toString(16).padStart(digits, "0");
const vendors = { intel: 0, amd: 2 } as const;
const nanosecondsPerSecond = 1_000_000_000;

/** Text of `mce_record`, the figures of the model's processors where the model has none being 0 (INFERRED). */
export function formatRecord(kernel: Kernel, error: BankError): string {
  const { processor } = kernel.settings;
  const { record, cpu, address } = error;
  const isUser = record.context === "USER";
  const seconds = (kernel.platform.clock.now - (kernel.platform.clock.now % nanosecondsPerSecond)) / nanosecondsPerSecond;
  return [
    `CPU: ${cpu}, MCGc/s: 0/${(record.isException ? globalStatusOf(record, error.isLocal) : 0n).toString(16)}, MC${error.bank ?? bankOf(record, processor)}: ${hex(statusOf(record, processor), 16)}, IPID: ${hex(0n, 16)}`,
    `ADDR: ${hex(record.hasAddress ? address : 0n, 16)}, MISC: ${hex(miscOf(record), 16)}, SYND: ${hex(0n, 16)}, RIP: ${isUser ? "33" : "10"}:<${hex(0n, 16)}>, TSC: 0, PPIN: 0`,
    `vendor: ${vendors[processor]}, CPUID: 0, time: ${seconds}, socket: 0, APIC: ${cpu.toString(16)}, microcode: 0, vendor data: {}`,
  ].join(", ");
}

/** Writes `count` equal errors for whoever reads mce_record. */
export function traceRecord(kernel: Kernel, error: BankError, count = 1): void {
  recordEvent(kernel, "mce_record", error.record.isException ? "swapper" : "kworker/0:0", () => formatRecord(kernel, error), count);
}

/** Ends the system with the lines of a fatal check. */
export function dieOf(kernel: Kernel, error: BankError, meaning: string, message: string): never {
  flushMachineChecks(kernel);
  const { processor } = kernel.settings;
  const { record, cpu, address, isLocal } = error;
  printk(kernel, "emerg", `mce: [Hardware Error]: CPU ${cpu}: Machine Check Exception: ${globalStatusOf(record, isLocal).toString(16)} Bank ${bankOf(record, processor)}: ${hex(statusOf(record, processor), 16)}`);
  printk(kernel, "emerg", `mce: [Hardware Error]: TSC 0 ADDR ${address.toString(16)} MISC ${miscOf(record).toString(16)}`);
  printk(kernel, "emerg", `mce: [Hardware Error]: Machine check: ${meaning}`);
  return panic(kernel, message);
}
