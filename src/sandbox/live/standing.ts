// Where a run stood when it was looked at: what a panel marks as changed is told since the position before, and the run goes on while an answer is on its way.

import type { LiveRun } from "./contract.ts";

/** Part of what looks answer whose panels mark changes. */
export interface Standing {
  /** The same text is the same position of the same run, touched alike; null: the run was on its way, past positions that nobody chose. */
  readonly stoodAt: string | null;
}

export function standingOf({ status: { isMoving, generation, position: { records, turns, atNs }, touches } }: Pick<LiveRun, "status">): Standing {
  return { stoodAt: isMoving ? null : [generation, records, turns, atNs, touches.length].join(" ") };
}
