// Two traces held against each other, record by record and layer by layer: where they part, in words with what stands around it.

import type { TraceLayer } from "../../sim/trace.ts";
import { layerIndex, readRecord, recordWords, traceLayers } from "../../sim/trace.ts";
import type { Divergence } from "./divergence.ts";
import type { TraceFile } from "./file.ts";
import { createTraceWords, timeColumn } from "./words.ts";

export interface ComparisonOptions {
  readonly layers: readonly TraceLayer[];
  /** Times are to be equal too, and of all layers the order between them. */
  readonly withTimes: boolean;
  /** Lines before and behind. */
  readonly context: number;
}

export interface TraceComparison {
  readonly layers: readonly TraceLayer[];
  /** Records that were compared, of both. */
  readonly records: readonly [expected: number, actual: number];
  /** The first of each layer that differs, the earliest first. */
  readonly divergences: readonly Divergence[];
}

/** A trace with the numbers of each layer's records. */
interface Side {
  readonly trace: TraceFile;
  readonly words: (index: number) => string;
  readonly byLayer: readonly (readonly number[])[];
}

const layerAt = (records: Uint32Array, index: number): number => ((records[index * recordWords + 1] ?? 0) >>> 21) & 7;
const timeMask = 0x1f_ffff;

function sideOf(trace: TraceFile): Side {
  const say = createTraceWords(trace);
  const byLayer: number[][] = traceLayers.map(() => []);
  for (let index = 0; index < trace.records.length / recordWords; index++) byLayer[layerAt(trace.records, index)]?.push(index);
  return { trace, words: (index) => say(readRecord(trace.records, index)), byLayer };
}

/** Whether two records say the same; numbers of texts do not count, their contents do. */
function isSame(a: Uint32Array, indexA: number, b: Uint32Array, indexB: number, withTimes: boolean): boolean {
  const atA = indexA * recordWords;
  const atB = indexB * recordWords;
  const mask = withTimes ? 0xffff_ffff : ~timeMask;
  if ((((a[atA + 1] ?? 0) ^ (b[atB + 1] ?? 0)) & mask) !== 0 || (withTimes && a[atA] !== b[atB])) return false;
  for (let word = layerAt(a, indexA) >= layerIndex.kernel ? 4 : 2; word < recordWords; word++) if (a[atA + word] !== b[atB + word]) return false;
  return true;
}

const timeOf = ({ records }: TraceFile, index: number | undefined): number | null => (index === undefined ? null : readRecord(records, index).time);

/** Records that differ in their times alone are told apart by them. */
function told(expected: Side, a: number | undefined, actual: Side, b: number | undefined): readonly [string | null, string | null] {
  const first = a === undefined ? null : expected.words(a);
  const second = b === undefined ? null : actual.words(b);
  if (first === null || first !== second) return [first, second];
  const at = (time: number | null): string => `[${timeColumn(time ?? 0).trim()}] `;
  return [at(timeOf(expected.trace, a)) + first, at(timeOf(actual.trace, b)) + first];
}

/** The first divergence of records in two lists of numbers. */
function firstOf(layer: TraceLayer, expected: Side, a: readonly number[], actual: Side, b: readonly number[], { withTimes, context }: ComparisonOptions): Divergence | undefined {
  let index = 0;
  const most = Math.max(a.length, b.length);
  const same = (at: number): boolean => {
    const [x, y] = [a[at], b[at]];
    return x !== undefined && y !== undefined && isSame(expected.trace.records, x, actual.trace.records, y, withTimes);
  };
  while (index < most && same(index)) index++;
  if (index === most) return undefined;
  const [one, other] = told(expected, a[index], actual, b[index]);
  const around = (side: Side, numbers: readonly number[], from: number, to: number): string[] => numbers.slice(Math.max(0, from), Math.max(0, to)).map(side.words);
  return {
    layer, index, atNs: timeOf(actual.trace, b[index]) ?? timeOf(expected.trace, a[index]), expected: one, actual: other, before: around(actual, b, index - context, index),
    expectedAfter: around(expected, a, index + 1, index + 1 + context), actualAfter: around(actual, b, index + 1, index + 1 + context),
  };
}

/** Records that are the same in each layer, but stand in another order: the first that another layer's stands in place of. */
function orderOf(expected: Side, actual: Side, context: number): Divergence | undefined {
  const [a, b] = [expected.trace.records, actual.trace.records];
  const count = a.length / recordWords;
  let index = 0;
  while (index < count && layerAt(a, index) === layerAt(b, index)) index++;
  if (index === count) return undefined;
  const around = (side: Side, from: number, to: number): string[] => Array.from({ length: Math.max(0, Math.min(to, count) - Math.max(0, from)) }, (_, step) => {
    const at = Math.max(0, from) + step;
    return `${readRecord(side.trace.records, at).layer}: ${side.words(at)}`;
  });
  const [one = null, ...expectedAfter] = around(expected, index, index + 1 + context);
  const [other = null, ...actualAfter] = around(actual, index, index + 1 + context);
  const { layer, time } = readRecord(b, index);
  return { layer, index, atNs: time, expected: one, actual: other, before: around(actual, index - context, index), expectedAfter, actualAfter };
}

/** Where `actual` parts from `expected`. */
export function compareTraces(expected: TraceFile, actual: TraceFile, options: ComparisonOptions): TraceComparison {
  const first = sideOf(expected);
  const second = sideOf(actual);
  const numbers = (side: Side, layer: TraceLayer): readonly number[] => side.byLayer[layerIndex[layer]] ?? [];
  const count = (side: Side): number => options.layers.reduce((sum, layer) => sum + numbers(side, layer).length, 0);
  const found = options.layers.flatMap((layer) => {
    const [a, b] = [numbers(first, layer), numbers(second, layer)];
    // What was done tells more than when, and stands first.
    const inWords = firstOf(layer, first, a, second, b, { ...options, withTimes: false });
    return inWords ?? (options.withTimes ? firstOf(layer, first, a, second, b, options) : undefined) ?? [];
  });
  const inOrder = options.withTimes && found.length === 0 && options.layers.length === traceLayers.length ? orderOf(first, second, options.context) : undefined;
  if (inOrder !== undefined) found.push(inOrder);
  return { layers: options.layers, records: [count(first), count(second)], divergences: found.toSorted((a, b) => (a.atNs ?? 0) - (b.atNs ?? 0)) };
}
