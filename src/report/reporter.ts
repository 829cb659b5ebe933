// What a reporter is: a function from the results of a run to texts and files. It reads nothing and asks nobody.

import type { RunDetails } from "../scenario/details.ts";
import type { RunResult } from "../scenario/result.ts";
import type { TraceFile } from "../scenario/trace/file.ts";
import type { Style } from "./console.ts";

export interface RunReport {
  readonly result: RunResult;
  /** Of those runs that kept them, by place in `result.scenarios`. */
  readonly details: ReadonlyMap<number, RunDetails>;
  readonly traces: ReadonlyMap<number, TraceFile>;
}

/** What a report is written for. */
export interface ReportSurroundings {
  /** Colours of standard output and standard error. */
  readonly out: Style;
  readonly error: Style;
  /** Environment variables that a reporter may look at (GITHUB_*). */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A file that the command writes; relative names are below `--output`. */
export interface ReportFile {
  readonly name: string;
  readonly content: string | Uint8Array;
  /** It is added to what the file has (a job summary). */
  readonly isAppended?: true;
}

export interface Reported {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly files?: readonly ReportFile[];
}

export interface Reporter {
  readonly name: string;
  /** One line of help. */
  readonly summary: string;
  /** What it needs of runs beside results, and of which. */
  readonly needs: { readonly details: "none" | "failures"; readonly traces: "none" | "all" };
  /** `target`: FILE of `--reporter NAME=FILE`; undefined: not given. */
  readonly report: (run: RunReport, surroundings: ReportSurroundings, target: string | undefined) => Reported;
}
