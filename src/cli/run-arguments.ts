// `cxl-sandbox run`: its options and help.

import { availableParallelism } from "node:os";
import { driverEndings, endingOf } from "../scenario/driver.ts";
import type { DefectName } from "../sandbox/defects.ts";
import { defectsOf } from "../sandbox/defects.ts";
import type { DriverBudgets } from "../../workers/driver-process.ts";
import { UsageError, oneOf, parseWords, seedsOf } from "./arguments.ts";

export interface RunOptions {
  readonly paths: readonly string[];
  readonly seeds: readonly number[];
  readonly schedule: "fixed" | "seeded";
  readonly reporter: "console" | "json";
  /** Show what the commands of steps printed. */
  readonly steps: boolean;
  readonly trace: "off" | "on" | "on-failure";
  readonly output: string;
  /** Bugs of the recovery driver. */
  readonly defects: readonly DefectName[];
  readonly worker: boolean;
  /** Start no run after the first that does not pass. */
  readonly bail: boolean;
  /** Run the drivers that scenarios name. */
  readonly allowDriver: boolean;
  /** Driver files to use in place of those. */
  readonly drivers: readonly string[];
  readonly budgets: DriverBudgets;
  /** Contained runs at a time. */
  readonly jobs: number;
}

export const runHelp = `usage: cxl-sandbox run FILES|DIRS [options]

  --seed S            seed of everything random (0..4294967295, default 1)
  --seeds A..B        one run per seed, at most 10000
  --schedule KIND     fixed (default): the oldest ready task goes first; seeded: the seed decides
  --reporter KIND     console (default) or json
  --steps             show the commands of every scenario's steps and what they printed
  --trace WHEN        off (default), on, or on-failure: write the trace of each run
  --output DIR        where traces go (default: traces)
  --no-worker         run in this thread
  --defect NAME       give the recovery driver a known bug (docs/defects.md); may be repeated
  --bail              stop at the first run that does not pass

A scenario that brings a driver (its key \`driver:\`) brings code, and is refused unless you say:

  --allow-driver      run the drivers that the scenarios name (.js, .mjs, .wasm; .ts where esbuild is installed)
  --driver FILE       use this driver in every scenario, in place of those that they name; may be repeated
  --driver-steps N    services and registers that the drivers of one run may use together (default 10000000)
  --driver-time T     time for one stay in a hook, and for a run without progress (like 500ms, 10s, 2min; default 10s)
  --driver-heap SIZE  JavaScript heap of one run, with hardware and kernel (64MiB..64GiB, default 256MiB)
  --jobs N            runs with drivers at a time (1..64; default one for each processor, at most 8)

Each such run has a process of its own, with hardware, kernel and driver, which is ended as a whole when it is over a
budget; the others go on, and the report says what the driver was at. A JavaScript driver is trusted code all the same:
it can do what you can do in Node, files and network included. See docs/contained-drivers.md.

All files are checked before anything runs. Results go to standard output, the verdict to standard error.

exit status
  0    every scenario passed
  1    an expectation failed
  2    wrong usage, or a file that is no good scenario (nothing ran)
  3    a fault did not fire: the run proves nothing
  4    a limit was reached
  5    internal error, or the worker died
  6    a driver ended its run: it threw, hung, or was over a budget
  130  interrupted
Of several, the worst is given, in the order 130, 2, 5, 6, 3, 4, 1.
`;

const runOptions = {
  seed: { type: "string" },
  seeds: { type: "string" },
  schedule: { type: "string", default: "fixed" },
  reporter: { type: "string", default: "console" },
  steps: { type: "boolean", default: false },
  trace: { type: "string", default: "off" },
  output: { type: "string", default: "traces" },
  "no-worker": { type: "boolean", default: false },
  defect: { type: "string", multiple: true },
  bail: { type: "boolean", default: false },
  "allow-driver": { type: "boolean", default: false },
  driver: { type: "string", multiple: true },
  "driver-steps": { type: "string" },
  "driver-time": { type: "string" },
  "driver-heap": { type: "string" },
  jobs: { type: "string" },
} as const;

