// Cards that steps plug in and unplug (`plug`, `unplug` of docs/faults.md): QEMU's slot does what the port of ours does, and the guest's pciehp with it.

import type { DeviceDescription, MachineDescription } from "../../src/platform/description.ts";
import { isSwitch, portsBelow } from "../../src/platform/description.ts";
import type { Monitor } from "./monitor.ts";
import { RigProblem } from "./problem.ts";
import type { SocketOf } from "./qemu.ts";
import { deviceObject } from "./qemu.ts";

/** A card that comes or goes. */
export interface Plugging {
  readonly kind: "plug" | "unplug";
  readonly port: string;
  readonly device: DeviceDescription;
}

/** The guest's pciehp waits 5 s for a second press of the button, and then lets the card go. */
const secondsToLetGo = 120;

const portsOf = ({ hostBridges }: MachineDescription) => portsBelow(hostBridges.flatMap(({ rootPorts }) => rootPorts));

/** Names of cards by port at power-on. */
export const cardsAtStart = (machine: MachineDescription): Map<string, string> =>
  new Map(portsOf(machine).flatMap(({ name, present, slots: [card] }) => (present && card !== undefined ? [[name, card.name] as const] : [])));

interface Written {
  readonly unplug?: string;
  readonly plug?: { readonly port: string; readonly card: string };
}

/** What an injected action, as it is written, plugs or unplugs; null: it is another one. `inside`: the card in a port. @throws RigProblem it is a switch */
export function pluggingOf(machine: MachineDescription, action: unknown, inside: (port: string) => string | undefined): Plugging | null {
  const { plug, unplug } = action as Written;
  const [port, card] = plug === undefined ? [unplug, unplug === undefined ? undefined : inside(unplug)] : [plug.port, plug.card];
  if (port === undefined) return null;
  const slots = portsOf(machine).find(({ name }) => name === port)?.slots ?? [];
  const device = slots.find(({ name }) => name === card);
  if (device === undefined) throw new RigProblem(`${port} has no card to ${plug === undefined ? "unplug" : "plug in"}`);
  if (isSwitch(device)) throw new RigProblem(`${device.name} is a switch, which is QEMU's: only type-3 devices are plugged and unplugged by a case`);
  return { kind: plug === undefined ? "unplug" : "plug", port, device };
}

/** Does it on both sides: the guest lets a card go before it is pulled, and is told of a card that is there. `act`: on the hardware below. */
export async function doPlugging({ kind, port, device }: Plugging, monitor: Monitor, socketOf: SocketOf, act: () => void): Promise<void> {
  if (kind === "plug") {
    act();
    await monitor.run("device_add", deviceObject(device, port, socketOf(device.name)));
    return;
  }
  await monitor.run("device_del", { id: device.name });
  await monitor.event("DEVICE_DELETED", device.name, secondsToLetGo);
  act();
}
