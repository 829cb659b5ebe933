// Goldens beside scenario files: read and checked before a run, written after one with `run --update`, and those that no scenario stands beside.

import { existsSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { structuredPatch } from "diff";
import { goldenOf } from "../sandbox/goldens.ts";
import type { Golden } from "../scenario/golden.ts";
import { GoldenFileError, formatGolden, goldenFileOf, parseGolden } from "../scenario/golden.ts";
import type { RunResult } from "../scenario/result.ts";
import { decodeTrace } from "../scenario/trace/file.ts";
import { FilesError } from "./files.ts";

type AnyResult = RunResult["scenarios"][number];

/** Bytes of a golden that are read; more than any has, so that what is none is refused by its length. */
const enough = 32 << 20;
/** Lines of a change that are shown, and edits that are looked for. */
const mostShown = 60;
const mostEdits = 4000;

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The text of the golden beside a scenario; undefined: there is none. @throws FilesError */
export function goldenTextFor(file: string): string | undefined {
  const golden = goldenFileOf(file);
  if (golden === file || !existsSync(golden)) return undefined;
  try {
    if (statSync(golden).size > enough) throw new FilesError(`${golden}: ${statSync(golden).size} bytes are too many for a golden`);
    return readFileSync(golden, "utf8");
  } catch (error) {
    throw error instanceof FilesError ? error : new FilesError(`${golden}: cannot be read (${reasonOf(error)})`);
  }
}

/** Goldens of these scenarios by file, checked, and what is wrong with the others, a line each. */
export function readGoldens(files: readonly string[]): { readonly texts: ReadonlyMap<string, string>; readonly problems: readonly string[] } {
  const texts = new Map<string, string>();
  const problems: string[] = [];
  for (const file of files) {
    try {
      const text = goldenTextFor(file);
      if (text === undefined) continue;
      parseGolden(goldenFileOf(file), text);
      texts.set(file, text);
    } catch (error) {
      if (!(error instanceof FilesError || error instanceof GoldenFileError)) throw error;
      problems.push(error.message);
    }
  }
  return { texts, problems };
}

/** Goldens in folders that stand beside no scenario: one was removed, or has another name now. */
export function orphanGoldens(paths: readonly string[]): string[] {
  const folders = paths.filter((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true);
  return folders.flatMap((folder) => {
    const names = new Set(readdirSync(folder, { recursive: true, encoding: "utf8" }));
    return [...names].filter((name) => name.endsWith(".golden") && ![".yaml", ".yml"].some((ending) => names.has(name.replace(/\.golden$/, ending)))).toSorted().map((name) => join(folder, name));
  });
}

/** Writes the golden of a scenario, whole or not at all. @throws FilesError */
export function writeGolden(file: string, golden: Golden): void {
  const target = goldenFileOf(file);
  const part = join(dirname(target), `.${basename(target)}.${process.pid}`);
  try {
    writeFileSync(part, formatGolden(golden));
    renameSync(part, target);
  } catch (error) {
    rmSync(part, { force: true });
    throw new FilesError(`${target}: cannot be written (${reasonOf(error)})`);
  }
}

/** Lines that went and came, with those around them. */
function changeOf(before: string, after: string): string[] {
  const patch = structuredPatch("", "", before, after, "", "", { context: 2, maxEditLength: mostEdits });
  if (patch === undefined) return [`  ${before.split("\n").length} lines are now ${after.split("\n").length}, and more than ${mostEdits} of them differ`];
  const lines = patch.hunks.flatMap(({ oldStart, lines: found }) => [`@ line ${oldStart}`, ...found]);
  const left = lines.length - mostShown;
  return [...lines.slice(0, mostShown), ...(left > 0 ? [`(${left} more lines)`] : [])].map((line) => `  ${line}`);
}

/** What `--update` did with one golden. */
export interface GoldenUpdate {
  readonly state: "new" | "changed" | "same" | "refused";
  /** For the user, a line each; none when nothing changed. */
  readonly lines: readonly string[];
}

const refused = (file: string, why: string): GoldenUpdate => ({ state: "refused", lines: [`${goldenFileOf(file)}: not written: ${why}`] });

/** What there was, as it would be written today; undefined: nothing, or nothing that is a golden. @throws FilesError */
function goldenBefore(file: string): { readonly text: string; readonly golden: Golden | null } | undefined {
  const text = goldenTextFor(file);
  if (text === undefined) return undefined;
  try {
    const golden = parseGolden(goldenFileOf(file), text);
    return { text: formatGolden(golden), golden };
  } catch (error) {
    if (error instanceof GoldenFileError) return { text, golden: null };
    throw error;
  }
}

/** Accepts what a run came to: only of a run that passed. `trace`: its trace file. */
export function updateGolden(result: AnyResult, trace: Uint8Array | null): GoldenUpdate {
  const { file, status, seed, schedule } = result;
  if (status !== "pass" || result.digests === null || trace === null) return refused(file, `the run did not pass (${status}); a golden is of a run whose expectations hold and whose faults fired`);
  if (schedule === "recorded") return refused(file, "a recorded schedule has no golden");
  try {
    const before = goldenBefore(file);
    const old = before?.golden ?? null;
    if (old !== null && (old.seed !== seed || old.schedule !== schedule)) return refused(file, `it is of seed ${old.seed}, schedule ${old.schedule}; remove it first, or update with --seed ${old.seed} --schedule ${old.schedule}`);
    const golden = goldenOf(decodeTrace(trace), result);
    const text = formatGolden(golden);
    if (before?.text === text) return { state: "same", lines: [] };
    writeGolden(file, golden);
    if (before === undefined) return { state: "new", lines: [`${goldenFileOf(file)}: new, ${text.split("\n").length - 1} lines`] };
    return { state: "changed", lines: [`${goldenFileOf(file)}: changed`, ...changeOf(before.text, text)] };
  } catch (error) {
    if (error instanceof FilesError) return refused(file, error.message);
    throw error;
  }
}
