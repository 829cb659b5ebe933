// Two time lines that move together: where the reader goes in one, the other goes too, as far as its own run reaches.

import { effect } from "@preact/signals";
import type { TimelineData } from "../timeline/data.ts";
import type { Screen } from "../timeline/screen.ts";
import { setView } from "../timeline/screen.ts";
import type { View } from "../timeline/view.ts";

interface Line {
  readonly screen: Screen;
  readonly data: TimelineData;
  /** Virtual ns that the same moment is later here than in the first line. */
  readonly shift: number;
}

/** Gives what ends that. */
export function linkLines(first: Line, second: Line): () => void {
  /** Views that a line was given by the other one: they lead nowhere, or the shorter run would hold the longer one back. */
  const given = new WeakSet<View>();
  const follow = (from: Line, to: Line): (() => void) => effect(() => {
    const view = from.screen.view.value;
    const follows = from.screen.follows.value;
    if (follows !== null) {
      if (to.screen.follows.peek() !== follows) to.screen.follows.value = follows;
      return;
    }
    if (given.has(view)) return;
    const shift = to.shift - from.shift;
    setView(to.screen, to.data, { fromNs: view.fromNs + shift, untilNs: view.untilNs + shift });
    // Heard of once this is over.
    given.add(to.screen.view.peek());
  });
  const ends = [follow(first, second), follow(second, first)];
  return () => ends.forEach((end) => end());
}
