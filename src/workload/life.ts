// Deaths and returns: a process that was killed leaves its pages, mappings and pins, is out of service, and starts anew when its memory is there again.

import { SystemError } from "../kernel/base/errno.ts";
import type { Kernel } from "../kernel/base/kernel.ts";
import { mark } from "../kernel/base/kernel.ts";
import type { Device } from "../kernel/base/device.ts";
import { daxBus, daxDeviceOf } from "../kernel/dax/types.ts";
import { dropReference } from "../kernel/mm/page-reference.ts";
import { freeProcessPages } from "../kernel/mm/pages.ts";
import { unpin } from "../kernel/mm/pin.ts";
import { isAlive } from "../kernel/mm/process.ts";
import { interleaveOffsets } from "../platform/interleave.ts";
import { startLife } from "./start.ts";
import type { WorkloadSpec } from "./specs.ts";
import type { Workload, WorkloadOutcome, WorkloadState } from "./state.ts";

export function createWorkload(spec: WorkloadSpec): Workload {
  return { spec, streams: [], process: null, size: 0n, dirtySize: 0n, pin: null, killedAt: null, deaths: 0, downSince: null, upAt: null, asked: "", backAt: null, downtime: 0, hasLost: false, bytesLost: 0n, errors: 0, signals: 0, checks: 0, accesses: 0 };
}

function dropPin(kernel: Kernel, workload: Workload): void {
  const { pin } = workload;
  workload.pin = null;
  if (pin?.kind === "file") unpin(kernel, pin.id);
  else if (pin !== null) dropReference(kernel, pin.id);
}

/** Name of the workload with whose process this one ends; undefined: it stands alone, or holds on for ever. */
function ownerOf({ spec }: Workload): string | undefined {
  if (spec.kind === "assignedDevice") return spec.releases === "with-owner" ? spec.vm : undefined;
  return spec.kind === "pin" ? spec.owner : undefined;
}

const dependents = (state: WorkloadState, workload: Workload): Workload[] => state.workloads.filter((one) => ownerOf(one) === workload.spec.name);

/** Threads touch nothing more; what is in flight still completes, and then they are forgotten. */
function endStreams(workload: Workload): void {
  for (const stream of workload.streams) {
    stream.isEnded = true;
    workload.accesses += stream.index;
  }
  workload.streams.length = 0;
}

function bury(state: WorkloadState, workload: Workload, at: number, pid: number): void {
  workload.killedAt ??= at;
  workload.deaths++;
  workload.downSince = at;
  workload.upAt = null;
  workload.asked = "";
  workload.bytesLost = workload.dirtySize > workload.bytesLost ? workload.dirtySize : workload.bytesLost;
  freeProcessPages(state.kernel, pid);
  for (const one of [workload, ...dependents(state, workload)]) {
    endStreams(one);
    dropPin(state.kernel, one);
  }
}

const restartOf = ({ spec }: Workload): number | undefined => ("restart" in spec ? spec.restart : undefined);

/** Whether a device's memory answers: a load of its first line, and of one behind every bit of interleave, gives data. */
function doesAnswer({ platform: { memory } }: Kernel, device: Device): boolean {
  return daxDeviceOf(device).ranges.every(({ start: base, size }) => interleaveOffsets.filter((step) => step < size).every((step) => (memory.route(base + step)?.readLatency ?? 0) > 0 && memory.load(base + step, 8).status === "ok"));
}

/** Whether what it needs is there again. Asked of the hardware only when answers may have changed since. */
function isMemoryThere({ kernel }: WorkloadState, workload: Workload): boolean {
  const { spec } = workload;
  if (spec.kind !== "vm" && spec.kind !== "rdma") return true;
  const device = kernel.busNames.get(daxBus)?.get(spec.device);
  if (device === undefined || !daxDeviceOf(device).isAlive) return false;
  const asked = `${kernel.platform.memory.routeGeneration} ${device.id}`;
  if (workload.asked === asked) return false;
  workload.asked = asked;
  return doesAnswer(kernel, device);
}

function revive(state: WorkloadState, workload: Workload, now: number): void {
  try {
    startLife(state, workload);
    for (const one of dependents(state, workload)) startLife(state, one);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    workload.upAt = now + Math.max(1, restartOf(workload) ?? 1);
    return;
  }
  workload.downtime += now - (workload.downSince ?? now);
  workload.downSince = null;
  workload.upAt = null;
  workload.backAt = now;
  mark(state.kernel, `workload ${workload.spec.name} in service again`);
}

/** Sees to those that died, whose memory is back, whose time has come. */
export function attend(state: WorkloadState, now: number): void {
  for (const workload of state.workloads) {
    const { process, downSince } = workload;
    if (process !== null && downSince === null && !isAlive(process)) bury(state, workload, process.death?.at ?? now, process.pid);
    const restart = restartOf(workload);
    if (workload.downSince === null || restart === undefined) continue;
    if (workload.upAt === null && isMemoryThere(state, workload)) workload.upAt = now + restart;
    if (workload.upAt !== null && workload.upAt <= now) revive(state, workload, now);
  }
}

/** Virtual time of the earliest return to service, or -1. */
export function nextAttention(state: WorkloadState): number {
  let earliest = -1;
  for (const { upAt } of state.workloads) if (upAt !== null && (earliest < 0 || upAt < earliest)) earliest = upAt;
  return earliest;
}

/** Bytes of its memory whose contents are gone: all that was nowhere else when it was killed, and when what it lives on failed under it. */
function lostBytes(workload: Workload): bigint {
  const { process, hasLost, dirtySize, bytesLost } = workload;
  const isHit = hasLost || (process !== null && !isAlive(process));
  return isHit && dirtySize > bytesLost ? dirtySize : bytesLost;
}

/** What became of a workload by now. A pin or device alone is never killed. */
export function outcomeOf(workload: Workload, now: number): WorkloadOutcome {
  const { spec, killedAt, downSince, downtime, backAt } = workload;
  return {
    name: spec.name, kind: spec.kind, killed: killedAt !== null, killedAtNs: killedAt, downtimeNs: downtime + (downSince === null ? 0 : now - downSince),
    backAtNs: downSince === null ? backAt : null, restartNs: restartOf(workload) ?? null, bytes: String(workload.size), bytesLost: String(lostBytes(workload)),
    toleratesLoss: "toleratesLoss" in spec && spec.toleratesLoss === true, errors: workload.errors, signals: workload.signals,
  };
}

/** Somebody who was killed is to be in service again at a known time. */
export const isReturning = (state: WorkloadState): boolean => state.workloads.some(({ upAt }) => upAt !== null);
