// `runScenario`: a scenario file as a function, run in this thread in slices, between which it can be ended.

import type { DriverModule, RunInput } from "../src/sandbox.ts";
import { loadModule } from "../src/sandbox.ts";
import { defectsOf } from "../src/sandbox/defects.ts";
import { checkNames } from "../src/sandbox/library/options.ts";
import { readSource } from "../src/sandbox/library/source.ts";
import { includeTexts } from "../src/scenario/include-texts.ts";
import type { FinishedRun } from "./slices.ts";
import { CancelledError, runInSlices } from "./slices.ts";

/** A scenario's text; `file` names it in messages, `includes` are the texts of files that it includes, by the paths that it gives. */
export interface ScenarioText {
  readonly text: string;
  readonly file?: string;
  readonly includes?: Readonly<Record<string, string>>;
}

/** How a scenario is run. */
export interface RunScenarioOptions {
  /** Of everything random, 0..4294967295 (1). */
  readonly seed?: number;
  /** Which ready task goes first: the oldest (`fixed`), or as the seed decides. */
  readonly schedule?: "fixed" | "seeded";
  /** Bugs that the built-in recovery driver is given, by name (docs/defects.md). */
  readonly defects?: readonly string[];
  /** Drivers of the caller, before the built-in ones and in place of those that the scenario names. They run in this thread, with all that it can do. */
  readonly drivers?: readonly DriverModule[];
  /** Keep the whole trace, not only its digests (false). */
  readonly keepTrace?: boolean;
  /** Text of a golden file that the run is held against. */
  readonly golden?: string;
  /** A compiled module (`loadModule`); absent: it is loaded. */
  readonly module?: WebAssembly.Module;
  /** Ends the run. */
  readonly signal?: AbortSignal;
}

const optionNames = ["seed", "schedule", "defects", "drivers", "keepTrace", "golden", "module", "signal"] as const satisfies readonly (keyof RunScenarioOptions)[];
const largestSeed = 0xffff_ffff;
/** Milliseconds of wall time between two looks at the signal. */
const slice = 8;

/** A file with what it includes: from the file system in Node; elsewhere a scenario that includes others is given as `{ text, includes }`. @throws MachineSourceError */
async function read(source: URL | string): Promise<ScenarioText> {
  const { file, text } = await readSource(source);
  const isUrl = /^[a-z]{2,}:/.test(file) && !file.startsWith("file:");
  if (isUrl || typeof process === "undefined") return { file, text };
  const { existsSync, readFileSync } = await import(/* @vite-ignore */ "node:fs");
  const base = file.startsWith("file:") ? new URL(file) : new URL(file, `file://${process.cwd()}/`);
  const beside = (path: string): string | undefined => (existsSync(new URL(path, base)) ? readFileSync(new URL(path, base), "utf8") : undefined);
  return { file, text, includes: includeTexts(file, text, beside) };
}

/** @throws RangeError, TypeError */
function inputOf({ text, file = "scenario", includes }: ScenarioText, options: RunScenarioOptions): RunInput {
  checkNames("runScenario", options, optionNames);
  const { seed = 1, schedule = "fixed", defects = [], keepTrace = false, golden } = options;
  if (!Number.isInteger(seed) || seed < 0 || seed > largestSeed) throw new RangeError(`runScenario: a seed is a whole number from 0 to ${largestSeed}, not ${String(seed)}`);
  if (!["fixed", "seeded"].includes(schedule)) throw new RangeError(`runScenario: schedule is "fixed" or "seeded", not "${String(schedule)}"`);
  defectsOf(defects.join(","));
  return { file, text, seed, schedule, keepTrace, ...(defects.length === 0 ? {} : { defects }), ...(includes === undefined ? {} : { includes }), ...(golden === undefined ? {} : { golden }) };
}

/**
 * Runs a scenario and gives its result: outcome, evidence of faults, expectations, metrics, digests; with `keepTrace` the trace as well. A scenario that
 * fails is no error: look at `result.status`. `source`: a path (in Node) or URL, or `{ text }`.
 * @throws ScenarioFileError what is wrong with the file, with line and column; MachineSourceError it cannot be read; ModuleLoadError;
 * RangeError, TypeError an option; the signal's reason, when `signal` ends it
 */
export async function runScenario(source: URL | string | ScenarioText, options: RunScenarioOptions = {}): Promise<FinishedRun> {
  const { signal, drivers } = options;
  const input = inputOf(typeof source === "string" || source instanceof URL ? await read(source) : source, options);
  // Waited for also with a module at hand: who called may end the run before its first step.
  const module = await (options.module ?? loadModule().then((loaded) => loaded.module));
  signal?.throwIfAborted();
  try {
    return await runInSlices(module, input, { slice, isCancelled: () => signal?.aborted === true, onProgress: () => undefined }, drivers);
  } catch (thrown) {
    if (thrown instanceof CancelledError) signal?.throwIfAborted();
    throw thrown;
  }
}
