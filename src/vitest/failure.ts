// What a test of a scenario says when it fails: an error whose stack leads into the scenario file, so that Vitest shows the lines there.

import type { Divergence } from "../scenario/divergence.ts";
import { ScenarioFileError, loadScenario } from "../scenario/load.ts";
import type { ScenarioResult, SourcePlace } from "../scenario/result.ts";
import type { ScenarioSource } from "./scenario-sources.ts";

/** A scenario that did not pass. Vitest shows `expected` and `actual`, and the code at the places of `stack`. */
export class ScenarioFailure extends Error {
  readonly expected?: string;
  readonly actual?: string;
  constructor(message: string, frames: readonly string[], compared?: { readonly expected: string; readonly actual: string }) {
    super(message);
    this.name = "ScenarioFailure";
    if (compared !== undefined) Object.assign(this, { expected: compared.expected, actual: compared.actual });
    this.stack = [`${this.name}: ${message}`, ...frames].join("\n");
  }
}

const times = (count: number): string => `${count} time${count === 1 ? "" : "s"}`;

const resolved = (path: string, other: string | undefined): string => (other === undefined ? path : `${path.split("/").slice(0, -1).join("/")}/${other}`);
const frame = (path: string, { line, column, file }: SourcePlace): string => `    at scenario (${resolved(path.replaceAll("\\", "/"), file)}:${line}:${column})`;

/** One layer that is not as it was, in words. */
export function divergenceLines({ layer, index, expected, actual, before, expectedAfter, actualAfter }: Divergence): string[] {
  const some = (sign: string, line: string | null): string[] => (line === null ? [] : [`${sign} ${line}`]);
  return [
    `${layer} parts at record ${index}:`, ...before.map((line) => `  ${line}`), ...some("-", expected), ...expectedAfter.map((line) => `- ${line}`),
    ...some("+", actual), ...actualAfter.map((line) => `+ ${line}`),
  ];
}

/** Everything that is wrong with a result, a line each. */
export function troubleLines(result: ScenarioResult): string[] {
  const driver = result.driver === undefined ? [] : [`driver ${result.driver.driver} ${result.driver.ending} in ${result.driver.hook}: ${result.driver.message}`];
  const at = (place: SourcePlace | undefined): string => (place === undefined ? "" : ` (line ${place.line})`);
  return [
    ...(result.reason === null || driver.length > 0 ? [] : [result.reason]), ...driver,
    ...result.expectations.filter(({ pass }) => !pass).map(({ text, expected, actual, place }) => `${text}: expected ${expected}, got ${actual}${at(place)}`),
    ...result.faults.filter(({ fired }) => !fired).map(({ id, count, place }) => `fault ${id} did not fire; it acted ${times(count)}${at(place)}`),
    ...(result.golden?.state === "changed" ? [`${result.golden.file}: ${result.golden.layers.join(", ")} not as in the golden`, ...result.golden.divergences.flatMap(divergenceLines)] : []),
  ];
}

/** Where a result failed: at expectations and faults, at the step that its reason names, else at the scenario's name. */
function placesOf(source: ScenarioSource, result: ScenarioResult): SourcePlace[] {
  const places = [...result.expectations.filter(({ pass }) => !pass), ...result.faults.filter(({ fired }) => !fired)].flatMap(({ place }) => (place === undefined ? [] : [place]));
  if (places.length > 0) return places;
  const step = /^step (\d+)\b/.exec(result.reason ?? "")?.[1];
  return [loadScenario(source.file, source.text).place(step === undefined ? ["name"] : ["steps", Number(step) - 1])];
}

/** Of a run that did not pass. */
export function failureOf(source: ScenarioSource, result: ScenarioResult): ScenarioFailure {
  const message = [`${result.status}: ${result.name}`, ...troubleLines(result), "", result.reproduce].join("\n");
  const first = result.expectations.find(({ pass }) => !pass);
  return new ScenarioFailure(message, placesOf(source, result).map((place) => frame(source.path, place)), first);
}

/** Of a file that is no good scenario; any other error as it is. */
export function fileFailure(source: ScenarioSource, thrown: unknown): unknown {
  if (!(thrown instanceof ScenarioFileError)) return thrown;
  return new ScenarioFailure(thrown.message, thrown.problems.map((problem) => frame(source.path, problem)));
}
