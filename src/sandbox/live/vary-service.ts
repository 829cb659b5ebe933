// What a comparison can change of a scenario, and the text that a change makes of it.

import { ScenarioFileError } from "../../scenario/load.ts";
import { planScenario } from "../../scenario/plan.ts";
import { policies, policyChoices, policyNames, presetNames } from "../../scenario/policies.ts";
import type { PlacedProblem } from "../../scenario/problem.ts";
import type { Combination } from "../../scenario/vary.ts";
import { VariationError, flatText, varyScenario } from "../../scenario/vary.ts";
import type { CheckQuestion } from "./services.ts";

/** A policy with the value that the scenario gives it. */
export interface PolicyChoice {
  readonly name: string;
  readonly about: string;
  readonly values: readonly string[];
  readonly current: string;
}

export type Variations =
  | { readonly kind: "choices"; readonly presets: readonly string[]; readonly policies: readonly PolicyChoice[]; readonly hasFaults: boolean }
  | { readonly kind: "problems"; readonly problems: readonly PlacedProblem[] };

/** @throws what is no problem of the file */
const problemsOf = (thrown: unknown): readonly PlacedProblem[] => {
  if (thrown instanceof ScenarioFileError) return thrown.problems;
  throw thrown;
};

/** What can be varied by name; any path of the file can be besides. */
// eslint-disable-next-line require-yield
export function* variations(_module: WebAssembly.Module, { file, text, includes }: CheckQuestion): Generator<undefined, Variations, undefined> {
  try {
    const plan = planScenario(file, text, "refused", includes);
    return { kind: "choices", presets: presetNames, hasFaults: plan.faults.length > 0, policies: policyNames.map((name) => ({ name, about: policies[name].meaning, values: policyChoices(name), current: plan.policies[name] })) };
  } catch (thrown) {
    return { kind: "problems", problems: problemsOf(thrown) };
  }
}

export interface VaryQuestion extends CheckQuestion {
  /** Paths of the file with the values they take there; empty: the file as it is. */
  readonly combination: Combination;
}

export type VariedText =
  /** `seed`: of the run, where the combination says one; else null. */
  | { readonly kind: "varied"; readonly text: string; readonly seed: number | null }
  | { readonly kind: "problems"; readonly problems: readonly PlacedProblem[] }
  | { readonly kind: "refused"; readonly reason: string };

/** One text without includes that says what the scenario says under a combination. */
// eslint-disable-next-line require-yield
export function* vary(_module: WebAssembly.Module, { file, text, includes, combination }: VaryQuestion): Generator<undefined, VariedText, undefined> {
  try {
    if (combination.length === 0) return { kind: "varied", text: flatText(file, text, includes), seed: null };
    const varied = varyScenario(file, text, combination, false, includes);
    return { kind: "varied", text: varied.text, seed: varied.seed };
  } catch (thrown) {
    if (thrown instanceof VariationError) return { kind: "refused", reason: thrown.message.replace(/^--vary:? ?/, "") };
    return { kind: "problems", problems: problemsOf(thrown) };
  }
}
