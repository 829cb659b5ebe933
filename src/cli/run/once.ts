// One pass of `cxl-sandbox run` over what is prepared: drivers, workers, interruption, journal, traces, reports.

import { setMaxListeners } from "node:events";
import { join } from "node:path";
import type { ScenarioPlan } from "../../sandbox.ts";
import { formatTime } from "../../report/console.ts";
import { exitCodeOf, exitCodes } from "../../scenario/result.ts";
import { startWorker } from "../../../workers/client.ts";
import { DriverWorkshop } from "../../../workers/driver-file.ts";
import { ScenarioPool } from "../../../workers/scenario-pool.ts";
import { orphanGoldens, updateGolden } from "../goldens.ts";
import { emptyKept, keepEntries, reportAll, reportOf } from "./reported-runs.ts";
import type { Kept } from "./reported-runs.ts";
import { needsOf, tryToWrite } from "./reporting.ts";
import type { RunOptions } from "./arguments.ts";
import type { AnyResult } from "./drivers.ts";
import { prepareDrivers } from "./drivers.ts";
import type { Journal } from "./journaled.ts";
import { boundedDetails, headerFor, openJournal, traceFrom } from "./journaled.ts";
import type { ListedRun } from "./list.ts";
import { traceNames } from "./list.ts";
import type { Engine, Prepared } from "./prepare.ts";
import type { DoneRun } from "./session.ts";
import { runSession } from "./session.ts";
import { postResult } from "../post.ts";
import { createProgress } from "../terminal.ts";

/** Signals after which nothing new is begun, what runs is ended, and what is done is reported. */
const interruptions = ["SIGINT", "SIGTERM"] as const;

/** Runs `work` with a signal that Ctrl-C aborts. */
async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interruption = new AbortController();
  // Every run under way listens.
  setMaxListeners(0, interruption.signal);
  const interrupt = (): void => interruption.abort();
  for (const one of [...interruptions, "exit"]) process.once(one, interrupt);
  try {
    return await work(interruption.signal);
  } finally {
    for (const one of [...interruptions, "exit"]) process.removeListener(one, interrupt);
  }
}

/** Plans of the files that have runs. */
function plansOf({ runs, plans }: Prepared): ScenarioPlan[] {
  const files = new Set(runs.map(({ file }) => file));
  return [...plans.values()].filter(({ file }) => files.has(file));
}

/** What became of goldens, in order of the runs, and which stand beside no scenario. */
function goldenWords({ golden, paths }: RunOptions, goldens: ReadonlyMap<number, readonly string[]>): string {
  const updates = [...goldens].toSorted(([a], [b]) => a - b).flatMap(([, lines]) => lines);
  const orphans = golden === "ignore" ? [] : orphanGoldens(paths).map((file) => `${file}: no scenario stands beside this golden; remove it, or name it as its scenario`);
  return [...updates, ...orphans].map((line) => `${line}\n`).join("");
}

/** Where what is done goes: traces to files, everything to the journal, the rest to the reports. */
class Keeper {
  readonly kept: Kept = emptyKept();
  readonly problems: string[] = [];
  /** What became of goldens, a line each, by place. */
  readonly goldens = new Map<number, readonly string[]>();
  readonly #options: RunOptions;
  readonly #journal: Journal | null;
  readonly #names: ReadonlyMap<number, string>;
  readonly #needsTraces: boolean;

  constructor(options: RunOptions, prepared: Prepared, journal: Journal | null) {
    this.#options = options;
    this.#journal = journal;
    this.#names = traceNames(prepared.listed);
    this.#needsTraces = needsOf(options.reporters).traces;
    if (journal !== null && options.journal !== null) this.problems.push(...keepEntries(this.kept, options.journal, journal.entries.values(), this.#needsTraces));
  }

  /** The trace's file where it was written. A journal has no room for traces that a report needs: they are written too. */
  #saveTrace(name: string, { result, trace }: DoneRun): string | null {
    const { trace: when, output } = this.#options;
    const isAsked = when === "on" || (when === "on-failure" && result.status !== "pass") || (this.#journal !== null && this.#needsTraces);
    if (trace === null || !isAsked) return null;
    const problems = tryToWrite({ name, content: trace }, output);
    this.problems.push(...problems);
    return problems.length === 0 ? join(output, name) : null;
  }

  /** That a run did not pass is told by its own status; any other golden that is not written is a report that could not be written. */
  #update(place: number, { result, trace }: DoneRun): void {
    const { state, lines } = updateGolden(result, trace);
    if (state === "refused" && result.status === "pass") this.problems.push(...lines);
    else this.goldens.set(place, lines);
  }

  keep({ place }: ListedRun, done: DoneRun): void {
    const file = this.#saveTrace(this.#names.get(place) ?? "", done);
    const { journal } = this.#options;
    const details = done.details === null ? {} : { details: boundedDetails(done.details) };
    if (this.#journal !== null && journal !== null) this.problems.push(...this.#journal.append({ place, result: done.result, ...details, ...(file === null ? {} : { trace: traceFrom(journal, file) }) }));
    if (this.#options.golden === "update") this.#update(place, done);
    if (details.details !== undefined) this.kept.details.set(place, details.details);
    if (done.trace !== null && this.#needsTraces) this.kept.traces.set(place, done.trace);
  }
}

const resultsOf = (journal: Journal | null): Map<number, AnyResult> => new Map([...(journal?.entries ?? [])].map(([place, { result }]) => [place, result]));

/** Runs and reports; gives the exit status. @throws DriversError, JournalError */
export const runOnce = (options: RunOptions, engine: Engine, prepared: Prepared): Promise<number> => interruptible(async (signal) => {
  const workshop = new DriverWorkshop();
  const pool = options.worker ? new ScenarioPool(() => startWorker(undefined, engine.module), options.hangTimeout) : null;
  const progress = createProgress();
  signal.addEventListener("abort", () => pool?.cancel());
  let journal: Journal | null = null;
  let keeper: Keeper;
  let results: ReadonlyMap<number, AnyResult>;
  try {
    const drivers = await prepareDrivers(plansOf(prepared), options, workshop, signal);
    if (options.journal !== null) journal = openJournal(options.journal, headerFor(options, engine, prepared, drivers), options.isResumed);
    keeper = new Keeper(options, prepared, journal);
    results = await runSession({
      options, prepared, engine, drivers, pool, signal, known: resultsOf(journal), onDone: (run, done) => keeper.keep(run, done),
      onProgress: (done, total, time) => progress.show(`${done + 1}/${total}  ${formatTime(time)}`),
    });
    keeper.problems.push(...(journal?.close() ?? []));
  } finally {
    progress.clear();
    workshop.close();
    await pool?.close();
  }
  process.stderr.write(goldenWords(options, keeper.goldens));
  const report = reportOf(engine.tool, results, keeper.kept);
  const isWritten = reportAll(options, report, keeper.problems);
  // What was interrupted is no result.
  if (options.post !== null && !signal.aborted) for (const line of (await postResult(options.post, options.spool, report.result)).lines) process.stderr.write(`${line}\n`);
  if (signal.aborted) process.stderr.write("interrupted\n");
  return signal.aborted ? exitCodes.interrupted : isWritten ? exitCodeOf(report.result.scenarios) : exitCodes.error;
});
