// Records of the trace as columns of numbers, for the time line. A trace that grows is classified once, from where it was left.

import type { Columns, ColumnsQuestion } from "./columns.ts";
import type { LiveRun, LiveTrace } from "./contract.ts";
import { RecordClasses } from "./record-classes.ts";
import type { Classes } from "./record-classes.ts";

/** Records that one look gives at most: some milliseconds of work. */
const mostRecords = 1 << 17;
/** Records that are classified at a time. */
const chunkRecords = 1 << 16;

/** What the looks at a trace need of a run. */
export type Traced = Pick<LiveRun, "status" | "trace">;

export interface Classified {
  readonly generation: number;
  readonly classes: RecordClasses;
  /** Records that have been classified; the arrays may be longer. */
  length: number;
  columns: Classes;
}

/** What is worked out of a trace, for as long as that trace is there: nothing that a look could tell from doing it anew, but for the time it takes. */
const worked = new WeakMap<LiveTrace, Classified>();

const room = (length: number): Classes => ({ times: new Float64Array(length), lanes: new Uint16Array(length), kinds: new Uint8Array(length), weights: new Uint32Array(length) });

function withRoom(columns: Classes, needed: number): Classes {
  if (needed <= columns.times.length) return columns;
  const wider = room(Math.max(needed, columns.times.length * 2, 4096));
  wider.times.set(columns.times);
  wider.lanes.set(columns.lanes);
  wider.kinds.set(columns.kinds);
  wider.weights.set(columns.weights);
  return wider;
}

/** Classes of the records of a run's trace, at least of those before `until` that there are. */
export function classified({ status: { generation }, trace }: Traced, until: number): Classified {
  const known = worked.get(trace);
  const state: Classified = known !== undefined && known.generation === generation && known.length <= trace.length ? known : { generation, classes: new RecordClasses(trace), length: 0, columns: room(0) };
  worked.set(trace, state);
  const end = Math.min(until, trace.length);
  while (state.length < end) {
    const words = trace.words(state.length, Math.min(chunkRecords, end - state.length));
    const count = words.length / 8;
    state.columns = withRoom(state.columns, state.length + count);
    state.classes.add(words, state.length, state.columns, state.length);
    state.length += count;
  }
  return state;
}

/** Null: one each. */
const weightsOf = (weights: Uint32Array, from: number, until: number): Uint32Array | null => {
  for (let index = from; index < until; index++) if (weights[index] !== 1) return weights.slice(from, until);
  return null;
};

export function columnsLook(live: Traced, { from }: ColumnsQuestion): Columns {
  const { trace } = live;
  const known = trace.length;
  const first = Math.max(0, Math.min(from, known));
  const until = Math.min(known, first + mostRecords);
  const { generation, classes, columns: { times, lanes, kinds, weights } } = classified(live, until);
  return {
    generation, from: first, known, times: times.slice(first, until), lanes: lanes.slice(first, until), kinds: kinds.slice(first, until), weights: weightsOf(weights, first, until),
    newLanes: classes.lanes.since(first, until), spans: classes.spans.changed(first, until), spansLeftOut: classes.spans.leftOut, readyAtNs: classes.readyAtNs,
  };
}
