// What a watched run looks at: its scenario files, and of each all that its result depends on.

import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { ScenarioFileError, planScenario } from "../sandbox.ts";
import { goldenFileOf } from "../scenario/golden.ts";
import type { SourceFile } from "./files.ts";
import { FilesError, expand, readSource } from "./files.ts";
import type { RunOptions } from "./run/arguments.ts";

export interface Scan {
  /** A digest of all that a scenario file's run depends on, by file. */
  readonly states: ReadonlyMap<string, string>;
  /** Folders in which a change may matter. */
  readonly folders: ReadonlySet<string>;
  /** Paths that name no scenario now, a line each. */
  readonly problems: readonly string[];
}

function contentOf(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

/** Files of drivers that a scenario names; none of one that is no good now. */
function driversOf({ file, text, includes }: SourceFile): string[] {
  try {
    return planScenario(file, text, "allowed", includes).drivers.map((driver) => resolve(dirname(file), driver.file));
  } catch (error) {
    if (error instanceof ScenarioFileError) return [];
    throw error;
  }
}

/** Text of a file with what it includes, or why it cannot be read; and the files beside it that count. */
function lookAt(file: string, options: RunOptions): { readonly state: string; readonly files: readonly string[] } {
  let source: SourceFile;
  try {
    source = readSource(file);
  } catch (error) {
    if (!(error instanceof FilesError || error instanceof ScenarioFileError)) throw error;
    source = { file, text: `${contentOf(file)}\n${error.message}`, includes: {} };
  }
  const included = Object.keys(source.includes).map((path) => resolve(dirname(file), path));
  const drivers = options.drivers.length > 0 ? options.drivers.map((driver) => resolve(driver)) : options.allowDriver ? driversOf(source) : [];
  const beside = [goldenFileOf(file), ...drivers, ...(options.scheduleFile === null ? [] : [resolve(options.scheduleFile)])];
  return { state: createHash("sha256").update(JSON.stringify([source, ...beside.map(contentOf)])).digest("hex"), files: [file, ...included, ...beside] };
}

/** A folder and those below it; none where it is not there, or is none. */
function foldersBelow(path: string): string[] {
  try {
    return statSync(path).isDirectory() ? [path, ...readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))] : [];
  } catch {
    return [];
  }
}

/** Files named, as they are now. */
export function scan(options: RunOptions): Scan {
  const states = new Map<string, string>();
  const folders = new Set<string>();
  const problems: string[] = [];
  for (const path of options.paths) {
    for (const folder of foldersBelow(path)) folders.add(resolve(folder));
    folders.add(dirname(resolve(path)));
    try {
      for (const file of expand(path)) {
        const { state, files } = lookAt(file, options);
        states.set(file, state);
        for (const one of files) folders.add(dirname(resolve(one)));
      }
    } catch (error) {
      if (!(error instanceof FilesError)) throw error;
      problems.push(error.message);
    }
  }
  return { states, folders, problems };
}

/** Files that are new or another than they were, in order. */
export const changedFiles = (before: Scan, now: Scan): string[] => [...now.states].filter(([file, state]) => before.states.get(file) !== state).map(([file]) => file);
