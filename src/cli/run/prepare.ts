// What a call of `cxl-sandbox run` runs: files read and checked, and the runs of its shard with all they are made from.

import { createHash } from "node:crypto";
import type { RunInput } from "../../sandbox/contract.ts";
import type { ScenarioPlan } from "../../sandbox.ts";
import { ScenarioFileError, loadModule, planScenario } from "../../sandbox.ts";
import type { TraceTool } from "../../scenario/trace/file.ts";
import { problemsText } from "../complaints.ts";
import type { SourceFile } from "../files.ts";
import { readSources } from "../files.ts";
import { readGoldens } from "../goldens.ts";
import { needsOf } from "./reporting.ts";
import type { RunOptions } from "./arguments.ts";
import { readSchedule } from "../schedule-file.ts";
import type { ListedRun } from "./list.ts";
import { listRuns, shardOf } from "./list.ts";
import { version } from "../version.ts";

/** Files that are no good scenarios, or do not go with the options; the message has a line for each problem. */
export class UnfitFilesError extends Error {}

/** The hardware, and what tells this release from others. */
export interface Engine {
  readonly module: WebAssembly.Module;
  readonly tool: TraceTool;
}

export async function loadEngine(): Promise<Engine> {
  const { module, bytes } = await loadModule();
  return { module, tool: { version: version(), moduleHash: createHash("sha256").update(bytes).digest("hex").slice(0, 16) } };
}

type CommonInput = Omit<RunInput, "file" | "text" | "seed">;

export interface Prepared {
  readonly sources: readonly SourceFile[];
  /** By file. */
  readonly plans: ReadonlyMap<string, ScenarioPlan>;
  /** Of all shards. */
  readonly listed: readonly ListedRun[];
  /** Of this shard, in order. */
  readonly runs: readonly ListedRun[];
  /** What every run is given beside its file and seed. */
  readonly common: CommonInput;
  readonly inputOf: (run: ListedRun) => RunInput;
}

/** Plans of all files by name. Drivers are allowed where the user allows those of the scenarios, or names others in their place. @throws UnfitFilesError */
function planAll(options: RunOptions, sources: readonly SourceFile[]): Map<string, ScenarioPlan> {
  const problems: string[] = [];
  const plans = new Map<string, ScenarioPlan>();
  for (const source of sources) {
    try {
      const plan = planScenario(source.file, source.text, options.allowDriver || options.drivers.length > 0 ? "allowed" : "refused", source.includes);
      if (options.defects.length > 0 && plan.policies.isoact === "none") problems.push(`${source.file}: --defect ${options.defects.join(", ")}: the kernel has no recovery driver (policy isoact: none); a scenario with kernel: { policies: { isoact: recover } } has`);
      plans.set(source.file, plan);
    } catch (error) {
      if (!(error instanceof ScenarioFileError)) throw error;
      problems.push(problemsText(error));
    }
  }
  if (problems.length > 0) throw new UnfitFilesError(problems.join("\n"));
  return plans;
}

function inputsOf(options: RunOptions, tool: TraceTool): CommonInput {
  const needs = needsOf(options.reporters);
  return {
    schedule: options.schedule, ...(options.scheduleFile === null ? {} : { choices: readSchedule(options.scheduleFile), scheduleFile: options.scheduleFile }), keepTrace: options.trace !== "off" || needs.traces || options.golden === "update", tool,
    ...(options.defects.length === 0 ? {} : { defects: options.defects }), ...(needs.details || options.journal !== null ? { details: "failures" } : {}),
  };
}

/** Goldens that runs are held against, by file. @throws UnfitFilesError */
function goldensOf(options: RunOptions, sources: readonly SourceFile[]): ReadonlyMap<string, string> {
  if (options.golden !== "hold") return new Map();
  const { texts, problems } = readGoldens(sources.map(({ file }) => file));
  if (problems.length > 0) throw new UnfitFilesError(problems.join("\n"));
  return texts;
}

/** Reads and checks everything. @throws FilesError, UnfitFilesError */
export function prepare(options: RunOptions, tool: TraceTool): Prepared {
  const sources = readSources(options.paths);
  const plans = planAll(options, sources);
  const listed = listRuns(sources.map(({ file }) => file), options.seeds);
  const common = inputsOf(options, tool);
  const byFile = new Map(sources.map((source) => [source.file, source]));
  const goldens = goldensOf(options, sources);
  const inputOf = ({ file, seed }: ListedRun): RunInput => {
    const golden = goldens.get(file);
    return { ...(byFile.get(file) as SourceFile), seed, ...common, ...(golden === undefined ? {} : { golden }) };
  };
  return { sources, plans, listed, runs: options.shard === null ? listed : shardOf(listed, options.shard), common, inputOf };
}

/** What `--list` prints: a line for each run. */
export const listText = ({ runs, plans }: Prepared): string => runs.map(({ file, seed }) => `${file}  seed ${seed}  ${plans.get(file)?.name ?? ""}\n`).join("");
