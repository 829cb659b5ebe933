// `cxl-sandbox compare`: checks every file under every combination, scores the cells, reports them in the order of files and values.

import { createHash } from "node:crypto";
import { ScenarioFileError, loadModule, planScenario } from "../sandbox.ts";
import type { CellInput } from "../sandbox.ts";
import { comparisonConsole, comparisonMarkdown } from "../report/comparison.ts";
import { jsonReport } from "../report/json.ts";
import type { Cell, CellFacts, Comparison } from "../scenario/comparison.ts";
import { compareExit, compareExits } from "../scenario/comparison.ts";
import { combinationsOf, varyScenario } from "../scenario/vary.ts";
import { CancelledError } from "../../workers/slices.ts";
import { scoreAll } from "../../workers/pool.ts";
import type { CommandModule } from "./commands.ts";
import { compareHelp, parseCompare } from "./compare-arguments.ts";
import type { CompareOptions } from "./compare-arguments.ts";
import { complaintOf, problemsText } from "./complaints.ts";
import { readSources } from "./files.ts";
import type { SourceFile } from "./files.ts";
import { createProgress, styleFor } from "./terminal.ts";
import { version } from "./version.ts";

/** A cell before it is scored. */
interface Planned {
  readonly input: CellInput;
  readonly cell: Omit<Cell, "facts">;
}

/** Every cell in order, or every problem of every file and combination. @throws ScenarioFileError */
function planCells(options: CompareOptions, sources: readonly SourceFile[]): Planned[] {
  const combinations = combinationsOf(options.variations);
  const problems = new Set<string>();
  const planned = sources.flatMap(({ file, text, includes }) => combinations.flatMap((combination): Planned[] => {
    try {
      const varied = varyScenario(file, text, combination, options.isUnpinned, includes);
      const plan = planScenario(file, varied.text);
      const seed = varied.seed ?? options.seed;
      return [{ input: { file, text: varied.text, seed, schedules: options.schedules }, cell: { file, name: plan.name, combination, seed, pinned: varied.pinned, dropped: varied.dropped, policies: plan.policies } }];
    } catch (error) {
      if (!(error instanceof ScenarioFileError)) throw error;
      problems.add(problemsText(error));
      return [];
    }
  }));
  if (problems.size > 0) throw new UnfitError([...problems].join("\n"));
  return planned;
}

/** Files or values that do not fit; the message has a line for each. */
export class UnfitError extends Error {}

export interface Control {
  readonly signal: AbortSignal;
  readonly onDone: (done: number, total: number) => void;
}

/** The whole comparison; null: it was cancelled. @throws UnfitError */
export async function compareSources(options: CompareOptions, sources: readonly SourceFile[], control: Control): Promise<Comparison | null> {
  const planned = planCells(options, sources);
  const { module, bytes } = await loadModule();
  let facts: CellFacts[];
  try {
    facts = await scoreAll(planned.map(({ input }) => input), { jobs: options.jobs, module, signal: control.signal, onDone: (done) => control.onDone(done, planned.length) });
  } catch (error) {
    if (!control.signal.aborted && !(error instanceof CancelledError)) throw error;
    return null;
  }
  if (control.signal.aborted) return null;
  const cells = planned.flatMap(({ cell }, index) => (facts[index] === undefined ? [] : [{ ...cell, facts: facts[index] }]));
  return {
    version: 1, tool: { version: version(), moduleHash: createHash("sha256").update(bytes).digest("hex").slice(0, 16) },
    variations: options.variations.map(({ path, values }) => ({ path, values })), schedules: options.schedules, cells,
  };
}

function report(options: CompareOptions, comparison: Comparison): string {
  if (options.reporter === "json") return jsonReport(comparison);
  return options.reporter === "markdown" ? comparisonMarkdown(comparison) : comparisonConsole(comparison, styleFor(process.stdout));
}

async function compareFiles(options: CompareOptions): Promise<number> {
  const progress = createProgress();
  const cancellation = new AbortController();
  const interrupt = (): void => cancellation.abort();
  process.once("SIGINT", interrupt);
  try {
    const comparison = await compareSources(options, readSources(options.paths), { signal: cancellation.signal, onDone: (done, total) => progress.show(`${done}/${total} cells`) });
    progress.clear();
    if (comparison === null) {
      process.stderr.write("interrupted\n");
      return compareExits.interrupted;
    }
    process.stdout.write(report(options, comparison));
    return compareExit(comparison.cells);
  } catch (error) {
    const complaint = error instanceof UnfitError ? error.message : complaintOf(error);
    if (complaint === undefined) throw error;
    process.stderr.write(`${complaint}\n`);
    return compareExits.usage;
  } finally {
    progress.clear();
    process.removeListener("SIGINT", interrupt);
  }
}

export const command: CommandModule = { help: compareHelp, main: (argv) => compareFiles(parseCompare(argv)) };