export const defaultBudgets: DriverBudgets = { steps: 10_000_000, time: 10_000, heap: 256 };
const mostSteps = 1_000_000_000;
const mostJobs = 64;
const milliseconds: Readonly<Record<string, number>> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000 };
const mebibytes: Readonly<Record<string, number>> = { MiB: 1, GiB: 1024 };

function wholeOf(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  if (value < least || value > most) throw new UsageError(`--${option} "${text}" is no whole number from ${least} to ${most}`);
  return value;
}

function measureOf(option: string, text: string, units: Readonly<Record<string, number>>, least: number, most: number, range: string): number {
  const match = /^(\d{1,7})([A-Za-z]+)$/.exec(text);
  const value = Number(match?.[1] ?? 0) * (units[match?.[2] ?? ""] ?? 0);
  if (value < least || value > most) throw new UsageError(`--${option} "${text}" is not from ${range}`);
  return value;
}

/** @throws UsageError */
function budgetsOf(values: { readonly "driver-steps"?: string | undefined; readonly "driver-time"?: string | undefined; readonly "driver-heap"?: string | undefined }): DriverBudgets {
  const { "driver-steps": steps, "driver-time": time, "driver-heap": heap } = values;
  return {
    steps: steps === undefined ? defaultBudgets.steps : wholeOf("driver-steps", steps, 1, mostSteps),
    time: time === undefined ? defaultBudgets.time : measureOf("driver-time", time, milliseconds, 100, 24 * 3_600_000, "100ms to 24h, like 10s"),
    heap: heap === undefined ? defaultBudgets.heap : measureOf("driver-heap", heap, mebibytes, 64, 64 * 1024, "64MiB to 64GiB, like 256MiB"),
  };
}

/** @throws UsageError */
function driversOf(files: readonly string[]): readonly string[] {
  for (const file of files) if (endingOf(file) === undefined) throw new UsageError(`--driver "${file}" is no driver by its ending; it must be one of ${driverEndings.join(", ")}`);
  return files;
}

/** @throws UsageError */
function defectsNamed(names: readonly string[]): readonly DefectName[] {
  try {
    return [...defectsOf(names.join(","))];
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    throw new UsageError(`--defect: ${thrown.message}`);
  }
}

/** @throws UsageError */
export function parseRun(argv: readonly string[]): RunOptions {
  const { values, positionals } = parseWords(argv, runOptions);
  if (positionals.length === 0) throw new UsageError("run needs at least one scenario file or folder");
  if (values["no-worker"] === true && (values["allow-driver"] === true || values.driver !== undefined)) throw new UsageError("--no-worker does not go with --allow-driver or --driver: a run with drivers has a process of its own");
  if (values.defect !== undefined && (values["allow-driver"] === true || values.driver !== undefined)) throw new UsageError("--defect is for the built-in recovery driver and does not go with --allow-driver or --driver");
  return {
    paths: positionals,
    seeds: seedsOf(values.seed, values.seeds),
    schedule: oneOf("schedule", values.schedule ?? "fixed", ["fixed", "seeded"]),
    reporter: oneOf("reporter", values.reporter ?? "console", ["console", "json"]),
    steps: values.steps === true,
    trace: oneOf("trace", values.trace ?? "off", ["off", "on", "on-failure"]),
    output: values.output ?? "traces",
    defects: defectsNamed(values.defect ?? []),
    worker: values["no-worker"] !== true,
    bail: values.bail === true,
    allowDriver: values["allow-driver"] === true,
    drivers: driversOf(values.driver ?? []),
    budgets: budgetsOf(values),
    jobs: values.jobs === undefined ? Math.min(availableParallelism(), 8) : wholeOf("jobs", values.jobs, 1, mostJobs),
  };
}
