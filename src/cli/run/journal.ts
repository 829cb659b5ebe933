// The journal of a run: a line that says what was asked, then a line for each result as it comes. docs/running.md describes the file.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { RunDetails } from "../../scenario/details.ts";
import type { RunResult } from "../../scenario/result.ts";
import type { AnyResult } from "./drivers.ts";
import type { ListedRun, Shard } from "./list.ts";
import { listRuns, shardOf } from "./list.ts";

/** Digests are the first 16 hex digits of SHA-256. */
export interface JournalFile {
  readonly file: string;
  readonly digest: string;
  /** Of files that it includes, by the paths that it gives. */
  readonly includes: Readonly<Record<string, string>>;
  /** Null: it is held against none. */
  readonly golden: string | null;
}

/** What was asked: runs of one journal are those of another when this agrees. */
export interface JournalHeader {
  /** Version of the format. */
  readonly journal: 1;
  readonly tool: RunResult["tool"];
  readonly files: readonly JournalFile[];
  /** Both are among them. */
  readonly seeds: { readonly from: number; readonly to: number };
  /** Options that results depend on, by name. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Of the drivers of this shard's files, by file. */
  readonly drivers: Readonly<Record<string, readonly string[]>>;
  readonly shard: Shard | null;
}

export interface JournalEntry {
  readonly place: number;
  readonly result: AnyResult;
  readonly details?: RunDetails;
  /** The file with its trace, from the journal's folder. */
  readonly trace?: string;
}

/** A file that is no journal, or not the one that was meant. */
export class JournalError extends Error {}

export const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 16);

const seal = /^(.*),"check":"([0-9a-f]{16})"\}$/s;

/** One line with its line feed. Its last member is a digest of what stands before it. */
export function encodeLine(value: JournalHeader | JournalEntry): string {
  const body = JSON.stringify(value).slice(0, -1);
  return `${body},"check":"${digestOf(body)}"}\n`;
}

/** What a line says; undefined: it is not whole. */
function decodeLine(line: string): unknown {
  const [, body = "", check] = seal.exec(line) ?? [];
  return check !== undefined && digestOf(body) === check ? JSON.parse(`${body}}`) : undefined;
}

export interface JournalContents {
  readonly header: JournalHeader;
  /** By place. */
  readonly entries: ReadonlyMap<number, JournalEntry>;
  /** Bytes up to the end of the last line that is whole. */
  readonly wholeBytes: number;
}

const lineFeed = 0x0a;

/** All runs that a header speaks of, in order; those of its shard when it has one. */
export function runsOf({ files, seeds: { from, to }, shard }: Pick<JournalHeader, "files" | "seeds" | "shard">): ListedRun[] {
  const listed = listRuns(files.map(({ file }) => file), Array.from({ length: to - from + 1 }, (_, index) => from + index));
  return shard === null ? listed : shardOf(listed, shard);
}

function headerOf(path: string, line: string): JournalHeader {
  const header = decodeLine(line) as JournalHeader | undefined;
  if (header !== undefined && header.journal !== 1) throw new JournalError(`${path} is a journal of another release (format ${String(header.journal)}); this one reads format 1`);
  if (header === undefined) throw new JournalError(`${path} is no journal of cxl-sandbox run`);
  return header;
}

/** What a journal holds, up to the first line that is not whole: runs behind it are run again. Null: not even its first line came to be written. @throws JournalError */
export function readJournal(path: string): JournalContents | null {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new JournalError(`${path}: cannot be read (${error instanceof Error ? error.message : String(error)})`);
  }
  const first = bytes.indexOf(lineFeed);
  if (first < 0 && '{"journal":1,'.startsWith(bytes.toString("latin1", 0, 13))) return null;
  const header = headerOf(path, bytes.toString("utf8", 0, Math.max(first, 0)));
  const places = new Map(runsOf(header).map((run) => [run.place, run]));
  const entries = new Map<number, JournalEntry>();
  let wholeBytes = first + 1;
  for (let end = bytes.indexOf(lineFeed, wholeBytes); end >= 0; end = bytes.indexOf(lineFeed, wholeBytes)) {
    const entry = decodeLine(bytes.toString("utf8", wholeBytes, end)) as JournalEntry | undefined;
    if (entry === undefined) break;
    const run = places.get(entry.place);
    if (run === undefined || run.file !== entry.result.file || run.seed !== entry.result.seed) throw new JournalError(`${path} has a run that is none of its own: ${entry.result.file}, seed ${entry.result.seed}`);
    if (!entries.has(entry.place)) entries.set(entry.place, entry);
    wholeBytes = end + 1;
  }
  return { header, entries, wholeBytes };
}

/** Options whose names in the header a user has not written. */
const optionWords: Readonly<Record<string, string>> = { keepTrace: "keeping traces (--trace, reporter perfetto)", choices: "the recorded schedule", scheduleFile: "--schedule", allowDriver: "--allow-driver", drivers: "--driver", defects: "--defect" };

const wordsOf = (value: unknown): string => (value === undefined ? "absent" : typeof value === "string" ? value : JSON.stringify(value));

function fileDifferences(was: readonly JournalFile[], is: readonly JournalFile[]): string[] {
  const now = new Map(is.map((file) => [file.file, file]));
  const before = new Set(was.map(({ file }) => file));
  const changed = was.flatMap((file) => {
    const other = now.get(file.file);
    if (other === undefined) return [`${file.file} is not among the files`];
    if (other.digest !== file.digest) return [`${file.file} has changed`];
    if (JSON.stringify(other.includes) !== JSON.stringify(file.includes)) return [`a file that ${file.file} includes has changed`];
    return other.golden === file.golden ? [] : [`the golden of ${file.file} has changed`];
  });
  const added = is.filter(({ file }) => !before.has(file)).map(({ file }) => `${file} is new`);
  if (changed.length + added.length === 0 && was.some(({ file }, index) => file !== is[index]?.file)) return ["the files are in another order"];
  return [...changed, ...added];
}

/** In what two headers differ beside the shard, in words; empty: they belong together. */
export function differences(was: JournalHeader, is: JournalHeader): string[] {
  const found: string[] = [];
  if (was.tool.version !== is.tool.version) found.push(`it is of version ${was.tool.version}, this is ${is.tool.version}`);
  else if (was.tool.moduleHash !== is.tool.moduleHash) found.push("the hardware module is another one");
  found.push(...fileDifferences(was.files, is.files));
  if (was.seeds.from !== is.seeds.from || was.seeds.to !== is.seeds.to) found.push(`seeds were ${was.seeds.from}..${was.seeds.to}, are ${is.seeds.from}..${is.seeds.to}`);
  for (const name of new Set([...Object.keys(was.options), ...Object.keys(is.options)])) {
    if (JSON.stringify(was.options[name]) !== JSON.stringify(is.options[name])) found.push(`${optionWords[name] ?? name} was ${wordsOf(was.options[name])}, is ${wordsOf(is.options[name])}`);
  }
  for (const [file, drivers] of Object.entries(was.drivers)) if (JSON.stringify(is.drivers[file] ?? drivers) !== JSON.stringify(drivers)) found.push(`a driver of ${file} has changed`);
  return found;
}
