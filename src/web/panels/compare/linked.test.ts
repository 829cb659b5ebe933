import { describe, expect, it } from "vitest";
import { syntheticColumns } from "../../../../test/support/synthetic-columns.ts";
import { TimelineData } from "../timeline/data.ts";
import { createScreen, setView, shownView } from "../timeline/screen.ts";
import { linkLines } from "./linked.ts";

/** A line over a run that ends at `endNs`. */
function lineTo(endNs: number, shift = 0) {
  const data = new TimelineData();
  const columns = syntheticColumns(100);
  const last = columns.times.at(-1) ?? 1;
  data.append({ ...columns, times: columns.times.map((at) => (at * endNs) / last) });
  return { screen: createScreen(), data, shift };
}

describe("two time lines side by side", () => {
  it("show the same moments, whichever of them is moved, until they are parted", () => {
    const [first, second] = [lineTo(1e9), lineTo(1e9, 5000)];
    const end = linkLines(first, second);
    setView(first.screen, first.data, { fromNs: 1e6, untilNs: 2e6 });
    expect(shownView(second.screen, second.data)).toEqual({ fromNs: 1_005_000, untilNs: 2_005_000 });
    setView(second.screen, second.data, { fromNs: 10_000, untilNs: 20_000 });
    expect(shownView(first.screen, first.data)).toEqual({ fromNs: 5000, untilNs: 15_000 });
    first.screen.follows.value = "whole";
    expect(second.screen.follows.value).toBe("whole");
    end();
    setView(first.screen, first.data, { fromNs: 1e6, untilNs: 2e6 });
    expect(second.screen.follows.value).toBe("whole");
  });

  it("the longer run is seen to its end; the shorter one stays at its own, and does not hold it back", () => {
    const [long, short] = [lineTo(1e9), lineTo(1e6)];
    linkLines(long, short);
    setView(long.screen, long.data, { fromNs: 8e8, untilNs: 9e8 });
    expect(shownView(long.screen, long.data)).toEqual({ fromNs: 8e8, untilNs: 9e8 });
    expect(shownView(short.screen, short.data).untilNs).toBeCloseTo(1e6 + 1e6 / 40);
    // Nor do two that have hardly anything in common drive each other round and round.
    const [early, late] = [lineTo(1e6), lineTo(1e6, -9e5)];
    linkLines(early, late);
    setView(early.screen, early.data, { fromNs: 0, untilNs: 9e5 });
    expect(shownView(early.screen, early.data)).toEqual({ fromNs: 0, untilNs: 9e5 });
  });
});
