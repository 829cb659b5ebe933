// A trace file as a live run: its records are known at once, and the machine at any of them is made by running it again.

import type { ScenarioPlan } from "../../scenario/plan.ts";
import { planScenario } from "../../scenario/plan.ts";
import { ScenarioFileError } from "../../scenario/problem.ts";
import type { TraceFile, TraceTool } from "../../scenario/trace/file.ts";
import { inputOfTrace, isSameTool } from "../replay.ts";
import type { LiveInput } from "./contract.ts";
import type { Live, LiveOptions } from "./live-run.ts";
import { PlayedRun } from "./live-run.ts";
import { ShownTrace } from "./shown-trace.ts";

/** What runs the trace again: by its recorded choices. */
export function liveInputOf(trace: TraceFile, tool: TraceTool): LiveInput {
  const { file, text, includes, seed, schedule, choices, defects } = inputOfTrace(trace, tool);
  return { file, text, includes: includes ?? {}, seed, schedule, ...(choices === undefined ? {} : { choices }), defects: defects ?? [] };
}

/** The plan of the trace's scenario; a text says why its machine cannot be made here. */
function planOf({ file, text, includes }: LiveInput, { header: { drivers, served } }: TraceFile): ScenarioPlan | string {
  if (served !== undefined) return "made of a machine that was served to a driver outside: its records can be looked at, the machine cannot; replay it with cxl-sandbox replay";
  if (drivers.length > 0) return `made with drivers (${drivers.map(({ file: name }) => name).join(", ")}), which are foreign code that the page does not run: its records can be looked at, the machine cannot; replay it with cxl-sandbox replay`;
  try {
    return planScenario(file, text, "refused", includes);
  } catch (thrown) {
    if (thrown instanceof ScenarioFileError) return `this release refuses the scenario that the trace was made from (${thrown.problems[0]?.message ?? ""}): its records can be looked at, the machine cannot`;
    throw thrown;
  }
}

/** Opens a trace at power-on. The words of its records are the run's own from now on. @throws OutOfInstancesError */
export function openLiveTrace(module: WebAssembly.Module, trace: TraceFile, tool: TraceTool, options: LiveOptions = {}): Live {
  const input = liveInputOf(trace, tool);
  const plan = planOf(input, trace);
  if (typeof plan === "string") return new ShownTrace(input, trace, plan, options.generation);
  return new PlayedRun(module, plan, input, { ...options, opened: trace, isSameTool: isSameTool(trace, tool) });
}
