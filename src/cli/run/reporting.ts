// Reports of a command: which were chosen, what they need of runs, and where they are written.

import { appendFileSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import type { ReportFile, ReportSurroundings, Reported, Reporter, RunReport } from "../../report/reporter.ts";
import { plain, totalsOf } from "../../report/console.ts";
import { oneLine } from "../../report/foreign.ts";
import { reporters } from "../../report/reporters.ts";
import { summarize } from "../../scenario/result.ts";
import { suggestion } from "../../scenario/suggest.ts";
import { UsageError } from "../arguments.ts";
import { makeFolders } from "../files.ts";
import { styleFor } from "../terminal.ts";

/** A reporter and the file it was given. */
export interface ChosenReporter {
  readonly reporter: Reporter;
  /** Absolute, or "-" for standard output; undefined: none was named. */
  readonly target: string | undefined;
}

const nothing: RunReport = { result: { version: 1, tool: { version: "", moduleHash: "" }, scenarios: [], summary: summarize([]) }, details: new Map(), traces: new Map() };
const nowhere: ReportSurroundings = { out: plain, error: plain, environment: {} };

/** The file name that stands for standard output. */
const output = "-";

/** Whether it writes to standard output: asked for a report of nothing. */
function isOnOutput({ reporter, target }: ChosenReporter): boolean {
  const { stdout, files = [] } = reporter.report(nothing, nowhere, target);
  return stdout !== undefined || files.some(({ name }) => name === output);
}

/** @throws UsageError */
function reporterOf(text: string): ChosenReporter {
  const [, name = "", file] = /^([^=]*)(?:=(.*))?$/s.exec(text) ?? [];
  const reporter = reporters.find((one) => one.name === name);
  if (reporter === undefined) throw new UsageError(`there is no reporter "${name}" (${suggestion(name, reporters.map((one) => one.name))})`);
  if (file === "") throw new UsageError(`--reporter ${name}= names no file`);
  return { reporter, target: file === undefined || file === output ? file : resolve(file) };
}

/** What the values of `--reporter` name; none: the console. @throws UsageError */
export function reportersOf(texts: readonly string[]): ChosenReporter[] {
  const chosen = (texts.length === 0 ? ["console"] : texts).map(reporterOf);
  const onOutput = chosen.filter(isOnOutput);
  if (onOutput.length > 1) throw new UsageError(`--reporter ${onOutput.map(({ reporter }) => reporter.name).join(" and ")} both write to standard output; give all but one a file, as --reporter ${onOutput.at(-1)?.reporter.name}=FILE`);
  const files = chosen.flatMap(({ target }) => (target === undefined || target === output ? [] : [target]));
  const twice = files.find((file, index) => files.indexOf(file) < index);
  if (twice !== undefined) throw new UsageError(`--reporter: two reports cannot go to ${twice}`);
  return chosen;
}

/** What runs must keep for the reporters chosen. */
export interface Needs {
  readonly details: boolean;
  readonly traces: boolean;
}

export const needsOf = (chosen: readonly ChosenReporter[]): Needs => ({ details: chosen.some(({ reporter }) => reporter.needs.details === "failures"), traces: chosen.some(({ reporter }) => reporter.needs.traces === "all") });

/** A file below `folder`, or where its name says. @throws Error of the file system */
function writeReport({ name, content, isAppended }: ReportFile, folder: string): void {
  const path = resolve(folder, name);
  makeFolders(dirname(path));
  if (isAppended === true) appendFileSync(path, content);
  else writeFileSync(path, content);
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Writes a file below `folder`; gives what went wrong, a line, or nothing. */
export function tryToWrite(file: ReportFile, folder: string): string[] {
  try {
    writeReport(file, folder);
    return [];
  } catch (error) {
    return [`cannot write ${resolve(folder, file.name)} (${reasonOf(error)})`];
  }
}

/** Files that are named one by one. */
const mostNamed = 5;

/** A path as the user finds it: from the folder where he is, or whole. */
function pathFromHere(path: string): string {
  const short = relative("", path);
  return short === "" || short.startsWith("..") ? path : short;
}

/** What a command says that would say nothing, as all of its reports are files: which, and how the runs ended. */
function fileWords(result: RunReport["result"], written: readonly string[]): string {
  const named = written.slice(0, mostNamed).map((path) => `wrote ${oneLine(pathFromHere(path))}\n`);
  const left = written.length - named.length;
  return `${named.join("")}${left > 0 ? `and ${left} more files\n` : ""}${totalsOf(result)}\n`;
}

/** Writes all reports: files first, then standard output and standard error. Gives a line for each file that could not be written. */
export function writeReports(chosen: readonly ChosenReporter[], run: RunReport, folder: string): string[] {
  const surroundings: ReportSurroundings = { out: styleFor(process.stdout), error: styleFor(process.stderr), environment: process.env };
  // The console has the last word: how to repeat what failed.
  const inOrder = chosen.toSorted((a, b) => Number(a.reporter.name === "console") - Number(b.reporter.name === "console"));
  const reports = inOrder.map(({ reporter, target }): Reported => reporter.report(run, surroundings, target));
  const problems: string[] = [];
  const written: string[] = [];
  const files = reports.flatMap((one) => one.files ?? []);
  for (const file of files) {
    if (file.name === output) {
      process.stdout.write(file.content);
      continue;
    }
    const wrong = tryToWrite(file, folder);
    problems.push(...wrong);
    if (wrong.length === 0) written.push(resolve(folder, file.name));
  }
  for (const { stdout, stderr } of reports) {
    if (stdout !== undefined) process.stdout.write(stdout);
    if (stderr !== undefined) process.stderr.write(stderr);
  }
  const isSaid = files.some(({ name }) => name === output) || reports.some(({ stdout, stderr = "" }) => stdout !== undefined || stderr !== "");
  if (!isSaid) process.stderr.write(fileWords(run.result, written));
  return problems;
}
