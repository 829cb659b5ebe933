// Drives every thread: issues what is due, takes what is answered, hands machine checks to the kernel. Called by the sandbox's loop.

import { consume, flushMachineChecks } from "../kernel/mce/machine-check.ts";
import { decide } from "../kernel/mce/decide.ts";
import type { Kernel } from "../kernel/base/kernel.ts";
import { sendSigbus, translate } from "../kernel/mm/mapping.ts";
import { isAlive } from "../kernel/mm/process.ts";
import type { Completion } from "../platform/platform.ts";
import { isActive, isObserved, kindAt, observe, refresh, skip, tablesOf } from "./aggregate.ts";
import type { CountingMode, Outstanding, Stream, WorkloadMetrics, WorkloadState } from "./state.ts";
import { offsetAt } from "./stream.ts";

/** `exact`: every request is issued. `aggregated`: the same counts, with what is predictable counted in closed form. */
export function createWorkloadState(kernel: Kernel, mode: CountingMode): WorkloadState {
  return { kernel, mode, streams: [], byRequester: new Map(), processes: [], counts: { issued: 0, completed: 0, machineChecks: 0, droppedWrites: 0, onesReads: 0, skipped: 0 } };
}

/** May the thread put another request on the way? */
function mayIssue(state: WorkloadState, stream: Stream): boolean {
  return isActive(stream) && stream.outstanding.length < stream.plan.outstanding && !state.kernel.platform.memory.isStalled(stream.plan.requester);
}

/** Virtual time of the earliest request that can be issued, or -1. A thread that is held up is woken by an answer, not by time. */
export function nextIssue(state: WorkloadState): number {
  let earliest = -1;
  for (const stream of state.streams) {
    if ((earliest < 0 || stream.nextAt < earliest) && mayIssue(state, stream)) earliest = stream.nextAt;
  }
  return earliest;
}

function settle(state: WorkloadState, stream: Stream, completion: Completion): void {
  const at = stream.outstanding.findIndex((request) => request.kind === completion.kind && request.address === completion.address);
  const request = stream.outstanding[Math.max(at, 0)];
  if (request === undefined) return;
  stream.outstanding.splice(Math.max(at, 0), 1);
  if (request.generation !== state.kernel.platform.memory.routeGeneration || request.generation !== stream.observed.generation) return;
  if (request.table >= 0) observe(stream.observed, completion.kind, request.table, completion.status, completion.completedAt - request.askedAt);
  else if (completion.status !== "ok" && completion.status !== stream.observed.writeStatus) stream.observed.isDisturbed = true;
}

function takeOne(state: WorkloadState, completion: Completion): void {
  const stream = state.byRequester.get(completion.requester);
  if (stream === undefined) return;
  state.counts.completed++;
  settle(state, stream, completion);
  if (completion.kind === "write") {
    if (completion.status === "dropped") state.counts.droppedWrites++;
    return;
  }
  if (completion.status === "ones") state.counts.onesReads++;
  const { toucher } = stream;
  const consumer = toucher.kind === "kernel" ? { context: "KERNEL" as const, name: toucher.name } : { context: "USER" as const, process: toucher.process };
  if (decide({ kind: "read", status: completion.status, context: consumer.context }) !== undefined) state.counts.machineChecks++;
  consume(state.kernel, completion.requester, completion.status, completion.address, consumer);
}

function takeCompletions(state: WorkloadState): void {
  const { memory } = state.kernel.platform;
  for (let completion = memory.takeCompletion(); completion !== undefined; completion = memory.takeCompletion()) takeOne(state, completion);
}

/** Physical address of the next request; a touch of a revoked or dead mapping kills the process instead (S86, S87). */
function addressOfNext(state: WorkloadState, stream: Stream): bigint | undefined {
  const offset = BigInt(offsetAt(stream.plan, stream.index));
  const { toucher } = stream;
  if (toucher.kind === "kernel") return toucher.start + offset;
  const address = translate(state.kernel, toucher.mapping, offset);
  if (address === undefined) sendSigbus(state.kernel, toucher.process, "BUS_ADRERR", toucher.mapping.offset + offset);
  return address;
}

function describe(state: WorkloadState, stream: Stream, kind: "read" | "write", address: bigint, now: number): Outstanding {
  const { memory } = state.kernel.platform;
  const generation = memory.routeGeneration;
  if (state.mode === "exact") return { kind, address, askedAt: now, generation, table: -1 };
  refresh(stream, generation);
  const wanted = tablesOf(state, stream).some((table) => !isObserved(stream.observed, kind, table.table));
  return { kind, address, askedAt: now, generation, table: wanted ? (memory.route(address)?.table ?? -1) : -1 };
}

/** Issues one request; the next one is a period later, or later than that when this one came late. False: nobody takes requests any more, the host is gone. */
function issueOne(state: WorkloadState, stream: Stream, now: number): boolean {
  const address = addressOfNext(state, stream);
  if (address === undefined) return true;
  const kind = kindAt(stream);
  const request = describe(state, stream, kind, address, now);
  const { memory } = state.kernel.platform;
  if (!memory.issue(stream.plan.requester, kind, address, BigInt(stream.index))) return false;
  // A fault that matched this very request has changed the route before it went on its way.
  stream.outstanding.push(memory.routeGeneration === request.generation ? request : { ...request, generation: memory.routeGeneration, table: -1 });
  stream.index++;
  stream.nextAt = Math.max(stream.nextAt, now) + stream.plan.period;
  state.counts.issued++;
  return true;
}

/** The stream whose request is due first; of equals the one that was started first. */
function firstDue(state: WorkloadState, now: number): Stream | undefined {
  let first: Stream | undefined;
  for (const stream of state.streams) {
    if (stream.nextAt <= now && (first === undefined || stream.nextAt < first.nextAt) && mayIssue(state, stream)) first = stream;
  }
  return first;
}

/**
 * Takes answers, issues what is due now, and counts ahead where that is exact.
 * @param horizon virtual time of the next event that is not a workload's and not the undisturbed answer of a request; -1: none known
 * @throws KernelPanic a machine check was not recoverable
 */
export function run(state: WorkloadState, horizon: number): void {
  const now = state.kernel.platform.clock.now;
  takeCompletions(state);
  for (let stream = firstDue(state, now); stream !== undefined; stream = firstDue(state, now)) {
    const isTaken = issueOne(state, stream, now);
    takeCompletions(state);
    if (!isTaken) break;
  }
  flushMachineChecks(state.kernel);
  skip(state, now, horizon);
}

export function metricsOf(state: WorkloadState): WorkloadMetrics {
  const killed = state.processes.filter((process) => !isAlive(process)).length;
  return { ...state.counts, killed, survived: state.processes.length - killed };
}
