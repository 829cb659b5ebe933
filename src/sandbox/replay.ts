// A trace run again from its own header, and held against what comes.

import type { ScenarioResult } from "../scenario/result.ts";
import type { TraceComparison } from "../scenario/trace/compare.ts";
import { compareTraces } from "../scenario/trace/compare.ts";
import type { TraceFile, TraceTool } from "../scenario/trace/file.ts";
import { planScenario } from "../scenario/plan.ts";
import { isMisfit } from "../sim/task.ts";
import { traceLayers } from "../sim/trace.ts";
import type { TraceLayer } from "../sim/trace.ts";
import type { RunInput } from "./contract.ts";
import { createRun } from "./run.ts";
import { originOf } from "./trace-kept.ts";

/** Layers that hold across minor versions; access and kernel bind one version. */
export const promisedLayers = ["hardware", "log", "result"] as const satisfies readonly TraceLayer[];
const context = 3;

export interface ReplayOptions {
  /** What replays. */
  readonly tool: TraceTool;
  /** Absent: all that can be equal. */
  readonly layers?: readonly TraceLayer[];
}

export interface ReplayResult {
  readonly comparison: TraceComparison;
  /** Times and the order between layers were compared too. */
  readonly withTimes: boolean;
  /** The trace was made by this release with this module. */
  readonly isSameTool: boolean;
  /** The recorded choices do not fit this release, and the schedule was made anew from the seed. */
  readonly isRescheduled: boolean;
  /** Digests of the header that are not those of its records, as the replay gives them for equal ones. */
  readonly falseDigests: readonly string[];
  readonly actual: TraceFile;
}

/** What runs a trace again. `choices`: by its recorded choices, else by its schedule and seed. */
export function inputOfTrace({ header }: TraceFile, tool: TraceTool, choices: "recorded" | "anew" = "recorded"): RunInput {
  const { file, scenario, includes, seed, schedule, defects } = header;
  return { file, text: scenario, includes, seed, schedule: schedule === "recorded" ? "fixed" : schedule, keepTrace: true, defects, tool, ...(choices === "recorded" ? { choices: header.choices } : {}) };
}

export const isSameTool = ({ header: { tool } }: TraceFile, other: TraceTool): boolean => tool.version === other.version && tool.moduleHash === other.moduleHash;

/** Whether a replay is to be made anew by the schedule: another release makes other choices. */
export const isToBeRescheduled = (trace: TraceFile, { reason }: Pick<ScenarioResult, "reason">, tool: TraceTool): boolean => isMisfit(reason) && !isSameTool(trace, tool) && trace.header.schedule !== "recorded";

/** Holds a trace against the one that its replay gave. */
export function judgeReplay(expected: TraceFile, actual: TraceFile, { tool, layers }: ReplayOptions, isRescheduled: boolean): ReplayResult {
  const isSame = isSameTool(expected, tool);
  const compared = layers ?? (isSame ? traceLayers : promisedLayers);
  const withTimes = isSame && compared.length === traceLayers.length;
  const comparison = compareTraces(expected, actual, { layers: compared, withTimes, context });
  const equal = comparison.divergences.length === 0 ? compared : [];
  return {
    comparison, withTimes, isSameTool: isSame, isRescheduled, actual,
    falseDigests: equal.filter((layer) => expected.header.digests[layer] !== actual.header.digests[layer] && (isSame || (promisedLayers as readonly TraceLayer[]).includes(layer))),
  };
}

function runAgain(module: WebAssembly.Module, input: RunInput): { readonly result: ScenarioResult; readonly trace: TraceFile } {
  const run = createRun(module, planScenario(input.file, input.text, "refused", input.includes), { ...input, origin: originOf(input) });
  while (run.run(() => false) !== "done") continue;
  const result = run.result();
  const trace = run.traceFile();
  if (trace === null) throw new Error("a run that keeps its trace has none");
  return { result, trace };
}

/** Runs a trace without drivers again and compares. @throws ScenarioFileError this release refuses its scenario @throws RangeError the trace is no run's */
export function replayTrace(module: WebAssembly.Module, trace: TraceFile, options: ReplayOptions): ReplayResult {
  if (trace.header.served !== undefined) throw new RangeError("the trace is that of a served machine, which no run makes again");
  const { tool } = options;
  const first = runAgain(module, inputOfTrace(trace, tool));
  if (!isToBeRescheduled(trace, first.result, tool)) return judgeReplay(trace, first.trace, options, false);
  return judgeReplay(trace, runAgain(module, inputOfTrace(trace, tool, "anew")).trace, options, true);
}
