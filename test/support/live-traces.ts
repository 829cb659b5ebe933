// Traces of real runs as looks see them: known as far as a test says.

import type { LiveStatus, LiveTrace } from "../../src/sandbox/live/contract.ts";
import type { Traced } from "../../src/sandbox/live/columns-look.ts";
import type { TraceFile } from "../../src/scenario/trace/file.ts";
import { recordWords } from "../../src/sim/trace.ts";

const position = { records: 0, turns: 0, atNs: 0 };

/** As a run that has not moved. */
export const statusOf = (generation: number): LiveStatus => ({ phase: "done", position, reached: position, isInsideStep: false, readyAtNs: -1, isMoving: false, touches: [], generation, result: null, death: null, prompt: "" });

export interface KnownTrace extends Traced {
  /** Records that are known from now on. */
  grow(length: number): void;
}

/** @param length records that are known; absent: all */
export function liveTrace({ parts, kinds, strings, records }: Omit<TraceFile, "header">, length = records.length / recordWords, generation = 1): KnownTrace {
  let known = length;
  const trace: LiveTrace = {
    parts, kinds, strings,
    get length() {
      return known;
    },
    words: (from, count) => records.slice(from * recordWords, Math.min(known, from + count) * recordWords),
  };
  return { status: statusOf(generation), trace, grow: (next) => void (known = next) };
}
