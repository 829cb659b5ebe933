// Names of a capture's components (hb0, rp0, mem1 ...) in a machine: by name, by number of the host bridge, or by place in the same tree.

import type { DownstreamPortDescription, MachineDescription, SlotDescription } from "../../../src/platform/description.ts";
import { isSwitch, portsBelow } from "../../../src/platform/description.ts";
import { CaptureError } from "../capture.ts";

const namesOf = (machine: MachineDescription): string[] => machine.hostBridges.flatMap((bridge) => [bridge.name, ...portsBelow(bridge.rootPorts).flatMap((port) => [port.name, ...port.slots.map((slot) => slot.name)])]);

function pairCards(theirs: SlotDescription | undefined, ours: SlotDescription | undefined, into: Map<string, string>): void {
  if (theirs === undefined || ours === undefined || isSwitch(theirs) !== isSwitch(ours)) return;
  into.set(theirs.name, ours.name);
  if (isSwitch(theirs) && isSwitch(ours)) pairPorts(theirs.ports, ours.ports, into);
}

function pairPorts(theirs: readonly DownstreamPortDescription[], ours: readonly DownstreamPortDescription[], into: Map<string, string>): void {
  for (const [index, their] of theirs.entries()) {
    const our = ours[index];
    if (our === undefined) continue;
    into.set(their.name, our.name);
    pairCards(their.slots[0], our.slots[0], into);
  }
}

/** Every part of one machine by the name that it has in another one of the same shape. */
function pairsOf(theirs: MachineDescription, ours: MachineDescription): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const [index, their] of theirs.hostBridges.entries()) {
    const our = ours.hostBridges[index];
    if (our === undefined) continue;
    pairs.set(their.name, our.name);
    pairPorts(their.rootPorts, our.rootPorts, pairs);
  }
  return pairs;
}

/**
 * Finds parts of `machine` by the capture's names; `captured` is the machine that the capture's command line builds, where it has one.
 * @throws CaptureError no part is meant
 */
export function partFinder(file: string, machine: MachineDescription, captured?: MachineDescription): (name: string) => string {
  const names = new Set(namesOf(machine));
  const pairs = captured === undefined || captured === machine ? new Map<string, string>() : pairsOf(captured, machine);
  return (name) => {
    const bridge = /^hb(\d+)$/.exec(name);
    const byNumber = bridge === null ? undefined : machine.hostBridges[Number(bridge[1])]?.name;
    const found = names.has(name) ? name : (pairs.get(name) ?? byNumber);
    if (found === undefined) throw new CaptureError(file, `component "${name}"`, `is no part of the machine; there are ${[...names].join(", ")}; name the scenario's parts as the capture does`);
    return found;
  };
}

/** Applies a change to every port of a machine, at whatever depth. */
function mapPorts<P extends DownstreamPortDescription>(ports: readonly P[], change: <Q extends DownstreamPortDescription>(port: Q) => Q): P[] {
  return ports.map((port) => change({ ...port, slots: port.slots.map((slot) => (isSwitch(slot) ? { ...slot, ports: mapPorts(slot.ports, change) } : slot)) }));
}

/** The machine without a card. */
export const withoutCard = (machine: MachineDescription, card: string): MachineDescription => ({
  ...machine, hostBridges: machine.hostBridges.map((bridge) => ({ ...bridge, rootPorts: mapPorts(bridge.rootPorts, (port) => (port.slots[0]?.name === card ? { ...port, slots: [], present: false } : port)) })),
});

/** Name of the port that a card is plugged into. */
export const portOfCard = (machine: MachineDescription, card: string): string | undefined => machine.hostBridges.flatMap((bridge) => portsBelow(bridge.rootPorts)).find((port) => port.slots[0]?.name === card)?.name;
