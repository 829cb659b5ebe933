// From the text of a file to a checked scenario, or to messages with file, line and column. Never a stack trace for the user's mistake.

import { LineCounter, isMap, isScalar, isSeq, parseDocument } from "yaml";
import type { Document, Node } from "yaml";
import type { z } from "zod";
import { scenarioSchema } from "./schema.ts";
import type { ScenarioFile } from "./schema.ts";
import { suggestion } from "./suggest.ts";

export interface Problem {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** A file that is no good scenario: one problem a line, with place and remedy. */
export class ScenarioFileError extends Error {
  readonly file: string;
  readonly problems: readonly Problem[];
  constructor(file: string, problems: readonly Problem[]) {
    super(problems.map((problem) => `${file}:${problem.line}:${problem.column}: ${problem.message}`).join("\n"));
    this.name = "ScenarioFileError";
    this.file = file;
    this.problems = problems;
  }
}

/** Characters; a scenario is a page of text. */
export const maximumLength = 1 << 20;
const maximumAliases = 100;

export type Path = readonly (string | number)[];

export interface LoadedFile {
  readonly file: string;
  readonly scenario: ScenarioFile;
  /** Place of a path in the text, or of its nearest parent. */
  readonly place: (path: Path) => { readonly line: number; readonly column: number };
}

function nodeAt(document: Document, path: Path, keyOfLast: boolean): Node | undefined {
  let node: unknown = document.contents;
  let found: unknown = node;
  for (const [index, step] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(step));
      if (pair === undefined) break;
      found = keyOfLast && index === path.length - 1 ? pair.key : (pair.value ?? pair.key);
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      if (node === undefined) break;
      found = node;
    } else break;
  }
  return found as Node | undefined;
}

interface Described {
  readonly path: Path;
  readonly message: string;
  /** The place is the key itself, not its value. */
  readonly isKey: boolean;
}

const isMissing = (issue: z.core.$ZodIssue): boolean => issue.code === "invalid_type" && issue.message.includes("received undefined");

/** One of zod's issues, below `base`, in the words of the file. */
function describe(issue: z.core.$ZodIssue, base: Path): Described[] {
  const path: Path = [...base, ...issue.path.map((step) => (typeof step === "symbol" ? String(step) : step))];
  const last = String(path.at(-1) ?? "");
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => ({ path: [...path, key], message: `unknown key "${key}"; ${suggestion(key, knownKeys(path))}`, isKey: true }));
  if (issue.code === "invalid_union") return describeUnion(issue, path);
  if (issue.code === "invalid_type" && isMissing(issue)) return [{ path, message: `"${last}" is missing; it must be ${issue.expected}`, isKey: false }];
  if (issue.code === "invalid_type") return [{ path, message: `must be ${issue.expected}; ${issue.message.replace(/^Invalid input: /, "")}`, isKey: false }];
  return [{ path, message: issue.message.replace(/^Invalid (input|option): /, ""), isKey: false }];
}

/** Alternatives are told apart by the key they need: the one whose key is there was meant; else the key itself is wrong. */
function describeUnion(issue: Extract<z.core.$ZodIssue, { code: "invalid_union" }>, path: Path): Described[] {
  const meant = issue.errors.filter((list) => !list.some((one) => one.path.length === 1 && isMissing(one)) && !list.some((one) => one.path.length === 0 && one.code !== "unrecognized_keys"));
  const strays = (list: readonly z.core.$ZodIssue[]): number => list.filter((one) => one.path.length === 0 && one.code === "unrecognized_keys").length;
  const closest = [...meant].toSorted((a, b) => strays(a) - strays(b) || a.length - b.length)[0];
  if (closest !== undefined) return closest.flatMap((inner) => describe(inner, path));
  const unknown = new Set(issue.errors.flatMap((list) => list.flatMap((one) => (one.code === "unrecognized_keys" && one.path.length === 0 ? one.keys : []))));
  const known = [...new Set(knownKeys(path))];
  for (const key of unknown) if (!known.includes(key)) return [{ path: [...path, key], message: `unknown key "${key}"; ${suggestion(key, known)}`, isKey: true }];
  const messages = issue.errors.flatMap((list) => list.filter((one) => one.path.length === 0).map((one) => (one.code === "invalid_type" ? `must be ${one.expected}` : one.message.replace(/^Invalid (input|option): /, ""))));
  return [{ path, message: known.length > 0 ? `is none of the forms that fit here; use one of ${known.join(", ")}` : [...new Set(messages)].join(", or "), isKey: false }];
}

/** What a schema has against a value that stands at `base` of a scenario, in the words of the file. */
export const describeIssues = (error: z.ZodError, base: Path): { readonly path: Path; readonly message: string }[] => error.issues.flatMap((issue) => describe(issue, base));

interface Shaped {
  readonly def: { readonly type: string; readonly shape?: Readonly<Record<string, Shaped>>; readonly element?: Shaped; readonly innerType?: Shaped; readonly options?: readonly Shaped[]; readonly items?: readonly Shaped[] };
}

/** Keys that the schema knows at a path. */
function knownKeys(path: Path): string[] {
  let level: Shaped[] = [scenarioSchema as unknown as Shaped];
  const open = (schema: Shaped): Shaped[] => (schema.def.innerType !== undefined ? open(schema.def.innerType) : schema.def.options !== undefined ? schema.def.options.flatMap(open) : [schema]);
  level = level.flatMap(open);
  for (const step of path) {
    level = level.flatMap((schema) => {
      const next = typeof step === "number" ? (schema.def.element ?? schema.def.items?.[step]) : schema.def.shape?.[step];
      return next === undefined ? [] : open(next);
    });
  }
  return level.flatMap((schema) => Object.keys(schema.def.shape ?? {}));
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
  const parsed = scenarioSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new MachineValueError(describeIssues(parsed.error, []).slice(0, mostProblems).map(({ path, message }) => ({ path, message })));
}

/** Parses and checks one file's text. @throws ScenarioFileError */
export function loadScenario(file: string, text: string): LoadedFile {
  const fail = (problems: readonly Problem[]): never => {
    throw new ScenarioFileError(file, problems);
  };
  if (text.length > maximumLength) fail([{ line: 1, column: 1, message: `the file has ${text.length} characters, a scenario has at most ${maximumLength}; is this the right file?` }]);
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number): { line: number; column: number } => {
    const position = counter.linePos(offset);
    return { line: Math.max(1, position.line), column: Math.max(1, position.col) };
  };
  if (document.errors.length > 0) fail(document.errors.slice(0, 5).map((error) => ({ ...at(error.pos[0]), message: `not YAML: ${error.message.split("\n")[0] ?? ""}; check indentation and quotes` })));
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: maximumAliases });
  } catch {
    fail([{ line: 1, column: 1, message: `the file expands to more than ${maximumAliases} aliases; write the values out` }]);
  }
  if (!isMap(document.contents)) fail([{ line: 1, column: 1, message: "not a scenario: a mapping with version, name and machine is expected" }]);
  const place = (path: Path, isKey = false): { line: number; column: number } => at(nodeAt(document, path, isKey)?.range?.[0] ?? 0);
  const parsed = scenarioSchema.safeParse(value);
  if (parsed.success) return { file, scenario: parsed.data, place };
  const problems = parsed.error.issues.flatMap((issue) => describe(issue, [])).map((one) => ({ ...place(one.path, one.isKey), message: one.path.length === 0 ? one.message : `${one.path.join(".")}: ${one.message}` }));
  return fail(problems.slice(0, mostProblems));
}
