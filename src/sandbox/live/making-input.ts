// What the makings of one run are made from: its input and machine, and what was done to it by hand.

import type { Hardware } from "../../hardware/machine.ts";
import { createHardware } from "../../hardware/machine.ts";
import { HardwarePool } from "../../hardware/pool.ts";
import type { ScenarioPlan } from "../../scenario/plan.ts";
import type { LiveInput, PlacedTouch } from "./contract.ts";
import type { GrowingTrace } from "./growing-trace.ts";

/** A time (virtual ns) that steps do not go beyond, behind so many steps. */
export interface Stop {
  readonly behind: number;
  readonly atNs: number;
}

/** A touch with the step behind which it was made; `stop`: where that step was cut short for it. */
export interface MadeTouch extends PlacedTouch {
  readonly steps: number;
  readonly stop: Stop | null;
}

/** What all makings of a run share. */
export interface MakingInput {
  readonly input: LiveInput;
  readonly plan: ScenarioPlan;
  readonly trace: GrowingTrace;
  /** The machine before power-on, and the instances that hold copies of it. */
  readonly pristine: Hardware;
  readonly pool: HardwarePool;
  /** Hears what lines print, with how many such pieces of text the run has printed with this one: who has heard it does not want it again. Null: it is no part of the run. */
  readonly tell: (stream: "out" | "err", text: string, count: number | null) => void;
}

export function makingInput(module: WebAssembly.Module, given: Omit<MakingInput, "pristine" | "pool">): MakingInput {
  const pristine = createHardware(module, given.plan.machine);
  return { ...given, pristine, pool: new HardwarePool(pristine) };
}
