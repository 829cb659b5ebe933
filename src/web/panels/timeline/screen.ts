// What the time line shows and where: state of one drawing that is nobody else's.

import type { ReadonlySignal, Signal } from "@preact/signals";
import { signal } from "@preact/signals";
import type { LaneGroup } from "../../../sandbox/live/columns.ts";
import type { TimelineData } from "./data.ts";
import type { Place } from "./gestures.ts";
import type { View } from "./view.ts";
import { kept, wholeView } from "./view.ts";

export interface Screen {
  /** Where the reader went; counts while `follows` is null. */
  readonly view: Signal<View>;
  /** Shows the whole, or from ready on, as the run grows. */
  readonly follows: Signal<"whole" | "ready" | null>;
  /** CSS pixels that the rows are scrolled up. */
  readonly scroll: Signal<number>;
  /** CSS pixels of the canvas. */
  readonly size: Signal<{ readonly width: number; readonly height: number }>;
  /** Groups that the reader opened or closed. */
  readonly chosen: Signal<ReadonlyMap<LaneGroup, boolean>>;
  /** Key of the row in which the keyboard is. */
  readonly focused: Signal<string | null>;
  readonly hover: Signal<Place | null>;
  /** The record whose words were asked for last: answers may come in another order. */
  readonly asked: { record: number };
  /** Told to who cannot see the drawing. */
  readonly said: Signal<string>;
  /** Counts up when colours change. */
  readonly colours: Signal<number>;
}

export const createScreen = (): Screen => ({
  view: signal({ fromNs: 0, untilNs: 1 }), follows: signal("ready"), scroll: signal(0), size: signal({ width: 0, height: 0 }), chosen: signal(new Map()), focused: signal(null), hover: signal(null), asked: { record: -1 }, said: signal(""), colours: signal(0),
});

/** What there is to see, before ready and after it. */
const boundsOf = (data: TimelineData): View => wholeView(0, data.endNs);

/** The stretch that is shown now. */
export function shownView({ view, follows }: { readonly view: ReadonlySignal<View>; readonly follows: ReadonlySignal<"whole" | "ready" | null> }, data: TimelineData): View {
  const { readyAtNs, endNs } = data;
  if (follows.value === null) return kept(view.value, boundsOf(data));
  return wholeView(follows.value === "ready" && readyAtNs >= 0 && readyAtNs < endNs ? readyAtNs : 0, endNs);
}

/** Shows another stretch, which then stays. */
export function setView({ view, follows }: Screen, data: TimelineData, next: View): void {
  view.value = kept(next, boundsOf(data));
  follows.value = null;
}
