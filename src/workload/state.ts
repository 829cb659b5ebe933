// What the workload engine keeps: plain records of threads, of what they have under way, and of what they have seen of the hardware.

import type { Kernel } from "../kernel/base/kernel.ts";
import type { Mapping } from "../kernel/mm/mapping.ts";
import type { Process } from "../kernel/mm/process.ts";
import type { RequestKind } from "../platform/platform.ts";
import type { StreamPlan } from "./stream.ts";

/** Who touches the memory: a process through its mapping, or the kernel through its direct map. */
export type Toucher = { readonly kind: "process"; readonly process: Process; readonly mapping: Mapping } | { readonly kind: "kernel"; readonly name: string; readonly start: bigint };

/** A request on its way. `generation` and `table`: what it was issued under, table -1 when that was not asked. */
export interface Outstanding {
  readonly kind: RequestKind;
  readonly address: bigint;
  readonly askedAt: number;
  readonly generation: number;
  readonly table: number;
}

/** What a thread has seen since the route generation changed. */
export interface Observed {
  generation: number;
  /** Tables it touches, or undefined: not asked yet; empty: something is not routed. */
  tables: readonly TableView[] | undefined;
  /** "read:0" -> longest time to its benign answer. */
  readonly answers: Map<string, number>;
  /** Set when an answer was not benign, or one kind was answered in two ways. */
  isDisturbed: boolean;
  writeStatus: "ok" | "dropped" | null;
}

export interface TableView {
  readonly table: number;
  readonly capacity: number;
  readonly latency: number;
}

export interface Stream {
  readonly plan: StreamPlan;
  readonly toucher: Toucher;
  /** Number of the next request. */
  index: number;
  /** Virtual time of the next request. */
  nextAt: number;
  readonly outstanding: Outstanding[];
  readonly observed: Observed;
}

export interface WorkloadMetrics {
  issued: number;
  completed: number;
  machineChecks: number;
  droppedWrites: number;
  /** Loads answered with all ones. */
  onesReads: number;
  /** Requests counted in closed form, part of `issued`. */
  skipped: number;
  /** Processes killed, and alive, of those the scenario started. */
  readonly killed: number;
  readonly survived: number;
}

export type CountingMode = "exact" | "aggregated";

export interface WorkloadState {
  readonly kernel: Kernel;
  readonly mode: CountingMode;
  readonly streams: Stream[];
  readonly byRequester: Map<number, Stream>;
  readonly processes: Process[];
  readonly counts: { issued: number; completed: number; machineChecks: number; droppedWrites: number; onesReads: number; skipped: number };
}
