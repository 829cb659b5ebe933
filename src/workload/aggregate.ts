// Counting requests in closed form: when nothing can change an answer before a known instant, the requests up to shortly before it are counted,
// not issued; those after it are issued, so that what is in flight at the instant is what one-by-one would have there (design rule 7).

import { poisonWithin } from "../kernel/mm/poison.ts";
import { isAlive } from "../kernel/mm/process.ts";
import { freeAt } from "./holds.ts";
import type { Observed, Outstanding, Stream, TableView, View, WorkloadState } from "./state.ts";
import { account, forgetCycles, repeatTurn } from "./storm.ts";
import { countBefore, entriesHeld, isRead, probeOffsets, readsBefore } from "./stream.ts";
import { peekAddress } from "./touch.ts";

/** A skip must save more than this many latencies to be worth it. */
const worthwhile = 4;

export const freshObserved = (): Observed => ({ generation: -1, tables: undefined, answers: new Map(), isDisturbed: false, writeStatus: null });

/** Forgets what was seen under an older route generation. */
export function refresh(stream: Stream, generation: number): void {
  const observed = stream.observed;
  if (observed.generation === generation) return;
  observed.generation = generation;
  observed.tables = undefined;
  observed.answers.clear();
  observed.isDisturbed = false;
  observed.writeStatus = null;
}

/** Pieces of the walk that are contiguous in physical memory. */
function piecesOf(view: View, end: number): { readonly offset: number; readonly size: number }[] {
  if (view.kind === "range") return [{ offset: 0, size: end }];
  const pieces = view.kind === "mapping" ? view.mapping.file.ranges.map(({ fileOffset, size }) => ({ offset: Number(fileOffset - view.mapping.offset), size: Number(size) })) : view.segments;
  return pieces.filter(({ offset }) => offset < end).map(({ offset, size }) => ({ offset, size: Math.min(size, end - offset) }));
}

/** Adds the tables of one piece. Sums of the probed offsets reach every combination of address bits that interleave uses. False: something is not routed. */
function addTables(state: WorkloadState, stream: Stream, piece: { readonly offset: number; readonly size: number }, found: Map<number, TableView>): boolean {
  const { memory } = state.kernel.platform;
  const bits: number[] = [];
  const tableAt = (offset: number): number => {
    const address = peekAddress(stream.view, piece.offset + offset);
    const route = address === undefined ? undefined : memory.route(address);
    if (route === undefined) return -1;
    found.set(route.table, { table: route.table, capacity: route.capacity, latency: Math.max(route.readLatency, route.writeLatency) });
    return route.table;
  };
  const base = tableAt(0);
  let isRouted = base >= 0;
  for (const offset of probeOffsets(stream.plan, piece.size).slice(1)) {
    const table = tableAt(offset);
    if (table < 0) isRouted = false;
    if (table !== base) bits.push(offset);
  }
  for (let combination = 1; isRouted && combination < 2 ** bits.length; combination++) {
    const offset = bits.reduce((sum, step, bit) => sum + (((combination >> bit) & 1) !== 0 ? step : 0), 0);
    if (offset < piece.size && tableAt(offset) < 0) isRouted = false;
  }
  return isRouted;
}

/** Tables the stream touches. */
function findTables(state: WorkloadState, stream: Stream): readonly TableView[] {
  const found = new Map<number, TableView>();
  const pieces = piecesOf(stream.view, stream.plan.lines * stream.plan.stride);
  return pieces.length > 0 && pieces.every((piece) => addTables(state, stream, piece, found)) ? [...found.values()] : [];
}

export function tablesOf(state: WorkloadState, stream: Stream): readonly TableView[] {
  stream.observed.tables ??= findTables(state, stream);
  return stream.observed.tables;
}

/** Whether a probe of this kind at this table is still wanted. */
export const isObserved = (observed: Observed, kind: "read" | "write", table: number): boolean => observed.answers.has(`${kind}:${table}`);

