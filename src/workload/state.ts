// What the workload engine keeps: plain records of workloads and their threads, of what they have under way, and of what they have seen of the hardware.

import type { Kernel } from "../kernel/base/kernel.ts";
import type { Mapping } from "../kernel/mm/mapping.ts";
import type { Process } from "../kernel/mm/process.ts";
import type { AccessPath } from "../kernel/mce/consumption.ts";
import type { Completion, RequestKind } from "../platform/platform.ts";
import type { Holds } from "./holds.ts";
import type { Cycles } from "./storm.ts";
import type { WorkloadSpec } from "./specs.ts";
import type { Paths, StreamPlan } from "./stream.ts";

/** A piece of what a thread walks over: bytes [offset, offset + size) of the walk are at physical `start`. */
export interface Segment {
  readonly offset: number;
  readonly start: bigint;
  readonly size: number;
}

/**
 * What a thread touches. `mapping`: a device file; `range`: the kernel's direct map; `pages`: pages of a process wherever they lie
 * now; `held`: addresses that somebody keeps, whatever becomes of the pages.
 */
export type View =
  | { readonly kind: "mapping"; readonly mapping: Mapping }
  | { readonly kind: "range"; readonly start: bigint }
  | { readonly kind: "pages"; readonly pid: number; segments: readonly Segment[]; seen: number }
  | { readonly kind: "held"; readonly segments: readonly Segment[] };

/** A request on its way. `generation` and `table`: what it was issued under, table -1 when that was not asked. */
export interface Outstanding {
  readonly kind: RequestKind;
  readonly address: bigint;
  readonly askedAt: number;
  readonly generation: number;
  readonly table: number;
  readonly path: AccessPath;
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

/** An answer that a processor has not taken yet: it is in the handler of an earlier one. */
export interface Waiting {
  readonly completion: Completion;
  readonly path: AccessPath;
}

export interface Stream {
  plan: StreamPlan;
  readonly workload: Workload;
  /** Whose thread it is; null: the kernel's own, or nobody's. */
  readonly process: Process | null;
  readonly view: View;
  readonly paths: Paths;
  /** Logical processor it runs on; -1: a device, which has none. */
  readonly cpu: number;
  /** Number of the next request. */
  index: number;
  /** Virtual time of the next request. */
  nextAt: number;
  readonly outstanding: Outstanding[];
  readonly waiting: Waiting[];
  readonly observed: Observed;
  /** What it was for is gone: it touches nothing any more. */
  isEnded: boolean;
}

/** One entry of a scenario, through all its lives. */
export interface Workload {
  readonly spec: WorkloadSpec;
  readonly streams: Stream[];
  /** Of this life; null: it has none. */
  process: Process | null;
  /** Bytes of its memory, and of them those whose contents are nowhere else. */
  size: bigint;
  dirtySize: bigint;
  /** Pin or page reference that it holds, taken back with it. */
  pin: HeldPin | null;
  /** Virtual ns of its first death; null: none. */
  killedAt: number | null;
  deaths: number;
  /** Out of service since; null: in service. */
  downSince: number | null;
  /** When it is in service again; null: nobody starts it, or its memory is not there. */
  upAt: number | null;
  /** What its memory was when it was last asked for an answer: route generation and device. */
  asked: string;
  /** When it was last in service again; null: it never came back. */
  backAt: number | null;
  /** Virtual ns out of service, of outages that are over. */
  downtime: number;
  /** It met an error, or its writes were dropped. */
  hasLost: boolean;
  /** Of lives that are over. */
  bytesLost: bigint;
  /** Accesses that failed without an exception: short copies, errors of devices. */
  errors: number;
  /** SIGBUS that a handler took. */
  signals: number;
  /** Machine checks that its threads met. */
  checks: number;
  /** Accesses of threads that are no more; those of the others stand in their streams. */
  accesses: number;
}

export interface HeldPin {
  readonly kind: "file" | "pages";
  readonly id: number;
}

/** What became of one entry of `workloads:`. */
export interface WorkloadOutcome {
  readonly name: string;
  readonly kind: "vm" | "database" | "pageCache" | "kernelUser" | "kernelReader" | "rdma" | "assignedDevice" | "pin";
  /** A signal ended its process, once or more often. */
  readonly killed: boolean;
  /** Virtual ns since power-on, of the first time; null: it was not killed. */
  readonly killedAtNs: number | null;
  /** Virtual ns from deaths to service, or to the end of the run. A host that ends is nobody's death: see the outcome. */
  readonly downtimeNs: number;
  /** Virtual ns since power-on at which it was in service again after its last death; null: it was not. */
  readonly backAtNs: number | null;
  /** Virtual ns that it takes to start anew once its memory is there; null: nobody starts it. */
  readonly restartNs: number | null;
  /** Bytes of its memory, 64-bit. */
  readonly bytes: string;
  /** Bytes, 64-bit: of its memory those whose contents were nowhere else and are gone, because it was killed or its memory failed under it. */
  readonly bytesLost: string;
  /** As the scenario says. */
  readonly toleratesLoss: boolean;
  /** Accesses that failed without an exception to their thread: short copies, errors of a device. */
  readonly errors: number;
  /** Memory errors that its own handler of SIGBUS took. */
  readonly signals: number;
}

export interface WorkloadMetrics {
  issued: number;
  completed: number;
  /** Checks that the host took: those of workloads, of the kernel itself, of user space. */
  readonly machineChecks: number;
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
  readonly workloads: Workload[];
  /** Threads that touch something, or have answers to come. */
  readonly streams: Stream[];
  readonly byRequester: Map<number, Stream>;
  readonly holds: Holds;
  readonly cycles: Cycles;
  readonly counts: { issued: number; completed: number; droppedWrites: number; onesReads: number; skipped: number };
}
