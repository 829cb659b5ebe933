// A scenario's recovery held against a reboot at once, as `cxl-sandbox verdict` does it.

import { flipText, verdictRows, winnerText } from "../../report/verdict.ts";
import { ScenarioFileError } from "../../scenario/load.ts";
import { planScenario } from "../../scenario/plan.ts";
import type { PlacedProblem } from "../../scenario/problem.ts";
import { flatText } from "../../scenario/vary.ts";
import type { VerdictCell } from "../../scenario/verdict/report.ts";
import { assessSeed } from "../verdict/facts.ts";
import type { SeedResult } from "../verdict/trials.ts";
import { judgeCell } from "../verdict/verdict.ts";
import type { CheckQuestion } from "./services.ts";

export interface VerdictQuestion extends CheckQuestion {
  readonly seeds: readonly number[];
  readonly schedule: "fixed" | "seeded";
  /** Runs that the search for what would flip it may take; 0: weights and times alone are looked at. */
  readonly budget: number;
}

/** What the command prints of it, in parts. */
export interface VerdictWords {
  /** Name, recovery, reboot at once. */
  readonly rows: readonly (readonly string[])[];
  /** Null: no seed says anything. */
  readonly winner: string | null;
  readonly flips: readonly string[];
}

const wordsOf = (cell: VerdictCell): VerdictWords => ({ rows: verdictRows(cell), winner: cell.winner === null ? null : winnerText(cell), flips: (cell.sensitivity?.flips ?? []).map(flipText) });

export type VerdictAnswer =
  | { readonly kind: "judged"; readonly cell: VerdictCell; readonly words: VerdictWords }
  | { readonly kind: "problems"; readonly problems: readonly PlacedProblem[] }
  | { readonly kind: "refused"; readonly reason: string };

export function* verdict(module: WebAssembly.Module, { file, text, includes, seeds, schedule, budget }: VerdictQuestion): Generator<undefined, VerdictAnswer, undefined> {
  try {
    const flat = flatText(file, text, includes);
    if (planScenario(file, flat).faults.length === 0) return { kind: "refused", reason: "the scenario has no faults, so there is nothing to recover from; give it some under faults:" };
    const judging = judgeCell({ file, text: flat, combination: [], seeds, schedule, budget });
    let step = judging.next();
    while (step.done !== true) {
      const results: SeedResult[] = [];
      for (const input of step.value) results.push(yield* assessSeed(module, input));
      step = judging.next(results);
    }
    return { kind: "judged", cell: step.value, words: wordsOf(step.value) };
  } catch (thrown) {
    if (thrown instanceof ScenarioFileError) return { kind: "problems", problems: thrown.problems };
    throw thrown;
  }
}
