// Numbers of the records that a filter lets through, forwards or back from one. A look is one piece of work: it stops after so many records and says where, and the page asks on.

import { recordWords } from "../../sim/trace.ts";
import type { Traced } from "./columns-look.ts";
import type { RecordFilter } from "./record-filter.ts";
import { stretchOf, testOf } from "./record-filter.ts";

export interface FindQuestion {
  readonly filter: RecordFilter;
  /** Number of the record to begin with, itself looked at. */
  readonly from: number;
  readonly direction: "forward" | "back";
  /** So many are enough. */
  readonly most: number;
}

export interface Found {
  readonly generation: number;
  /** In the order in which they were met. */
  readonly indices: Uint32Array;
  /** Where to go on: more may be there. Null: there are no more as far as the trace is known. */
  readonly next: number | null;
  /** Records that the trace has. */
  readonly known: number;
}

/** Records that one look passes over at most, and those that it puts into words. */
const mostPassed = 200_000;
const mostWorded = 10_000;
const chunkRecords = 4096;

export function findLook(live: Traced, { filter, from: asked, direction, most }: FindQuestion): Found {
  const from = Math.floor(asked);
  const { trace, status: { generation } } = live;
  const known = trace.length;
  const { fits, worded } = testOf(live, filter);
  const [low, high] = stretchOf(live, filter);
  const isForward = direction === "forward";
  const found: number[] = [];
  let at = isForward ? Math.max(from, low) : Math.min(from, high - 1);
  const first = at;
  const isInside = (): boolean => (isForward ? at < high : at >= low);
  while (isInside() && found.length < most && Math.abs(at - first) < mostPassed && worded() < mostWorded) {
    const start = isForward ? at : Math.max(low, at - chunkRecords + 1);
    const words = trace.words(start, isForward ? Math.min(chunkRecords, high - start) : at - start + 1);
    const count = words.length / recordWords;
    for (let step = 0; step < count && found.length < most && worded() < mostWorded; step++) {
      const index = isForward ? step : count - 1 - step;
      if (fits(words, index)) found.push(start + index);
      at += isForward ? 1 : -1;
    }
  }
  return { generation, indices: Uint32Array.from(found), next: isInside() ? at : null, known };
}
