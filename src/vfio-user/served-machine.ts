// A machine of a scenario that is served function by function: hardware and firmware, no kernel. Virtual time follows the wall's, which only the caller
// knows; interrupts go to the function whose message they are.

import { createHost } from "../sandbox/system.ts";
import type { Host } from "../sandbox/system.ts";
import { firmwareOf } from "../sandbox/run.ts";
import type { ScenarioPlan } from "../scenario/plan.ts";
import type { InterruptSink, ServedMachine } from "./contract.ts";
import { placeDevices } from "./places.ts";
import type { MachineFunction } from "./served-function.ts";
import { createFunction } from "./served-function.ts";

/** A served machine as its own process has it. */
export interface LocalMachine extends ServedMachine {
  readonly plan: ScenarioPlan;
  readonly host: Host;
}

/** Latest virtual time that is taken from a clock: 2^53 ns are 104 days. */
const latest = Number.MAX_SAFE_INTEGER - 1;

/** Builds the machine of a plan, powers it on, and opens the way to its devices. @throws MachineDescriptionError */
export function serveMachine(module: WebAssembly.Module, plan: ScenarioPlan): LocalMachine {
  const host = createHost(module, plan.machine, firmwareOf(plan));
  const { hardware, platform, firmware } = host;
  const functions: MachineFunction[] = [];

  /** A message that nobody listens to is lost, as on a bus without a target. */
  const deliver = (): void => {
    for (let message = platform.interrupts.take(); message !== undefined; message = platform.interrupts.take()) {
      for (const one of functions) {
        const write = one.claim(message);
        if (write === undefined) continue;
        one.sink?.send(write);
        break;
      }
    }
  };

  const events = { done: deliver, reset: () => undefined, connected: () => undefined };
  const windows = firmware.hostBridges.map(({ memory }) => memory[0]?.base ?? 0n);
  for (const placed of placeDevices(hardware, windows)) functions.push(createFunction({ hardware, platform, placed, events }));

  return {
    plan, host, functions,
    advanceTo: (nanoseconds) => {
      const until = Math.min(latest, Math.floor(nanoseconds));
      if (until > hardware.now) hardware.advanceTo(until);
      deliver();
      return hardware.nextDeadline;
    },
    attach: (name: string, sink: InterruptSink | null) => {
      const one = functions.find((other) => other.name === name);
      if (one !== undefined) one.sink = sink;
    },
  };
}
