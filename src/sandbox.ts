// The library's front door: joins a machine, a kernel and a scenario.

import { planScenario } from "./scenario/plan.ts";
import type { ScenarioPlan } from "./scenario/plan.ts";
import type { RunInput, ScenarioRun } from "./sandbox/contract.ts";
import type { DriverModule } from "./platform/driver.ts";
import { detailsOf } from "./sandbox/details.ts";
import { createRun, openRun } from "./sandbox/run.ts";
import type { RunOptions } from "./sandbox/run.ts";
import { originOf } from "./sandbox/trace-kept.ts";
import type { RunDetails } from "./scenario/details.ts";

export { defineDriver } from "./drivers/define.ts";
export { isolation as isolationDriver } from "./drivers/isolation/driver.ts";
export type { DriverModule, DriverServices } from "./platform/driver.ts";
export type { RunInput, RunProgress, ScenarioRun } from "./sandbox/contract.ts";
export { createRun } from "./sandbox/run.ts";
export type { RunOptions } from "./sandbox/run.ts";
export { scoreCell } from "./sandbox/score/score.ts";
export type { CellInput } from "./sandbox/score/score.ts";
export { assessSeed } from "./sandbox/verdict/facts.ts";
export type { VerdictInput } from "./sandbox/verdict/facts.ts";
export type { SeedResult } from "./sandbox/verdict/trials.ts";
export { judgeCell, judgeScenario } from "./sandbox/verdict/verdict.ts";
export type { Judging, VerdictRequest } from "./sandbox/verdict/verdict.ts";
export type { VerdictCell } from "./scenario/verdict/report.ts";
export { ScenarioFileError } from "./scenario/load.ts";
export { planScenario } from "./scenario/plan.ts";
export type { ScenarioPlan } from "./scenario/plan.ts";
export type { RunResult, ScenarioResult } from "./scenario/result.ts";
export { ModuleLoadError, loadModule } from "./hardware/module.ts";
export { OutOfInstancesError } from "./hardware/machine.ts";
export { OutOfHandlesError } from "./hardware/platform.ts";

const optionsOf = (input: RunInput): RunOptions => ({ seed: input.seed, schedule: input.schedule, keepTrace: input.keepTrace, defects: input.defects ?? [], ...(input.choices === undefined ? {} : { choices: input.choices }), ...(input.scheduleFile === undefined ? {} : { scheduleFile: input.scheduleFile }), origin: originOf(input) });

/** The scenario's plan and how to run it. `drivers`: those of the caller, in place of those that it names. @throws ScenarioFileError */
function readyToRun(input: RunInput, drivers: readonly DriverModule[] | undefined): readonly [plan: ScenarioPlan, options: RunOptions] {
  return [planScenario(input.file, input.text, drivers === undefined ? "refused" : "allowed", input.includes), { ...optionsOf(input), ...(drivers === undefined ? {} : { drivers }) }];
}

/** Checks a scenario's text and starts its run. `drivers`: those of the caller, in place of those that it names. @throws ScenarioFileError */
export const startScenario = (module: WebAssembly.Module, input: RunInput, drivers?: readonly DriverModule[]): ScenarioRun => createRun(module, ...readyToRun(input, drivers));

/** Makes a run once more to tell what reports show of it; yields between steps. @throws ScenarioFileError */
export function scenarioDetails(module: WebAssembly.Module, input: RunInput, drivers?: readonly DriverModule[]): Generator<undefined, RunDetails, undefined> {
  const [plan, options] = readyToRun(input, drivers);
  return detailsOf(openRun(module, plan, { ...options, keepTrace: false }), input);
}

export { createMachine, createMachineSync } from "./sandbox/library/create.ts";
/** The declarations of registers and commands as drivers name them; data. All of them: `cxl-sandbox/registers`. */
export * as registers from "./sandbox/library/registers.ts";
export { DisposedError, FaultError, KernelAttachedError, KernelStoppedError, KernelWaitsError, LimitError, MachineSourceError, MailboxTimeoutError, MissingStructureError, NotPlacedError, RunUntilError, UnmappedError } from "./sandbox/library/errors.ts";
export { MachineValueError } from "./scenario/load.ts";
export type * from "./sandbox/library/contract.ts";
