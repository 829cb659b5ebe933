// `cxl-sandbox verdict`: checks every file under every combination, runs both sides of every seed, reports the verdicts in the order of files and values.

import { createHash } from "node:crypto";
import { ScenarioFileError, judgeCell, loadModule, planScenario } from "../sandbox.ts";
import type { VerdictRequest } from "../sandbox.ts";
import { jsonReport } from "../report/json.ts";
import { verdictConsole } from "../report/verdict.ts";
import type { VerdictCell, VerdictReport } from "../scenario/verdict/report.ts";
import { verdictExits } from "../scenario/verdict/report.ts";
import { combinationsOf, flatText, varyScenario } from "../scenario/vary.ts";
import { CancelledError } from "../../workers/slices.ts";
import { assessAll } from "../../workers/pool.ts";
import type { CommandModule } from "./commands.ts";
import { complaintOf, problemsText } from "./complaints.ts";
import { readSources } from "./files.ts";
import type { SourceFile } from "./files.ts";
import { UnfitError } from "./compare.ts";
import type { Control } from "./compare.ts";
import { createProgress, styleFor } from "./terminal.ts";
import type { VerdictOptions } from "./verdict-arguments.ts";
import { parseVerdict, verdictHelp } from "./verdict-arguments.ts";
import { version } from "./version.ts";

/** Every verdict that is to be given, or every problem of every file and combination. @throws UnfitError */
function requestsOf(options: VerdictOptions, sources: readonly SourceFile[]): VerdictRequest[] {
  const problems = new Set<string>();
  const requests = sources.flatMap(({ file, text, includes }) => combinationsOf(options.variations).flatMap((combination): VerdictRequest[] => {
    try {
      const varied = combination.length === 0 ? { text: flatText(file, text, includes), seed: null } : varyScenario(file, text, combination, false, includes);
      const { faults } = planScenario(file, varied.text);
      if (faults.length === 0) problems.add(`${file}: has no faults, so there is nothing to recover from; give it some under faults:`);
      return [{ file, text: varied.text, combination, seeds: varied.seed === null ? options.seeds : [varied.seed], schedule: options.schedule, budget: options.budget }];
    } catch (error) {
      if (!(error instanceof ScenarioFileError)) throw error;
      problems.add(problemsText(error));
      return [];
    }
  }));
  if (problems.size > 0) throw new UnfitError([...problems].join("\n"));
  return requests;
}

/** One verdict; its seeds and trials are spread over the workers. */
async function giveVerdict(module: WebAssembly.Module, request: VerdictRequest, jobs: number, control: Control): Promise<VerdictCell> {
  const judging = judgeCell(request);
  let done = 0;
  let step = judging.next();
  while (step.done !== true) {
    const inputs = step.value;
    const before = done;
    const results = await assessAll(inputs, { jobs, module, signal: control.signal, onDone: (count) => control.onDone(before + count, before + inputs.length) });
    if (control.signal.aborted) throw new CancelledError();
    done += inputs.length;
    step = judging.next(results);
  }
  return step.value;
}

/** All verdicts; null: it was cancelled. @throws UnfitError */
export async function judgeSources(options: VerdictOptions, sources: readonly SourceFile[], control: Control): Promise<VerdictReport | null> {
  const requests = requestsOf(options, sources);
  const { module, bytes } = await loadModule();
  const cells: VerdictCell[] = [];
  try {
    for (const request of requests) cells.push(await giveVerdict(module, request, options.jobs, control));
  } catch (error) {
    if (!control.signal.aborted && !(error instanceof CancelledError)) throw error;
    return null;
  }
  return { version: 1, tool: { version: version(), moduleHash: createHash("sha256").update(bytes).digest("hex").slice(0, 16) }, schedule: options.schedule, cells };
}

function exitOf(cells: readonly VerdictCell[], expected: VerdictOptions["expected"]): number {
  const unfit = cells.flatMap((cell) => cell.unfit);
  if (unfit.some(({ kind }) => kind !== "limit")) return verdictExits.invalid;
  if (unfit.length > 0) return verdictExits.limit;
  const isAsExpected = ({ winner, recovered }: VerdictCell): boolean => expected === null || (expected === "recovered" ? recovered : winner === expected);
  return cells.every(isAsExpected) ? verdictExits.done : verdictExits.otherwise;
}

async function judgeFiles(options: VerdictOptions): Promise<number> {
  const progress = createProgress();
  const cancellation = new AbortController();
  const interrupt = (): void => cancellation.abort();
  process.once("SIGINT", interrupt);
  try {
    const report = await judgeSources(options, readSources(options.paths), { signal: cancellation.signal, onDone: (done, total) => progress.show(`${done}/${total} seeds`) });
    progress.clear();
    if (report === null) {
      process.stderr.write("interrupted\n");
      return verdictExits.interrupted;
    }
    process.stdout.write(options.reporter === "json" ? jsonReport(report) : verdictConsole(report, styleFor(process.stdout)));
    return exitOf(report.cells, options.expected);
  } catch (error) {
    const complaint = error instanceof UnfitError ? error.message : complaintOf(error);
    if (complaint === undefined) throw error;
    process.stderr.write(`${complaint}\n`);
    return verdictExits.usage;
  } finally {
    progress.clear();
    process.removeListener("SIGINT", interrupt);
  }
}

export const command: CommandModule = { help: verdictHelp, main: (argv) => judgeFiles(parseVerdict(argv)) };
