// Which decoders a region needs and with what values: rules L3 and L4 of the CEDT sheet, from the host bridges down.

import type { DownstreamPortDescription, HostBridgeDescription, MachineDescription } from "../platform/description.ts";
import { isSwitch } from "../platform/description.ts";
import type { FirmwareDecoder, FirmwareRegion, FirmwareSetup } from "../platform/firmware-setup.ts";

/** A place that decodes on the way to a device, and the port number that leads on; host bridge first. */
interface Level {
  readonly place: string;
  readonly port: number;
  /** False: everything passes, there is nothing to program. */
  readonly hasDecoders: boolean;
}

function wayBelow(ports: readonly DownstreamPortDescription[], place: string, hasDecoders: boolean, device: string): Level[] | undefined {
  for (const port of ports) {
    const here: Level = { place, port: port.portNumber, hasDecoders };
    for (const slot of port.slots) {
      if (!isSwitch(slot)) {
        if (slot.name === device) return [here];
        continue;
      }
      const below = wayBelow(slot.ports, slot.name, slot.decoders > 0, device);
      if (below !== undefined) return [here, ...below];
    }
  }
  return undefined;
}

/** The way from a host bridge to a device that is declared below it, or undefined. */
export function wayTo(machine: MachineDescription, device: string): { readonly bridge: HostBridgeDescription; readonly levels: readonly Level[] } | undefined {
  for (const bridge of machine.hostBridges) {
    const levels = wayBelow(bridge.rootPorts, bridge.name, bridge.decoders > 0, device);
    if (levels !== undefined) return { bridge, levels };
  }
  return undefined;
}

/** What the level above divides the address by: root ways count by their power of two alone (L3). */
const rootFactor = (ways: number): number => (ways % 3 === 0 ? ways / 3 : ways);

interface PlannedLevel {
  readonly place: string;
  readonly hasDecoders: boolean;
  readonly granularity: number;
  /** Port numbers in order of the positions that first use them. */
  readonly targets: number[];
}

function planRegion(machine: MachineDescription, region: FirmwareRegion, take: (place: string) => number): FirmwareDecoder[] {
  const window = machine.windows[region.window];
  const ways = region.targets.map((device) => wayTo(machine, device)?.levels ?? []);
  const planned = new Map<string, PlannedLevel>();
  const deepest = Math.max(0, ...ways.map((levels) => levels.length));
  for (let depth = 0; depth < deepest; depth++) {
    for (const levels of ways) {
      const level = levels[depth];
      if (level === undefined) continue;
      const above = depth === 0 ? undefined : planned.get(levels[depth - 1]?.place ?? "");
      const granularity = above === undefined ? region.granularity * rootFactor(window?.ways ?? 1) : above.granularity * above.targets.length;
      const place = planned.get(level.place) ?? { place: level.place, hasDecoders: level.hasDecoders, granularity, targets: [] };
      planned.set(level.place, place);
      if (!place.targets.includes(level.port)) place.targets.push(level.port);
    }
  }
  const shared = { base: region.base, size: region.size, skip: 0n, isLocked: region.isLocked, isCommitted: true };
  const ports = [...planned.values()].filter((level) => level.hasDecoders);
  return [
    ...ports.map((level) => ({ ...shared, place: level.place, index: take(level.place), ways: level.targets.length, granularity: level.granularity, targets: level.targets })),
    ...region.targets.map((place) => ({ ...shared, place, index: take(place), ways: region.targets.length, granularity: region.granularity, targets: [] })),
  ];
}

/** Every decoder that firmware programs, in order: those of the regions, where a decoder of its own does not stand in for one, then the others. */
export function planDecoders(machine: MachineDescription, setup: FirmwareSetup): FirmwareDecoder[] {
  const used = new Map<string, number>();
  const take = (place: string): number => {
    const index = used.get(place) ?? 0;
    used.set(place, index + 1);
    return index;
  };
  const planned = setup.regions.flatMap((region) => planRegion(machine, region, take));
  const own = (decoder: FirmwareDecoder): FirmwareDecoder | undefined => setup.decoders.find((other) => other.place === decoder.place && other.index === decoder.index);
  const rest = setup.decoders.filter((decoder) => !planned.some((other) => other.place === decoder.place && other.index === decoder.index));
  return [...planned.map((decoder) => own(decoder) ?? decoder), ...rest].toSorted((a, b) => (a.place === b.place ? a.index - b.index : 0));
}
