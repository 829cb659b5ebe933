// Every number and switch that a scenario may set beside policies, as data: `host:` is the kernel's and its processors'; `verdict:` is in verdict-settings.ts. The
// schema and docs/settings.md are made of these tables.

import { z } from "zod";
import type { KernelSettings } from "../kernel/settings.ts";
import { defaultSettings } from "../kernel/settings.ts";
import { time } from "./values.ts";

export interface Setting {
  readonly kind: "time" | "count" | "percent" | "switch" | "choice" | "weight";
  /** Of a choice. */
  readonly values?: readonly string[];
  /** Of a count, percent or weight. */
  readonly range?: readonly [number, number];
  readonly meaning: string;
  /** Where the default comes from; INFERRED where nobody says. */
  readonly source: string;
}

/** Keys of `host:`. */
export const hostSettings = {
  cpus: { kind: "count", range: [1, 1024], meaning: "logical processors", source: "INFERRED: a two-socket server" },
  threadsPerCore: { kind: "count", range: [1, 8], meaning: "logical processors that share a core with its machine-check banks", source: "x86 with SMT" },
  processor: { kind: "choice", values: ["intel", "amd"], meaning: "table by which machine checks are graded", source: "machine-check 3" },
  checkDelivery: { kind: "choice", values: ["local", "broadcast"], meaning: "a check reaches one processor (LMCE; always on amd) or all, which wait for each other", source: "machine-check 1, 4" },
  checkTime: { kind: "time", meaning: "exception to return on the processor that consumed", source: "INFERRED: error-recovery 9.2, 100 us to ms" },
  rendezvousTime: { kind: "time", meaning: "all processors gather and leave, per broadcast check", source: "INFERRED" },
  memoryFailureTime: { kind: "time", meaning: "one memory_failure under its global lock", source: "INFERRED: error-recovery 9.2" },
  overflowWindow: { kind: "time", meaning: "a second error in one bank within it overwrites the first: row 11, panic on intel", source: "INFERRED: machine-check 8" },
  firmwareErrorTime: { kind: "time", meaning: "every processor is in firmware (SMI) for an error, with `mcesrc: firmware-first`", source: "INFERRED: hundreds of us for one memory error" },
  kernelShare: { kind: "percent", range: [0, 100], meaning: "part of a block in a kernel zone that the kernel takes when it goes online", source: "INFERRED: observed.md, slab lands there" },
  kernelTouchPeriod: { kind: "time", meaning: "time between two loads of the kernel from its pages there", source: "INFERRED: observed.md, panic within milliseconds" },
  memoryFailureRecovery: { kind: "switch", meaning: "vm.memory_failure_recovery; off: memory_failure panics", source: "Linux default" },
  earlyKill: { kind: "switch", meaning: "vm.memory_failure_early_kill", source: "Linux default" },
  panicOnUnrecoverable: { kind: "switch", meaning: "vm.panic_on_unrecoverable_memory_failure (7.3)", source: "Linux default" },
  softOffline: { kind: "switch", meaning: "vm.enable_soft_offline", source: "Linux default" },
  onlinePolicy: { kind: "choice", values: ["contig-zones", "auto-movable"], meaning: "memory_hotplug.online_policy", source: "Linux default; dax-memory 5.2" },
  autoMovableRatio: { kind: "count", range: [0, 100_000], meaning: "memory_hotplug.auto_movable_ratio, percent", source: "Linux default; dax-memory 5.3" },
  autoMovableNumaAware: { kind: "switch", meaning: "memory_hotplug.auto_movable_numa_aware", source: "Linux default" },
  memmapOnMemory: { kind: "switch", meaning: "memory_hotplug.memmap_on_memory; each device's own file says yes or no beside it", source: "Linux default" },
  hungTaskTime: { kind: "time", meaning: "kernel.hung_task_timeout_secs; 0s: off", source: "Linux default" },
  hungTaskPanic: { kind: "switch", meaning: "kernel.hung_task_panic", source: "Linux default" },
  watchdogTime: { kind: "time", meaning: "kernel.watchdog_thresh: hard lockup; twice of it: soft lockup; 0s: off", source: "Linux default" },
  softLockupPanic: { kind: "switch", meaning: "kernel.softlockup_panic", source: "Linux default" },
  hardLockupPanic: { kind: "switch", meaning: "kernel.hardlockup_panic", source: "INFERRED: distributions set it; Linux default off" },
  crashKernel: { kind: "switch", meaning: "a crash kernel is loaded", source: "INFERRED: servers have one" },
  crashFilters: { kind: "switch", meaning: "the dump has the kernel's own pages alone; free pages, caches and pages of processes are not read", source: "INFERRED: makedumpfile -d 31, usual" },
  crashSkipsIsolated: { kind: "switch", meaning: "the dump leaves out memory that is isolated", source: "INFERRED: no Linux does" },
} as const satisfies Readonly<Record<keyof KernelSettings, Setting>>;

export type ValueOf<S extends Setting> = S extends { readonly kind: "switch" } ? boolean : S extends { readonly kind: "choice"; readonly values: readonly (infer V)[] } ? V : number;

function schemaOf(setting: Setting): z.ZodType {
  const [least, most] = setting.range ?? [0, Number.MAX_SAFE_INTEGER];
  switch (setting.kind) {
    case "time": return time;
    case "switch": return z.boolean();
    case "choice": return z.enum(setting.values as [string, ...string[]]);
    default: return z.int().min(least).max(most);
  }
}

export type FileOf<T extends Readonly<Record<string, Setting>>> = { [K in keyof T]?: ValueOf<T[K]> | undefined };

/** Keys of a table, all of them optional. */
export const shapeOf = (table: Readonly<Record<string, Setting>>): Record<string, z.ZodType> => Object.fromEntries(Object.entries(table).map(([key, setting]) => [key, schemaOf(setting).optional()]));

export const hostSchema = z.strictObject(shapeOf(hostSettings)) as unknown as z.ZodType<FileOf<typeof hostSettings>>;
export type HostFile = z.output<typeof hostSchema>;

/** The kernel's settings: those of the file, the others as Linux has them. */
export const kernelSettings = (file: HostFile | undefined): KernelSettings => ({ ...defaultSettings, ...Object.fromEntries(Object.entries(file ?? {}).filter(([, value]) => value !== undefined)) });
