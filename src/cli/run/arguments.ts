// `cxl-sandbox run`: its options.

import { availableParallelism } from "node:os";
import { driverEndings, endingOf } from "../../scenario/driver.ts";
import type { DefectName } from "../../sandbox/defects.ts";
import { defectsOf } from "../../sandbox/defects.ts";
import type { DriverBudgets } from "../../../workers/driver-process.ts";
import type { ChosenReporter } from "./reporting.ts";
import { reportersOf } from "./reporting.ts";
import type { Shard } from "./list.ts";
import { UsageError, oneOf, parseWords, seedsOf } from "../arguments.ts";
import { collectorOf, defaultSpool } from "../post.ts";

export interface RunOptions {
  readonly paths: readonly string[];
  readonly seeds: readonly number[];
  readonly schedule: "fixed" | "seeded";
  /** A recorded schedule, in place of that; null: none. */
  readonly scheduleFile: string | null;
  readonly reporters: readonly ChosenReporter[];
  /** Show what the commands of steps printed. */
  readonly steps: boolean;
  readonly trace: "off" | "on" | "on-failure";
  /** What is done with goldens beside scenarios: runs are held against them, they are written anew, or nobody looks at them. */
  readonly golden: "hold" | "update" | "ignore";
  readonly output: string;
  /** Bugs of the recovery driver. */
  readonly defects: readonly DefectName[];
  readonly worker: boolean;
  /** Start no run behind the one with this number among those that do not pass; 0: all run. */
  readonly bail: number;
  /** Null: all runs. */
  readonly shard: Shard | null;
  /** Say what would run. */
  readonly isListed: boolean;
  /** File that takes results as they come; null: none. */
  readonly journal: string | null;
  /** Go on with the journal where it ends. */
  readonly isResumed: boolean;
  /** Run again what changes. */
  readonly isWatched: boolean;
  /** Milliseconds by the wall that a run in a worker may be without progress. */
  readonly hangTimeout: number;
  /** Run the drivers that scenarios name. */
  readonly allowDriver: boolean;
  /** Driver files to use in place of those. */
  readonly drivers: readonly string[];
  readonly budgets: DriverBudgets;
  /** Runs at a time. */
  readonly jobs: number;
  /** Collector of results; null: none. */
  readonly post: URL | null;
  /** Folder where results wait for it. */
  readonly spool: string;
}

const runOptions = {
  seed: { type: "string" },
  seeds: { type: "string" },
  schedule: { type: "string", default: "fixed" },
  reporter: { type: "string", multiple: true },
  steps: { type: "boolean", default: false },
  trace: { type: "string", default: "off" },
  output: { type: "string", default: "traces" },
  update: { type: "boolean", default: false },
  "no-golden": { type: "boolean", default: false },
  "no-worker": { type: "boolean", default: false },
  defect: { type: "string", multiple: true },
  bail: { type: "string" },
  shard: { type: "string" },
  list: { type: "boolean", default: false },
  "hang-timeout": { type: "string" },
  journal: { type: "string" },
  resume: { type: "boolean", default: false },
  watch: { type: "boolean", default: false },
  "allow-driver": { type: "boolean", default: false },
  driver: { type: "string", multiple: true },
  "driver-steps": { type: "string" },
  "driver-time": { type: "string" },
  "driver-heap": { type: "string" },
  jobs: { type: "string" },
  post: { type: "string" },
  spool: { type: "string", default: defaultSpool },
} as const;

