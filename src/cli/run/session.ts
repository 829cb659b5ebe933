// The runs of one call: several at a time, each at its place whatever was done first, and one that cannot be brought to its end is an error of its own.

import type { RunInput, ScenarioPlan } from "../../sandbox.ts";
import type { RunDetails } from "../../scenario/details.ts";
import { endedRun } from "../../../workers/ended-run.ts";
import type { ScenarioPool } from "../../../workers/scenario-pool.ts";
import { CancelledError, runInSlices } from "../../../workers/slices.ts";
import type { RunOptions } from "./arguments.ts";
import type { AnyResult, DriverSet } from "./drivers.ts";
import { runWithDrivers } from "./drivers.ts";
import type { ListedRun } from "./list.ts";
import type { Engine, Prepared } from "./prepare.ts";

const slice = 8;

/** A run that came to its end, or was brought to it. */
export interface DoneRun {
  readonly result: AnyResult;
  readonly details: RunDetails | null;
  /** The trace as a file; null: it was not kept. */
  readonly trace: Uint8Array | null;
}

export interface Session {
  readonly options: RunOptions;
  readonly prepared: Prepared;
  readonly engine: Engine;
  readonly drivers: ReadonlyMap<string, DriverSet>;
  /** Null: runs without drivers run in this thread. */
  readonly pool: ScenarioPool | null;
  /** Aborted: nothing new is begun, and what runs is ended. */
  readonly signal: AbortSignal;
  /** Runs that are known already, by place. */
  readonly known: ReadonlyMap<number, AnyResult>;
  /** Called with each run as it is done, in order of its end. */
  readonly onDone: (run: ListedRun, done: DoneRun) => void;
  readonly onProgress: (done: number, total: number, virtualTimeNs: number) => void;
}

const isCancelled = (error: unknown): boolean => error instanceof CancelledError || (error instanceof Error && error.name === "CancelledError");

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `internal error: ${String(error)}`;
  // Comlink carries an error's name and message across.
  return error.name === "WorkerDiedError" || error.name === "RunHungError" ? error.message : `internal error: ${error.message}`;
}

async function runOne({ options, engine: { module }, drivers, pool, signal }: Session, plan: ScenarioPlan, input: RunInput, onProgress: (virtualTimeNs: number) => void): Promise<DoneRun> {
  const own = drivers.get(input.file);
  try {
    if (own !== undefined) return await runWithDrivers(own, input, options, signal, onProgress);
    if (pool === null) return await runInSlices(module, input, { slice, isCancelled: () => signal.aborted, onProgress: (progress) => onProgress(progress.virtualTimeNs) });
    return await pool.run(input, (progress) => onProgress(progress.virtualTimeNs));
  } catch (error) {
    if (isCancelled(error) || signal.aborted) throw new CancelledError();
    return { result: endedRun(plan, input, reasonOf(error)), details: null, trace: null };
  }
}

/** The place behind which nothing counts: that of the run with number `bail` among those that did not pass. */
export function lastPlace(results: ReadonlyMap<number, AnyResult>, bail: number): number {
  if (bail === 0) return Infinity;
  return [...results].flatMap(([place, { status }]) => (status === "pass" ? [] : [place])).toSorted((a, b) => a - b)[bail - 1] ?? Infinity;
}

/** Results by place: of all runs, of those before an interruption, or with --bail up to the last that counts. */
export async function runSession(session: Session): Promise<ReadonlyMap<number, AnyResult>> {
  const { options, prepared: { runs, plans, inputOf }, signal, known, onDone, onProgress } = session;
  const results = new Map(known);
  let last = lastPlace(results, options.bail);
  const queue = runs.filter(({ place }) => !known.has(place));
  const total = queue.length + known.size;
  const work = async (): Promise<void> => {
    for (let run = queue.shift(); run !== undefined && run.place <= last && !signal.aborted; run = queue.shift()) {
      const done = await runOne(session, plans.get(run.file) as ScenarioPlan, inputOf(run), (time) => onProgress(results.size, total, time));
      if (signal.aborted) return;
      results.set(run.place, done.result);
      if (options.bail > 0 && done.result.status !== "pass") last = lastPlace(results, options.bail);
      onDone(run, done);
    }
  };
  const atOnce = session.pool === null && session.drivers.size === 0 ? 1 : Math.min(options.jobs, Math.max(queue.length, 1));
  const broken: unknown[] = [];
  const untilBroken = (): Promise<void> => work().catch((error: unknown) => {
    if (isCancelled(error)) return;
    queue.length = 0;
    broken.push(error);
  });
  await Promise.all(Array.from({ length: atOnce }, untilBroken));
  if (broken.length > 0) throw broken[0];
  return new Map([...results].filter(([place]) => place <= last).toSorted(([a], [b]) => a - b));
}
