// A storm that has come to a steady turn, in closed form (design rule 7): when no thread has anything under way and every one of them stands to its time, its
// place in the mix and its processor as it stood a while ago, what happened in between happens again, over and over, until something else does.

import type { CheckOutcome, ConsumedAccess } from "../kernel/mce/consumption.ts";
import { repeatChecks } from "../kernel/mce/machine-check.ts";
import { repeatKernelTime } from "../kernel/watchdog/processors.ts";
import { failureLock } from "../kernel/mce/memory-failure.ts";
import { freeAt as processorFreeAt } from "./holds.ts";
import type { Stream, Workload, WorkloadState } from "./state.ts";
import { readsBefore, roundOf } from "./stream.ts";

/** Checks of one thread by one path since the record began. */
interface Tally {
  readonly stream: Stream;
  readonly access: ConsumedAccess;
  checks: number;
  errors: number;
  signals: number;
}

interface Snapshot {
  readonly at: number;
  readonly indexes: readonly number[];
  readonly tallies: ReadonlyMap<string, { readonly checks: number; readonly errors: number; readonly signals: number }>;
}

/** What was seen since something other than these threads last happened. */
export interface Cycles {
  generation: number;
  horizon: number;
  /** Request of the first thread at the last snapshot. */
  lastIndex: number;
  /** A check held every processor: nobody is left alone by the storm. */
  reachesAll: boolean;
  readonly snapshots: Map<string, Snapshot>;
  readonly tallies: Map<string, Tally>;
}

export const createCycles = (): Cycles => ({ generation: -1, horizon: -1, lastIndex: -1, reachesAll: false, snapshots: new Map(), tallies: new Map() });

/** A turn that is longer than this many requests of its first thread is not looked for. */
const mostSnapshots = 2048;

export function forgetCycles(cycles: Cycles): void {
  cycles.snapshots.clear();
  cycles.tallies.clear();
  cycles.lastIndex = -1;
  cycles.reachesAll = false;
}

/** Takes note of an answer that was an error. */
export function noteCheck(state: WorkloadState, stream: Stream, access: ConsumedAccess, outcome: CheckOutcome): void {
  if (state.mode !== "aggregated") return;
  const { tallies } = state.cycles;
  if (outcome.busyAll > 0) state.cycles.reachesAll = true;
  const key = `${stream.plan.requester}:${access.path}`;
  let tally = tallies.get(key);
  if (tally === undefined) tallies.set(key, (tally = { stream, access, checks: 0, errors: 0, signals: 0 }));
  tally.checks += outcome.checks;
  if (outcome.error !== null) tally.errors++;
  else if (outcome.checks > 0) tally.signals++;
}

/** Addresses change from turn to turn. That is no matter where all of them are answered alike: a device file on one port, or addresses that a device keeps. */
function isUniform(stream: Stream): boolean {
  const { view, observed } = stream;
  const isLasting = view.kind === "held" || (view.kind === "mapping" && view.mapping.file.isAlive);
  return isLasting && observed.tables?.length === 1;
}

const isAtRest = (stream: Stream): boolean => stream.outstanding.length === 0 && stream.waiting.length === 0;

function signatureOf(state: WorkloadState, streams: readonly Stream[], now: number): string {
  const parts = streams.map((stream) => `${Math.max(stream.nextAt, processorFreeAt(state.holds, stream.cpu), now) - now}/${stream.index % roundOf(stream.paths, stream.plan)}/${stream.plan.requester}`);
  return parts.join(" ");
}

const snapshotOf = (state: WorkloadState, streams: readonly Stream[], now: number): Snapshot =>
  ({ at: now, indexes: streams.map(({ index }) => index), tallies: new Map([...state.cycles.tallies].map(([key, { checks, errors, signals }]) => [key, { checks, errors, signals }])) });

