// Regions of a listing against the decoders that make them: which are committed in hardware, which are whole.

import type { CapturedDecoder, CapturedEndpoint, CapturedPort, CapturedRegion, CapturedWindow } from "./cxl-capture.ts";
import type { Topology, TwinBridge, TwinDevice, TwinPort, TwinSwitch } from "./topology.ts";
import { portsOfTopology } from "./topology.ts";

export interface Member {
  readonly port: TwinPort;
  readonly endpoint: CapturedEndpoint;
  readonly decoder: CapturedDecoder;
}

export interface TwinRegion {
  readonly window: number;
  readonly captured: CapturedRegion;
  /** By position; those that are known. */
  readonly members: readonly Member[];
  /** Ports of all positions; fewer where a member is not known. */
  readonly places: readonly TwinPort[];
  /** Every position has its member. */
  readonly isWhole: boolean;
  /** Every known member's decoder is committed in hardware. */
  readonly isCommitted: boolean;
  /** It is no more: decoders still show that it was. */
  readonly isGone: boolean;
}

const deviceAt = (port: TwinPort): TwinDevice | undefined => (port.card?.kind === "device" ? port.card : undefined);

/** Number of a committed decoder is below the count of those that are. */
export const isCommittedIn = (decoder: CapturedDecoder, committed: number): boolean => decoder.index < committed && (decoder.size ?? 0n) > 0n;

function memberOf(ports: readonly TwinPort[], memdev: string, decoder: string): Member | undefined {
  const port = ports.find((one) => deviceAt(one)?.memdev?.name === memdev || deviceAt(one)?.endpoint?.host === memdev);
  const endpoint = port === undefined ? undefined : deviceAt(port)?.endpoint;
  const found = endpoint?.decoders.find(({ name }) => name === decoder);
  return port === undefined || endpoint === undefined || found === undefined ? undefined : { port, endpoint, decoder: found };
}

/** Positions whose member lost its driver are those of the cards without one, in their order. */
function placesOf(ports: readonly TwinPort[], captured: CapturedRegion, members: readonly Member[]): TwinPort[] {
  const known = new Map(captured.mappings.map(({ position }, index) => [position, members[index]?.port]));
  const loose = ports.filter((port) => deviceAt(port)?.memdev !== undefined && deviceAt(port)?.endpoint === undefined);
  return Array.from({ length: captured.ways }, (_, position) => known.get(position) ?? loose.shift()).filter((port) => port !== undefined);
}

function regionOf(ports: readonly TwinPort[], window: number, captured: CapturedRegion): TwinRegion {
  const members = captured.mappings.flatMap(({ memdev, decoder }) => memberOf(ports, memdev, decoder) ?? []);
  const isKnown = members.length === captured.mappings.length;
  const isWhole = isKnown && members.length === captured.ways && captured.mappings.every(({ position }, index) => position === index);
  return { window, captured, members, places: isKnown ? placesOf(ports, captured, members) : [], isWhole, isCommitted: members.length > 0 && members.every(({ endpoint, decoder }) => isCommittedIn(decoder, endpoint.committed)), isGone: false };
}

const numberOf = (name: string): number => Number(/(\d+)$/.exec(name)?.[1] ?? "0");

/** Regions of all windows, in order of their addresses. */
export function regionsOf(topology: Topology, windows: readonly (CapturedWindow | undefined)[]): TwinRegion[] {
  const ports = portsOfTopology(topology);
  const all = windows.flatMap((window, index) => (window === undefined ? [] : window.regions.map((region) => regionOf(ports, index, region))));
  return all.toSorted((a, b) => (a.captured.base < b.captured.base ? -1 : a.captured.base > b.captured.base ? 1 : numberOf(a.captured.name) - numberOf(b.captured.name)));
}

/** Memory comes as device-dax first: all of it is so, or some of it is divided, which only such memory can be. */
export function isDeviceDaxFirst(regions: readonly TwinRegion[]): boolean {
  const devices = regions.flatMap(({ captured }) => captured.dax);
  const enabled = devices.filter(({ isDisabled }) => !isDisabled);
  return (enabled.length > 0 && enabled.every(({ mode }) => mode === "devdax")) || regions.some(({ captured }) => captured.dax.length > 1);
}

/** A place with decoders that target lists lead on from. */
export interface Hub {
  readonly name: string;
  readonly captured: CapturedPort;
  readonly ports: readonly TwinPort[];
}

const switchesBelow = (ports: readonly TwinPort[]): TwinSwitch[] => ports.flatMap(({ card }) => (card?.kind === "switch" ? [card, ...switchesBelow(card.ports)] : []));

export function hubsOf(bridges: readonly TwinBridge[]): Hub[] {
  return bridges.flatMap(({ name, captured, rootPorts }) => [...(captured === undefined ? [] : [{ name, captured, ports: rootPorts }]), ...switchesBelow(rootPorts).map((card): Hub => ({ name: card.name, captured: card.captured, ports: card.ports }))]);
}

/** Places on the way from a host bridge to a port, the port's own first. */
export const hubsTo = (hubs: readonly Hub[], port: TwinPort): Hub[] => {
  const own = hubs.find(({ ports }) => ports.includes(port));
  if (own === undefined) return [];
  const above = hubs.flatMap(({ ports }) => ports).find(({ card }) => card?.kind === "switch" && card.captured === own.captured);
  return above === undefined ? [own] : [own, ...hubsTo(hubs, above)];
};
