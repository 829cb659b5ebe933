// What a test of a scenario says when it fails: an error whose stack leads into the scenario file, so that Vitest shows the lines there.

import { findingLines, findingsOf, repeatLine } from "../report/findings.ts";
import { GoldenFileError } from "../scenario/golden.ts";
import { includeTexts } from "../scenario/include-texts.ts";
import { ScenarioFileError, loadScenario } from "../scenario/load.ts";
import type { ScenarioResult } from "../scenario/result.ts";
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

interface Place {
  readonly file?: string | undefined;
  readonly line: number;
  readonly column: number;
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/") + 1);

/** A line of a stack. Files that the scenario includes lie in its folder or below. */
function frame({ file, path }: ScenarioSource, place: Place): string {
  const own = path.replaceAll("\\", "/");
  const where = place.file === undefined || place.file === file ? own : `${folderOf(own)}${place.file.slice(folderOf(file).length)}`;
  return `    at scenario (${where}:${place.line}:${place.column})`;
}

/** Everything that is wrong with a result, in the words of all reports. */
export const troubleLines = (result: ScenarioResult): string[] => findingsOf(result).flatMap(findingLines);

/** Where a result failed: where its findings stand, and where none stands in a scenario, at the step that its reason names or at the scenario's name. */
function placesOf(source: ScenarioSource, result: ScenarioResult): Place[] {
  const places = findingsOf(result).flatMap(({ kind, place }) => (place === null ? [] : [{ kind, place }]));
  const named = /^step (\d+)\b/.exec(result.reason ?? "")?.[1];
  const own = places.some(({ kind }) => kind !== "golden") ? [] : [loadScenario(source.file, source.text, includeTexts(source.file, source.text, source.beside)).place(named === undefined ? ["name"] : ["steps", Number(named) - 1])];
  return [...own, ...places.map(({ place }) => place)];
}

/** Of a run that did not pass. */
export function failureOf(source: ScenarioSource, result: ScenarioResult): ScenarioFailure {
  const message = [`${result.status}: ${result.name}`, ...troubleLines(result), "", repeatLine(result)].join("\n");
  const first = result.expectations.find(({ pass }) => !pass);
  return new ScenarioFailure(message, placesOf(source, result).map((place) => frame(source, place)), first);
}

/** Of a file that is no good scenario or golden; any other error as it is. */
export function fileFailure(source: ScenarioSource, thrown: unknown): unknown {
  if (thrown instanceof GoldenFileError) return new ScenarioFailure(thrown.message, [frame(source, { file: thrown.file, line: thrown.line, column: 1 })]);
  if (!(thrown instanceof ScenarioFileError)) return thrown;
  return new ScenarioFailure(thrown.message, thrown.problems.map((problem) => frame(source, problem)));
}
