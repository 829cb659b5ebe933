// The result of a run that was ended from outside together with its machine.

import type { RunInput, ScenarioPlan } from "../src/sandbox.ts";
import { defectWords } from "../src/sandbox/defects.ts";
import type { EndedResult } from "../src/scenario/result.ts";
import { repeatCommand } from "../src/scenario/shell-word.ts";

/** An internal error, a worker that died or hung: `reason` says which. */
export function endedRun(plan: Pick<ScenarioPlan, "file" | "name" | "policies">, input: RunInput, reason: string): EndedResult {
  return {
    file: plan.file, name: plan.name, seed: input.seed, schedule: input.choices === undefined ? input.schedule : "recorded", policies: plan.policies, status: "error", reason,
    verdict: null, warnings: [], outcome: null, virtualTimeNs: 0, traceDigest: null, digests: null, commands: [], faults: [], expectations: [], metrics: null, workloads: [],
    reproduce: repeatCommand(plan.file, input.seed, input.scheduleFile ?? input.schedule, defectWords(input.defects ?? [])),
  };
}
