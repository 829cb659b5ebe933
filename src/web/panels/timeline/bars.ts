// Which bars of a lane are drawn: what lasted, with those that are narrower than a pixel drawn as one.

import type { ShownSpan } from "../../../sandbox/live/columns.ts";
import type { View } from "./view.ts";
import { pixelOf } from "./view.ts";

export interface Bar {
  /** Of several the last one. */
  readonly span: ShownSpan;
  /** CSS pixels, inside the drawing. */
  readonly from: number;
  readonly until: number;
  /** How many spans it stands for. */
  readonly count: number;
}

function firstFrom(spans: readonly ShownSpan[], at: number, low: number): number {
  let from = low;
  let until = spans.length;
  while (from < until) {
    const middle = (from + until) >>> 1;
    if ((spans[middle]?.fromNs ?? 0) < at) from = middle + 1;
    else until = middle;
  }
  return from;
}

/** @param spans of one lane, in order of their beginnings @param endNs where those end that have no end yet */
export function barsOf(spans: readonly ShownSpan[], view: View, width: number, endNs: number): Bar[] {
  const bars: Bar[] = [];
  const endOf = ({ fromNs, untilNs }: ShownSpan): number => Math.max(fromNs, untilNs ?? endNs);
  const pixel = (at: number): number => Math.max(0, Math.min(width, pixelOf(view, width, at)));
  // What began before the view may reach into it; one of each lane can.
  let place = Math.max(0, firstFrom(spans, view.fromNs, 0) - 1);
  while (place < spans.length) {
    const span = spans[place];
    if (span === undefined || span.fromNs > view.untilNs) break;
    if (endOf(span) < view.fromNs) {
      place++;
      continue;
    }
    const from = pixel(span.fromNs);
    const until = pixel(endOf(span));
    // All that begin within the same pixel are one bar; the last of them may go on.
    const next = until - from >= 1 ? place + 1 : Math.max(place + 1, firstFrom(spans, view.fromNs + ((from + 1) / width) * (view.untilNs - view.fromNs), place + 1));
    const last = spans[next - 1] ?? span;
    bars.push({ span: last, from, until: Math.max(from + 1, pixel(endOf(last))), count: next - place });
    place = next;
  }
  return bars;
}

/** The bar of a lane at a time. */
export const spanAt = (spans: readonly ShownSpan[], at: number, endNs: number): ShownSpan | undefined => {
  const span = spans[firstFrom(spans, at + 1, 0) - 1];
  return span !== undefined && (span.untilNs ?? endNs) >= at ? span : undefined;
};
