// `cxl-sandbox run`: checks all files, runs every scenario for every seed, reports, and says by its exit status how it went.

import { createHash } from "node:crypto";
import { setMaxListeners } from "node:events";
import { writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { RunInput } from "../sandbox/contract.ts";
import type { ScenarioPlan } from "../sandbox.ts";
import { ScenarioFileError, loadModule, planScenario } from "../sandbox.ts";
import { consoleSteps, consoleTable, consoleVerdict, formatTime } from "../report/console.ts";
import { jsonReport } from "../report/json.ts";
import type { RunResult } from "../scenario/result.ts";
import { exitCodeOf, exitCodes, summarize } from "../scenario/result.ts";
import { DriverWorkshop } from "../../workers/driver-file.ts";
import { CancelledError, runInSlices } from "../../workers/slices.ts";
import type { WorkerClient } from "../../workers/client.ts";
import type { CommandModule } from "./commands.ts";
import { complaintOf, problemsText } from "./complaints.ts";
import { makeFolders, readSources } from "./files.ts";
import type { SourceFile } from "./files.ts";
import type { RunOptions } from "./run-arguments.ts";
import { parseRun, runHelp } from "./run-arguments.ts";
import type { AnyResult, DriverSet } from "./run-drivers.ts";
import { DriversError, prepareDrivers, runWithDrivers } from "./run-drivers.ts";
import { createProgress, styleFor } from "./terminal.ts";
import type { Progress } from "./terminal.ts";
import { version } from "./version.ts";

const slice = 8;
/** Signals after which nothing new is begun, what runs is ended, and what is done is reported. */
const interruptions = ["SIGINT", "SIGTERM"] as const;

interface Session {
  readonly options: RunOptions;
  /** Aborted by Ctrl-C. */
  readonly interruption: AbortController;
  readonly progress: Progress;
  /** Of the runs that are done, each at its place. */
  readonly results: AnyResult[];
  worker: WorkerClient | null;
}

/** A run's result and trace. */
interface Done {
  readonly result: AnyResult;
  readonly trace: readonly Uint8Array[];
}

function complain(text: string): number {
  process.stderr.write(`${text}\n`);
  return exitCodes.usage;
}

/** Plans of all files, or every problem of every file. Drivers are allowed where the user allows those of the scenarios, or names others in their place. */
function planAll(options: RunOptions, sources: readonly SourceFile[]): { readonly plans: readonly ScenarioPlan[]; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const plans = sources.flatMap((source) => {
    try {
      const plan = planScenario(source.file, source.text, options.allowDriver || options.drivers.length > 0 ? "allowed" : "refused", source.includes);
      if (options.defects.length > 0 && plan.policies.isoact === "none") problems.push(`${source.file}: --defect ${options.defects.join(", ")}: the kernel has no recovery driver (policy isoact: none); a scenario with kernel: { policies: { isoact: recover } } has`);
      return [plan];
    } catch (error) {
      if (!(error instanceof ScenarioFileError)) throw error;
      problems.push(problemsText(error));
      return [];
    }
  });
  return { plans, problems };
}

async function runOne(session: Session, module: WebAssembly.Module, drivers: DriverSet | undefined, input: RunInput, onProgress: (virtualTimeNs: number) => void): Promise<Done> {
  const { options, interruption: { signal } } = session;
  if (drivers !== undefined) return runWithDrivers(drivers, input, options, signal, onProgress);
  if (!options.worker) return runInSlices(module, input, { slice, isCancelled: () => signal.aborted, onProgress: (progress) => onProgress(progress.virtualTimeNs) });
  if (session.worker === null) session.worker = (await import("../../workers/client.ts")).startWorker();
  return session.worker.run(input, (progress) => onProgress(progress.virtualTimeNs));
}

function saveTrace(options: RunOptions, result: AnyResult, trace: readonly Uint8Array[]): void {
  if (options.trace === "off" || (options.trace === "on-failure" && result.status === "pass") || result.digests === null) return;
  makeFolders(resolve(options.output));
  const name = `${basename(result.file).replace(/\.ya?ml$/, "")}-seed${result.seed}.trace`;
  writeFileSync(join(options.output, name), Buffer.concat(trace));
}

/** Results in order of files and seeds, whatever was done first; with --bail up to the first that does not pass. */
async function runAll(session: Session, sources: readonly SourceFile[], module: WebAssembly.Module, drivers: ReadonlyMap<string, DriverSet>): Promise<void> {
  const { options, interruption: { signal }, progress, results } = session;
  const inputs = sources.flatMap((source) => options.seeds.map((seed): RunInput => ({ ...source, seed, schedule: options.schedule, keepTrace: options.trace !== "off", ...(options.defects.length === 0 ? {} : { defects: options.defects }) })));
  let done = 0;
  let last = inputs.length - 1;
  const work = async (queue: number[]): Promise<void> => {
    for (let index = queue.shift(); index !== undefined && index <= last && !signal.aborted; index = queue.shift()) {
      const input = inputs[index] as RunInput;
      const finished = await runOne(session, module, drivers.get(input.file), input, (time) => progress.show(`${done + 1}/${inputs.length}  ${formatTime(time)}`));
      if (signal.aborted) return;
      saveTrace(options, finished.result, finished.trace);
      results[index] = finished.result;
      done++;
      if (options.bail && finished.result.status !== "pass") last = Math.min(last, index);
    }
  };
  // Runs without drivers share one worker, which does one at a time; those with drivers have a process each.
  const contained = [...inputs.keys()].filter((index) => drivers.has(inputs[index]?.file ?? ""));
  const others = [...inputs.keys()].filter((index) => !contained.includes(index));
  await Promise.all([work(others), ...Array.from({ length: options.jobs }, () => work(contained))]);
  results.length = Math.min(results.length, last + 1);
}

/** Runs all; what is done is in the session also after an interruption. @throws DriversError */
async function runSession(session: Session, sources: readonly SourceFile[], plans: readonly ScenarioPlan[], module: WebAssembly.Module): Promise<void> {
  const { options, interruption: { signal }, progress } = session;
  const workshop = new DriverWorkshop();
  try {
    const drivers = await prepareDrivers(plans, options, workshop, signal);
    await runAll(session, sources, module, drivers);
  } catch (error) {
    // Comlink carries an error's name and message across.
    const isCancelled = error instanceof CancelledError || (error instanceof Error && error.name === "CancelledError");
    if (!isCancelled && !signal.aborted) throw error;
  } finally {
    progress.clear();
    workshop.close();
    await session.worker?.close();
  }
}

/** Runs and reports; returns the exit status. */
async function runFiles(options: RunOptions): Promise<number> {
  let sources: SourceFile[];
  try {
    sources = readSources(options.paths);
  } catch (error) {
    const complaint = complaintOf(error);
    if (complaint === undefined) throw error;
    return complain(complaint);
  }
  const { plans, problems } = planAll(options, sources);
  if (problems.length > 0) return complain(problems.join("\n"));
  const session: Session = { options, interruption: new AbortController(), worker: null, progress: createProgress(), results: [] };
  const { signal } = session.interruption;
  const interrupt = (): void => {
    session.interruption.abort();
    void session.worker?.cancel();
  };
  for (const one of interruptions) process.once(one, interrupt);
  // Every run under way listens.
  setMaxListeners(0, signal);
  process.once("exit", interrupt);
  const { module, bytes } = await loadModule();
  try {
    await runSession(session, sources, plans, module);
  } catch (error) {
    if (error instanceof DriversError) return complain(error.message);
    throw error;
  } finally {
    for (const one of interruptions) process.removeListener(one, interrupt);
    process.removeListener("exit", interrupt);
  }
  const scenarios = session.results.filter((one) => one !== undefined);
  const result: RunResult = { version: 1, tool: { version: version(), moduleHash: createHash("sha256").update(bytes).digest("hex").slice(0, 16) }, scenarios, summary: summarize(scenarios) };
  const style = styleFor(process.stdout);
  if (options.reporter === "console" && options.steps) process.stdout.write(consoleSteps(result, style));
  process.stdout.write(options.reporter === "json" ? jsonReport(result) : consoleTable(result, style));
  if (signal.aborted) process.stderr.write("interrupted\n");
  else if (options.reporter === "console") process.stderr.write(consoleVerdict(result, styleFor(process.stderr)));
  return signal.aborted ? exitCodes.interrupted : exitCodeOf(scenarios);
}

export const command: CommandModule = { help: runHelp, main: (argv) => runFiles(parseRun(argv)) };
