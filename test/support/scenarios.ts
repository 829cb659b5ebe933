// Runs scenarios for tests: to the end, in one slice or in many.

import { createRun } from "../../src/sandbox/run.ts";
import type { RunOptions } from "../../src/sandbox/run.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import type { ScenarioPlan } from "../../src/scenario/plan.ts";
import type { ScenarioResult } from "../../src/scenario/result.ts";
import type { ModuleVariant } from "../../src/hardware/module.ts";
import { createRandom, nextBelow } from "../../src/sim/random.ts";
import { modules } from "./machine.ts";

export interface RunChoices extends Partial<RunOptions> {
  readonly variant?: ModuleVariant;
  /** Pauses after each step with a chance of one in this many. */
  readonly pauseOneIn?: number;
}

export interface Finished {
  readonly result: ScenarioResult;
  readonly trace: Uint8Array;
  readonly pauses: number;
}

export function runPlan(plan: ScenarioPlan, choices: RunChoices = {}): Finished {
  const { variant, pauseOneIn, ...options } = choices;
  const run = createRun(modules[variant ?? "release"], plan, { seed: 1, schedule: "fixed", keepTrace: false, ...options });
  const random = createRandom(99);
  const shouldPause = pauseOneIn === undefined ? () => false : () => nextBelow(random, pauseOneIn) === 0;
  let pauses = 0;
  while (run.run(shouldPause) === "paused") pauses++;
  const chunks = run.takeTrace();
  const trace = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    trace.set(chunk, at);
    at += chunk.length;
  }
  return { result: run.result(), trace, pauses };
}

export const runText = (file: string, text: string, choices: RunChoices = {}): Finished => runPlan(planScenario(file, text), choices);

/** Digests of every scenario, by its path below scenarios/. */
export function scenarioDigests(files: Readonly<Record<string, string>>, variant: ModuleVariant = "release"): Record<string, Pick<ScenarioResult, "traceDigest" | "digests">> {
  return Object.fromEntries(Object.entries(files).map(([file, text]) => {
    const { traceDigest, digests } = runText(file, text, { variant }).result;
    return [file.replace(/^.*?scenarios\//, ""), { traceDigest, digests }];
  }));
}
