// The first place where two runs part, in words: of a golden and a run, a trace and its replay, two traces.

import type { TraceLayer } from "../../sim/trace.ts";

/** A record of one layer in words. */
export interface TraceLine {
  /** Virtual ns since power-on; null where nobody kept it. */
  readonly atNs: number | null;
  readonly text: string;
}

export interface Divergence {
  readonly layer: TraceLayer;
  /** Number of the record in its layer, from 0. */
  readonly index: number;
  /** Virtual time of what came, or of what was expected where nothing came; null: not known. */
  readonly atNs: number | null;
  /** Null: the expected one had ended here. */
  readonly expected: string | null;
  /** Null: nothing came any more. */
  readonly actual: string | null;
  /** Lines that both have, just before. */
  readonly before: readonly string[];
  readonly expectedAfter: readonly string[];
  readonly actualAfter: readonly string[];
}

/** Lines of context on each side. */
const context = 3;

/** Where `actual` parts from `expected`; null: nowhere. Times are not compared. */
export function firstDivergence(layer: TraceLayer, expected: readonly TraceLine[], actual: readonly TraceLine[]): Divergence | null {
  const most = Math.max(expected.length, actual.length);
  let index = 0;
  while (index < most && expected[index]?.text === actual[index]?.text) index++;
  if (index === most) return null;
  const texts = (lines: readonly TraceLine[], from: number): string[] => lines.slice(from, from + context).map(({ text }) => text);
  return {
    layer, index, atNs: actual[index]?.atNs ?? expected[index]?.atNs ?? null, expected: expected[index]?.text ?? null, actual: actual[index]?.text ?? null,
    before: texts(actual.slice(0, index), Math.max(0, index - context)), expectedAfter: texts(expected, index + 1), actualAfter: texts(actual, index + 1),
  };
}
