// The devices of a case served from this process: the machine of its plan with its faults, at sockets for QEMU.

import { loadModule } from "../../src/hardware/module.ts";
import { allFired, armFaults, createFaults, faultResults, injectStep } from "../../src/sandbox/faults.ts";
import type { ScenarioPlan } from "../../src/scenario/plan.ts";
import { serveMachine } from "../../src/vfio-user/served-machine.ts";
import { openSockets, socketFile } from "../../src/vfio-user/sockets.ts";
import type { CaseHardware } from "./hardware.ts";
import { decoderValues } from "./registers.ts";

/** Serves a plan's devices in a folder. `report`: what clients do. */
export async function serveCase(plan: ScenarioPlan, folder: string, report: (line: string) => void): Promise<CaseHardware> {
  const { module } = await loadModule();
  const machine = serveMachine(module, plan);
  const { hardware } = machine.host;
  const faults = createFaults(plan, hardware);
  armFaults(faults, "boot");
  const started = process.hrtime.bigint();
  // Power-on took virtual time already.
  const before = hardware.now;
  const sockets = await openSockets(machine, { folder, now: () => before + Number(process.hrtime.bigint() - started), report: (name, line) => report(`${name}: ${line}`) });
  return {
    name: "served",
    socketOf: (device) => socketFile(folder, device),
    inject: (step) => {
      injectStep(faults, step);
      sockets.poke();
    },
    faults: () => (plan.faults.length === 0 ? null : { haveAllFired: allFired(faults), each: faultResults(faults) }),
    registers: () => decoderValues(hardware, plan.machine),
    trace: () => null,
    close: () => sockets.close(),
  };
}
