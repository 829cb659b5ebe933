// From the text of a file to a checked scenario, or to messages with file, line and column. Never a stack trace for the user's mistake.

import type { Includes } from "./include.ts";
import { resolveIncludes } from "./include.ts";
import { describeIssues } from "./issues.ts";
import type { Problem } from "./problem.ts";
import { ScenarioFileError } from "./problem.ts";
import type { SourcePlace } from "./result.ts";
import { scenarioSchema } from "./schema.ts";
import type { ScenarioFile } from "./schema.ts";
import { versionProblem } from "./version.ts";
import type { Path } from "./yaml-text.ts";

export { describeIssues } from "./issues.ts";
export type { Problem } from "./problem.ts";
export { ScenarioFileError } from "./problem.ts";
export type { Path } from "./yaml-text.ts";

export interface LoadedFile {
  readonly file: string;
  readonly scenario: ScenarioFile;
  /** What the file says, with what it includes, as it is written. */
  readonly value: Readonly<Record<string, unknown>>;
  /** Place of a path, or of its nearest parent; it names its file where that is an included one. */
  readonly place: (path: Path) => SourcePlace;
  /** Something that is wrong there. */
  readonly problem: (path: Path, message: string) => Problem;
}

export interface ValueProblem {
  readonly path: Path;
  readonly message: string;
}

/** A value that is no good machine or scenario: one problem a line, each with its path. */
export class MachineValueError extends Error {
  readonly problems: readonly ValueProblem[];
  constructor(problems: readonly ValueProblem[]) {
    super(problems.map(({ path, message }) => (path.length === 0 ? message : `${formatPath(path)}: ${message}`)).join("\n"));
    this.name = "MachineValueError";
    this.problems = problems;
  }
}

/** `machine.hostBridges[0].rootPorts[1]`: a path as one writes it in code. */
export const formatPath = (path: Path): string => path.map((step, index) => (typeof step === "number" ? `[${step}]` : index === 0 ? step : `.${step}`)).join("");

const mostProblems = 20;

/** Checks a value that stands for a scenario's text. @throws MachineValueError */
export function checkScenario(value: unknown): ScenarioFile {
  const version = versionProblem(typeof value === "object" && value !== null && "version" in value ? value.version : undefined);
  if (version !== undefined) throw new MachineValueError([{ path: ["version"], message: version }]);
  const parsed = scenarioSchema.safeParse(value);
  if (parsed.success && parsed.data.include !== undefined) throw new MachineValueError([{ path: ["include"], message: "a value has no folder to include files from; put the values together in code" }]);
  if (parsed.success) return parsed.data;
  throw new MachineValueError(describeIssues(parsed.error, []).slice(0, mostProblems).map(({ path, message }) => ({ path, message })));
}

const inWords = (path: Path, message: string): string => (path.length === 0 ? message : `${path.join(".")}: ${message}`);

/** Parses and checks a file with what it includes. @throws ScenarioFileError */
export function loadScenario(file: string, text: string, includes: Includes = {}): LoadedFile {
  const { value, problemAt } = resolveIncludes(file, text, includes);
  const parsed = scenarioSchema.safeParse(value);
  if (!parsed.success) throw new ScenarioFileError(file, describeIssues(parsed.error, []).slice(0, mostProblems).map(({ path, message, isKey }) => problemAt(path, inWords(path, message), isKey)));
  const place = (path: Path): SourcePlace => {
    const { line, column, file: other } = problemAt(path, "");
    return { line, column, ...(other === undefined ? {} : { file: other }) };
  };
  return { file, scenario: parsed.data, value, place, problem: (path, message) => problemAt(path, inWords(path, message)) };
}
