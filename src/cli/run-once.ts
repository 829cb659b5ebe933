// One pass of `cxl-sandbox run` over what is prepared: drivers, workers, interruption, traces, reports.

import { setMaxListeners } from "node:events";
import type { ScenarioPlan } from "../sandbox.ts";
import { consoleSteps, formatTime } from "../report/console.ts";
import type { RunReport } from "../report/reporter.ts";
import type { RunDetails } from "../scenario/details.ts";
import { exitCodeOf, exitCodes, summarize } from "../scenario/result.ts";
import { decodeTrace } from "../scenario/trace-file.ts";
import { startWorker } from "../../workers/client.ts";
import { DriverWorkshop } from "../../workers/driver-file.ts";
import { ScenarioPool } from "../../workers/scenario-pool.ts";
import { orphanGoldens, updateGolden } from "./goldens.ts";
import { needsOf, tryToWrite, writeReports } from "./reporting.ts";
import type { RunOptions } from "./run-arguments.ts";
import type { AnyResult } from "./run-drivers.ts";
import { prepareDrivers } from "./run-drivers.ts";
import type { ListedRun } from "./run-list.ts";
import { traceNames } from "./run-list.ts";
import type { Engine, Prepared } from "./run-prepare.ts";
import type { DoneRun } from "./run-session.ts";
import { runSession } from "./run-session.ts";
import { createProgress, styleFor } from "./terminal.ts";

/** Signals after which nothing new is begun, what runs is ended, and what is done is reported. */
const interruptions = ["SIGINT", "SIGTERM"] as const;

/** What is kept of the runs beside their results, by place. */
interface Kept {
  readonly details: Map<number, RunDetails>;
  /** As files; empty where no reporter needs them. */
  readonly traces: Map<number, Uint8Array>;
  /** What became of goldens, a line each. */
  readonly goldens: Map<number, readonly string[]>;
}

/** Gives what went wrong. */
function saveTrace(options: RunOptions, name: string, { result, trace }: DoneRun): string[] {
  if (trace === null || options.trace === "off" || (options.trace === "on-failure" && result.status === "pass")) return [];
  return tryToWrite({ name, content: trace }, options.output);
}

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

/** What reporters are given: results in order, and what was kept of them by their number there. */
function reportOf(tool: RunReport["result"]["tool"], results: ReadonlyMap<number, AnyResult>, kept: Kept): RunReport {
  const places = [...results.keys()];
  const inOrder = <T, U>(of: ReadonlyMap<number, T>, read: (value: T) => U): Map<number, U> => new Map(places.flatMap((place, index) => (of.has(place) ? [[index, read(of.get(place) as T)] as const] : [])));
  const scenarios = [...results.values()];
  return {
    result: { version: 1, tool, scenarios, summary: summarize(scenarios) },
    details: inOrder(kept.details, (details) => details), traces: inOrder(kept.traces, decodeTrace),
  };
}

/** Plans of the files that have runs. */
function plansOf({ runs, plans }: Prepared): ScenarioPlan[] {
  const files = new Set(runs.map(({ file }) => file));
  return [...plans.values()].filter(({ file }) => files.has(file));
}

/** What became of goldens, in order of the runs, and which stand beside no scenario. */
function goldenWords({ golden, paths }: RunOptions, { goldens }: Kept): string {
  const updates = [...goldens].toSorted(([a], [b]) => a - b).flatMap(([, lines]) => lines);
  const orphans = golden === "ignore" ? [] : orphanGoldens(paths).map((file) => `${file}: no scenario stands beside this golden; remove it, or name it as its scenario`);
  return [...updates, ...orphans].map((line) => `${line}\n`).join("");
}

/** Runs and reports; gives the exit status. @throws DriversError */
export const runOnce = (options: RunOptions, engine: Engine, prepared: Prepared): Promise<number> => interruptible(async (signal) => {
  const workshop = new DriverWorkshop();
  const pool = options.worker ? new ScenarioPool(() => startWorker(undefined, engine.module), options.hangTimeout) : null;
  const progress = createProgress();
  const names = traceNames(prepared.listed);
  const kept: Kept = { details: new Map(), traces: new Map(), goldens: new Map() };
  const needs = needsOf(options.reporters);
  const problems: string[] = [];
  const onDone = ({ place }: ListedRun, done: DoneRun): void => {
    problems.push(...saveTrace(options, names.get(place) ?? "", done));
    if (done.details !== null) kept.details.set(place, done.details);
    if (options.golden === "update") kept.goldens.set(place, updateGolden(done.result, done.trace).lines);
    if (done.trace !== null && needs.traces) kept.traces.set(place, done.trace);
  };
  signal.addEventListener("abort", () => pool?.cancel());
  let results: ReadonlyMap<number, AnyResult>;
  try {
    const drivers = await prepareDrivers(plansOf(prepared), options, workshop, signal);
    results = await runSession({ options, prepared, engine, drivers, pool, signal, known: new Map(), onDone, onProgress: (done, total, time) => progress.show(`${done + 1}/${total}  ${formatTime(time)}`) });
  } finally {
    progress.clear();
    workshop.close();
    await pool?.close();
  }
  process.stderr.write(goldenWords(options, kept));
  const report = reportOf(engine.tool, results, kept);
  if (options.steps && options.reporters.some(({ reporter, target }) => reporter.name === "console" && target === undefined)) process.stdout.write(consoleSteps(report.result, styleFor(process.stdout)));
  problems.push(...writeReports(options.reporters, report, options.output));
  for (const problem of problems) process.stderr.write(`cxl-sandbox: ${problem}\n`);
  if (signal.aborted) process.stderr.write("interrupted\n");
  return signal.aborted ? exitCodes.interrupted : problems.length > 0 ? exitCodes.error : exitCodeOf(report.result.scenarios);
});
