// A run with drivers of the scenario's own, contained: one process for each run, and a result also where the process was ended.

import type { RunInput, RunProgress, ScenarioPlan } from "../src/sandbox.ts";
import type { RunDetails } from "../src/scenario/details.ts";
import type { DriverFailure, EndedResult, ScenarioResult } from "../src/scenario/result.ts";
import { agreed, goldenFor, heldAgainst, isGolden } from "../src/sandbox/goldens.ts";
import { decodeTrace } from "../src/scenario/trace/file.ts";
import type { DriverSource } from "./driver-messages.ts";
import type { DriverBudgets, DriverProcess, ProcessEnd } from "./driver-process.ts";
import { startDriverProcess } from "./driver-process.ts";
import { DriverFileError } from "./driver-file.ts";
import { endedRun } from "./ended-run.ts";

interface ContainedRun {
  readonly result: ScenarioResult | EndedResult;
  readonly trace: Uint8Array | null;
  readonly details: RunDetails | null;
  /** What drivers printed. */
  readonly printed: string;
}

interface ContainedOptions {
  readonly budgets: DriverBudgets;
  /** Options to repeat the run with, beside seed and schedule. */
  readonly repeat: string;
  readonly onProgress: (progress: RunProgress) => void;
  /** Ends everything. */
  readonly signal: AbortSignal;
}

function failureOf({ ending, detail, record }: Pick<ProcessEnd, "ending" | "detail" | "record">): DriverFailure {
  const { place } = record;
  return { ending, driver: place?.driver ?? "", hook: place?.hook ?? "", device: place?.device ?? "", atNs: record.virtualTimeNs, message: detail, services: record.services, lastLog: record.lastLog };
}

const filesOf = (sources: readonly DriverSource[]): NonNullable<ScenarioResult["drivers"]> => sources.map(({ file, digest }) => ({ file, digest }));

function endedResult(plan: ScenarioPlan, input: RunInput, sources: readonly DriverSource[], repeat: string, why: DriverFailure | string): EndedResult {
  const failure = typeof why === "string" ? null : why;
  const ended = endedRun(plan, input, typeof why === "string" ? why : `driver ${why.ending}: ${why.message}`);
  return {
    ...ended, ...(failure === null ? {} : { status: "driver", virtualTimeNs: failure.atNs, driver: failure }), drivers: filesOf(sources), reproduce: `${ended.reproduce}${repeat}`,
  };
}

async function obey(process: DriverProcess, order: Parameters<DriverProcess["obey"]>[0], options: Pick<ContainedOptions, "signal"> & Partial<ContainedOptions>): ReturnType<DriverProcess["obey"]> {
  options.signal.addEventListener("abort", process.kill);
  try {
    return await process.obey(order, options.onProgress);
  } finally {
    options.signal.removeEventListener("abort", process.kill);
  }
}

const messageOf = (answer: { readonly kind: string; readonly message?: string }): string => answer.message ?? `the process of a run said "${answer.kind}"`;

/** One run. An error of ours is its result too, so that the other runs are not lost with it. */
async function runOnce(plan: ScenarioPlan, input: RunInput, sources: readonly DriverSource[], options: ContainedOptions): Promise<ContainedRun> {
  const process = startDriverProcess(options.budgets);
  const answer = await obey(process, { kind: "run", drivers: sources, input, steps: options.budgets.steps }, options);
  const { printed } = process;
  if (answer.kind === "done") {
    const { result, trace, details } = answer.finished;
    return { result: { ...result, drivers: filesOf(sources), reproduce: `${result.reproduce}${options.repeat}` }, trace, details, printed };
  }
  if (answer.kind === "process end") return { result: endedResult(plan, input, sources, options.repeat, failureOf(answer)), trace: null, details: null, printed };
  if (answer.kind === "not-loaded") {
    const failure: DriverFailure = { ending: "could not be loaded", driver: answer.file, hook: "load", device: "", atNs: 0, message: answer.message, services: 0, lastLog: null };
    return { result: endedResult(plan, input, sources, options.repeat, failure), trace: null, details: null, printed };
  }
  return { result: endedResult(plan, input, sources, options.repeat, `internal error: ${messageOf(answer)}`), trace: null, details: null, printed };
}

/** One run, held against its golden: what differs takes a second run, with its records kept, to say where. @throws GoldenFileError */
export async function runContained(plan: ScenarioPlan, input: RunInput, sources: readonly DriverSource[], options: ContainedOptions): Promise<ContainedRun> {
  const golden = goldenFor(input);
  const done = await runOnce(plan, input, sources, options);
  const { result } = done;
  if (golden === null || result.digests === null) return done;
  if (isGolden(golden, result)) return { ...done, result: agreed(result) };
  const { trace } = input.keepTrace ? done : await runOnce(plan, { ...input, keepTrace: true }, sources, options);
  return trace === null ? done : { ...done, result: heldAgainst(golden, result, decodeTrace(trace)) };
}

/** Loads a driver, in a process of its own, to see that it is one. @throws DriverFileError it is none, with what it printed */
export async function tryDriver(source: DriverSource, budgets: DriverBudgets, signal: AbortSignal): Promise<void> {
  const answer = await obey(startDriverProcess(budgets), { kind: "load", drivers: [source] }, { signal });
  if (answer.kind === "loaded") return;
  if (answer.kind === "not-loaded") throw new DriverFileError(`${source.file}: ${answer.message}`);
  if (answer.kind === "process end") throw new DriverFileError(`${source.file}: loading it did not come to an end: ${answer.detail}`);
  throw new Error(messageOf(answer));
}