/** Takes note of an answer to a request issued under the current generation. */
export function observe(observed: Observed, kind: "read" | "write", table: number, status: string, latency: number): void {
  const isBenign = status === "ok" || (kind === "write" && status === "dropped");
  if (!isBenign) observed.isDisturbed = true;
  else if (kind === "write") {
    const answer = status === "ok" ? "ok" : "dropped";
    if (observed.writeStatus !== null && observed.writeStatus !== answer) observed.isDisturbed = true;
    observed.writeStatus = answer;
  }
  const key = `${kind}:${table}`;
  if (isBenign) observed.answers.set(key, Math.max(latency, observed.answers.get(key) ?? 0));
}

/** Longest answer the stream has to expect. */
export function latencyOf(stream: Stream): number {
  const known = (stream.observed.tables ?? []).map((table) => table.latency);
  return Math.max(1, ...known, ...stream.observed.answers.values());
}

/** A page of a process is known to be lost: a touch of it is a signal, and no request. */
const isAnyLost = ({ kernel }: WorkloadState, view: View): boolean => view.kind === "pages" && view.segments.some(({ start, size }) => poisonWithin(kernel, { start, end: start + BigInt(size) }).length > 0);

/** Everything about one stream that a skip needs. */
function isPredictable(state: WorkloadState, stream: Stream, now: number): boolean {
  const { view, observed, plan } = stream;
  if (view.kind === "mapping" && !view.mapping.file.isAlive) return false;
  if (freeAt(state.holds, stream.cpu) > now || stream.waiting.length > 0 || isAnyLost(state, view)) return false;
  const tables = tablesOf(state, stream);
  if (tables.length === 0 || observed.isDisturbed) return false;
  const kinds = (["read", "write"] as const).filter((kind) => (kind === "read" ? plan.reads > 0 : plan.reads < plan.of));
  if (!tables.every((table) => kinds.every((kind) => isObserved(observed, kind, table.table)))) return false;
  if (entriesHeld(latencyOf(stream), plan.period) + overdue(stream, now) > plan.outstanding) return false;
  return stream.outstanding.every((request) => request.generation === observed.generation || isOverdue(stream, request, now));
}

/** A request whose answer is late: it holds an entry until an event of the hardware, which no skip crosses, or until it is answered after all. */
const isOverdue = (stream: Stream, request: Outstanding, now: number): boolean => request.askedAt + latencyOf(stream) < now;

const overdue = (stream: Stream, now: number): number => stream.outstanding.reduce((sum, request) => sum + (isOverdue(stream, request, now) ? 1 : 0), 0);

/** No table can fill up, whatever the phases are. */
function fits(streams: readonly Stream[], now: number): boolean {
  const held = new Map<number, { entries: number; readonly capacity: number }>();
  for (const stream of streams) {
    for (const table of stream.observed.tables ?? []) {
      const sum = held.get(table.table) ?? { entries: 0, capacity: table.capacity };
      sum.entries += entriesHeld(latencyOf(stream), stream.plan.period) + overdue(stream, now);
      held.set(table.table, sum);
    }
  }
  return [...held.values()].every((sum) => sum.entries <= sum.capacity);
}

/** Whether a thread touches anything. */
export const isActive = ({ isEnded, plan, process }: Stream): boolean => !isEnded && plan.lines > 0 && (process === null || isAlive(process));

/** Longest answer that calm threads wait for. */
const guardOf = (streams: readonly Stream[]): number => Math.max(0, ...streams.map(latencyOf)) + 1;

/** Counts calm threads' requests before `horizon`, all but the last of them. */
function skipCalm(state: WorkloadState, streams: readonly Stream[], now: number, horizon: number): number {
  const guard = guardOf(streams);
  const resume = horizon - guard;
  if (streams.length === 0 || resume - now < guard * worthwhile) return 0;
  return streams.reduce((total, stream) => total + skipOne(state, stream, resume), 0);
}

