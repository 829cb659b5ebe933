// A workload's life begins: its process, its memory, its threads on their processors. Called when a scenario is ready and when it starts anew.

import type { Device } from "../kernel/base/device.ts";
import type { Kernel } from "../kernel/base/kernel.ts";
import { SystemError } from "../kernel/base/errno.ts";
import { processorOf } from "../kernel/base/processors.ts";
import { daxDeviceNamed } from "../kernel/dax/attributes.ts";
import { daxDeviceOf } from "../kernel/dax/types.ts";
import type { AccessPath } from "../kernel/mce/consumption.ts";
import { mapKernelRange } from "../kernel/mm/direct-map.ts";
import { fileSize, mapFile } from "../kernel/mm/mapping.ts";
import { dropReferenceLater, referencePages } from "../kernel/mm/page-reference.ts";
import type { AllocationRequest, PageKind, PageRun } from "../kernel/mm/page-types.ts";
import { allocatePages, freeProcessPages } from "../kernel/mm/pages.ts";
import { pinPages, unpinLater } from "../kernel/mm/pin.ts";
import type { Process } from "../kernel/mm/process.ts";
import { createProcess, takeRequester } from "../kernel/mm/process.ts";
import { freshObserved } from "./aggregate.ts";
import { linesOf, refreshPlan } from "./plan.ts";
import type { AssignedDeviceSpec, DatabaseSpec, KernelReaderSpec, KernelUserSpec, Pace, PageCacheSpec, PinSpec, Placement, RdmaSpec, VmSpec } from "./specs.ts";
import type { HeldPin, Segment, Stream, View, Workload, WorkloadState } from "./state.ts";
import type { Paths, StreamPlan } from "./stream.ts";
import { lineBytes } from "./stream.ts";
import { segmentsOf } from "./touch.ts";

const percent = 100n;
const basePage = 4096n;
const defaultOutstanding = 16;

const paths = (usual: AccessPath, other: AccessPath = usual, share = 0): Paths => ({ usual, other, share, write: "store" });
const devicePaths: Paths = { usual: "dma-read", other: "dma-read", share: 0, write: "dma-write" };

interface Threads {
  readonly requesters: readonly number[];
  readonly paths: Paths;
  readonly view: () => View;
  /** Of a device: it has no processor. */
  readonly isDevice?: boolean;
}

/** Puts threads on the way; they follow each other by a share of the period and take turns over the lines. */
function addStreams(state: WorkloadState, workload: Workload, pace: Pace, size: bigint, threads: Threads): void {
  const { kernel } = state;
  const lines = linesOf(pace, size);
  const count = threads.requesters.length;
  const share = (pace.period - (pace.period % count)) / count;
  for (const [number, requester] of threads.requesters.entries()) {
    const plan: StreamPlan = { requester, period: pace.period, reads: pace.reads, of: pace.of, stride: pace.stride ?? lineBytes, lines, firstLine: number % lines, lineStep: count, outstanding: pace.outstanding ?? defaultOutstanding };
    const stream: Stream = {
      plan, workload, process: threads.isDevice === true ? null : workload.process, view: threads.view(), paths: threads.paths, cpu: threads.isDevice === true ? -1 : processorOf(kernel, requester),
      index: 0, nextAt: kernel.platform.clock.now + (pace.delay ?? 0) + number * share, outstanding: [], waiting: [], observed: freshObserved(), isEnded: false,
    };
    refreshPlan(kernel, stream);
    workload.streams.push(stream);
    state.streams.push(stream);
    state.byRequester.set(requester, stream);
  }
}

function begin(state: WorkloadState, workload: Workload, threads: number, survives = false): Process {
  const process = createProcess(state.kernel, workload.spec.name, threads);
  if (survives) process.onSigbus = "survive";
  workload.process = process;
  return process;
}

function startVm(state: WorkloadState, workload: Workload, spec: VmSpec): void {
  const { kernel } = state;
  const file = daxDeviceOf(daxDeviceNamed(kernel, spec.device));
  const size = fileSize(file);
  linesOf(spec, size);
  const process = begin(state, workload, spec.vcpus, spec.onSigbus === "survive");
  const mapping = mapFile(kernel, process, file, { offset: 0n, length: size, isShared: true });
  workload.size = size;
  workload.dirtySize = size;
  addStreams(state, workload, spec, size, { requesters: process.threads, paths: paths("guest-load"), view: () => ({ kind: "mapping", mapping }) });
}