export const defaultBudgets: DriverBudgets = { steps: 10_000_000, time: 10_000, heap: 256 };
const mostSteps = 1_000_000_000;
const mostJobs = 64;
const mostShards = 10_000;
const mostBail = 1_000_000;
const defaultHangTimeout = 60_000;
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
export function driversOf(files: readonly string[]): readonly string[] {
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
function shardNamed(text: string): Shard {
  const [index = 0, count = 0] = /^\d{1,5}\/\d{1,5}$/.test(text) ? text.split("/").map(Number) : [];
  if (index < 1 || index > count || count > mostShards) throw new UsageError(`--shard "${text}" is no part of a whole: write I/N, from 1/N to N/N`);
  return { index, count };
}

/** Whatever is no kind of schedule names the file of one. */
const isScheduleFile = (schedule: string | undefined): schedule is string => schedule !== undefined && schedule !== "fixed" && schedule !== "seeded";

/** A golden is of a scenario as it stands, of one seed. @throws UsageError */
function goldenUse(values: { readonly update?: boolean | undefined; readonly "no-golden"?: boolean | undefined; readonly seeds?: string | undefined; readonly defect?: unknown; readonly driver?: unknown; readonly resume?: boolean | undefined; readonly schedule?: string | undefined }): RunOptions["golden"] {
  if (values.update !== true) return values["no-golden"] === true || values.driver !== undefined ? "ignore" : "hold";
  for (const other of ["no-golden", "seeds", "defect", "driver"] as const) if (values[other] !== undefined && values[other] !== false) throw new UsageError(`--update does not go with --${other}: a golden is what the scenario itself comes to with one seed`);
  if (values.resume === true) throw new UsageError("--update does not go with --resume: runs that the journal has are not run again, and would leave their goldens as they are");
  if (isScheduleFile(values.schedule)) throw new UsageError("--update does not go with --schedule FILE: a recorded schedule has no golden");
  return "update";
}

/** `--bail` alone is the first one; an option cannot be without its value otherwise. */
const withBail = (argv: readonly string[]): string[] => argv.map((word, index) => (word === "--bail" && !argv.slice(0, index).includes("--") ? "--bail=1" : word));

/** @throws UsageError */
export function parseRun(argv: readonly string[]): RunOptions {
  const { values, positionals } = parseWords(withBail(argv), runOptions);
  if (positionals.length === 0) throw new UsageError("run needs at least one scenario file or folder");
  if (values["no-worker"] === true && (values["allow-driver"] === true || values.driver !== undefined)) throw new UsageError("--no-worker does not go with --allow-driver or --driver: a run with drivers has a process of its own");
  if (values.defect !== undefined && (values["allow-driver"] === true || values.driver !== undefined)) throw new UsageError("--defect is for the built-in recovery driver and does not go with --allow-driver or --driver");
  if (values.resume === true && values.journal === undefined) throw new UsageError("--resume needs --journal FILE, the journal to go on with");
  if (values.watch === true && (values.journal !== undefined || values.shard !== undefined || values.list === true)) throw new UsageError("--watch does not go with --journal, --shard or --list");
  if (values.journal === "") throw new UsageError("--journal names no file");
  return {
    paths: positionals,
    seeds: seedsOf(values.seed, values.seeds),
    schedule: values.schedule === "seeded" ? "seeded" : "fixed",
    scheduleFile: isScheduleFile(values.schedule) ? values.schedule : null,
    reporters: reportersOf(values.reporter ?? []),
    steps: values.steps === true,
    trace: oneOf("trace", values.trace ?? "off", ["off", "on", "on-failure"]),
    golden: goldenUse(values),
    output: values.output ?? "traces",
    defects: defectsNamed(values.defect ?? []),
    worker: values["no-worker"] !== true,
    bail: values.bail === undefined ? 0 : wholeOf("bail", values.bail, 1, mostBail),
    shard: values.shard === undefined ? null : shardNamed(values.shard),
    isListed: values.list === true,
    journal: values.journal ?? null,
    isResumed: values.resume === true,
    isWatched: values.watch === true,
    hangTimeout: values["hang-timeout"] === undefined ? defaultHangTimeout : measureOf("hang-timeout", values["hang-timeout"], milliseconds, 100, 24 * 3_600_000, "100ms to 24h, like 60s"),
    allowDriver: values["allow-driver"] === true,
    drivers: driversOf(values.driver ?? []),
    budgets: budgetsOf(values),
    jobs: values.jobs === undefined ? Math.min(availableParallelism(), mostJobs) : wholeOf("jobs", values.jobs, 1, mostJobs),
    post: values.post === undefined ? null : collectorOf(values.post, "--post"),
    spool: values.spool ?? defaultSpool,
  };
}
