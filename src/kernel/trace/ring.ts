// The trace ring of the kernel (tracefs): which events are recorded, what was recorded, and the text of it.

import { wake } from "../../sim/task.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState, mark } from "../base/kernel.ts";

/** Entries that the ring holds; older ones make room. */
const capacity = 4096;
/** First process id that a traced task gets: those before are the system's. */
const firstProcess = 100;
const commandLength = 15;

/** One recorded event. Times are virtual nanoseconds since power-on. */
export interface TraceEntry {
  readonly at: number;
  readonly command: string;
  readonly process: number;
  readonly event: string;
  readonly text: string;
}

export interface TraceState {
  isOn: boolean;
  readonly enabled: Set<string>;
  readonly entries: TraceEntry[];
  /** Entries ever written since the last clear. */
  written: number;
  /** Process ids of the tasks that appeared, by name. */
  readonly processes: Map<string, number>;
}

export const traceState = defineState("tracing", (): TraceState => ({ isOn: true, enabled: new Set(), entries: [], written: 0, processes: new Map() }));

/** Events of the system `cxl`, in order of name. */
export const cxlEvents = [
  "cxl_aer_correctable_error", "cxl_aer_uncorrectable_error", "cxl_dram", "cxl_general_media", "cxl_generic_event", "cxl_memory_module", "cxl_memory_sparing", "cxl_overflow", "cxl_poison",
  "cxl_port_aer_correctable_error", "cxl_port_aer_uncorrectable_error",
] as const;
export type CxlEvent = (typeof cxlEvents)[number];

/** Every event that can be recorded, by its system (memory_failure_event is in `ras` since 7.0 again, where rasdaemon looks for it). */
export const traceSystems = { cxl: cxlEvents, mce: ["mce_record"], ras: ["aer_event", "memory_failure_event"] } as const;
export type TraceSystem = keyof typeof traceSystems;
export type TraceEvent = (typeof traceSystems)[TraceSystem][number];

/** Woken by every entry. */
export const traceChannel = "read:/sys/kernel/tracing/trace";

function processOf(state: TraceState, command: string): number {
  const known = state.processes.get(command);
  if (known !== undefined) return known;
  const made = firstProcess + state.processes.size;
  state.processes.set(command, made);
  return made;
}

/** Records an event of the task `command` when it is enabled. The step is in the run's own trace either way. */
export function traceEvent(kernel: Kernel, event: TraceEvent, command: string, subject: string, text: () => string): void {
  mark(kernel, event, subject);
  recordEvent(kernel, event, command, text);
}

/** Records an event of the task `command` when it is enabled, and leaves no other trace. Of `count` equal ones at once the last is kept. */
export function recordEvent(kernel: Kernel, event: TraceEvent, command: string, text: () => string, count = 1): void {
  const state = traceState(kernel);
  if (!state.isOn || !state.enabled.has(event)) return;
  const name = command.slice(0, commandLength);
  state.entries.push({ at: kernel.platform.clock.now, command: name, process: processOf(state, name), event, text: text() });
  state.written += count;
  if (state.entries.length > capacity) state.entries.shift();
  wake(kernel.scheduler, traceChannel);
}

export function clearTrace(kernel: Kernel): void {
  const state = traceState(kernel);
  state.entries.length = 0;
  state.written = 0;
}

/** One line as the file `trace` has it: task, CPU, flags, seconds, event. */
export function formatEntry(entry: TraceEntry): string {
  const microseconds = Math.floor(entry.at / 1000);
  const seconds = Math.floor(microseconds / 1_000_000);
  const time = `${String(seconds).padStart(5)}.${String(microseconds % 1_000_000).padStart(6, "0")}`;
  return `${entry.command.padStart(16)}-${String(entry.process).padEnd(7)} [000] ..... ${time}: ${entry.event}: ${entry.text}`;
}

const legend = [
  "#                                _-----=> irqs-off/BH-disabled", "#                               / _----=> need-resched", "#                              | / _---=> hardirq/softirq",
  "#                              || / _--=> preempt-depth", "#                              ||| / _-=> migrate-disable", "#                              |||| /     delay",
  "#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION", "#              | |         |   |||||     |         |",
];

/** The file `trace`. */
export function formatTrace(kernel: Kernel): string {
  const { entries, written } = traceState(kernel);
  const head = ["# tracer: nop", "#", `# entries-in-buffer/entries-written: ${entries.length}/${written}   #P:1`, "#", ...legend];
  return [...head, ...entries.map(formatEntry)].map((line) => `${line}\n`).join("");
}
