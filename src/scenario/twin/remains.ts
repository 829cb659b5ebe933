// Regions that are no more: idle decoders keep ways, granularity and mode of what they decoded last. The twin makes such a region and takes it away.

import type { CapturedDecoder } from "./cxl-capture.ts";
import type { Hub, Member, TwinRegion } from "./members.ts";
import { hubsOf } from "./members.ts";
import type { Sources } from "./sources.ts";
import type { Topology, TwinPort } from "./topology.ts";
import { portsOfTopology } from "./topology.ts";

const isIdle = (decoder: CapturedDecoder): boolean => (decoder.size ?? 0n) === 0n;
const isLeft = (decoder: CapturedDecoder): boolean => isIdle(decoder) && decoder.region === undefined && decoder.dpaSize === undefined && (decoder.ways > 1 || decoder.mode !== undefined);
/** What is committed and no region's keeps a card from being decoded anew. */
const isHeld = ({ endpoint }: Member): boolean => endpoint.decoders.some(({ index, region }) => index < endpoint.committed && region === undefined);

function leftAt(port: TwinPort): Member[] {
  const endpoint = port.card?.kind === "device" ? port.card.endpoint : undefined;
  return endpoint === undefined ? [] : endpoint.decoders.filter(isLeft).map((decoder) => ({ port, endpoint, decoder }));
}

interface Left {
  /** Of the host bridge, that led to the members. */
  readonly decoder: CapturedDecoder | undefined;
  readonly members: readonly Member[];
}

/** The members in the order of their host bridge's decoder; undefined: that one does not show it. */
function inOrder(hub: Hub, members: readonly Member[]): Left | undefined {
  const ways = members.length;
  if (ways === 1) return { decoder: hub.captured.decoders.find(({ index, region }) => index === members[0]?.decoder.index && region === undefined), members };
  const decoder = hub.captured.decoders.find((one) => one.ways === ways && one.region === undefined && one.targets.length === ways);
  const sorted = decoder?.targets.flatMap(({ id }) => members.find(({ port }) => port.portNumber === id) ?? []) ?? [];
  return sorted.length === ways ? { decoder, members: sorted } : undefined;
}

/** Members that were of one region: decoders of one number with the same interleave. */
function groupsOf(members: readonly Member[]): Member[][] {
  const groups = new Map<string, Member[]>();
  for (const member of members) {
    const { ways, granularity, index } = member.decoder;
    const key = ways === 1 ? `${member.port.name}.${index}` : `${ways}.${granularity}.${index}`;
    groups.set(key, [...(groups.get(key) ?? []), member]);
  }
  return [...groups.values()];
}

function regionOf({ decoder, members }: Left, window: number, number: number): TwinRegion {
  const first = members[0]?.decoder;
  const captured = {
    name: `region${number}`, base: decoder?.base ?? 0n, size: decoder?.size ?? 0n, type: first?.mode === "pmem" ? "pmem" : "ram", ways: members.length, granularity: first?.granularity ?? 256,
    isCommitted: true, isDisabled: false, isLocked: false, mappings: [], dax: [], hasDaxRegion: false,
  };
  // A region of firmware's leaves its addresses in the decoder of the host bridge.
  return { window, captured, members, places: members.map(({ port }) => port), isWhole: true, isCommitted: captured.size > 0n, isGone: true };
}

/** Numbers behind those of any region there is. */
const firstNumber = 1000;

/** Regions that were, right below host bridges; of others it is said that they are not made again. */
export function remainsOf(sources: Sources, topology: Topology): TwinRegion[] {
  const regions: TwinRegion[] = [];
  const all = portsOfTopology(topology).flatMap(leftAt);
  const told = new Set<TwinPort>();
  for (const hub of hubsOf(topology.bridges)) {
    const uid = topology.bridges.find(({ name }) => name === hub.name)?.uid;
    const window = topology.bus.windows.findIndex(({ targets }) => targets.length === 1 && targets[0]?.id === uid);
    for (const group of groupsOf(all.filter(({ port }) => hub.ports.includes(port)))) {
      const left = window >= 0 && !group.some(isHeld) && group.length === group[0]?.decoder.ways ? inOrder(hub, group) : undefined;
      if (left === undefined) for (const { port } of group) told.add(port);
      else regions.push(regionOf(left, window, firstNumber + regions.length));
    }
  }
  for (const { name } of told) sources.findings.add("difference", name, "an idle decoder keeps ways or mode of a region that is no more; the twin's is as at boot");
  return regions;
}