interface Share {
  readonly kind: PageKind;
  readonly size: bigint;
}

/** Bytes of `size` that are `share` percent of it, in whole pages. */
const partOf = (size: bigint, share: number, unit: bigint): bigint => ((size * BigInt(share)) / percent / unit) * unit;

/** Pages of one owner, all kinds of them or none. @throws SystemError ENOMEM */
function allocateAll(kernel: Kernel, shares: readonly Share[], request: Omit<AllocationRequest, "kind" | "size">): PageRun[] {
  try {
    return shares.filter(({ size }) => size > 0n).flatMap((share) => allocatePages(kernel, { ...request, ...share }));
  } catch (thrown) {
    freeProcessPages(kernel, request.pid);
    throw thrown;
  }
}

const placed = ({ nodes, isBound }: Placement): Pick<AllocationRequest, "nodes" | "isBound"> => ({ ...(nodes === undefined ? {} : { nodes }), ...(isBound === undefined ? {} : { isBound }) });

interface PagesOfProcess {
  readonly spec: DatabaseSpec | PageCacheSpec;
  readonly shares: readonly Share[];
  readonly unit: bigint;
  readonly paths: Paths;
}

function startOnPages(state: WorkloadState, workload: Workload, { spec, shares, unit, paths: how }: PagesOfProcess): void {
  const { kernel } = state;
  linesOf(spec, spec.size);
  const process = begin(state, workload, spec.threads, "onSigbus" in spec && spec.onSigbus === "survive");
  allocateAll(kernel, shares, { pid: process.pid, owner: spec.name, unit, ...placed(spec) });
  workload.size = spec.size;
  workload.dirtySize = shares[0]?.size ?? 0n;
  addStreams(state, workload, spec, spec.size, { requesters: process.threads, paths: how, view: () => ({ kind: "pages", pid: process.pid, segments: [], seen: -1 }) });
}

function startDatabase(state: WorkloadState, workload: Workload, spec: DatabaseSpec): void {
  const dirty = partOf(spec.size, spec.unit === basePage ? spec.dirty : Number(percent), spec.unit);
  const kind = spec.unit === basePage ? "anon" : "hugetlb";
  startOnPages(state, workload, { spec, unit: spec.unit, paths: paths("user-load", "copy-from-user", spec.copies), shares: [{ kind, size: dirty }, { kind: "swap-clean", size: spec.size - dirty }] });
}

function startPageCache(state: WorkloadState, workload: Workload, spec: PageCacheSpec): void {
  const dirty = partOf(spec.size, spec.dirty, basePage);
  startOnPages(state, workload, { spec, unit: basePage, paths: paths("user-load", "kernel-load", spec.kernelReads), shares: [{ kind: "file-dirty", size: dirty }, { kind: "file-clean", size: spec.size - dirty }] });
}

function startKernelUser(state: WorkloadState, workload: Workload, spec: KernelUserSpec): void {
  const { kernel } = state;
  linesOf(spec, spec.size);
  const segments = segmentsOf(kernel, allocatePages(kernel, { kind: spec.pages, size: spec.size, pid: 0, owner: spec.name, ...placed(spec) }));
  workload.size = spec.size;
  workload.dirtySize = spec.size;
  const here = segments.reduce((sum, { size }) => sum + BigInt(size), 0n);
  if (here === 0n) return;
  const pace: Pace = { ...spec, period: Math.max(1, Number((BigInt(spec.period) * spec.size) / here)) };
  addStreams(state, workload, pace, here, { requesters: Array.from({ length: spec.threads }, () => takeRequester(kernel)), paths: paths("kernel-load"), view: () => ({ kind: "held", segments }) });
}

function startKernelReader(state: WorkloadState, workload: Workload, spec: KernelReaderSpec): void {
  mapKernelRange(state.kernel, spec.start, spec.size, spec.name);
  workload.size = spec.size;
  workload.dirtySize = spec.size;
  addStreams(state, workload, spec, spec.size, { requesters: [takeRequester(state.kernel)], paths: paths("kernel-load"), view: () => ({ kind: "range", start: spec.start }) });
}

