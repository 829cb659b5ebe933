// The golden beside a scenario: digests of its result, log and hardware, and their records in words. Plain lines, so that a change reads as a change; docs/goldens.md is the format.

import type { Divergence, TraceLine } from "./trace/divergence.ts";
import { firstDivergence } from "./trace/divergence.ts";
import type { GoldenResult } from "./result.ts";
import { hashText } from "../sim/hash.ts";
import type { TraceLayer } from "../sim/trace.ts";

/** Layers of a golden, as they stand in it: what came out, what was said, what the hardware did. */
export const goldenLayers = ["result", "log", "hardware"] as const;
export type GoldenLayer = (typeof goldenLayers)[number];

/** Lines `from` to `to` of a long layer, of which only the digest is kept. */
export interface GoldenBlock {
  readonly from: number;
  readonly to: number;
  readonly digest: string;
}

export interface GoldenRecords {
  readonly digest: string;
  /** Records of the layer. */
  readonly count: number;
  /** The first of them in words: all, where there are not too many. */
  readonly lines: readonly string[];
  /** The others. */
  readonly blocks: readonly GoldenBlock[];
  /** Line of the golden where the first record stands, from 1; 0: it was not read from a file. */
  readonly at: number;
}

export interface Golden {
  readonly seed: number;
  readonly schedule: "fixed" | "seeded";
  readonly layers: Readonly<Record<GoldenLayer, GoldenRecords>>;
}

/** What a golden is held against, or made of: a run's digests and records. */
export interface GoldenRun {
  readonly seed: number;
  readonly schedule: "fixed" | "seeded";
  readonly digests: Readonly<Record<GoldenLayer, string>>;
  readonly lines: Readonly<Record<GoldenLayer, readonly TraceLine[]>>;
}

/** A file that is no golden: its place and what to do. */
export class GoldenFileError extends Error {
  readonly file: string;
  readonly line: number;
  constructor(file: string, line: number, message: string) {
    super(`${file}:${line}:1: ${message}`);
    this.name = "GoldenFileError";
    this.file = file;
    this.line = line;
  }
}

const format = 1;
const opening = "cxl-sandbox golden";
const renewal = "write it anew with run --update";
/** A layer with more records keeps the first in words, and digests of the others in blocks. */
const mostLines = 4000;
const linesOfLong = 1000;
const linesOfBlock = 250;
/** Characters of one record; what is longer keeps its beginning, its length and its digest. */
const longestLine = 400;
/** Characters of a file. */
const longestFile = 8 << 20;

/** The file of a scenario's golden. */
export const goldenFileOf = (file: string): string => `${file.replace(/\.ya?ml$/, "")}.golden`;

function digestOf(text: string): string {
  const { high, low } = hashText(text);
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}

/** A record as its line in the file: no blanks at its end, and not too long. */
function lineOf(text: string): string {
  const whole = text.trimEnd();
  return whole.length <= longestLine ? whole : `${whole.slice(0, longestLine)}... (${whole.length} characters, ${digestOf(whole)})`;
}

const blockDigest = (lines: readonly string[]): string => digestOf(lines.join("\n"));

function recordsOf(digest: string, texts: readonly TraceLine[]): GoldenRecords {
  const lines = texts.map(({ text }) => lineOf(text));
  if (lines.length <= mostLines) return { digest, count: lines.length, lines, blocks: [], at: 0 };
  const starts = Array.from({ length: Math.ceil((lines.length - linesOfLong) / linesOfBlock) }, (_, index) => linesOfLong + index * linesOfBlock);
  const blocks = starts.map((from): GoldenBlock => {
    const part = lines.slice(from, from + linesOfBlock);
    return { from, to: from + part.length - 1, digest: blockDigest(part) };
  });
  return { digest, count: lines.length, lines: lines.slice(0, linesOfLong), blocks, at: 0 };
}

/** The golden that a run leaves. */
export function goldenFrom({ seed, schedule, digests, lines }: GoldenRun): Golden {
  const layers = Object.fromEntries(goldenLayers.map((layer) => [layer, recordsOf(digests[layer], lines[layer])])) as Record<GoldenLayer, GoldenRecords>;
  return { seed, schedule, layers };
}

