// From runs by place, new or out of journals, to what reporters are given.

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { consoleSteps } from "../../report/console.ts";
import type { RunReport } from "../../report/reporter.ts";
import type { RunDetails } from "../../scenario/details.ts";
import { summarize } from "../../scenario/result.ts";
import { decodeTrace } from "../../scenario/trace/file.ts";
import type { JournalEntry } from "./journal.ts";
import type { ChosenReporter } from "./reporting.ts";
import { writeReports } from "./reporting.ts";
import type { AnyResult } from "./drivers.ts";
import { styleFor } from "../terminal.ts";

/** What is kept of runs beside their results, by place. */
export interface Kept {
  readonly details: Map<number, RunDetails>;
  /** As files; empty where no reporter needs them. */
  readonly traces: Map<number, Uint8Array>;
}

export const emptyKept = (): Kept => ({ details: new Map(), traces: new Map() });

/** Takes what a journal's lines have; gives a line for each trace that a report needs and that is not there, and one for all that were not kept. */
export function keepEntries(kept: Kept, journal: string, entries: Iterable<JournalEntry>, needsTraces: boolean): string[] {
  const problems: string[] = [];
  let without = 0;
  for (const { place, result, details, trace } of entries) {
    if (details !== undefined) kept.details.set(place, details);
    if (needsTraces && trace === undefined && result.traceDigest !== null) without++;
    if (!needsTraces || trace === undefined) continue;
    const file = resolve(dirname(resolve(journal)), trace);
    try {
      kept.traces.set(place, readFileSync(file));
    } catch {
      problems.push(`the trace ${file}, which the journal ${journal} names, cannot be read; the report is without it`);
    }
  }
  if (without > 0) problems.push(`the journal ${journal} names no trace for ${without} ${without === 1 ? "run" : "runs"} of its own, and the report is without them; run with the reporter that needs traces, or --trace on`);
  return problems;
}

/** What reporters are given: results in order, and what was kept of them by their number there. */
export function reportOf(tool: RunReport["result"]["tool"], results: ReadonlyMap<number, AnyResult>, kept: Kept): RunReport {
  const places = [...results.keys()];
  const inOrder = <T, U>(of: ReadonlyMap<number, T>, read: (value: T) => U): Map<number, U> => new Map(places.flatMap((place, index) => (of.has(place) ? [[index, read(of.get(place) as T)] as const] : [])));
  const scenarios = [...results.values()];
  return {
    result: { version: 1, tool, scenarios, summary: summarize(scenarios) },
    details: inOrder(kept.details, (details) => details), traces: inOrder(kept.traces, decodeTrace),
  };
}

interface Reporting {
  readonly reporters: readonly ChosenReporter[];
  /** Show what the commands of steps printed. */
  readonly steps: boolean;
  readonly output: string;
}

/** Writes all reports and says what could not be written, after `problems`; false: something could not. */
export function reportAll({ reporters, steps, output }: Reporting, report: RunReport, problems: readonly string[]): boolean {
  if (steps && reporters.some(({ reporter, target }) => reporter.name === "console" && target === undefined)) process.stdout.write(consoleSteps(report.result, styleFor(process.stdout)));
  const all = [...problems, ...writeReports(reporters, report, output)];
  for (const problem of all) process.stderr.write(`cxl-sandbox: ${problem}\n`);
  return all.length === 0;
}
