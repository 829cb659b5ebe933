// A moment of a run, as the command line names it: `10ms` (virtual time after ready), `boot` (devices probed, no step done yet), `ready`, `end`, or a text
// that a log line or mark holds. Drives a run there.

import { isProbingAtRest } from "../kernel/base/probing.ts";
import { parseTime } from "../scenario/units.ts";
import type { OpenRun } from "./contract.ts";

export type Moment = { readonly kind: "boot" | "ready" | "end" } | { readonly kind: "time"; readonly afterReady: number } | { readonly kind: "mark"; readonly text: string };

export function parseMoment(text: string): Moment {
  if (text === "boot" || text === "ready" || text === "end") return { kind: text };
  const afterReady = parseTime(text);
  return afterReady === undefined ? { kind: "mark", text } : { kind: "time", afterReady };
}

/** How it went: the run stands at the moment, it was over before, or the caller wanted a pause (call again with the same `Approach`). */
export type Arrival = "there" | "missed" | "paused";

/** A way to a moment; made before the run goes on, so that no mark is missed. */
export interface Approach {
  readonly goOn: (shouldPause: () => boolean) => Arrival;
}

/** @param run one that has not passed the moment yet */
export function approach(run: OpenRun, moment: Moment): Approach {
  let isHeard = false;
  const hear = (text: string): void => {
    isHeard ||= moment.kind === "mark" && text.includes(moment.text);
  };
  run.listeners.add(hear);
  const isThere = (): boolean => {
    if (moment.kind === "mark") return isHeard;
    if (moment.kind === "boot") return run.phase !== "boot" && isProbingAtRest(run.system.kernel);
    if (moment.kind === "end") return run.phase === "done";
    if (moment.kind === "ready" || run.readyAt < 0) return run.readyAt >= 0;
    return moment.kind === "time" && run.system.hardware.now >= run.readyAt + moment.afterReady;
  };
  /** A run that is held goes on for ever; what was to be said is waited for as long as the scenario's own run would last. */
  const horizon = (): number => (run.readyAt < 0 ? Number.MAX_SAFE_INTEGER : run.readyAt + (moment.kind === "time" ? moment.afterReady : run.plan.limits.time));
  return {
    goOn: (shouldPause) => {
      while (!isThere()) {
        const how = run.goOn(horizon(), () => isThere() || run.phase === "running" || shouldPause());
        if (isThere()) break;
        if (how === "done" || (how === "horizon" && moment.kind === "mark")) {
          run.listeners.delete(hear);
          return "missed";
        }
        if (shouldPause()) return "paused";
      }
      run.listeners.delete(hear);
      return "there";
    },
  };
}
