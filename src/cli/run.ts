// `cxl-sandbox run`: checks all files, runs every scenario for every seed, reports, and says by its exit status how it went.

import type { CommandModule } from "./commands.ts";
import { complaintOf } from "./complaints.ts";
import { JournalError } from "./journal.ts";
import type { RunOptions } from "./run-arguments.ts";
import { parseRun } from "./run-arguments.ts";
import { DriversError } from "./run-drivers.ts";
import { runHelp } from "./run-help.ts";
import { runOnce } from "./run-once.ts";
import { UnfitFilesError, listText, loadEngine, prepare } from "./run-prepare.ts";
import { exitCodes } from "../scenario/result.ts";

/** The user's mistakes are told in their own words; anything else is ours. */
function complain(error: unknown): number {
  const complaint = error instanceof UnfitFilesError || error instanceof DriversError ? error.message : error instanceof JournalError ? `cxl-sandbox: ${error.message}` : complaintOf(error);
  if (complaint === undefined) throw error;
  process.stderr.write(`${complaint}\n`);
  return exitCodes.usage;
}

async function runFiles(options: RunOptions): Promise<number> {
  try {
    const engine = await loadEngine();
    const prepared = prepare(options, engine.tool);
    if (!options.isListed) return await runOnce(options, engine, prepared);
    process.stdout.write(listText(prepared));
    return exitCodes.pass;
  } catch (error) {
    return complain(error);
  }
}

export const command: CommandModule = { help: runHelp, main: (argv) => runFiles(parseRun(argv)) };
