// When memory came and went, and when somebody who looks would have missed some (seeds S23): kept by listening to a run's log lines and marks. The sums are taken after the
// step in which something was said, never while nothing is.

import { isDecisionPending, ownershipRecord } from "../../kernel/dax/decision.ts";
import type { CapacityChange } from "../../scenario/explanation.ts";
import type { OpenRun } from "../contract.ts";
import { balanceOf } from "./capacity.ts";
import type { Scene } from "./scene.ts";

export interface Timeline {
  readonly changes: readonly CapacityChange[];
  /** To be called between steps, wherever the run is driven. */
  readonly look: () => void;
}

/** What can move memory: objects of cxl, dax and hmem, blocks, ports. Everything else that is said is not worth adding up for. */
const moving = /^(memory\d+ (online|offline)|(dax|hmem|region|mem|endpoint)[\d.]+ )|hmem_platform|kmem|device_dax|dax_region|isolat|[Ll]ink/;

interface State {
  heard: string | null;
  phase: OpenRun["phase"];
  wasDecided: boolean;
}

/** What a step brought: the moments that the run has, before anything that was said. */
function eventOf(run: OpenRun, state: State): string | null {
  const { kernel } = run.system;
  const isDecided = ownershipRecord(kernel) !== null && !isDecisionPending(kernel);
  const events = [
    ...(isDecided && !state.wasDecided ? ["the decision over Soft Reserved"] : []), ...(state.phase === "boot" && run.phase !== "boot" ? ["end of boot"] : []),
    ...(run.phase === "running" && state.phase !== "running" ? ["ready"] : []), ...(state.heard === null ? [] : [state.heard]),
  ];
  state.wasDecided = isDecided;
  state.phase = run.phase;
  state.heard = null;
  return events[0] ?? null;
}

/** Starts to listen; the run has not begun. */
export function keepTimeline(run: OpenRun, scene: () => Scene): Timeline {
  const changes: CapacityChange[] = [];
  const state: State = { heard: null, phase: run.phase, wasDecided: false };
  run.listeners.add((text) => {
    if (moving.test(text)) state.heard = text;
  });
  const look = (): void => {
    const wasBoot = state.phase === "boot";
    const event = eventOf(run, state);
    if (event === null) return;
    const { promised, delivered } = balanceOf(scene());
    const last = changes.at(-1);
    const isNews = last === undefined || last.bytesDelivered !== String(delivered) || (wasBoot && run.phase !== "boot");
    if (isNews) changes.push({ atNs: run.system.hardware.now, event: last === undefined && event !== "end of boot" ? "power-on" : event, bytesDelivered: String(delivered), bytesGap: String(promised - delivered) });
  };
  return { changes, look };
}

/** From the end of boot on somebody may look. */
function seenFrom(changes: readonly CapacityChange[]): readonly CapacityChange[] {
  const at = changes.findIndex(({ event }) => event === "end of boot");
  return at < 0 ? [] : changes.slice(at);
}

export const firstSeen = (changes: readonly CapacityChange[]): CapacityChange | null => seenFrom(changes).find(({ bytesGap }) => bytesGap !== "0") ?? null;

/** The change that made the gap what it is. */
export function gapSince(changes: readonly CapacityChange[]): CapacityChange | null {
  const seen = seenFrom(changes);
  const last = seen.at(-1);
  if (last === undefined || last.bytesGap === "0") return null;
  let since = last;
  for (const change of seen.toReversed()) {
    if (change.bytesGap !== last.bytesGap) break;
    since = change;
  }
  return since;
}
