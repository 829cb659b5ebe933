// `include:` of a scenario: files of its folder or below, laid under it. Who reads files is somebody else; here are their rules, their order and what comes out.

import { folderPathProblem } from "./folder-path.ts";
import type { Problem } from "./problem.ts";
import { ScenarioFileError } from "./problem.ts";
import { scenarioVersion, versionProblem } from "./version.ts";
import type { Path, YamlText } from "./yaml-text.ts";
import { readYaml } from "./yaml-text.ts";

/** Texts of included files by their paths from the scenario's folder. */
export type Includes = Readonly<Record<string, string>>;

/** Gives the text of a file by its path from the scenario's folder, or what stands against it. */
export type IncludeReader = (path: string) => { readonly text: string } | { readonly problem: string };

const mostFiles = 32;
const mostLevels = 8;

/** Lists of which a scenario has those of its included files first, then its own. Every other list is replaced as a whole. */
export const joinedLists: readonly string[] = ["steps", "workloads", "faults", "expect"];

const afterSlash = (path: string): number => Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1;
const folderOf = (path: string): string => path.slice(0, afterSlash(path));
const baseOf = (path: string): string => path.slice(afterSlash(path));

/** A path from the scenario's folder: of a path as a file of `folder` writes it. */
const normal = (folder: string, path: string): string => `${folder}${path}`.split("/").filter((part) => part !== "" && part !== ".").join("/");

interface Following {
  readonly scenario: string;
  readonly read: IncludeReader;
  readonly layers: YamlText[];
  readonly seen: Set<string>;
  readonly problems: Problem[];
}

interface Wanted {
  readonly path: string;
  readonly at: Path;
}

/** Paths that a file includes, as written; what is no path is left to the schema. */
function wantedBy({ value: { include } }: YamlText): Wanted[] {
  if (typeof include === "string") return [{ path: include, at: ["include"] }];
  return Array.isArray(include) ? include.flatMap((path, index) => (typeof path === "string" ? [{ path, at: ["include", index] }] : [])) : [];
}

/** Why a path cannot be followed, by its text and by what was followed so far. */
function refusalOf({ seen, scenario }: Following, path: string, key: string, chain: readonly string[]): string | undefined {
  const outside = folderPathProblem(path, "included file", "./common.inc.yaml");
  if (outside !== undefined) return outside;
  if (!/\.ya?ml$/.test(key)) return `"${path}" is no YAML file by its ending; it must be .yaml or .yml`;
  if (key === baseOf(scenario) || chain.includes(key)) return `"${path}" includes itself: ${[...chain, key].join(" -> ")}; remove one of these includes`;
  if (chain.length > mostLevels) return `"${path}" is included ${chain.length} files deep, at most ${mostLevels} are possible; include it from a file above`;
  return seen.size >= mostFiles && !seen.has(key) ? `"${path}" is one file more than the ${mostFiles} that a scenario can include; put some of them together` : undefined;
}

/** Follows what a file includes, then adds the file itself. `chain`: the files that led here. */
function follow(following: Following, text: YamlText, chain: readonly string[]): void {
  const report = (at: Path, message: string): void => void following.problems.push({ ...text.problemAt(at, `${at.join(".")}: ${message}`), file: text.file });
  const folder = folderOf(chain.at(-1) ?? "");
  for (const { path, at } of wantedBy(text)) {
    const key = normal(folder, path);
    const refusal = refusalOf(following, path, key, chain);
    if (refusal !== undefined) report(at, refusal);
    // What several files include is taken once, at its first place.
    if (refusal !== undefined || following.seen.has(key)) continue;
    following.seen.add(key);
    const found = following.read(key);
    if ("problem" in found) report(at, found.problem);
    else followText(following, key, found.text, chain);
  }
  following.layers.push(text);
}

function followText(following: Following, key: string, text: string, chain: readonly string[]): void {
  try {
    const read = readYaml(`${folderOf(following.scenario)}${key}`, text);
    const version = "version" in read.value ? versionProblem(read.value["version"]) : undefined;
    if (version === undefined) follow(following, read, [...chain, key]);
    else following.problems.push({ ...read.problemAt(["version"], `version: ${version}`), file: read.file });
  } catch (error) {
    if (!(error instanceof ScenarioFileError)) throw error;
    following.problems.push(...error.problems);
  }
}

