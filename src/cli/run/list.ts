// Which runs a call of `cxl-sandbox run` has, in order of files and seeds, and which of them belong to a shard.

import { createHash } from "node:crypto";
import { basename } from "node:path";

/** One of several parts of the list, from 1. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

export interface ListedRun {
  /** In the whole list, from 0. */
  readonly place: number;
  readonly file: string;
  readonly seed: number;
}

export const listRuns = (files: readonly string[], seeds: readonly number[]): ListedRun[] => files.flatMap((file, row) => seeds.map((seed, column) => ({ place: row * seeds.length + column, file, seed })));

const keyOf = ({ file, seed }: ListedRun): string => createHash("sha256").update(`${file.replaceAll("\\", "/")}\n${seed}`).digest("hex");
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * The runs of one shard, in order of the list. The list is ordered by a hash of file and seed and cut into equal parts: shards differ by one run at most, what is
 * slow is spread, and a file that comes or goes moves one run over each border beside its own.
 */
export function shardOf(runs: readonly ListedRun[], { index, count }: Shard): ListedRun[] {
  const ordered = runs.map((run) => ({ run, key: keyOf(run) })).toSorted((a, b) => compare(a.key, b.key) || a.run.place - b.run.place);
  const border = (part: number): number => Math.floor((ordered.length * part) / count);
  return ordered.slice(border(index - 1), border(index)).map(({ run }) => run).toSorted((a, b) => a.place - b.place);
}

const bare = (file: string): string => file.replace(/\.ya?ml$/, "");

/** Names for the traces of runs, by place: the file's own name, or its whole path where two files have the same name. */
export function traceNames(runs: readonly ListedRun[]): ReadonlyMap<number, string> {
  const files = new Map<string, Set<string>>();
  for (const { file } of runs) files.set(bare(basename(file)), (files.get(bare(basename(file))) ?? new Set()).add(file));
  return new Map(runs.map(({ place, file, seed }) => {
    const short = bare(basename(file));
    const name = files.get(short)?.size === 1 ? short : bare(file).replaceAll(/[^A-Za-z0-9._-]+/g, "-").replace(/^[-.]+/, "");
    return [place, `${name}-seed${seed}.trace`];
  }));
}
