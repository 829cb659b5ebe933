// What a machine of the library shares with its forks, and what it remembers in a snapshot beside its hardware's state.

import type { HardwareSnapshot } from "../../hardware/machine.ts";
import type { ScenarioPlan } from "../../scenario/plan.ts";
import type { StrictMemory } from "../strict/strict.ts";
import type { MachineOptions, MachineSnapshot } from "./contract.ts";
import type { FaultMemory } from "./faults.ts";
import type { Instances } from "./fork.ts";
import type { Homes } from "./places.ts";

/** What a machine and its forks have in common. */
export interface Family {
  readonly module: WebAssembly.Module;
  readonly plan: ScenarioPlan;
  readonly options: MachineOptions;
  readonly instances: Instances;
}

/** Everything that a machine's state is beside its hardware's. */
export interface Memory extends MachineSnapshot {
  readonly family: Family;
  readonly hardware: HardwareSnapshot;
  readonly faults: FaultMemory;
  readonly records: number;
  readonly nextMessage: number;
  readonly homes: Homes;
  readonly strict: StrictMemory | undefined;
}
