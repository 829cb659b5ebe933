// Concurrency made explicit. Code that may wait is a generator made by `task()`; it yields waits, and the scheduler picks who goes next by
// a strategy, so that every race is an input. Nothing here knows what the tasks do.

import type { Candidate, ExploredStrategy } from "./explored.ts";
import { isHeldBack, pickExplored } from "./explored.ts";
import type { RandomState } from "./random.ts";
import { nextBelow } from "./random.ts";

/** What a task waits for. `point`: goes on when chosen. `sleep`: a virtual time. `until`: a wake-up of a named channel. A signal ends an interruptible wait. */
export type Wait =
  | { readonly kind: "point"; readonly name: string }
  | { readonly kind: "sleep"; readonly nanoseconds: number; readonly isInterruptible?: true }
  | { readonly kind: "until"; readonly channel: string; readonly isInterruptible?: true };

export type Task<T> = Generator<Wait, T, void>;

export const point = (name: string): Wait => ({ kind: "point", name });
export const sleep = (nanoseconds: number): Wait => ({ kind: "sleep", nanoseconds });
export const until = (channel: string): Wait => ({ kind: "until", channel });
export const sleepOrSignal = (nanoseconds: number): Wait => ({ kind: "sleep", nanoseconds, isInterruptible: true });
export const untilOrSignal = (channel: string): Wait => ({ kind: "until", channel, isInterruptible: true });

/** Counts tasks made and started: one made and never started is a forgotten `yield*`. */
export interface TaskLedger {
  readonly unstarted: Map<number, string>;
  made: number;
}

export function createTaskLedger(): TaskLedger {
  return { unstarted: new Map(), made: 0 };
}

/** Anything that carries the ledger of its run. */
export interface TaskContext {
  readonly tasks: TaskLedger;
}

/**
 * Wraps a generator function so that its calls are accounted for. The first argument must carry the run's ledger.
 * Use it as `yield* probe(kernel, device)` or hand it to `spawn`.
 */
export function task<C extends TaskContext, A extends readonly unknown[], T>(name: string, body: (context: C, ...args: A) => Task<T>): (context: C, ...args: A) => Task<T> {
  return (context, ...args) => {
    const id = context.tasks.made++;
    context.tasks.unstarted.set(id, name);
    return started(context.tasks, id, body(context, ...args));
  };
}

function* started<T>(ledger: TaskLedger, id: number, inner: Task<T>): Task<T> {
  ledger.unstarted.delete(id);
  return yield* inner;
}

export class ForgottenTaskError extends Error {
  constructor(names: readonly string[]) {
    super(`task made but never started (a missing yield*): ${names.join(", ")}`);
    this.name = "ForgottenTaskError";
  }
}

/** @throws ForgottenTaskError when a task was made and never started */
export function checkTasks(ledger: TaskLedger): void {
  if (ledger.unstarted.size > 0) throw new ForgottenTaskError([...ledger.unstarted.values()]);
}

/** Who goes next among ready tasks: always the oldest, by a seeded number, as recorded, or as an exploration of orders says. */
export type Strategy =
  | { readonly kind: "fixed" }
  | { readonly kind: "seeded"; readonly random: RandomState }
  | RecordedStrategy
  | ExploredStrategy;

export interface RecordedStrategy {
  readonly kind: "recorded";
  /** Index of each choice; when they are used up, the oldest task goes first. */
  readonly choices: readonly number[];
  next: number;
}

interface Thread {
  readonly id: number;
  readonly name: string;
  readonly body: Task<unknown>;
  wait: Wait;
  wakeAt: number;
  /** Virtual time at which it began to wait. */
  parkedAt: number;
  order: number;
  /** It has run to its first wait. */
  isStarted: boolean;
}

export interface Scheduler {
  readonly strategy: Strategy;
  readonly threads: Map<number, Thread>;
  readonly ready: Thread[];
  readonly sleeping: Thread[];
  readonly waiting: Map<string, Thread[]>;
  /** Every choice made where more than one task was ready: index chosen. Replaying them replays the run. */
  readonly choices: number[];
  /** Tasks with a signal pending; it stays so until they take it or end. */
  readonly signalled: Set<number>;
  /** The task that runs now, or ran last; -1: none yet. */
  current: number;
  nextId: number;
  nextOrder: number;
  /** Turns given so far. */
  turns: number;
  onChoice: ((name: string, index: number, among: number) => void) | null;
}

const misfit = "the recorded schedule does not fit";

/** Whether a reason is that of a schedule that is another run's. */
export const isMisfit = (reason: string | null): boolean => reason?.startsWith(misfit) === true;

/** What a schedule with more choices than the run came to is told. */
export const leftOver = ({ choices, next }: RecordedStrategy): string => `${misfit}: it has ${choices.length} choices, and the run came to ${next}`;

export class ScheduleMismatchError extends Error {
  /** @param names where the tasks stand that are ready */
  constructor(step: number, chosen: number, names: readonly string[]) {
    super(`${misfit}: choice ${step} (from 0) is task ${chosen}, and there are ${names.length} that can go on: ${names.join(", ")}`);
    this.name = "ScheduleMismatchError";
  }
}

export function createScheduler(strategy: Strategy): Scheduler {
  return { strategy, threads: new Map(), ready: [], sleeping: [], waiting: new Map(), choices: [], signalled: new Set(), current: -1, nextId: 0, nextOrder: 0, turns: 0, onChoice: null };
}

/** Puts a task on the ready list under a name. Returns its id. */
export function spawn(scheduler: Scheduler, name: string, body: Task<unknown>): number {
  const id = scheduler.nextId++;
  const thread: Thread = { id, name, body, wait: point(name), wakeAt: 0, parkedAt: 0, order: scheduler.nextOrder++, isStarted: false };
  scheduler.threads.set(id, thread);
  scheduler.ready.push(thread);
  return id;
}

