// The kernel as plain data: what every subsystem hangs its state on. Subsystems define their own part with `defineState`.

import type { Platform } from "../../platform/platform.ts";
import type { Scheduler, TaskContext } from "../../sim/task.ts";
import { wake } from "../../sim/task.ts";
import type { TraceWriter } from "../../sim/trace.ts";
import { kernelKinds, logKinds, traceText } from "../../sim/trace.ts";
import type { Device, Driver } from "./device.ts";
import type { KernelPolicies } from "../policy.ts";
import type { KernelSettings } from "../settings.ts";
import { defaultSettings } from "../settings.ts";

export type LogLevel = "emerg" | "alert" | "crit" | "err" | "warn" | "notice" | "info" | "debug";

export interface LogLine {
  /** Virtual nanoseconds since power-on. */
  readonly at: number;
  readonly level: LogLevel;
  readonly text: string;
}

/** Something to be called later or on an event: a handler's name and its arguments, so that kernel state stays plain data. */
export interface Call {
  readonly handler: string;
  readonly argument: number;
  /** Under which name an interrupt is traced; absent: the handler's. */
  readonly label?: string;
}

export type Handler = (kernel: Kernel, argument: number) => void;

export interface Kernel extends TaskContext {
  readonly platform: Platform;
  readonly scheduler: Scheduler;
  readonly trace: TraceWriter;
  readonly policy: KernelPolicies;
  readonly settings: KernelSettings;
  readonly log: LogLine[];
  readonly devices: Map<number, Device>;
  /** Devices per bus in order of registration. */
  readonly buses: Map<string, Device[]>;
  /** The same by name. */
  readonly busNames: Map<string, Map<string, Device>>;
  /** Devices without a parent. */
  readonly topDevices: Device[];
  readonly drivers: Map<string, Driver[]>;
  readonly handlers: ReadonlyMap<string, Handler>;
  /** Interrupt message data -> what to call. */
  readonly interrupts: Map<number, Call>;
  readonly timers: { readonly at: number; readonly call: Call }[];
  readonly state: Map<string, unknown>;
  nextDeviceId: number;
  nextInterrupt: number;
  panic: { readonly message: string; readonly at: number } | null;
}

/** Defines a subsystem's state: call the result with a kernel to get it, made at first use. */
export function defineState<T extends object>(name: string, make: () => T): (kernel: Kernel) => T {
  return (kernel) => {
    const known = kernel.state.get(name);
    if (known !== undefined) return known as T;
    const made = make();
    kernel.state.set(name, made);
    return made;
  };
}

export interface KernelParts {
  readonly platform: Platform;
  readonly scheduler: Scheduler;
  readonly tasks: TaskContext["tasks"];
  readonly trace: TraceWriter;
  readonly policy: KernelPolicies;
  /** Absent: as Linux has them. */
  readonly settings?: KernelSettings;
  readonly handlers: ReadonlyMap<string, Handler>;
}

export function createKernel(parts: KernelParts): Kernel {
  return {
    ...parts,
    settings: parts.settings ?? defaultSettings,
    log: [],
    devices: new Map(),
    buses: new Map(),
    busNames: new Map(),
    topDevices: [],
    drivers: new Map(),
    interrupts: new Map(),
    timers: [],
    state: new Map(),
    nextDeviceId: 1,
    nextInterrupt: 0x20,
    panic: null,
  };
}

/** Woken by every line of the log. */
export const logChannel = "read:/dev/kmsg";

/** One kernel log line, as dmesg shows it without the time. */
export function printk(kernel: Kernel, level: LogLevel, text: string): void {
  kernel.log.push({ at: kernel.platform.clock.now, level, text });
  traceText(kernel.trace, "log", logKinds.line, text, level);
  wake(kernel.scheduler, logChannel);
}

/** A step worth finding in the trace and waiting for in a scenario (`after: "region0 committed"`). */
export function mark(kernel: Kernel, text: string, detail = ""): void {
  traceText(kernel.trace, "kernel", kernelKinds.step, text, detail);
}

/** Thrown by `panic`; ends the run, never caught inside the kernel. */
export class KernelPanic extends Error {
  constructor(message: string) {
    super(message);
    this.name = "KernelPanic";
  }
}

export function panic(kernel: Kernel, message: string): never {
  if (kernel.panic === null) {
    kernel.panic = { message, at: kernel.platform.clock.now };
    printk(kernel, "emerg", `Kernel panic - not syncing: ${message}`);
  }
  throw new KernelPanic(message);
}

/** Where messages are written to. */
export const messageAddress = 0xfee0_0000;

/** Allocates an interrupt message (address and data) that calls a handler. */
export function allocateInterrupt(kernel: Kernel, call: Call, count = 1): { readonly address: number; readonly data: number } {
  const first = Math.ceil(kernel.nextInterrupt / count) * count;
  kernel.nextInterrupt = first + count;
  for (let i = 0; i < count; i++) kernel.interrupts.set(first + i, { handler: call.handler, argument: call.argument });
  return { address: messageAddress, data: first };
}

/** Rebinds one message of an allocated block. */
export function setInterrupt(kernel: Kernel, data: number, call: Call): void {
  kernel.interrupts.set(data, call);
}

/** Calls the handler that a call names. */
export function invoke(kernel: Kernel, call: Call): void {
  const handler = kernel.handlers.get(call.handler);
  if (handler === undefined) throw new Error(`kernel handler "${call.handler}" is not registered`);
  handler(kernel, call.argument);
}

/** Takes every pending interrupt to its handler. Returns how many. */
export function deliverInterrupts(kernel: Kernel): number {
  let delivered = 0;
  for (let message = kernel.platform.interrupts.take(); message !== undefined; message = kernel.platform.interrupts.take()) {
    delivered++;
    const call = kernel.interrupts.get(message.data);
    traceText(kernel.trace, "kernel", kernelKinds.interrupt, call?.label ?? call?.handler ?? "spurious", "", message.data);
    if (call === undefined) printk(kernel, "warn", `No irq handler for 0.${message.data}`);
    else invoke(kernel, call);
  }
  return delivered;
}

/** Calls a handler after `delay` virtual nanoseconds. */
export function setTimer(kernel: Kernel, delay: number, call: Call): void {
  const timer = { at: kernel.platform.clock.now + delay, call };
  let index = kernel.timers.length;
  while (index > 0 && (kernel.timers[index - 1]?.at ?? 0) > timer.at) index--;
  kernel.timers.splice(index, 0, timer);
}

/** Takes back every timer of this call. */
export function clearTimer(kernel: Kernel, call: Call): void {
  const left = kernel.timers.filter((timer) => timer.call.handler !== call.handler || timer.call.argument !== call.argument);
  kernel.timers.splice(0, kernel.timers.length, ...left);
}

export const nextTimer = (kernel: Kernel): number => kernel.timers[0]?.at ?? -1;

export function runTimers(kernel: Kernel): void {
  for (let timer = kernel.timers[0]; timer !== undefined && timer.at <= kernel.platform.clock.now; timer = kernel.timers[0]) {
    kernel.timers.shift();
    invoke(kernel, timer.call);
  }
}