interface Holder {
  readonly name: string;
  readonly process: Process | null;
  readonly term: "short" | "long";
  /** Virtual nanoseconds from now; absent: until somebody drops it. */
  readonly release?: number;
}

/** Pins all of a dax device, as a file or as System RAM. @throws SystemError ENODEV, EFAULT */
function pinDevice(kernel: Kernel, deviceName: string, { name, process, term, release }: Holder): HeldPin {
  const device: Device = daxDeviceNamed(kernel, deviceName);
  const file = daxDeviceOf(device);
  const [range] = file.ranges;
  if (device.driver?.name === "kmem" && range !== undefined) {
    const reference = referencePages(kernel, name, range.start, range.size, { pid: process?.pid ?? 0, kind: term });
    if (release !== undefined) dropReferenceLater(kernel, reference, release);
    return { kind: "pages", id: reference.id };
  }
  const pin = pinPages(kernel, name, file, 0n, fileSize(file), { pid: process?.pid ?? 0, kind: term });
  if (release !== undefined) unpinLater(kernel, pin, release);
  return { kind: "file", id: pin.id };
}

function segmentsOfDevice(kernel: Kernel, name: string): Segment[] {
  return daxDeviceOf(daxDeviceNamed(kernel, name)).ranges.map(({ start, size, fileOffset }) => ({ offset: Number(fileOffset), start, size: Number(size) }));
}

/** A device has the addresses of what it was given, whatever becomes of the mapping. */
function startDma(state: WorkloadState, workload: Workload, pace: Pace, device: string): void {
  const segments = segmentsOfDevice(state.kernel, device);
  const size = segments.reduce((sum, segment) => sum + BigInt(segment.size), 0n);
  workload.size = size;
  addStreams(state, workload, pace, size, { requesters: [takeRequester(state.kernel)], paths: devicePaths, view: () => ({ kind: "held", segments }), isDevice: true });
}

function startRdma(state: WorkloadState, workload: Workload, spec: RdmaSpec): void {
  const process = begin(state, workload, 0);
  workload.pin = pinDevice(state.kernel, spec.device, { name: spec.name, process, term: "long" });
  startDma(state, workload, spec, spec.device);
  workload.dirtySize = workload.size;
}

/** The workload of a name. @throws SystemError ENOENT */
export function workloadNamed(state: WorkloadState, name: string): Workload {
  const found = state.workloads.find((workload) => workload.spec.name === name);
  if (found === undefined) throw new SystemError("ENOENT", `no workload "${name}"`);
  return found;
}

function startAssignedDevice(state: WorkloadState, workload: Workload, spec: AssignedDeviceSpec): void {
  const owner = workloadNamed(state, spec.vm);
  if (owner.spec.kind !== "vm") throw new SystemError("EINVAL", `${spec.name}: ${spec.vm} is no virtual machine`);
  workload.pin = pinDevice(state.kernel, owner.spec.device, { name: spec.name, process: owner.process, term: "long" });
  startDma(state, workload, spec, owner.spec.device);
}

function startPin(state: WorkloadState, workload: Workload, spec: PinSpec): void {
  const process = spec.owner === undefined ? null : workloadNamed(state, spec.owner).process;
  workload.pin = pinDevice(state.kernel, spec.device, { name: spec.name, process, term: spec.term ?? "long", ...(spec.release === undefined ? {} : { release: spec.release }) });
}

/** Starts a life of a workload. @throws SystemError ENODEV, ENXIO, EINVAL, EFAULT, ENOMEM */
export function startLife(state: WorkloadState, workload: Workload): void {
  const { spec } = workload;
  switch (spec.kind) {
    case "vm": return startVm(state, workload, spec);
    case "database": return startDatabase(state, workload, spec);
    case "pageCache": return startPageCache(state, workload, spec);
    case "kernelUser": return startKernelUser(state, workload, spec);
    case "kernelReader": return startKernelReader(state, workload, spec);
    case "rdma": return startRdma(state, workload, spec);
    case "assignedDevice": return startAssignedDevice(state, workload, spec);
    case "pin": return startPin(state, workload, spec);
  }
}
