// Drivers of `cxl-sandbox run`: found, digested and tried before anything runs, then run contained, several at a time.

import type { RunInput, ScenarioPlan } from "../../sandbox.ts";
import type { RunDetails } from "../../scenario/details.ts";
import type { EndedResult, ScenarioResult } from "../../scenario/result.ts";
import { shellFile } from "../../scenario/shell-word.ts";
import type { DriverWorkshop } from "../../../workers/driver-file.ts";
import { DriverFileError, namedDriver, scenarioDriver } from "../../../workers/driver-file.ts";
import type { DriverSource } from "../../../workers/driver-messages.ts";
import { runContained, tryDriver } from "../../../workers/driver-run.ts";
import type { RunOptions } from "./arguments.ts";
import { defaultBudgets } from "./arguments.ts";

export type AnyResult = ScenarioResult | EndedResult;

/** What of the options says which drivers run, and how. */
export type DriverOptions = Pick<RunOptions, "drivers" | "budgets">;

/** The drivers of a scenario, ready to run. */
export interface DriverSet {
  readonly plan: ScenarioPlan;
  readonly sources: readonly DriverSource[];
}

/** Drivers that cannot be used; the message has a line for each problem. */
export class DriversError extends Error {}

async function collect<T>(problems: Set<string>, place: string, work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DriverFileError)) throw error;
    problems.add(`${place}${error.message}`);
    return undefined;
  }
}

async function sourcesOf(plan: ScenarioPlan, named: readonly DriverSource[] | null, workshop: DriverWorkshop, problems: Set<string>): Promise<DriverSource[]> {
  if (named !== null) return [...named];
  const sources: DriverSource[] = [];
  for (const driver of plan.drivers) {
    const source = await collect(problems, `${driver.namedIn ?? plan.file}:${driver.line}:${driver.column}: driver: `, () => scenarioDriver(plan.file, driver, workshop));
    if (source !== undefined) sources.push(source);
  }
  return sources;
}

/** Drivers of each scenario that has some, by file; each was loaded once, apart, to see that it is one. @throws DriversError */
export async function prepareDrivers(plans: readonly ScenarioPlan[], options: DriverOptions, workshop: DriverWorkshop, signal: AbortSignal): Promise<ReadonlyMap<string, DriverSet>> {
  const problems = new Set<string>();
  const given: DriverSource[] = [];
  for (const file of options.drivers) {
    const source = await collect(problems, "cxl-sandbox: --driver ", () => namedDriver(file, workshop));
    if (source !== undefined) given.push(source);
  }
  const sets = new Map<string, DriverSet>();
  for (const plan of plans) {
    const sources = await sourcesOf(plan, options.drivers.length > 0 ? given : null, workshop, problems);
    if (sources.length > 0) sets.set(plan.file, { plan, sources });
  }
  const tried = new Set<string>();
  for (const { plan, sources } of problems.size > 0 ? [] : sets.values()) {
    for (const [index, source] of sources.entries()) {
      if (tried.has(source.url) || signal.aborted) continue;
      tried.add(source.url);
      const driver = plan.drivers[index];
      const place = options.drivers.length > 0 || driver === undefined ? "cxl-sandbox: --driver " : `${driver.namedIn ?? plan.file}:${driver.line}:${driver.column}: driver: `;
      await collect(problems, place, () => tryDriver(source, options.budgets, signal));
    }
  }
  if (problems.size > 0 && !signal.aborted) throw new DriversError([...problems].join("\n"));
  return sets;
}

/** What a run is repeated with, beside file, seed and schedule. */
export function repeatOf({ drivers, budgets: { steps, time, heap } }: DriverOptions): string {
  const words = drivers.length > 0 ? drivers.map((file) => `--driver ${shellFile(file)}`) : ["--allow-driver"];
  if (steps !== defaultBudgets.steps) words.push(`--driver-steps ${steps}`);
  if (time !== defaultBudgets.time) words.push(`--driver-time ${time % 1000 === 0 ? `${time / 1000}s` : `${time}ms`}`);
  if (heap !== defaultBudgets.heap) words.push(`--driver-heap ${heap}MiB`);
  return words.map((word) => ` ${word}`).join("");
}

/** Lines of a run's drivers on standard error. */
function passOn(result: AnyResult, printed: string): void {
  // What V8 says when the heap is full is of no use to anybody here; the report says that it was.
  const text = printed.replace(/\n*<--- Last few GCs --->[^]*$/, "\n").trim();
  if (text === "") return;
  process.stderr.write(`${text.split("\n").map((line) => `${result.file} (seed ${result.seed}) | ${line}`).join("\n")}\n`);
}

/** One run with drivers. */
export async function runWithDrivers({ plan, sources }: DriverSet, input: RunInput, options: DriverOptions, signal: AbortSignal, onProgress: (virtualTimeNs: number) => void): Promise<{ readonly result: AnyResult; readonly trace: Uint8Array | null; readonly details: RunDetails | null }> {
  const done = await runContained(plan, input, sources, { budgets: options.budgets, repeat: repeatOf(options), signal, onProgress: (progress) => onProgress(progress.virtualTimeNs) });
  if (!signal.aborted) passOn(done.result, done.printed);
  return done;
}
