// Scenario files named on the command line, with what they include: folders are searched for .yaml and .yml, in order of name. A file that ends in .inc.yaml or
// .inc.yml is a part of others: a folder's search passes it over.

import { existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, statSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { readIncludes } from "../sandbox/library/include-files.ts";
import type { Includes } from "../scenario/include.ts";
import type { PlacedProblem } from "../scenario/problem.ts";
import { ScenarioFileError } from "../scenario/problem.ts";

/** Makes a folder and those above it. Node's own recursive mkdir never returns where every name is answered with ENOENT, as below /proc. */
export function makeFolders(folder: string): void {
  if (existsSync(folder)) return;
  makeFolders(dirname(folder));
  mkdirSync(folder);
}

export interface SourceFile {
  readonly file: string;
  readonly text: string;
  /** Texts of what it includes, by their paths from its folder. */
  readonly includes: Includes;
}

/** A path that cannot be read, or holds no scenario. */
export class FilesError extends Error {}

const isScenario = (name: string): boolean => /\.ya?ml$/.test(name) && !/\.inc\.ya?ml$/.test(name);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Scenario files that a path names: itself, or those in the folder and below, in order of name. @throws FilesError */
export function expand(path: string): string[] {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch {
    throw new FilesError(`${path}: there is no such file or folder`);
  }
  if (!isFolder) return [path];
  const found = readdirSync(path, { recursive: true, encoding: "utf8" }).filter(isScenario).toSorted(compare).map((name) => join(path, name));
  if (found.length === 0) throw new FilesError(`${path}: no scenario (.yaml, not .inc.yaml) in this folder or below it`);
  return found;
}

/** Characters kept of a file; more than any scenario has, so that the loader can refuse it by its length. */
const enough = 1 << 20;

/** @throws FilesError */
function readText(file: string): string {
  try {
    return statSync(file).size > enough ? " ".repeat(enough) : readFileSync(file, "utf8");
  } catch (error) {
    throw new FilesError(`${file}: cannot be read (${error instanceof Error ? error.message : String(error)})`);
  }
}

/** Files named, or found below folders named, each once. @throws FilesError, ScenarioFileError where an included file cannot be read */
export function readSources(paths: readonly string[]): SourceFile[] {
  const problems: PlacedProblem[] = [];
  const sources = [...new Set(paths.flatMap(expand))].map((file): SourceFile => {
    const text = readText(file);
    const read = readIncludes({ dirname, join, readFileSync, realpathSync, sep, statSync }, file, text);
    problems.push(...read.problems);
    return { file, text, includes: read.includes };
  });
  const [first] = problems;
  if (first !== undefined) throw new ScenarioFileError(first.file, problems);
  return sources;
}

/** The one scenario that a path names: a file, or a folder that holds no other. @throws FilesError, ScenarioFileError where an included file cannot be read */
export function readSource(path: string): SourceFile {
  const [source, ...others] = readSources([path]);
  if (source === undefined || others.length > 0) throw new FilesError(`${path} holds ${others.length + 1} scenarios; name one file`);
  return source;
}
