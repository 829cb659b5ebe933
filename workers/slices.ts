// Runs one scenario in slices of a few milliseconds and looks at its messages between: what both workers and the command have in common.

import type { RunInput, RunProgress, ScenarioRun } from "../src/sandbox/contract.ts";
import { agreed, goldenFor, heldAgainst, isGolden } from "../src/sandbox/goldens.ts";
import { assessSeed, scenarioDetails, scoreCell, startScenario } from "../src/sandbox.ts";
import type { CellInput, DriverModule, SeedResult, VerdictInput } from "../src/sandbox.ts";
import type { CellFacts } from "../src/scenario/comparison.ts";
import type { RunDetails } from "../src/scenario/details.ts";
import type { ScenarioResult } from "../src/scenario/result.ts";
import { encodeTrace } from "../src/scenario/trace/file.ts";
import { afterThisTurn } from "./turn.ts";

/** A run that is done: its result, its trace as a file where it was kept, and what reports show of it where that was asked for. */
export interface FinishedRun {
  readonly result: ScenarioResult;
  /** The bytes of its trace file; null: it was not asked for. */
  readonly trace: Uint8Array | null;
  /** Null: they were not asked for. */
  readonly details: RunDetails | null;
}

/** What is taken out of a run that is done. */
export function finishedRun(run: ScenarioRun): FinishedRun {
  const result = run.result();
  const trace = run.traceFile();
  return { result, trace: trace === null ? null : encodeTrace(trace), details: null };
}

export interface Control {
  /** Milliseconds of wall time a slice takes; 0 gives a slice of one step. */
  readonly slice: number;
  readonly isCancelled: () => boolean;
  readonly onProgress: (progress: RunProgress) => void;
}

export class CancelledError extends Error {
  constructor() {
    super("the run was cancelled");
    this.name = "CancelledError";
  }
}

const nextTurn = (): Promise<void> => new Promise(afterThisTurn);

/** @throws CancelledError, ScenarioFileError */
async function driven(module: WebAssembly.Module, input: RunInput, control: Control, drivers?: readonly DriverModule[]): Promise<ScenarioRun> {
  const run: ScenarioRun = startScenario(module, input, drivers);
  for (;;) {
    const end = performance.now() + control.slice;
    if (run.run(() => performance.now() >= end) === "done") return run;
    control.onProgress(run.progress);
    await nextTurn();
    if (control.isCancelled()) throw new CancelledError();
  }
}

/** The result of a run as its golden leaves it: where they differ, a second run with its records kept says where. @throws CancelledError, GoldenFileError */
async function heldResult(run: ScenarioRun, module: WebAssembly.Module, input: RunInput, control: Control, drivers?: readonly DriverModule[]): Promise<ScenarioResult> {
  const golden = goldenFor(input);
  const result = run.result();
  if (golden === null) return result;
  if (isGolden(golden, result)) return agreed(result);
  const trace = (input.keepTrace ? run : await driven(module, { ...input, keepTrace: true }, control, drivers)).traceFile();
  if (trace === null) throw new Error("a run that was to keep its records has none");
  return heldAgainst(golden, result, trace);
}

/** One run, held against its golden, with what reports show of it. `drivers`: those of the caller, in place of those that the scenario names. @throws CancelledError, ScenarioFileError, GoldenFileError */
export async function runInSlices(module: WebAssembly.Module, input: RunInput, control: Control, drivers?: readonly DriverModule[]): Promise<FinishedRun> {
  const run = await driven(module, input, control, drivers);
  const finished = { ...finishedRun(run), result: await heldResult(run, module, input, control, drivers) };
  return isShown(input, finished.result) ? { ...finished, details: await inSlices(scenarioDetails(module, input, drivers), control, () => control.onProgress(run.progress)) } : finished;
}

/** Whether somebody wants to see more of the run than its result. */
const isShown = ({ details }: RunInput, { status }: ScenarioResult): boolean => details === "always" || (details === "failures" && status !== "pass");

/** `onTurn`: called between two slices. */
async function inSlices<T>(work: Generator<undefined, T, undefined>, control: Pick<Control, "slice" | "isCancelled">, onTurn: () => void = () => undefined): Promise<T> {
  for (;;) {
    const end = performance.now() + control.slice;
    do {
      const { done, value } = work.next();
      if (done === true) return value;
    } while (performance.now() < end);
    onTurn();
    await nextTurn();
    if (control.isCancelled()) throw new CancelledError();
  }
}

/** The facts of one cell of a comparison. @throws CancelledError, ScenarioFileError */
export const scoreInSlices = (module: WebAssembly.Module, input: CellInput, control: Pick<Control, "slice" | "isCancelled">): Promise<CellFacts> => inSlices(scoreCell(module, input), control);

/** Both sides of one seed of a verdict. @throws CancelledError, ScenarioFileError */
export const assessInSlices = (module: WebAssembly.Module, input: VerdictInput, control: Pick<Control, "slice" | "isCancelled">): Promise<SeedResult> => inSlices(assessSeed(module, input), control);
