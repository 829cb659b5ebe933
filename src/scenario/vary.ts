// Variations of a scenario: paths of the file with the values they take, and the text that a file becomes under one combination of them.

import { parse, parseDocument } from "yaml";
import type { Includes } from "./include.ts";
import { ScenarioFileError, loadScenario } from "./load.ts";
import type { LoadedFile, Path } from "./load.ts";
import { planScenario } from "./plan.ts";
import type { PolicyName } from "./policies.ts";
import { policiesNamedBy, policyChoices, policyNames, presetNames } from "./policies.ts";

/** A path of a scenario file, as it was written, and its values as they were written. */
export interface Variation {
  readonly path: string;
  readonly steps: Path;
  readonly values: readonly string[];
}

/** One value for each path that varies, in order of the paths. */
export type Combination = readonly { readonly path: string; readonly value: string }[];

/** A `--vary` that cannot be read. */
export class VariationError extends Error {}

/** What a combination makes of a file. */
export interface Varied {
  readonly text: string;
  /** Of the run, where `seed` varies; else null. */
  readonly seed: number | null;
  /** Policies that the file sets and that override a preset that varies. */
  readonly pinned: readonly PolicyName[];
  readonly dropped: readonly PolicyName[];
}

/** Most values of one path, and most combinations. */
const mostValues = 1000;
const mostCombinations = 10_000;
const presetPath = "kernel.preset";
const policyPrefix = "kernel.policies.";
const seedPath = "seed";

/** What the argument of the mailing list is about: a preset is judged by its own value of these. */
export const argued: readonly PolicyName[] = ["asm", "failover", "unwind", "log", "own", "blast", "sr", "srpub", "leftover", "quiesce", "excl", "resetgate"];

/** Steps of `a.b[0].c`. @throws VariationError */
export function parseVariedPath(text: string): Path {
  const steps: (string | number)[] = [];
  for (const part of text.split(".")) {
    const match = /^([A-Za-z][A-Za-z0-9_-]*)((?:\[\d{1,6}\])*)$/.exec(part);
    if (match === null) throw new VariationError(`--vary: "${text}" is no path of a scenario; write it like kernel.preset or machine.hostBridges[0].rootPorts[1].device.volatile`);
    steps.push(match[1] ?? "", ...[...(match[2] ?? "").matchAll(/\[(\d+)\]/g)].map(([, index]) => Number(index)));
  }
  return steps;
}

/** Splits at commas that stand in no bracket, brace, parenthesis or quote. */
function splitValues(text: string): string[] {
  const values: string[] = [];
  let depth = 0;
  let quote = "";
  let value = "";
  for (const letter of text) {
    if (quote !== "") quote = letter === quote ? "" : quote;
    else if (letter === "'" || letter === '"') quote = letter;
    else if ("[{(".includes(letter)) depth++;
    else if ("]})".includes(letter)) depth--;
    if (letter === "," && depth === 0 && quote === "") {
      values.push(value.trim());
      value = "";
    } else value += letter;
  }
  return [...values, value.trim()];
}

/** `all`: every preset, every value of a policy. */
function everyValue(path: string): readonly string[] | undefined {
  if (path === presetPath) return presetNames;
  const policy = policyNames.find((name) => path === policyPrefix + name);
  return policy === undefined ? undefined : policyChoices(policy);
}

const isReadable = (value: string): boolean => parseDocument(value).errors.length === 0;

/** Reads `PATH=v1,v2`. @throws VariationError */
export function parseVariation(text: string): Variation {
  const at = text.indexOf("=");
  if (at < 0) throw new VariationError(`--vary "${text}" has no values; write PATH=VALUE,VALUE like kernel.preset=linux-7.2,ROADMAP-B`);
  const path = text.slice(0, at).trim();
  const steps = parseVariedPath(path);
  const given = splitValues(text.slice(at + 1));
  const values = given.length === 1 && given[0] === "all" ? (everyValue(path) ?? given) : given;
  if (values.includes("")) throw new VariationError(`--vary ${path}: a value is empty; write "" in quotes if that is meant`);
  const twice = values.find((value, index) => values.indexOf(value) < index);
  if (twice !== undefined) throw new VariationError(`--vary ${path}: the value ${twice} is there twice`);
  const unreadable = values.find((value) => !isReadable(value));
  if (unreadable !== undefined) throw new VariationError(`--vary ${path}: ${unreadable} is no YAML value; check quotes and brackets`);
  if (values.length > mostValues) throw new VariationError(`--vary ${path}: ${values.length} values, at most ${mostValues} are possible`);
  return { path, steps, values };
}

/** Every combination; the last path varies fastest. @throws VariationError */
export function combinationsOf(variations: readonly Variation[]): Combination[] {
  const twice = variations.find(({ path }, index) => variations.findIndex((other) => other.path === path) < index);
  if (twice !== undefined) throw new VariationError(`--vary ${twice.path} is given twice; write all its values into one`);
  const count = variations.reduce((product, { values }) => product * values.length, 1);
  if (count > mostCombinations) throw new VariationError(`--vary: ${count} combinations, at most ${mostCombinations} are possible`);
  return variations.reduce<Combination[]>((made, { path, values }) => made.flatMap((before) => values.map((value) => [...before, { path, value }])), [[]]);
}