/** The turn that ends now, if there is one: its beginning. Takes note of this moment otherwise. */
function turnOf(state: WorkloadState, streams: readonly Stream[], now: number): Snapshot | undefined {
  const { cycles } = state;
  const [first] = streams;
  if (first === undefined || first.index === cycles.lastIndex || !streams.every(isAtRest) || !streams.every(isUniform)) return undefined;
  cycles.lastIndex = first.index;
  const signature = signatureOf(state, streams, now);
  const before = cycles.snapshots.get(signature);
  if (cycles.snapshots.size >= mostSnapshots) forgetCycles(cycles);
  cycles.snapshots.set(signature, snapshotOf(state, streams, now));
  return before;
}

interface Repeat {
  readonly before: Snapshot;
  readonly turns: number;
  /** Virtual ns of all of them. */
  readonly span: number;
}

/** Most requests of one record of the trace, which has 32 bits for them. */
const mostAccounted = 0xffff_ffff;

/** Tells the hardware's trace of requests that were counted, under the first port that they go through. */
export function account({ kernel }: WorkloadState, stream: Stream, reads: number, writes: number, dropped: number): void {
  const table = stream.observed.tables?.[0]?.table ?? 0;
  let [readsLeft, writesLeft, droppedLeft] = [reads, writes, dropped];
  do {
    const part = [Math.min(readsLeft, mostAccounted), Math.min(writesLeft, mostAccounted), Math.min(droppedLeft, mostAccounted)] as const;
    kernel.platform.memory.account(table, ...part);
    readsLeft -= part[0];
    writesLeft -= part[1];
    droppedLeft -= part[2];
  } while (readsLeft + writesLeft > 0);
}

function repeatRequests(state: WorkloadState, stream: Stream, count: number, span: number): void {
  const { plan } = stream;
  const reads = readsBefore(plan, stream.index + count) - readsBefore(plan, stream.index);
  const writes = count - reads;
  const dropped = stream.observed.writeStatus === "ok" ? 0 : writes;
  stream.index += count;
  stream.nextAt += span;
  state.counts.issued += count;
  state.counts.completed += count;
  state.counts.skipped += count;
  state.counts.droppedWrites += dropped;
  account(state, stream, reads, writes, dropped);
}

function repeatTally(state: WorkloadState, key: string, tally: Tally, { before, turns }: Repeat): void {
  const then = before.tallies.get(key) ?? { checks: 0, errors: 0, signals: 0 };
  const checks = (tally.checks - then.checks) * turns;
  const workload: Workload = tally.stream.workload;
  workload.errors += (tally.errors - then.errors) * turns;
  workload.signals += (tally.signals - then.signals) * turns;
  workload.checks += checks;
  repeatChecks(state.kernel, tally.access, checks);
}

/** Processors stand as they do now, `span` later. */
function shift({ holds }: WorkloadState, now: number, span: number): void {
  for (const [cpu, until] of holds.until) if (until > now) holds.until.set(cpu, until + span);
  if (holds.all > now) holds.all += span;
}

/**
 * Repeats the turn that ends now as often as it fits before `until`. Returns the virtual time up to which that is, or `now`: there is no turn, or no room.
 * @param streams the threads that are not calm
 */
export function repeatTurn(state: WorkloadState, streams: readonly Stream[], now: number, until: number): number {
  const before = turnOf(state, streams, now);
  if (before === undefined) return now;
  const length = now - before.at;
  const room = until - now;
  const turns = (room - (room % length)) / length;
  if (turns < 1) return now;
  const repeat: Repeat = { before, turns, span: turns * length };
  const lock = failureLock(state.kernel);
  const { freeAt } = lock;
  for (const [number, stream] of streams.entries()) repeatRequests(state, stream, (stream.index - (before.indexes[number] ?? stream.index)) * turns, repeat.span);
  for (const [key, tally] of state.cycles.tallies) repeatTally(state, key, tally, repeat);
  shift(state, now, repeat.span);
  repeatKernelTime(state.kernel, now, repeat.span);
  // Who waits for the lock now waits for it then: what was repeated is through by that time.
  lock.freeAt = freeAt > now ? freeAt + repeat.span : freeAt;
  forgetCycles(state.cycles);
  return now + repeat.span;
}