/** The text of the file. */
export function formatGolden({ seed, schedule, layers }: Golden): string {
  const body = [
    `${opening} ${format}`, "# What this scenario came to. run --update writes it; docs/goldens.md says how to read it.", `seed ${seed}`, `schedule ${schedule}`,
    ...goldenLayers.flatMap((layer) => {
      const { digest, count, lines, blocks } = layers[layer];
      return ["", `${layer} ${digest} ${count}`, ...lines.map((line) => `  ${line}`.trimEnd()), ...blocks.map((block) => `~ ${block.from} ${block.to} ${block.digest}`)];
    }),
    "",
  ];
  return `${[...body, `end ${blockDigest(body)}`].join("\n")}\n`;
}

/** Lines one after the other, with complaints about the one that is next. */
class Lines {
  readonly file: string;
  readonly lines: readonly string[];
  at = 0;
  constructor(file: string, lines: readonly string[]) {
    this.file = file;
    this.lines = lines;
  }

  get next(): string | undefined {
    return this.lines[this.at];
  }

  fail(message: string, at = this.at): never {
    throw new GoldenFileError(this.file, at + 1, message);
  }

  /** The parts of the next line. @throws GoldenFileError */
  take(pattern: RegExp, what: string): readonly string[] {
    const found = pattern.exec(this.next ?? "");
    if (found === null) {
      if (/^(?:<{7}|={7}|>{7})/.test(this.next ?? "")) this.fail(`a merge left its mark here; take one side, then ${renewal}`);
      this.fail(this.next === undefined ? `the file ends before ${what}; ${renewal}` : `${what} is expected, not "${this.next.slice(0, 60)}"; ${renewal}`);
    }
    this.at++;
    return found.slice(1);
  }

  skip(pattern: RegExp): void {
    while (this.next !== undefined && pattern.test(this.next)) this.at++;
  }
}

function readBlocks(from: Lines, layer: GoldenLayer, first: number): GoldenBlock[] {
  const blocks: GoldenBlock[] = [];
  for (let start = first; from.next?.startsWith("~") === true;) {
    const [begin = "", end = "", digest = ""] = from.take(/^~ (\d{1,9}) (\d{1,9}) ([0-9a-f]{16})$/, "a block: ~ FIRST LAST DIGEST");
    if (Number(begin) !== start || Number(end) < start) from.fail(`a block from record ${start} of ${layer} on is expected here; ${renewal}`, from.at - 1);
    blocks.push({ from: start, to: Number(end), digest });
    start = Number(end) + 1;
  }
  return blocks;
}

function readLayer(from: Lines, layer: GoldenLayer): GoldenRecords {
  from.skip(/^$/);
  const head = from.at;
  const [digest = "", counted = ""] = from.take(new RegExp(`^${layer} ([0-9a-f]{16}) (\\d{1,9})$`), `the layer "${layer}" with its digest and number of records`);
  const at = from.at + 1;
  const lines: string[] = [];
  for (; from.next !== undefined && (from.next.startsWith("  ") || from.next === "") && lines.length < Number(counted); from.at++) lines.push(from.next.slice(2));
  const blocks = readBlocks(from, layer, lines.length);
  const found = (blocks.at(-1)?.to ?? lines.length - 1) + 1;
  if (found !== Number(counted)) from.fail(`${layer} is said to have ${counted} records, and ${found} are there; ${renewal}`, head);
  return { digest, count: found, lines, blocks, at };
}

