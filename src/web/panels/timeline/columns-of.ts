// Which pixel column of a lane shows what. It searches from column to column, so that it costs as much as there are columns, however many events there are.

import type { Series } from "./data.ts";
import type { View } from "./view.ts";

/** No event. */
export const empty = 255;

export interface DrawnColumns {
  /** Kind of the most notable event of each column, or `empty`. */
  readonly kinds: Uint8Array;
  /** Number of the first record of that kind there. */
  readonly records: Uint32Array;
  /** Events of all kinds there. */
  readonly counts: Uint32Array;
}

/** First place in `indices` from `low` on whose time is not before `at`: by steps that double, then by halves. */
export function placeAt(times: Float64Array, indices: Uint32Array, length: number, at: number, low = 0): number {
  let step = 1;
  let from = low;
  let until = low;
  while (until < length && (times[indices[until] ?? 0] ?? 0) < at) {
    from = until + 1;
    until += step;
    step *= 2;
  }
  until = Math.min(until, length);
  while (from < until) {
    const middle = (from + until) >>> 1;
    if ((times[indices[middle] ?? 0] ?? 0) < at) from = middle + 1;
    else until = middle;
  }
  return from;
}

/** Virtual ns at which column `column` of `count` begins. */
export const columnStart = ({ fromNs, untilNs }: View, column: number, count: number): number => fromNs + ((untilNs - fromNs) * column) / count;

/** The column that a time falls into; below 0 or from `count` on: outside. */
function columnAt(view: View, count: number, at: number): number {
  let column = Math.floor(((at - view.fromNs) * count) / (view.untilNs - view.fromNs));
  // What division rounds, comparing with the very starts of the columns sets right.
  while (columnStart(view, column, count) > at) column--;
  while (columnStart(view, column + 1, count) <= at) column++;
  return column;
}

/**
 * What each of `count` columns of equal width shows of some series: events from the start of a column until before that of the next.
 * @param notability by kind: of several in a column the one with the highest is shown
 */
export function columnsOf(times: Float64Array, all: readonly Series[], view: View, count: number, notability: ArrayLike<number>): DrawnColumns {
  const drawn: DrawnColumns = { kinds: new Uint8Array(count).fill(empty), records: new Uint32Array(count), counts: new Uint32Array(count) };
  for (const { kind, indices: { values, length } } of all) {
    let place = placeAt(times, values, length, view.fromNs);
    while (place < length) {
      const record = values[place] ?? 0;
      const column = columnAt(view, count, times[record] ?? 0);
      if (column >= count) break;
      const next = placeAt(times, values, length, columnStart(view, column + 1, count), place);
      drawn.counts[column] = (drawn.counts[column] ?? 0) + next - place;
      const shown = drawn.kinds[column] ?? empty;
      if (shown === empty || isBefore(notability, kind, record, shown, drawn.records[column] ?? 0)) {
        drawn.kinds[column] = kind;
        drawn.records[column] = record;
      }
      place = next;
    }
  }
  return drawn;
}

/** The more notable kind is shown; of equal ones what came first. */
function isBefore(notability: ArrayLike<number>, kind: number, record: number, shown: number, shownRecord: number): boolean {
  const difference = (notability[kind] ?? 0) - (notability[shown] ?? 0);
  return difference > 0 || (difference === 0 && record < shownRecord);
}

/** The record of some series next to one: the first with a higher number, or the last with a lower one; null: there is none. `after` may be -1 or beyond the last. */
export function neighbour(all: readonly Series[], after: number, direction: 1 | -1): number | null {
  let best: number | null = null;
  for (const { indices: { values, length } } of all) {
    let low = 0;
    let high = length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (direction === 1 ? (values[middle] ?? 0) <= after : (values[middle] ?? 0) < after) low = middle + 1;
      else high = middle;
    }
    const found = direction === 1 ? low : low - 1;
    if (found < 0 || found >= length) continue;
    const record = values[found] ?? 0;
    if (best === null || (direction === 1 ? record < best : record > best)) best = record;
  }
  return best;
}
