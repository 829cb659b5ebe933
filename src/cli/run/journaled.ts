// Writing the journal of `cxl-sandbox run`, and going on with one.

import { appendFileSync, closeSync, existsSync, fdatasyncSync, ftruncateSync, openSync, statSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import type { RunDetails } from "../../scenario/details.ts";
import { makeFolders } from "../files.ts";
import type { JournalContents, JournalEntry, JournalFile, JournalHeader } from "./journal.ts";
import { JournalError, differences, digestOf, encodeLine, readJournal } from "./journal.ts";
import type { RunOptions } from "./arguments.ts";
import type { DriverSet } from "./drivers.ts";
import type { Engine, Prepared } from "./prepare.ts";

/** Most differences that a message names. */
const mostNamed = 5;
/** Milliseconds between two times that lines are brought to the disk. Whatever ends this process alone loses nothing; an outage of the computer loses so much. */
const syncEvery = 1000;
/** Characters of a run's details; of longer ones the time line is left out. */
const mostDetails = 4 << 20;

function fileOf({ listed, inputOf }: Prepared, file: string): JournalFile {
  const run = listed.find((one) => one.file === file);
  if (run === undefined) throw new Error(`${file} has no run`);
  const { text, includes = {}, golden } = inputOf(run);
  return { file, digest: digestOf(text), includes: Object.fromEntries(Object.entries(includes).map(([path, content]) => [path, digestOf(content)])), golden: golden === undefined ? null : digestOf(golden) };
}

/** What a call asks for. */
export function headerFor(options: RunOptions, { tool }: Engine, prepared: Prepared, drivers: ReadonlyMap<string, DriverSet>): JournalHeader {
  const { common, sources } = prepared;
  const { tool: _, choices, ...made } = common;
  const { trace, bail, allowDriver, drivers: named, budgets } = options;
  return {
    journal: 1, tool, files: sources.map(({ file }) => fileOf(prepared, file)), seeds: { from: options.seeds[0] ?? 0, to: options.seeds.at(-1) ?? 0 },
    options: { ...made, ...(choices === undefined ? {} : { choices: digestOf(choices.join()) }), trace, bail, allowDriver, drivers: named, budgets },
    drivers: Object.fromEntries([...drivers].map(([file, { sources: own }]) => [file, own.map(({ digest }) => digest)])), shard: options.shard,
  };
}

export interface Journal {
  /** Of runs that were done before, by place. */
  readonly entries: JournalContents["entries"];
  /** Adds a line. Gives what went wrong; nothing is written any more then. */
  append(entry: JournalEntry): string[];
  /** Gives what went wrong. */
  close(): string[];
}

/** The journal that `--resume` goes on with; null: there is none yet. @throws JournalError */
function goingOn(path: string, header: JournalHeader): JournalContents | null {
  const contents = existsSync(path) ? readJournal(path) : null;
  if (contents === null) return null;
  const found = differences(contents.header, header);
  if (JSON.stringify(contents.header.shard) !== JSON.stringify(header.shard)) found.push(`it is of ${contents.header.shard === null ? "the whole" : `shard ${contents.header.shard.index}/${contents.header.shard.count}`}`);
  if (found.length === 0) return contents;
  const more = found.length > mostNamed ? `; and ${found.length - mostNamed} more` : "";
  throw new JournalError(`--resume: the journal ${path} is of another run: ${found.slice(0, mostNamed).join("; ")}${more}. Put that back, or begin a new journal`);
}

function openFile(path: string, wholeBytes: number): number {
  try {
    makeFolders(dirname(resolve(path)));
    const file = openSync(path, "a+");
    ftruncateSync(file, wholeBytes);
    return file;
  } catch (error) {
    throw new JournalError(`the journal ${path} cannot be written (${error instanceof Error ? error.message : String(error)})`);
  }
}

/** @throws JournalError */
export function openJournal(path: string, header: JournalHeader, isResumed: boolean): Journal {
  if (!isResumed && existsSync(path) && statSync(path).size > 0) throw new JournalError(`the journal ${path} exists; go on with it (--resume), or remove it`);
  const before = isResumed ? goingOn(path, header) : null;
  const file = openFile(path, before?.wholeBytes ?? 0);
  let isBroken = false;
  let syncedAt = 0;
  const write = (line: string): string[] => {
    if (isBroken) return [];
    try {
      appendFileSync(file, line);
      if (performance.now() - syncedAt < syncEvery) return [];
      fdatasyncSync(file);
      syncedAt = performance.now();
      return [];
    } catch (error) {
      isBroken = true;
      return [`cannot write the journal ${path} any further (${error instanceof Error ? error.message : String(error)}); make room, and go on with --resume`];
    }
  };
  if (before === null) {
    const [problem] = write(encodeLine(header));
    if (problem !== undefined) throw new JournalError(problem);
  }
  return {
    entries: before?.entries ?? new Map<number, JournalEntry>(),
    append: (entry) => write(encodeLine(entry)),
    close: () => {
      try {
        if (!isBroken) fdatasyncSync(file);
        return [];
      } catch (error) {
        return [`the journal ${path} could not be brought to the disk (${error instanceof Error ? error.message : String(error)})`];
      } finally {
        closeSync(file);
      }
    },
  };
}

/** Details as a line keeps them. */
export function boundedDetails(details: RunDetails): RunDetails {
  return JSON.stringify(details).length <= mostDetails ? details : { ...details, timeline: [], timelineLeftOut: details.timelineLeftOut + details.timeline.length };
}

/** A trace's file as a line names it. */
export const traceFrom = (journal: string, file: string): string => relative(dirname(resolve(journal)), resolve(file)).replaceAll("\\", "/");
