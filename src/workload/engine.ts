// Drives every thread: issues what is due, takes what is answered, hands errors to the kernel and holds back whom its handler keeps. Called by the sandbox's loop.

import type { Kernel } from "../kernel/base/kernel.ts";
import { flushMachineChecks } from "../kernel/mce/machine-check.ts";
import { touchLost } from "../kernel/mce/signals.ts";
import { sendSigbus } from "../kernel/mm/mapping.ts";
import { basePage } from "../kernel/mm/page-types.ts";
import type { Process } from "../kernel/mm/process.ts";
import type { Completion } from "../platform/platform.ts";
import { isActive, isObserved, kindAt, observe, refresh, skip, tablesOf } from "./aggregate.ts";
import { consumeAnswer, isConsumed } from "./consume.ts";
import { createHolds, freeAt } from "./holds.ts";
import { attend, nextAttention } from "./life.ts";
import { refreshPlan } from "./plan.ts";
import type { CountingMode, Outstanding, Stream, WorkloadState } from "./state.ts";
import { createCycles } from "./storm.ts";
import { pathAt } from "./stream.ts";
import type { Touch } from "./touch.ts";
import { touch } from "./touch.ts";

/** `exact`: every request is issued. `aggregated`: the same counts, with what is predictable counted in closed form. */
export function createWorkloadState(kernel: Kernel, mode: CountingMode): WorkloadState {
  return { kernel, mode, workloads: [], streams: [], byRequester: new Map(), holds: createHolds(), cycles: createCycles(), counts: { issued: 0, completed: 0, droppedWrites: 0, onesReads: 0, skipped: 0 } };
}

/** May the thread put another request on the way, once its processor is free? */
function mayIssue(state: WorkloadState, stream: Stream): boolean {
  return isActive(stream) && stream.waiting.length === 0 && stream.outstanding.length < stream.plan.outstanding && !state.kernel.platform.memory.isStalled(stream.plan.requester);
}

/** When a thread's next request can go: it is due, and its processor is free. */
export const issueAt = (state: WorkloadState, stream: Stream): number => Math.max(stream.nextAt, freeAt(state.holds, stream.cpu));

/** Virtual time of the earliest thing a thread does by itself, or -1. A thread that is held up by the hardware is woken by an answer, not by time. */
export function nextIssue(state: WorkloadState): number {
  let earliest = nextAttention(state);
  for (const stream of state.streams) {
    const at = stream.waiting.length > 0 ? freeAt(state.holds, stream.cpu) : issueAt(state, stream);
    if ((earliest < 0 || at < earliest) && (stream.waiting.length > 0 || mayIssue(state, stream))) earliest = at;
  }
  return earliest;
}

function settle(state: WorkloadState, stream: Stream, completion: Completion): Outstanding | undefined {
  const at = stream.outstanding.findIndex((request) => request.kind === completion.kind && request.address === completion.address);
  const request = stream.outstanding[Math.max(at, 0)];
  if (request === undefined) return undefined;
  stream.outstanding.splice(Math.max(at, 0), 1);
  if (request.generation !== state.kernel.platform.memory.routeGeneration || request.generation !== stream.observed.generation) return request;
  if (request.table >= 0) observe(stream.observed, completion.kind, request.table, completion.status, completion.completedAt - request.askedAt);
  else if (completion.status !== "ok" && completion.status !== stream.observed.writeStatus) stream.observed.isDisturbed = true;
  return request;
}

function takeOne(state: WorkloadState, completion: Completion): void {
  const stream = state.byRequester.get(completion.requester);
  if (stream === undefined) return;
  state.counts.completed++;
  const path = settle(state, stream, completion)?.path ?? stream.paths.usual;
  if (completion.kind === "write") {
    if (completion.status === "dropped") state.counts.droppedWrites++;
    if (completion.status !== "ok") stream.workload.hasLost = true;
    return;
  }
  if (completion.status === "ones") state.counts.onesReads++;
  const isHeld = isActive(stream) && freeAt(state.holds, stream.cpu) > state.kernel.platform.clock.now;
  if (isHeld && isConsumed(completion.status)) stream.waiting.push({ completion, path });
  else consumeAnswer(state, stream, completion, path);
}

