// The plan of a scenario as it is served: devices send their messages by MSI, the only kind that goes over a socket alone, and the fault table has
// room for what the control channel injects.

import { withPlaces } from "../sandbox/injections.ts";
import type { DownstreamPortDescription, SlotDescription } from "../platform/description.ts";
import { isSwitch } from "../platform/description.ts";
import type { ScenarioPlan } from "../scenario/plan.ts";

const withMsi = (slot: SlotDescription): SlotDescription => (isSwitch(slot) ? { ...slot, ports: slot.ports.map(portWithMsi) } : { messages: "msi", ...slot });

function portWithMsi<P extends DownstreamPortDescription>(port: P): P {
  return { ...port, slots: port.slots.map(withMsi) };
}

/** MSI for every device but those whose machine says `messages: msix`: their messages reach nobody. */
export function servedPlan(plan: ScenarioPlan): ScenarioPlan {
  const hostBridges = plan.machine.hostBridges.map((bridge) => ({ ...bridge, rootPorts: bridge.rootPorts.map(portWithMsi) }));
  return withPlaces({ ...plan, machine: { ...plan.machine, hostBridges } });
}
