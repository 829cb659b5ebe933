// `cxl-sandbox run`: checks all files, runs every scenario for every seed, reports, and says by its exit status how it went.

import type { CommandModule } from "./commands.ts";
import { complaintOf } from "./complaints.ts";
import { JournalError } from "./run/journal.ts";
import type { RunOptions } from "./run/arguments.ts";
import { parseRun } from "./run/arguments.ts";
import { DriversError } from "./run/drivers.ts";
import { runHelp } from "./run/help.ts";
import { runOnce } from "./run/once.ts";
import type { Engine } from "./run/prepare.ts";
import { UnfitFilesError, listText, loadEngine, prepare } from "./run/prepare.ts";
import { watchFiles } from "./run/watch.ts";
import { exitCodes } from "../scenario/result.ts";

/** The user's mistakes are told in their own words; anything else is ours. */
function complain(error: unknown): number {
  const complaint = error instanceof UnfitFilesError || error instanceof DriversError ? error.message : error instanceof JournalError ? `cxl-sandbox: ${error.message}` : complaintOf(error);
  if (complaint === undefined) throw error;
  process.stderr.write(`${complaint}\n`);
  return exitCodes.usage;
}

async function runFiles(options: RunOptions, engine: Engine): Promise<number> {
  try {
    const prepared = prepare(options, engine.tool);
    if (!options.isListed) return await runOnce(options, engine, prepared);
    process.stdout.write(listText(prepared));
    return exitCodes.pass;
  } catch (error) {
    return complain(error);
  }
}

async function main(argv: readonly string[]): Promise<number> {
  const options = parseRun(argv);
  const engine = await loadEngine();
  return options.isWatched ? watchFiles(options, (some) => runFiles(some, engine)) : runFiles(options, engine);
}

export const command: CommandModule = { help: runHelp, main };
