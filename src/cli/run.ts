// `cxl-sandbox run`: checks all files, runs every scenario for every seed, reports, and says by its exit status how it went.

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { RunInput } from "../sandbox/contract.ts";
import { ScenarioFileError, loadModule, planScenario } from "../sandbox.ts";
import { consoleSteps, consoleTable, consoleVerdict, formatTime } from "../report/console.ts";
import { jsonReport } from "../report/json.ts";
import type { RunResult, ScenarioResult } from "../scenario/result.ts";
import { exitCodeOf, exitCodes, summarize } from "../scenario/result.ts";
import { CancelledError, runInSlices } from "../../workers/slices.ts";
import type { FinishedRun } from "../../workers/slices.ts";
import type { WorkerClient } from "../../workers/client.ts";
import type { CommandModule } from "./commands.ts";
import { FilesError, makeFolders, readSources } from "./files.ts";
import type { SourceFile } from "./files.ts";
import type { RunOptions } from "./run-arguments.ts";
import { parseRun, runHelp } from "./run-arguments.ts";
import { createProgress, styleFor } from "./terminal.ts";
import type { Progress } from "./terminal.ts";
import { version } from "./version.ts";

const slice = 8;

interface Session {
  isInterrupted: boolean;
  worker: WorkerClient | null;
  readonly progress: Progress;
}

function complain(text: string): number {
  process.stderr.write(`${text}\n`);
  return exitCodes.usage;
}

/** Every problem of every file, before anything runs. */
function checkAll(sources: readonly SourceFile[]): string[] {
  return sources.flatMap((source) => {
    try {
      planScenario(source.file, source.text);
      return [];
    } catch (error) {
      if (error instanceof ScenarioFileError) return [error.message];
      throw error;
    }
  });
}

async function runOne(session: Session, options: RunOptions, module: WebAssembly.Module, input: RunInput, onProgress: (virtualTimeNs: number) => void): Promise<FinishedRun> {
  if (!options.worker) return runInSlices(module, input, { slice, isCancelled: () => session.isInterrupted, onProgress: (progress) => onProgress(progress.virtualTimeNs) });
  if (session.worker === null) session.worker = (await import("../../workers/client.ts")).startWorker();
  return session.worker.run(input, (progress) => onProgress(progress.virtualTimeNs));
}

function saveTrace(options: RunOptions, result: ScenarioResult, trace: readonly Uint8Array[]): void {
  if (options.trace === "off" || (options.trace === "on-failure" && result.status === "pass")) return;
  makeFolders(resolve(options.output));
  const name = `${basename(result.file).replace(/\.ya?ml$/, "")}-seed${result.seed}.trace`;
  writeFileSync(join(options.output, name), Buffer.concat(trace));
}

async function runAll(session: Session, options: RunOptions, sources: readonly SourceFile[], module: WebAssembly.Module): Promise<ScenarioResult[]> {
  const inputs = sources.flatMap((source) => options.seeds.map((seed): RunInput => ({ ...source, seed, schedule: options.schedule, keepTrace: options.trace !== "off" })));
  const results: ScenarioResult[] = [];
  for (const [index, input] of inputs.entries()) {
    if (session.isInterrupted) break;
    const finished = await runOne(session, options, module, input, (time) => session.progress.show(`${index + 1}/${inputs.length}  ${formatTime(time)}`));
    saveTrace(options, finished.result, finished.trace);
    results.push(finished.result);
  }
  return results;
}

/** Runs and reports; returns the exit status. */
async function runFiles(options: RunOptions): Promise<number> {
  let sources: SourceFile[];
  try {
    sources = readSources(options.paths);
  } catch (error) {
    if (error instanceof FilesError) return complain(`cxl-sandbox: ${error.message}`);
    throw error;
  }
  const problems = checkAll(sources);
  if (problems.length > 0) return complain(problems.join("\n"));
  const session: Session = { isInterrupted: false, worker: null, progress: createProgress() };
  const interrupt = (): void => {
    session.isInterrupted = true;
    void session.worker?.cancel();
  };
  process.once("SIGINT", interrupt);
  const { module, bytes } = await loadModule();
  let scenarios: ScenarioResult[] = [];
  try {
    scenarios = await runAll(session, options, sources, module);
  } catch (error) {
    // Comlink carries an error's name and message across.
    const isCancelled = error instanceof CancelledError || (error instanceof Error && error.name === "CancelledError");
    if (!isCancelled && !session.isInterrupted) throw error;
  } finally {
    session.progress.clear();
    process.removeListener("SIGINT", interrupt);
    await session.worker?.close();
  }
  const result: RunResult = { version: 1, tool: { version: version(), moduleHash: createHash("sha256").update(bytes).digest("hex").slice(0, 16) }, scenarios, summary: summarize(scenarios) };
  const style = styleFor(process.stdout);
  if (options.reporter === "console" && options.steps) process.stdout.write(consoleSteps(result, style));
  process.stdout.write(options.reporter === "json" ? jsonReport(result) : consoleTable(result, style));
  if (session.isInterrupted) process.stderr.write("interrupted\n");
  else if (options.reporter === "console") process.stderr.write(consoleVerdict(result, styleFor(process.stderr)));
  return session.isInterrupted ? exitCodes.interrupted : exitCodeOf(scenarios);
}

export const command: CommandModule = { help: runHelp, main: (argv) => runFiles(parseRun(argv)) };
