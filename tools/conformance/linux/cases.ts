// The cases of a folder: found, run, and what was wrong with them.

import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { ScenarioFileError } from "../../../src/scenario/load.ts";
import type { ScenarioPlan } from "../../../src/scenario/plan.ts";
import { planScenario } from "../../../src/scenario/plan.ts";
import { UnresolvedReferenceError } from "../../../src/sandbox/references.ts";
import { CaptureError } from "../capture.ts";
import { commandLineFile, logFile, readCase } from "./case.ts";
import type { CaseResult } from "./compare.ts";
import { runCase } from "./compare.ts";

export interface LinuxOutcome {
  readonly results: readonly CaseResult[];
  readonly errors: readonly Error[];
}

/** Folders with a log: the folder itself, or those below it. */
export function casesIn(folder: string): string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw new CaptureError(folder, "", "is no folder; give one with captures");
  if (existsSync(join(folder, logFile))) return [folder];
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => basename(name) === logFile).map((name) => join(folder, name, "..")).toSorted();
}

/** @throws CaptureError, ScenarioFileError */
function readScenario(file: string): ScenarioPlan {
  if (!existsSync(file) || !statSync(file).isFile()) throw new CaptureError(file, "", "is no scenario file; give a .yaml file");
  return planScenario(file, readFileSync(file, "utf8"));
}

const isTold = (thrown: unknown): thrown is Error => thrown instanceof CaptureError || thrown instanceof ScenarioFileError || thrown instanceof UnresolvedReferenceError;

/** Runs cases; a broken one does not keep the others back. `scenario` stands for the machine of the only case. @throws CaptureError, ScenarioFileError */
export function runCases(module: WebAssembly.Module, folders: readonly string[], scenario?: string): LinuxOutcome {
  const plan = scenario === undefined ? undefined : readScenario(scenario);
  if (plan !== undefined && folders.length !== 1) throw new CaptureError(plan.file, "", `stands for one case, and there are ${folders.length}; give the folder of one case (with ${logFile} and moments)`);
  const [results, errors]: [CaseResult[], Error[]] = [[], []];
  for (const folder of folders) {
    try {
      results.push(runCase(module, readCase(folder, plan !== undefined), plan));
    } catch (error) {
      if (!isTold(error)) throw error;
      errors.push(error);
    }
  }
  return { results, errors };
}

/** What a folder without a case lacks. */
export const noCase = (folder: string): CaptureError => new CaptureError(folder, "", `has no case; a case is a folder with ${logFile}, ${commandLineFile} and moments (NAME.iomem, NAME.cxl-all.json ...)`);