/** Reads a golden. Ends of lines may be those of any system, and blanks at the end of a line or the file do not count. @throws GoldenFileError */
export function parseGolden(file: string, text: string): Golden {
  if (text.length > longestFile) throw new GoldenFileError(file, 1, `the file has ${text.length} characters, a golden at most ${longestFile}; is this the right file?`);
  const from = new Lines(file, text.replace(/^\ufeff/, "").trimEnd().split("\n").map((line) => line.trimEnd()));
  const [version = ""] = from.take(new RegExp(`^${opening} (\\d{1,9})$`), `"${opening} ${format}"`);
  if (Number(version) !== format) from.fail(`format ${version}; this release reads format ${format}: use the release that wrote the file, or ${renewal}`, 0);
  from.skip(/^#/);
  const [seed = ""] = from.take(/^seed (\d{1,10})$/, '"seed N"');
  if (Number(seed) > 0xffff_ffff) from.fail(`seed ${seed} is none: a whole number from 0 to 4294967295`, from.at - 1);
  const [schedule = ""] = from.take(/^schedule (fixed|seeded)$/, '"schedule fixed" or "schedule seeded"');
  const layers = Object.fromEntries(goldenLayers.map((layer) => [layer, readLayer(from, layer)])) as Record<GoldenLayer, GoldenRecords>;
  from.skip(/^$/);
  const body = from.lines.slice(0, from.at);
  const [sum = ""] = from.take(/^end ([0-9a-f]{16})$/, '"end" with its sum');
  if (from.next !== undefined) from.fail(`there is something behind the end; ${renewal}`);
  if (sum !== blockDigest(body)) from.fail(`the lines above have another sum: they were changed since run --update wrote them; ${renewal}`, from.at - 1);
  return { seed: Number(seed), schedule: schedule as Golden["schedule"], layers };
}

/** Layers whose digests differ. */
export const changedLayers = ({ layers }: Golden, digests: Readonly<Record<GoldenLayer, string>>): GoldenLayer[] => goldenLayers.filter((layer) => layers[layer].digest !== digests[layer]);

/** Where a layer first differs beyond the words that were kept, or where only its digest does. */
function divergenceOfDigests(layer: GoldenLayer, { digest, lines, blocks, count }: GoldenRecords, actual: GoldenRun, words: readonly string[]): Divergence {
  const all = actual.lines[layer];
  const block = blocks.find(({ from, to, digest: expected }) => blockDigest(words.slice(from, to + 1)) !== expected);
  const index = block?.from ?? Math.max(0, Math.min(count, all.length) - 1);
  const place = block === undefined ? "in the same words" : `the words of records ${block.from} to ${block.to} are not kept`;
  return {
    layer, index, atNs: block === undefined ? null : (all[index]?.atNs ?? null), expected: `digest ${block?.digest ?? digest} (${place})`,
    actual: block === undefined ? `digest ${actual.digests[layer]} (${place})` : `digest ${blockDigest(words.slice(block.from, block.to + 1))}: ${words[block.from] ?? "nothing more"}`,
    before: words.slice(Math.max(0, Math.min(index, lines.length) - 3), Math.min(index, lines.length)), expectedAfter: [], actualAfter: words.slice(index + 1, index + 4),
  };
}

function divergenceOf(layer: GoldenLayer, expected: GoldenRecords, actual: GoldenRun): Divergence {
  const came = actual.lines[layer].map(({ atNs, text }): TraceLine => ({ atNs, text: lineOf(text) }));
  const words = came.map(({ text }) => text);
  const isLong = expected.blocks.length > 0;
  const kept = isLong ? came.slice(0, expected.lines.length) : came;
  return firstDivergence(layer, expected.lines.map((text) => ({ atNs: null, text })), kept) ?? divergenceOfDigests(layer, expected, actual, words);
}

const causes: readonly TraceLayer[] = ["hardware", "log", "result"];
const timeOf = ({ atNs }: Divergence): number => atNs ?? Number.MAX_SAFE_INTEGER;

/** Holds a run against its golden. `file`: the golden's. */
export function compareGolden(file: string, golden: Golden, actual: GoldenRun): GoldenResult {
  const layers = changedLayers(golden, actual.digests);
  if (layers.length === 0) return { state: "same", file, layers: [], divergences: [] };
  const divergences = layers.map((layer) => divergenceOf(layer, golden.layers[layer], actual)).toSorted((a, b) => timeOf(a) - timeOf(b) || causes.indexOf(a.layer) - causes.indexOf(b.layer));
  const [first] = divergences;
  const records = first === undefined ? undefined : golden.layers[first.layer as GoldenLayer];
  const line = records === undefined || first === undefined ? 1 : records.at + Math.min(first.index, Math.max(0, records.lines.length - 1));
  return { state: "changed", file, layers: divergences.map(({ layer }) => layer), divergences, line };
}
