// Runs of a cell, each on a system of its own, in slices: what asks for a result looks at its messages in between.

import type { ScenarioPlan } from "../../scenario/plan.ts";
import type { OpenRun } from "../contract.ts";
import { openRun } from "../run.ts";

/** Work that can be paused between two `next()`; slices never show in what it gives. */
export type Sliced<T> = Generator<undefined, T, undefined>;

export interface Bench {
  readonly module: WebAssembly.Module;
  readonly seed: number;
}

/** Scheduler steps in a slice: a few milliseconds. */
const slice = 2000;

/** A lenient run, driven to its end. */
export function* runToEnd({ module, seed }: Bench, plan: ScenarioPlan, schedule: "fixed" | "seeded" = "fixed"): Sliced<OpenRun> {
  const run = openRun(module, plan, { seed, schedule, keepTrace: false, isLenient: true });
  let steps = 0;
  while (run.goOn(Number.MAX_SAFE_INTEGER, () => ++steps % slice === 0) !== "done") yield;
  yield;
  return run;
}

/** Whether there is a host left to ask. */
export const isHostAlive = (run: OpenRun): boolean => run.end === null && run.system.kernel.panic === null && run.system.hardware.hostState === "running";
