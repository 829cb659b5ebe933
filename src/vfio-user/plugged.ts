// Where a served device is plugged in.

import { portsBelow } from "../platform/description.ts";
import { isThere } from "../sandbox/part-registers.ts";
import type { LocalMachine } from "./served-machine.ts";

/** The port that a device of a machine is in at that moment; null: it is not plugged in. */
export function portsOf({ plan, hardware }: LocalMachine): (device: string) => string | null {
  const ports = portsBelow(plan.machine.hostBridges.flatMap(({ rootPorts }) => rootPorts));
  return (device) => (isThere(hardware, device) ? (ports.find(({ slots }) => slots.some(({ name }) => name === device))?.name ?? null) : null);
}
