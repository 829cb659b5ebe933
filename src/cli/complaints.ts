// What the commands say about files that are no good: the same words and the same colours in each.

import { ScenarioFileError, formatProblems } from "../scenario/problem.ts";
import { exitCodes } from "../scenario/result.ts";
import { FilesError } from "./files.ts";
import { styleFor } from "./terminal.ts";

/** Problems of a file as lines for standard error, without the last line break. */
export const problemsText = (error: ScenarioFileError): string => formatProblems(error, styleFor(process.stderr));

/** What to say about a thrown error that is the user's to mend; undefined: it is none. */
export function complaintOf(error: unknown): string | undefined {
  if (error instanceof ScenarioFileError) return problemsText(error);
  return error instanceof FilesError ? `cxl-sandbox: ${error.message}` : undefined;
}

/** Does what a command does; an error that is the user's to mend is told on standard error, and is wrong usage. */
export async function orComplaint(work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    const complaint = complaintOf(error);
    if (complaint === undefined) throw error;
    process.stderr.write(`${complaint}\n`);
    return exitCodes.usage;
  }
}
