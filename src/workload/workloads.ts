// The workloads a scenario can start: virtual machines, a reader inside the kernel, pinned buffers (S75, S82, S86).

import type { Device } from "../kernel/base/device.ts";
import type { Kernel } from "../kernel/base/kernel.ts";
import { SystemError } from "../kernel/base/errno.ts";
import { daxDeviceNamed } from "../kernel/dax/attributes.ts";
import { daxDeviceOf } from "../kernel/dax/types.ts";
import { mapKernelRange } from "../kernel/mm/direct-map.ts";
import { fileSize, mapFile } from "../kernel/mm/mapping.ts";
import type { PageReference } from "../kernel/mm/page-reference.ts";
import { dropReferenceLater, referencePages } from "../kernel/mm/page-reference.ts";
import type { Pin } from "../kernel/mm/pin.ts";
import { pinPages, unpinLater } from "../kernel/mm/pin.ts";
import type { Process } from "../kernel/mm/process.ts";
import { createProcess, takeRequester } from "../kernel/mm/process.ts";
import { freshObserved } from "./aggregate.ts";
import { createWorkloadState, metricsOf, nextIssue, run } from "./engine.ts";
import type { CountingMode, Toucher, WorkloadMetrics, WorkloadState } from "./state.ts";
import type { StreamPlan } from "./stream.ts";
import { lineBytes } from "./stream.ts";

export interface Pace {
  /** Virtual nanoseconds between two requests of one thread. */
  readonly period: number;
  /** `reads` of every `of` requests are reads. */
  readonly reads: number;
  readonly of: number;
  /** Bytes between lines, a multiple of 64; default 64. */
  readonly stride?: number;
  /** Bytes after which the walk begins again; default: all of the memory. */
  readonly wrap?: number;
  /** Requests a thread may have under way; default 16. */
  readonly outstanding?: number;
  /** Virtual nanoseconds from now to the first request; default 0. Threads follow each other by a share of the period. */
  readonly delay?: number;
}

export interface VmSpec extends Pace {
  readonly name: string;
  /** Name of the dax device: "dax0.1". */
  readonly device: string;
  readonly vcpus: number;
}

export interface KernelReaderSpec extends Pace {
  readonly name: string;
  readonly start: bigint;
  readonly size: bigint;
}

export interface PinSpec {
  readonly name: string;
  readonly device: string;
  /** Virtual nanoseconds from now until it is dropped; absent: never. */
  readonly release?: number;
}

/** What the sandbox's loop drives, and what a report reads. */
export interface Workloads {
  readonly state: WorkloadState;
  nextIssue(): number;
  run(horizon: number): void;
  metrics(): WorkloadMetrics;
}

export function createWorkloads(kernel: Kernel, mode: CountingMode = "aggregated"): Workloads {
  const state = createWorkloadState(kernel, mode);
  return { state, nextIssue: () => nextIssue(state), run: (horizon) => run(state, horizon), metrics: () => metricsOf(state) };
}

function linesOf(pace: Pace, size: bigint): number {
  const stride = pace.stride ?? lineBytes;
  const wrap = pace.wrap === undefined ? Number(size) : Math.min(pace.wrap, Number(size));
  const lines = (wrap - (wrap % stride)) / stride;
  if (stride % lineBytes !== 0 || lines < 1 || pace.period < 1 || pace.reads < 0 || pace.reads > pace.of || pace.of < 1) {
    throw new SystemError("EINVAL", `pace: stride ${stride}, wrap ${wrap}, period ${pace.period}, reads ${pace.reads} of ${pace.of}`);
  }
  return lines;
}

function addStreams(state: WorkloadState, pace: Pace, size: bigint, requesters: readonly number[], toucher: Toucher): void {
  const lines = linesOf(pace, size);
  const threads = requesters.length;
  const now = state.kernel.platform.clock.now;
  const share = (pace.period - (pace.period % threads)) / threads;
  for (const [number, requester] of requesters.entries()) {
    const plan: StreamPlan = { requester, period: pace.period, reads: pace.reads, of: pace.of, stride: pace.stride ?? lineBytes, lines, firstLine: number % lines, lineStep: threads, outstanding: pace.outstanding ?? 16 };
    const stream = { plan, toucher, index: 0, nextAt: now + (pace.delay ?? 0) + number * share, outstanding: [], observed: freshObserved() };
    state.streams.push(stream);
    state.byRequester.set(requester, stream);
  }
}

/** A virtual machine whose memory is all of a dax device. @throws SystemError ENODEV, ENXIO, EINVAL */
export function addVm(workloads: Workloads, spec: VmSpec): Process {
  const { state } = workloads;
  const file = daxDeviceOf(daxDeviceNamed(state.kernel, spec.device));
  const size = fileSize(file);
  linesOf(spec, size);
  const process = createProcess(state.kernel, spec.name, spec.vcpus);
  const mapping = mapFile(state.kernel, process, file, { offset: 0n, length: size, isShared: true });
  state.processes.push(process);
  addStreams(state, spec, size, process.threads, { kind: "process", process, mapping });
  return process;
}

/** A kernel thread that reads a range through the direct map; stands for memory online as System RAM (S75, S79). */
export function addKernelReader(workloads: Workloads, spec: KernelReaderSpec): void {
  const { state } = workloads;
  mapKernelRange(state.kernel, spec.start, spec.size, spec.name);
  addStreams(state, spec, spec.size, [takeRequester(state.kernel)], { kind: "kernel", name: spec.name, start: spec.start });
}

/** Pins all pages of a dax device, as a file or as System RAM, until a time or for ever (S82). @throws SystemError ENODEV, EFAULT */
export function addPin(workloads: Workloads, spec: PinSpec): Pin | PageReference {
  const { kernel } = workloads.state;
  const device: Device = daxDeviceNamed(kernel, spec.device);
  const file = daxDeviceOf(device);
  const [range] = file.ranges;
  if (device.driver?.name === "kmem" && range !== undefined) {
    const reference = referencePages(kernel, spec.name, range.start, range.size);
    if (spec.release !== undefined) dropReferenceLater(kernel, reference, spec.release);
    return reference;
  }
  const pin = pinPages(kernel, spec.name, file, 0n, fileSize(file));
  if (spec.release !== undefined) unpinLater(kernel, pin, spec.release);
  return pin;
}