/** A processor that is free again takes the answer that came meanwhile: it loads once more, and finds the same. Loads of a thread that is no more were never taken. */
function takeWaiting(state: WorkloadState, now: number): void {
  for (const stream of state.streams) {
    if (!isActive(stream)) stream.waiting.length = 0;
    while (stream.waiting.length > 0 && freeAt(state.holds, stream.cpu) <= now) {
      const next = stream.waiting.shift();
      if (next !== undefined) consumeAnswer(state, stream, next.completion, next.path);
    }
  }
}

function takeCompletions(state: WorkloadState): void {
  const { memory } = state.kernel.platform;
  for (let completion = memory.takeCompletion(); completion !== undefined; completion = memory.takeCompletion()) takeOne(state, completion);
}

function describe(state: WorkloadState, stream: Stream, kind: "read" | "write", address: bigint, now: number): Outstanding {
  const { memory } = state.kernel.platform;
  const generation = memory.routeGeneration;
  const path = pathAt(stream.paths, stream.plan, stream.index, kind);
  if (state.mode === "exact") return { kind, address, askedAt: now, generation, table: -1, path };
  refresh(stream, generation);
  const wanted = tablesOf(state, stream).some((table) => !isObserved(stream.observed, kind, table.table));
  return { kind, address, askedAt: now, generation, table: wanted ? (memory.route(address)?.table ?? -1) : -1, path };
}

/** The thread has done its access, whatever came of it; the next one is a period later, or later than that when this one came late. */
function goOn(stream: Stream, now: number): void {
  stream.index++;
  stream.nextAt = Math.max(stream.nextAt, now) + stream.plan.period;
}

/** SIGBUS to who touches what is not there any more. Returns whether it killed him. */
const tell = (kernel: Kernel, process: Process, touched: Extract<Touch, { readonly is: "lost" | "revoked" }>): boolean =>
  touched.is === "revoked" ? sendSigbus(kernel, process, "BUS_ADRERR", touched.offset) : touchLost(kernel, process, touched.address, basePage);

/** Issues one request. False: nobody takes requests any more, the host is gone. */
function issueOne(state: WorkloadState, stream: Stream, now: number): boolean {
  const kind = kindAt(stream);
  const path = pathAt(stream.paths, stream.plan, stream.index, kind);
  const touched = touch(state.kernel, stream, path === stream.paths.other && path !== stream.paths.usual);
  if (touched.is === "address") return send(state, stream, kind, touched.address, now);
  if (touched.is === "error") stream.workload.errors++;
  else if (stream.process !== null && !tell(state.kernel, stream.process, touched)) stream.workload.signals++;
  goOn(stream, now);
  return true;
}

function send(state: WorkloadState, stream: Stream, kind: "read" | "write", address: bigint, now: number): boolean {
  const request = describe(state, stream, kind, address, now);
  const { memory } = state.kernel.platform;
  if (!memory.issue(stream.plan.requester, kind, address, BigInt(stream.index), stream.cpu < 0 ? "device" : "processor")) return false;
  // A fault that matched this very request has changed the route before it went on its way.
  stream.outstanding.push(memory.routeGeneration === request.generation ? request : { ...request, generation: memory.routeGeneration, table: -1 });
  goOn(stream, now);
  state.counts.issued++;
  return true;
}

/** The stream whose request is due first; of equals the one that was started first. */
function firstDue(state: WorkloadState, now: number): Stream | undefined {
  let first: Stream | undefined;
  let least = now + 1;
  for (const stream of state.streams) {
    const at = issueAt(state, stream);
    if (at < least && mayIssue(state, stream)) {
      first = stream;
      least = at;
    }
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
  takeWaiting(state, now);
  attend(state, now);
  for (const stream of state.streams) refreshPlan(state.kernel, stream);
  for (let stream = firstDue(state, now); stream !== undefined; stream = firstDue(state, now)) {
    const isTaken = issueOne(state, stream, now);
    takeCompletions(state);
    if (!isTaken) break;
    refreshPlan(state.kernel, stream);
  }
  flushMachineChecks(state.kernel);
  attend(state, now);
  // What has just been issued may have set off something.
  const disturbance = state.kernel.platform.memory.nextDisturbance;
  skip(state, now, disturbance < 0 ? horizon : Math.min(horizon, disturbance));
}