/**
 * A scenario and all that it includes, in the order in which they are laid on each other: what a file includes, one after the other, then the file.
 * @throws ScenarioFileError with every problem found
 */
export function followIncludes(file: string, text: string, read: IncludeReader): readonly YamlText[] {
  const own = readYaml(file, text);
  const version = versionProblem(own.value["version"]);
  if (version !== undefined) throw new ScenarioFileError(file, [own.problemAt(["version"], `version: ${version}`)]);
  const following: Following = { scenario: file, read, layers: [], seen: new Set(), problems: [] };
  follow(following, own, []);
  if (following.problems.length > 0) throw new ScenarioFileError(file, following.problems);
  return following.layers;
}

type Mapping = Readonly<Record<string, unknown>>;
const isMapping = (value: unknown): value is Mapping => typeof value === "object" && value !== null && !Array.isArray(value);

/** `upper` laid on `lower`: mappings key by key, everything else replaces what is below. */
function laidOn(lower: unknown, upper: unknown): unknown {
  if (!isMapping(lower) || !isMapping(upper)) return upper;
  const merged = new Map(Object.entries(lower));
  for (const [key, value] of Object.entries(upper)) merged.set(key, merged.has(key) ? laidOn(merged.get(key), value) : value);
  return Object.fromEntries(merged);
}

const listsIn = (layers: readonly YamlText[], key: string): readonly (readonly unknown[])[] => layers.map(({ value }) => value[key]).filter((one): one is readonly unknown[] => Array.isArray(one));
/** Lists are joined where every file that has the key has a list there. */
const isJoined = (layers: readonly YamlText[], key: unknown): key is string => typeof key === "string" && joinedLists.includes(key) && layers.every(({ value }) => !Object.hasOwn(value, key) || Array.isArray(value[key]));

/** What the layers say together. */
function valueOf(layers: readonly YamlText[]): Mapping {
  const [only] = layers;
  if (only !== undefined && layers.length === 1) return only.value;
  const merged = layers.reduce<unknown>((lower, { value }) => laidOn(lower, value), {}) as Record<string, unknown>;
  const joined = joinedLists.filter((key) => key in merged && isJoined(layers, key)).map((key) => [key, listsIn(layers, key).flat()] as const);
  return { ...merged, ...Object.fromEntries(joined), version: scenarioVersion };
}

/** The layer that a path of the merged value comes from, with its path there. */
function originOf(layers: readonly YamlText[], path: Path): { readonly layer: YamlText; readonly path: Path } {
  const [key, index, ...rest] = path;
  if (isJoined(layers, key) && typeof index === "number") {
    let first = 0;
    for (const layer of layers) {
      const length = Object.hasOwn(layer.value, key) ? (layer.value[key] as readonly unknown[]).length : 0;
      if (index < first + length) return { layer, path: [key, index - first, ...rest] };
      first += length;
    }
  }
  let candidates = layers.map((layer) => ({ layer, value: layer.value as unknown }));
  for (const step of path) {
    const below = candidates.flatMap(({ layer, value }) => (typeof value === "object" && value !== null && Object.hasOwn(value, step) ? [{ layer, value: (value as Record<string | number, unknown>)[step] }] : []));
    if (below.length === 0) break;
    const opaque = below.findLastIndex(({ value }) => !isMapping(value));
    // What is no mapping hides all that lies under it; mappings above it stand alone.
    candidates = opaque === below.length - 1 ? below.slice(opaque) : below.slice(opaque + 1);
  }
  return { layer: (candidates.at(-1) ?? { layer: layers.at(-1) as YamlText }).layer, path };
}

/** A scenario with what it includes, as one value. */
export interface ResolvedFile {
  readonly value: Mapping;
  /** Something that is wrong at a path of the value, in the file that it comes from. */
  readonly problemAt: YamlText["problemAt"];
}

/** @throws ScenarioFileError */
export function resolveIncludes(file: string, text: string, includes: Includes): ResolvedFile {
  const layers = followIncludes(file, text, (path) => (Object.hasOwn(includes, path) ? { text: includes[path] ?? "" } : { problem: `there is no file "${path}" in the scenario's folder` }));
  return {
    value: valueOf(layers),
    problemAt: (path, message, isKey) => {
      const origin = originOf(layers, path);
      const problem = origin.layer.problemAt(origin.path, message, isKey);
      return origin.layer.file === file ? problem : { ...problem, file: origin.layer.file };
    },
  };
}