export const describeCombination = (combination: Combination): string => combination.map(({ path, value }) => `${path}=${value}`).join(" ");

type Tree = Record<string, unknown> | unknown[];
const isTree = (value: unknown): value is Tree => typeof value === "object" && value !== null;

/** What is wrong with a combination, at the place in the file that it changes: the path that the message is about, else the first. */
function refuse({ file, problem }: LoadedFile, combination: Combination, messages: readonly string[]): never {
  const pathOf = (message: string): Path => {
    const paths = combination.filter(({ path }) => path !== seedPath).map(({ path }) => parseVariedPath(path));
    return paths.find((path) => message.startsWith(path.join("."))) ?? paths[0] ?? [];
  };
  throw new ScenarioFileError(file, messages.map((message) => ({ ...problem(pathOf(message), ""), message: `with ${describeCombination(combination)}: ${message}` })));
}

/** Sets a value; keys that are not there are added, for the schema to judge; elements of a list must be there. Returns what is wrong. */
function setAt(root: Tree, steps: Path, value: unknown): string | undefined {
  let here = root;
  for (const [index, step] of steps.entries()) {
    const path = steps.slice(0, index).join(".");
    if (typeof step === "number") {
      if (!Array.isArray(here)) return `${path}: is no list, so it has no [${step}]`;
      if (step >= here.length) return `${path}: has ${here.length} element${here.length === 1 ? "" : "s"}, so there is no [${step}]`;
    } else if (Array.isArray(here)) return `${path}: is a list; say which element, like ${path}[0].${step}`;
    const tree = here as Record<string | number, unknown>;
    if (index === steps.length - 1) tree[step] = value;
    else if (isTree(tree[step])) here = tree[step];
    else if (tree[step] === undefined || tree[step] === null) {
      const made: Tree = typeof steps[index + 1] === "number" ? [] : {};
      tree[step] = made;
      here = made;
    } else return `${steps.slice(0, index + 1).join(".")}: is a single value, so it has no ${String(steps[index + 1])}`;
  }
  return undefined;
}

/** Policies of the file beside a preset that varies: which of them stay, and which make room for the preset's own. */
function pin(root: Record<string, unknown>, combination: Combination, isUnpinned: boolean): Pick<Varied, "pinned" | "dropped"> {
  const preset = combination.find(({ path }) => path === presetPath)?.value;
  const kernel = root["kernel"];
  const own = isTree(kernel) && !Array.isArray(kernel) ? kernel["policies"] : undefined;
  if (preset === undefined || !isTree(own) || Array.isArray(own)) return { pinned: [], dropped: [] };
  const named = policiesNamedBy(preset);
  const set = policyNames.filter((name) => name in own && !combination.some(({ path }) => path === policyPrefix + name));
  const dropped = isUnpinned ? set.filter((name) => argued.includes(name) || named.includes(name)) : [];
  for (const name of dropped) delete own[name];
  return { pinned: set.filter((name) => !dropped.includes(name)), dropped };
}

function seedOf(loaded: LoadedFile, combination: Combination): number | null {
  const given = combination.find(({ path }) => path === seedPath);
  if (given === undefined) return null;
  const seed = /^\d{1,10}$/.test(given.value) ? Number(given.value) : -1;
  if (seed < 0 || seed > 0xffff_ffff) refuse(loaded, combination, [`seed: "${given.value}" is no seed: a whole number from 0 to 4294967295`]);
  return seed;
}

/** What a file says with what it includes, as a value of its own. Through JSON: what aliases share varies apart. */
function flatValue({ value }: LoadedFile): Record<string, unknown> {
  const root = JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
  delete root["include"];
  return root;
}

const textOf = (root: object): string => JSON.stringify(root, null, 1);

/** One text that says what a file says with all that it includes: the file's own where it includes nothing. @throws ScenarioFileError */
export const flatText = (file: string, text: string, includes: Includes): string => (Object.keys(includes).length === 0 ? text : textOf(flatValue(loadScenario(file, text, includes))));

/**
 * A file under a combination. `isUnpinned`: policies that the argument is about, or that the preset names, are the preset's and not the file's.
 * @throws ScenarioFileError naming file, combination and path
 */
export function varyScenario(file: string, text: string, combination: Combination, isUnpinned: boolean, includes: Includes = {}): Varied {
  planScenario(file, text, "refused", includes);
  const loaded = loadScenario(file, text, includes);
  const root = flatValue(loaded);
  const { pinned, dropped } = pin(root, combination, isUnpinned);
  for (const { path, value } of combination) {
    if (path === seedPath) continue;
    const problem = setAt(root, parseVariedPath(path), parse(value));
    if (problem !== undefined) refuse(loaded, combination, [problem]);
  }
  const varied = { text: textOf(root), seed: seedOf(loaded, combination), pinned, dropped };
  try {
    planScenario(file, varied.text);
  } catch (thrown) {
    if (!(thrown instanceof ScenarioFileError)) throw thrown;
    refuse(loaded, combination, thrown.problems.map(({ message }) => message));
  }
  return varied;
}
