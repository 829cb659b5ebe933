// Where two traces part, for a comparison side by side.

import { compareTraces } from "../../scenario/trace/compare.ts";
import type { Divergence } from "../../scenario/trace/divergence.ts";
import { TraceFileError, decodeTrace } from "../../scenario/trace/file.ts";
import { layerIndex, recordWords } from "../../sim/trace.ts";
import type { TraceLayer } from "../../sim/trace.ts";

/** Layers that say what happened, without the accesses behind it. */
const compared = ["hardware", "kernel", "log", "result"] as const satisfies readonly TraceLayer[];
const context = 3;

export interface DivergenceQuestion {
  /** Bytes of two trace files. */
  readonly expected: Uint8Array;
  readonly actual: Uint8Array;
}

/** A divergence with the numbers of its records in the whole traces; -1: that trace had ended. */
export interface PlacedDivergence extends Divergence {
  readonly expectedRecord: number;
  readonly actualRecord: number;
}

export type Divergences =
  | { readonly kind: "compared"; readonly divergences: readonly PlacedDivergence[]; readonly records: readonly [expected: number, actual: number] }
  | { readonly kind: "refused"; readonly reason: string };

/** Number in the whole trace of the record that is number `index` of its layer; -1: there is none. */
function recordOf(records: Uint32Array, layer: TraceLayer, index: number): number {
  const wanted = layerIndex[layer];
  let left = index;
  for (let record = 0; record * recordWords < records.length; record++) {
    if ((((records[record * recordWords + 1] ?? 0) >>> 21) & 7) === wanted && left-- === 0) return record;
  }
  return -1;
}

/** The first divergence of each layer, the earliest first; times are not compared. */
export function* divergence(_module: WebAssembly.Module, question: DivergenceQuestion): Generator<undefined, Divergences, undefined> {
  try {
    const expected = decodeTrace(question.expected);
    yield undefined;
    const actual = decodeTrace(question.actual);
    yield undefined;
    const { divergences, records } = compareTraces(expected, actual, { layers: compared, withTimes: false, context });
    return { kind: "compared", records, divergences: divergences.map((one) => ({ ...one, expectedRecord: recordOf(expected.records, one.layer, one.index), actualRecord: recordOf(actual.records, one.layer, one.index) })) };
  } catch (thrown) {
    if (thrown instanceof TraceFileError) return { kind: "refused", reason: thrown.message };
    throw thrown;
  }
}
