// `cxl-sandbox merge`: the journals of shards become the report of the whole run.

import { exitCodeOf, exitCodes } from "../scenario/result.ts";
import type { RunResult } from "../scenario/result.ts";
import { UsageError, parseWords } from "./arguments.ts";
import type { CommandModule } from "./commands.ts";
import type { JournalContents, JournalEntry, JournalHeader } from "./run/journal.ts";
import { JournalError, differences, readJournal, runsOf } from "./run/journal.ts";
import { emptyKept, keepEntries, reportAll, reportOf } from "./run/reported-runs.ts";
import type { Kept } from "./run/reported-runs.ts";
import type { ChosenReporter } from "./run/reporting.ts";
import { needsOf, reportersOf } from "./run/reporting.ts";
import type { AnyResult } from "./run/drivers.ts";
import { lastPlace } from "./run/session.ts";
import { reporterLines } from "./run/help.ts";
import type { Shard } from "./run/list.ts";

const help = `usage: cxl-sandbox merge JOURNAL... [options]

  --reporter NAME[=FILE]
                      how to report (see below); may be repeated, at most one to standard output; FILE - is standard output
  --output DIR        where reports go that name no file (default: traces)
  --steps             show the commands of every scenario's steps and what they printed
  --allow-missing     report what there is when shards or runs are missing

Takes the journals that \`cxl-sandbox run --shard I/N --journal FILE\` wrote and reports as one run of everything would have
done; the JSON report is the same byte for byte. The journals must be of one release, the same files, seeds and options,
each shard once. See docs/running.md.

reporters
${reporterLines}

exit status
  0, 1, 3, 4, 5, 6  as of the whole run (cxl-sandbox run --help)
  2                 wrong usage, journals that do not belong together, or runs that are missing
`;

const mergeOptions = {
  reporter: { type: "string", multiple: true },
  output: { type: "string", default: "traces" },
  steps: { type: "boolean", default: false },
  "allow-missing": { type: "boolean", default: false },
} as const;

interface MergeOptions {
  readonly journals: readonly string[];
  readonly reporters: readonly ChosenReporter[];
  readonly output: string;
  readonly steps: boolean;
  readonly allowsMissing: boolean;
}

/** @throws UsageError */
function parseMerge(argv: readonly string[]): MergeOptions {
  const { values, positionals } = parseWords(argv, mergeOptions);
  if (positionals.length === 0) throw new UsageError("merge needs at least one journal");
  return { journals: positionals, reporters: reportersOf(values.reporter ?? []), output: values.output ?? "traces", steps: values.steps === true, allowsMissing: values["allow-missing"] === true };
}

interface ReadJournal {
  readonly path: string;
  readonly contents: JournalContents;
}

const nameOf = (shard: Shard | null): string => (shard === null ? "the whole run" : `shard ${shard.index}/${shard.count}`);
const countOf = (count: number): string => `${count} ${count === 1 ? "run" : "runs"}`;

function readAll(paths: readonly string[]): [ReadJournal, ...ReadJournal[]] {
  const [first, ...others] = paths.map((path): ReadJournal => {
    const contents = readJournal(path);
    if (contents === null) throw new JournalError(`${path} is the journal of a run that was ended before it began`);
    return { path, contents };
  });
  if (first === undefined) throw new UsageError("merge needs at least one journal");
  return [first, ...others];
}

/** @throws JournalError */
function checkTogether([first, ...others]: readonly [ReadJournal, ...ReadJournal[]]): void {
  const seen: ReadJournal[] = [first];
  for (const journal of others) {
    const { shard } = journal.contents.header;
    const [found] = differences(first.contents.header, journal.contents.header);
    if (found !== undefined) throw new JournalError(`${first.path} and ${journal.path} do not belong together: ${found}`);
    if (shard?.count !== first.contents.header.shard?.count) throw new JournalError(`${first.path} is ${nameOf(first.contents.header.shard)}, and ${journal.path} is ${nameOf(shard)}`);
    const twin = seen.find(({ contents }) => contents.header.shard?.index === shard?.index);
    if (twin !== undefined) throw new JournalError(`${twin.path} and ${journal.path} are both ${nameOf(shard)}`);
    seen.push(journal);
  }
}

/** Runs that a whole run would have done and no journal has: a line for each shard. */
function missingOf(journals: readonly ReadJournal[], header: JournalHeader, last: number): string[] {
  const shards: (Shard | null)[] = header.shard === null ? [null] : Array.from({ length: header.shard.count }, (_, index) => ({ index: index + 1, count: header.shard?.count ?? 0 }));
  return shards.flatMap((shard) => {
    const journal = journals.find(({ contents }) => contents.header.shard?.index === shard?.index);
    const wanted = runsOf({ ...header, shard }).filter(({ place }) => place <= last);
    const missing = wanted.filter(({ place }) => journal?.contents.entries.has(place) !== true);
    if (journal === undefined) return [`${nameOf(shard)} is missing (${countOf(wanted.length)})`];
    return missing.length === 0 ? [] : [`${journal.path} (${nameOf(shard)}) lacks ${missing.length} of ${countOf(wanted.length)}, the first ${missing[0]?.file}, seed ${missing[0]?.seed}; go on with it: --resume`];
  });
}

interface Merged {
  readonly tool: RunResult["tool"];
  /** By place, in order. */
  readonly results: ReadonlyMap<number, AnyResult>;
  readonly missing: readonly string[];
  readonly kept: Kept;
  readonly problems: readonly string[];
}

/** @throws JournalError */
function mergeJournals(paths: readonly string[], needsTraces: boolean): Merged {
  const journals = readAll(paths);
  checkTogether(journals);
  const { header } = journals[0].contents;
  const entries: JournalEntry[] = journals.flatMap(({ contents }) => [...contents.entries.values()]).toSorted((a, b) => a.place - b.place);
  const all = new Map(entries.map(({ place, result }) => [place, result]));
  const last = lastPlace(all, typeof header.options["bail"] === "number" ? header.options["bail"] : 0);
  const kept = emptyKept();
  const problems = journals.flatMap(({ path, contents }) => keepEntries(kept, path, contents.entries.values(), needsTraces));
  return { tool: header.tool, results: new Map([...all].filter(([place]) => place <= last)), missing: missingOf(journals, header, last), kept, problems };
}

function merge(options: MergeOptions): number {
  let merged: Merged;
  try {
    merged = mergeJournals(options.journals, needsOf(options.reporters).traces);
  } catch (error) {
    if (!(error instanceof JournalError)) throw error;
    process.stderr.write(`cxl-sandbox: ${error.message}\n`);
    return exitCodes.usage;
  }
  for (const line of merged.missing) process.stderr.write(`cxl-sandbox: ${line}\n`);
  if (merged.missing.length > 0 && !options.allowsMissing) {
    process.stderr.write("cxl-sandbox: nothing was reported; --allow-missing reports what there is\n");
    return exitCodes.usage;
  }
  const report = reportOf(merged.tool, merged.results, merged.kept);
  return reportAll(options, report, merged.problems) ? exitCodeOf(report.result.scenarios) : exitCodes.error;
}

export const command: CommandModule = { help, main: (argv) => Promise.resolve().then(() => merge(parseMerge(argv))) };