/** When the first of the others does something by itself; -1: one of them waits for an answer. */
function nextOf(state: WorkloadState, streams: readonly Stream[]): number {
  if (streams.some((stream) => stream.outstanding.length > 0)) return -1;
  return Math.min(...streams.map((stream) => Math.max(stream.nextAt, freeAt(state.holds, stream.cpu))));
}

const sharesTable = (one: Stream, other: Stream): boolean => other.observed.tables?.some(({ table }) => one.observed.tables?.some((own) => own.table === table)) === true;

/** Calm threads that the others do not reach: they have processors and ports of their own. */
function apart(state: WorkloadState, storm: readonly Stream[], calm: readonly Stream[], now: number): readonly Stream[] {
  if (state.holds.all > now || state.cycles.reachesAll) return [];
  const others = [...storm];
  let free = calm;
  for (let before = -1; free.length !== before; ) {
    before = free.length;
    free = free.filter((stream) => !others.some((other) => (stream.cpu >= 0 && other.cpu === stream.cpu) || sharesTable(stream, other)));
    for (const stream of calm) if (!free.includes(stream) && !others.includes(stream)) others.push(stream);
  }
  return fits(free, now) ? free : [];
}

/** Some threads meet errors, the others (calm ones) do not notice: these up to the next thing that happens, those in whole turns. */
function skipStorm(state: WorkloadState, storm: readonly Stream[], calm: readonly Stream[], now: number, horizon: number): number {
  for (const stream of storm) tablesOf(state, stream);
  const free = apart(state, storm, calm, now);
  const others = free.length === calm.length ? storm : [...storm, ...calm.filter((stream) => !free.includes(stream))];
  const before = state.counts.skipped;
  const reached = repeatTurn(state, others, now, horizon - guardOf(free));
  if (reached > now) for (const stream of free) skipOne(state, stream, reached);
  else {
    const next = nextOf(state, others);
    if (next > now) skipCalm(state, free, now, Math.min(horizon, next));
  }
  return state.counts.skipped - before;
}

/**
 * Counts what can be counted before `horizon`, the next instant at which something else happens. Returns how many requests that were.
 * A stream over several ports is accounted under its first.
 */
export function skip(state: WorkloadState, now: number, horizon: number): number {
  const { memory } = state.kernel.platform;
  if (state.mode !== "aggregated" || horizon <= now || memory.countsRequests) {
    forgetCycles(state.cycles);
    return 0;
  }
  const streams = state.streams.filter(isActive);
  const generation = memory.routeGeneration;
  if (generation !== state.cycles.generation || horizon !== state.cycles.horizon) forgetCycles(state.cycles);
  state.cycles.generation = generation;
  state.cycles.horizon = horizon;
  for (const stream of streams) refresh(stream, generation);
  const calm = streams.filter((stream) => isPredictable(state, stream, now));
  if (calm.length < streams.length) return skipStorm(state, streams.filter((stream) => !calm.includes(stream)), calm, now, horizon);
  return fits(calm, now) ? skipCalm(state, calm, now, horizon) : 0;
}

function skipOne(state: WorkloadState, stream: Stream, resume: number): number {
  const { plan } = stream;
  const count = countBefore(stream.nextAt, plan.period, resume);
  if (count === 0) return 0;
  const reads = readsBefore(plan, stream.index + count) - readsBefore(plan, stream.index);
  const writes = count - reads;
  const dropped = stream.observed.writeStatus === "dropped" ? writes : 0;
  stream.index += count;
  stream.nextAt += count * plan.period;
  state.counts.issued += count;
  state.counts.completed += count;
  state.counts.skipped += count;
  state.counts.droppedWrites += dropped;
  account(state, stream, reads, writes, dropped);
  return count;
}

export const kindAt = (stream: Stream): "read" | "write" => (isRead(stream.plan, stream.index) ? "read" : "write");
