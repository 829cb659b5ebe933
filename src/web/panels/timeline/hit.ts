// What lies under a place of the drawing.

import type { ShownSpan } from "../../../sandbox/live/columns.ts";
import { spanAt } from "./bars.ts";
import { columnsOf, empty } from "./columns-of.ts";
import type { TimelineData } from "./data.ts";
import { notability } from "./kinds.ts";
import type { Row } from "./rows.ts";
import { axisHeight, rowAt, seriesOf } from "./rows.ts";
import type { View } from "./view.ts";
import { timeAt } from "./view.ts";

export interface Hit {
  readonly atNs: number;
  /** Null: on the axis, or below all rows. */
  readonly row: Row | null;
  readonly isAxis: boolean;
  /** The most notable record near, and how many are there. */
  readonly record: number | null;
  readonly count: number;
  readonly span: ShownSpan | null;
}

/** CSS pixels to either side that still count as hit. */
const reach = 6;

/** @param x CSS pixels from the left @param y from the top of the canvas */
export function hitAt(data: TimelineData, rows: readonly Row[], view: View, width: number, scroll: number, x: number, y: number): Hit {
  const atNs = timeAt(view, width, x);
  const none = { atNs, row: null, isAxis: y < axisHeight, record: null, count: 0, span: null };
  if (y < axisHeight) return none;
  const row = rowAt(rows, y - axisHeight + scroll);
  if (row === undefined) return none;
  const near = { fromNs: timeAt(view, width, x - reach), untilNs: timeAt(view, width, x + reach) };
  const { kinds, records, counts } = columnsOf(data.times, seriesOf(row), near, 2 * reach, notability);
  let best: number | null = null;
  for (let column = 0; column < kinds.length; column++) {
    if (kinds[column] === empty) continue;
    if (best === null || rank(kinds, column) > rank(kinds, best)) best = column;
  }
  const span = row.lanes.map(({ spans }) => spanAt(spans, atNs, data.endNs)).find((one) => one !== undefined) ?? null;
  return { ...none, row, record: best === null ? null : (records[best] ?? null), count: counts.reduce((sum, count) => sum + count, 0), span };
}

/** More notable kinds first; of equal ones the nearest. */
const rank = (kinds: Uint8Array, column: number): number => (notability[kinds[column] ?? 0] ?? 0) * 100 - Math.abs(column - reach + 0.5);
