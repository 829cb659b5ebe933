// Where `describeScenarios` takes its files from: paths, folders and patterns beside the test file, or what `import.meta.glob` has read.

/** One scenario file. */
export interface ScenarioSource {
  /** Path from the folder that Vitest runs in, as the command line has it; in a browser, the key that `import.meta.glob` gave. */
  readonly file: string;
  /** Absolute path; in a browser, `file`. */
  readonly path: string;
  readonly text: string;
  /** Reads a file beside the scenario, by its path from there; undefined: there is none. */
  readonly beside: (path: string) => string | undefined;
  /** Writes a file, by its absolute path. @throws Error in a browser */
  readonly write: (path: string, text: string) => void;
}

/** Texts by path, as `import.meta.glob("./**\/*.yaml", { query: "?raw", import: "default", eager: true })` gives them. */
export type GlobbedTexts = Readonly<Record<string, unknown>>;

/** `.inc.yaml` is what others include. */
const isScenario = (name: string): boolean => /\.ya?ml$/.test(name) && !/\.inc\.ya?ml$/.test(name);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const hasPattern = (path: string): boolean => /[*?{[]/.test(path);

/** Node's own module, without an import that a browser could not follow. */
function builtin<T>(name: string): T | undefined {
  return typeof process === "undefined" ? undefined : (process.getBuiltinModule?.(name) as T | undefined);
}

type FileSystem = typeof import("node:fs");
type Paths = typeof import("node:path");

const pieces: readonly (readonly [RegExp, (found: string) => string])[] = [
  [/^\*\*\//, () => "(?:[^/]+/)*"],
  [/^\*\*/, () => ".*"],
  [/^\*/, () => "[^/]*"],
  [/^\?/, () => "[^/]"],
  [/^\{[^{}]*\}/, (found) => `(?:${found.slice(1, -1).split(",").map((one) => sourceOf(one)).join("|")})`],
  [/^[\s\S]/, (found) => found.replace(/[\\^$.*+?()[\]{}|]/, "\\$&")],
];

function sourceOf(pattern: string): string {
  let rest = pattern;
  let source = "";
  while (rest !== "") {
    const [match, translate] = pieces.map(([one, words]) => [one.exec(rest)?.[0], words] as const).find(([found]) => found !== undefined) ?? [rest, String];
    source += translate(match ?? rest);
    rest = rest.slice((match ?? rest).length);
  }
  return source;
}

/** A pattern of paths as an expression: `*` and `?` within a folder, `**` any folders, `{a,b}` one of these. */
export const patternOf = (pattern: string): RegExp => new RegExp(`^${sourceOf(pattern.replace(/^\.\//, ""))}$`);

/** The folder that a pattern's files are all below. */
function folderOf(pattern: string): string {
  const steps = pattern.split("/");
  const first = steps.findIndex(hasPattern);
  return steps.slice(0, first).join("/") || (pattern.startsWith("/") ? "/" : ".");
}

/** Files of one path, folder or pattern, by their paths from `root`. @throws Error there are none */
function expand(files: FileSystem, paths: Paths, root: string, one: string): string[] {
  const below = (folder: string): string[] => files.readdirSync(paths.resolve(root, folder), { recursive: true, encoding: "utf8" }).filter((name) => !name.split(paths.sep).includes("node_modules")).map((name) => paths.join(folder, name).split(paths.sep).join("/"));
  const folder = hasPattern(one) ? folderOf(one) : one;
  const whole = paths.resolve(root, folder);
  if (!files.existsSync(whole)) throw new Error(`describeScenarios: there is no ${hasPattern(one) ? "folder" : "file or folder"} ${whole}`);
  if (!hasPattern(one) && !files.statSync(whole).isDirectory()) return [one];
  const expression = hasPattern(one) ? patternOf(one) : undefined;
  const found = below(folder).filter((name) => (expression === undefined ? isScenario(name) : expression.test(name)));
  if (found.length === 0) throw new Error(`describeScenarios: no file in ${root} fits "${one}"`);
  return found.toSorted(compare);
}

function write(path: string, text: string): void {
  const files = builtin<FileSystem>("node:fs");
  if (files === undefined) throw new Error(`${path} cannot be written here: there is no file system`);
  files.writeFileSync(path, text);
}

const shown = (paths: Paths, path: string): string => paths.relative(process.cwd(), path).split(paths.sep).join("/");

function fromFiles(wanted: readonly string[], root: string): ScenarioSource[] {
  const files = builtin<FileSystem>("node:fs");
  const paths = builtin<Paths>("node:path");
  if (files === undefined || paths === undefined) throw new Error("describeScenarios: paths and patterns need Node's file system; in a browser give import.meta.glob(PATTERN, { query: \"?raw\", import: \"default\", eager: true })");
  const read = (path: string): string | undefined => (files.existsSync(path) ? files.readFileSync(path, "utf8") : undefined);
  const included = wanted.filter((one) => !one.startsWith("!")).flatMap((one) => expand(files, paths, root, one));
  const excluded = wanted.filter((one) => one.startsWith("!")).map((one) => patternOf(one.slice(1)));
  const names = [...new Set(included.map((name) => name.replace(/^\.\//, "")))].filter((name) => isScenario(name) && !excluded.some((one) => one.test(name)));
  return names.map((name) => {
    const path = paths.resolve(root, name);
    return { file: shown(paths, path), path, text: read(path) ?? "", beside: (other) => read(paths.resolve(paths.dirname(path), other)), write };
  });
}

/** `a/b` and `../c` is `a/c`. */
function joined(folder: string, path: string): string {
  const steps: string[] = [];
  for (const step of `${folder}/${path}`.split("/")) {
    if (step === ".." && steps.length > 0 && steps.at(-1) !== "..") steps.pop();
    else if (step !== ".") steps.push(step);
  }
  return steps.join("/");
}

function fromTexts(texts: GlobbedTexts, root: string): ScenarioSource[] {
  const paths = builtin<Paths>("node:path");
  const files = builtin<FileSystem>("node:fs");
  const plain = new Map(Object.entries(texts).map(([key, text]) => {
    if (typeof text !== "string") throw new TypeError(`describeScenarios: ${key} is no text; write import.meta.glob(PATTERN, { query: "?raw", import: "default", eager: true })`);
    return [key.replace(/^\.\//, ""), text] as const;
  }));
  // Keys that begin with "/" count from Vite's root, which is where Vitest runs.
  const place = (name: string): string => (paths === undefined ? name : name.startsWith("/") ? paths.resolve(`.${name}`) : paths.resolve(root, name));
  return [...plain].filter(([name]) => isScenario(name)).toSorted(([a], [b]) => compare(a, b)).map(([name, text]) => {
    const path = place(name);
    const beside = (other: string): string | undefined => {
      const file = joined(name.split("/").slice(0, -1).join("/"), other).replace(/^\//, name.startsWith("/") ? "/" : "");
      return plain.get(file) ?? (files?.existsSync(place(file)) === true ? files.readFileSync(place(file), "utf8") : undefined);
    };
    return { file: paths === undefined ? name : shown(paths, path), path, text, beside, write };
  });
}

/** The scenario files wanted, in order of their paths. @throws Error there are none, or a path that is not there */
export function scenarioSources(wanted: string | readonly string[] | GlobbedTexts, root: string): ScenarioSource[] {
  const isPaths = typeof wanted === "string" || Array.isArray(wanted);
  const found = isPaths ? fromFiles(typeof wanted === "string" ? [wanted] : (wanted as readonly string[]), root) : fromTexts(wanted as GlobbedTexts, root);
  if (found.length === 0) throw new Error("describeScenarios: no scenario file was given");
  return found;
}
