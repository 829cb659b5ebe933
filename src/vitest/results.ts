// Matchers over what `runScenario` gives: did it pass, what became of the host, which faults acted.

import type { Outcome } from "../scenario/schema.ts";
import type { ScenarioResult } from "../scenario/result.ts";
import { troubleLines } from "./failure.ts";
import type { MatcherResult } from "./fields.ts";

/** A result, or what has one. */
export type ResultSource = ScenarioResult | { readonly result: ScenarioResult };

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null;

const isPlainResult = (value: unknown): value is ScenarioResult => isRecord(value) && Array.isArray(value["faults"]) && Array.isArray(value["expectations"]) && typeof value["status"] === "string";

export const isResult = (value: unknown): value is ResultSource => isPlainResult(value) || (isRecord(value) && isPlainResult(value["result"]));

/** @throws TypeError it is none */
export function resultOf(matcher: string, received: unknown): ScenarioResult {
  if (!isResult(received)) throw new TypeError(`${matcher}: expect() takes what runScenario gives, or its \`result\`${isRecord(received) && typeof received["then"] === "function" ? "; await it first" : ""}`);
  return isPlainResult(received) ? received : received.result;
}

const titleOf = ({ file, name, seed }: ScenarioResult): string => `${file} (${name}), seed ${seed}`;

/** @throws TypeError no result */
export function toPass(received: unknown): MatcherResult {
  const result = resultOf("toPass", received);
  const pass = result.status === "pass";
  return { pass, message: () => (pass ? `${titleOf(result)} passed, and should not` : [`${titleOf(result)}: ${result.status}`, ...troubleLines(result), result.reproduce].join("\n")) };
}

/** @throws TypeError no result */
export function toHaveOutcome(received: unknown, expected: Outcome): MatcherResult & { readonly actual: string; readonly expected: string } {
  const result = resultOf("toHaveOutcome", received);
  const pass = result.outcome === expected;
  const text = pass ? `${titleOf(result)} ended ${expected}, and should not` : [`${titleOf(result)} ended ${result.outcome}, expected ${expected}`, ...troubleLines(result), result.reproduce].join("\n");
  return { pass, message: () => text, actual: result.outcome, expected };
}

/** Every fault of the scenario acted, or the one of this id. @throws RangeError there is no such fault */
export function resultHasFired(received: ResultSource, id: string | undefined): MatcherResult {
  const result = resultOf("toHaveFired", received);
  const asked = id === undefined ? result.faults : result.faults.filter((fault) => fault.id === id);
  if (id !== undefined && asked.length === 0) throw new RangeError(`toHaveFired: ${titleOf(result)} has no fault "${id}"; it has ${result.faults.map((fault) => fault.id).join(", ") || "none"}`);
  const silent = asked.filter(({ fired }) => !fired);
  const pass = silent.length === 0;
  const names = (faults: readonly { readonly id: string }[]): string => faults.map((fault) => fault.id).join(", ");
  return { pass, message: () => (pass ? `${titleOf(result)}: ${names(asked)} acted, and should not have` : `${titleOf(result)}: ${names(silent)} did not act, so that the run has not tested it\n${result.reproduce}`) };
}
