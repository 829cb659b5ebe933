// Columns of a run that never was: as many records as wanted, in storms and quiet times, over the lanes of a host with four ports. For drawing and for measuring it.

import type { Columns, LaneGroup, ShownLane, ShownSpan } from "../../src/sandbox/live/columns.ts";
import { notShown, shownKinds } from "../../src/sandbox/live/columns.ts";

interface Source {
  readonly group: LaneGroup;
  readonly name: string;
  readonly part: string | null;
  readonly kinds: readonly (typeof shownKinds)[number][];
}

const ports = [0, 1, 2, 3];
const sources: readonly Source[] = [
  { group: "Scenario and steps", name: "scenario", part: null, kinds: ["mark", "expectation", "failure"] },
  ...ports.map((port): Source => ({ group: "Links", name: `rp${port}`, part: `rp${port}`, kinds: ["link"] })),
  ...ports.map((port): Source => ({ group: "Ports", name: `rp${port}`, part: `rp${port}`, kinds: ["isolation", "error", "decoder", "interrupt", "fault"] })),
  ...ports.map((port): Source => ({ group: "Ports", name: `rp${port} traffic`, part: `rp${port}`, kinds: ["memory"] })),
  { group: "Processors", name: "loads and stores", part: null, kinds: ["access"] },
  { group: "Kernel tasks", name: "kernel", part: null, kinds: ["kernel"] },
  { group: "Kernel tasks", name: "interrupts", part: null, kinds: ["interrupt"] },
  ...ports.map((port): Source => ({ group: "Recoveries", name: `0000:0c:0${port}.0`, part: null, kinds: ["recovery"] })),
  { group: "Machine checks", name: "vm1", part: null, kinds: ["machine check"] },
  { group: "Log", name: "log", part: null, kinds: ["log"] },
  ...ports.map((port): Source => ({ group: "Accesses", name: `rp${port}`, part: `rp${port}`, kinds: ["access"] })),
];

/** Numbers that look random and are the same each time. */
function numbersFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** @param count records @param seed another run */
export function syntheticColumns(count: number, seed = 1): Columns {
  const random = numbersFrom(seed);
  const [times, lanes, kinds] = [new Float64Array(count), new Uint16Array(count), new Uint8Array(count)];
  const spans: ShownSpan[] = [];
  let now = 0;
  for (let record = 0; record < count; record++) {
    // Storms of a few ns between records, with quiet stretches.
    now += random() < 0.001 ? Math.floor(random() * 200_000) : Math.floor(random() * 20);
    times[record] = now;
    const lane = Math.floor(random() ** 2 * sources.length);
    const own = sources[sources.length - 1 - lane]?.kinds ?? [];
    lanes[record] = sources.length - 1 - lane;
    kinds[record] = random() < 0.05 ? notShown : shownKinds.indexOf(own[Math.floor(random() ** 3 * own.length)] ?? "log");
  }
  for (let port = 0; port < ports.length; port++) {
    for (let step = 0; step < 50; step++) {
      const from = Math.floor((now * (step * 2 + random())) / 100);
      spans.push({ id: spans.length, lane: 1 + port, kind: step % 2 === 0 ? "link down" : "training", fromNs: from, untilNs: from + Math.floor(now / 120), text: step % 2 === 0 ? "link down" : "link training" });
    }
  }
  return { generation: 1, from: 0, known: count, times, lanes, kinds, weights: null, newLanes: sources.map(({ group, name, part }, order): ShownLane => ({ group, name, part, order })), spans, spansLeftOut: 0, readyAtNs: Math.floor(now / 20) };
}