export const isRunning = (scheduler: Scheduler, id: number): boolean => scheduler.threads.has(id);
/** Whether a task can go on now. */
export function hasReady({ strategy, ready, sleeping }: Scheduler): boolean {
  if (strategy.kind === "explored" && isHeldBack(strategy, ready.map(candidateOf), sleeping.length > 0)) return false;
  return ready.length > 0;
}

/** Sends a signal to a task: it is pending from now on, and a wait that a signal ends is over. A task that is not there gets none. */
export function signal(scheduler: Scheduler, id: number): void {
  const thread = scheduler.threads.get(id);
  if (thread === undefined) return;
  scheduler.signalled.add(id);
  if (!isSignalEnding(thread.wait)) return;
  const sleeper = scheduler.sleeping.indexOf(thread);
  if (sleeper >= 0) scheduler.sleeping.splice(sleeper, 1);
  for (const [channel, threads] of scheduler.waiting) {
    const others = threads.filter((one) => one !== thread);
    if (others.length === threads.length) continue;
    if (others.length === 0) scheduler.waiting.delete(channel);
    else scheduler.waiting.set(channel, others);
  }
  if (!scheduler.ready.includes(thread)) scheduler.ready.push(thread);
}

const isSignalEnding = (wait: Wait): boolean => wait.kind !== "point" && wait.isInterruptible === true;

/** Whether the task that asks has a signal pending. */
export const isSignalled = (scheduler: Scheduler): boolean => scheduler.signalled.has(scheduler.current);

/** The task that asks has heard of its signal. */
export const takeSignal = (scheduler: Scheduler): void => void scheduler.signalled.delete(scheduler.current);

/** What a task waits for; undefined when it is over. */
export const waitOf = (scheduler: Scheduler, id: number): Wait | undefined => scheduler.threads.get(id)?.wait;

/** Makes every task that waits for the channel ready, in order of waiting. */
export function wake(scheduler: Scheduler, channel: string): void {
  const woken = scheduler.waiting.get(channel);
  if (woken === undefined) return;
  scheduler.waiting.delete(channel);
  scheduler.ready.push(...woken);
}

/** Earliest time at which a sleeping task wants to go on, or -1. */
export function nextWakeTime(scheduler: Scheduler): number {
  return scheduler.sleeping[0]?.wakeAt ?? -1;
}

/** Makes every sleeper whose time has come ready. */
export function wakeSleepers(scheduler: Scheduler, now: number): void {
  let due = scheduler.sleeping[0];
  while (due !== undefined && due.wakeAt <= now) {
    scheduler.sleeping.shift();
    scheduler.ready.push(due);
    due = scheduler.sleeping[0];
  }
}

function choose(scheduler: Scheduler): number {
  const among = scheduler.ready.length;
  if (among < 2) return 0;
  const strategy = scheduler.strategy;
  let index = 0;
  if (strategy.kind === "seeded") index = nextBelow(strategy.random, among);
  if (strategy.kind === "explored") index = pickExplored(strategy, scheduler.ready.map(candidateOf));
  if (strategy.kind === "recorded") {
    index = strategy.choices[strategy.next++] ?? 0;
    if (index >= among) throw new ScheduleMismatchError(strategy.next - 1, index, scheduler.ready.map(waitName));
  }
  scheduler.choices.push(index);
  return index;
}

/** Runs one ready task to its next wait. `now` is read after the task ran, since its accesses cost time. */
export function runOne(scheduler: Scheduler, now: () => number): void {
  const among = scheduler.ready.length;
  const index = choose(scheduler);
  const thread = scheduler.ready.splice(index, 1)[0];
  if (thread === undefined) return;
  if (among > 1) scheduler.onChoice?.(waitName(thread), index, among);
  scheduler.turns++;
  thread.isStarted = true;
  if (scheduler.strategy.kind === "explored") scheduler.strategy.last = thread.id;
  scheduler.current = thread.id;
  const result = thread.body.next();
  if (result.done === true) {
    scheduler.threads.delete(thread.id);
    scheduler.signalled.delete(thread.id);
    wake(scheduler, `task:${thread.id}`);
    return;
  }
  park(scheduler, thread, result.value, now());
}

function park(scheduler: Scheduler, thread: Thread, wait: Wait, now: number): void {
  thread.wait = wait;
  thread.parkedAt = now;
  thread.order = scheduler.nextOrder++;
  const isOver = wait.kind === "point" || (isSignalEnding(wait) && scheduler.signalled.has(thread.id));
  if (isOver) scheduler.ready.push(thread);
  else if (wait.kind === "sleep") insertSleeper(scheduler, thread, now + wait.nanoseconds);
  else {
    const others = scheduler.waiting.get(wait.channel);
    if (others === undefined) scheduler.waiting.set(wait.channel, [thread]);
    else others.push(thread);
  }
}

function insertSleeper(scheduler: Scheduler, thread: Thread, wakeAt: number): void {
  thread.wakeAt = wakeAt;
  let at = scheduler.sleeping.length;
  while (at > 0 && (scheduler.sleeping[at - 1]?.wakeAt ?? 0) > wakeAt) at--;
  scheduler.sleeping.splice(at, 0, thread);
}

/** Where a task that can go on stands: its point, or its own name. */
function waitName(thread: Thread): string {
  return thread.wait.kind === "point" ? thread.wait.name : thread.name;
}

const candidateOf = (thread: Thread): Candidate => ({ id: thread.id, point: waitName(thread), isStarted: thread.isStarted });

/** Waits, inside a task, for another task to end. */
export function* join(scheduler: Scheduler, id: number): Task<void> {
  while (isRunning(scheduler, id)) yield until(`task:${id}`);
}
