// How the twin comes to its regions: what firmware leaves decoded before boot, and what steps do afterwards.

import type { FirmwareDecoder } from "../../platform/firmware-setup.ts";
import type { CapturedDecoder } from "./cxl-capture.ts";
import { daxRanges, softReserved } from "./iomem-capture.ts";
import type { Hub, Member, TwinRegion } from "./members.ts";
import { hubsOf, hubsTo, isCommittedIn, isDeviceDaxFirst } from "./members.ts";
import type { Sources } from "./sources.ts";
import type { Topology, TwinPort } from "./topology.ts";
import { portsOfTopology } from "./topology.ts";

/** Decoders: firmware left them, and no region came of them. */
type Maker = "firmware" | "steps" | "decoders";
/** Who makes the regions again; undefined: as the captures suggest. */
export type RegionsWish = "firmware" | "steps" | undefined;

export interface DecoderEntry extends Pick<FirmwareDecoder, "index" | "base" | "size" | "ways" | "granularity" | "targets" | "skip" | "isLocked"> {
  readonly of: string;
  readonly note?: string;
}

export interface DecodePlan {
  readonly regions: readonly TwinRegion[];
  readonly decoders: readonly DecoderEntry[];
  readonly softReserved: readonly { readonly base: bigint; readonly size: bigint; readonly note?: string }[];
  /** Regions that steps make, in order of their numbers. */
  readonly created: readonly TwinRegion[];
}

const overlaps = (a: { readonly base: bigint; readonly size: bigint }, b: { readonly base: bigint; readonly size: bigint }): boolean => a.base < b.base + b.size && b.base < a.base + a.size;

/** Ranges that firmware kept apart: those of the capture, and those that memory of no region proves. */
function reservedRanges(sources: Sources, topology: Topology): DecodePlan["softReserved"] {
  const { iomem, findings } = sources;
  if (iomem === undefined) {
    findings.add("assumed", "firmware", "no Soft Reserved memory: --iomem was not given");
    return [];
  }
  const said = softReserved(iomem).map(({ start, size }) => ({ base: start, size }));
  const ofRegions = new Set(topology.bus.windows.flatMap(({ regions }) => regions.flatMap(({ dax }) => dax.map(({ name }) => name))));
  const hmem = daxRanges(iomem).filter(({ name, start, size }) => !ofRegions.has(name) && topology.bus.windows.some(({ base, size: whole }) => overlaps({ base: start, size }, { base: base ?? 0n, size: whole ?? 0n })));
  const proven = hmem.filter(({ start, size }) => !said.some((one) => overlaps(one, { base: start, size })));
  const note = "assumed: memory of the window belongs to a dax device of no region, which comes from Soft Reserved";
  for (const { name } of proven) findings.add("assumed", name, "its range was Soft Reserved: it is memory of a window, and no region's");
  return [...said, ...proven.map(({ start, size }) => ({ base: start, size, note }))];
}

/** What a device's decoder leaves out below it: between the memory of the one before it and its own. */
function skipOf({ endpoint, decoder }: Member): bigint {
  const before = endpoint.decoders.filter(({ index }) => index < decoder.index).map(({ dpaBase, dpaSize }) => (dpaBase ?? 0n) + (dpaSize ?? 0n));
  const end = before.reduce((most, one) => (one > most ? one : most), 0n);
  const base = decoder.dpaBase ?? end;
  return base > end ? base - end : 0n;
}

const isEncodable = (region: TwinRegion): boolean => region.captured.size > 0n && region.captured.size % BigInt(region.captured.ways) === 0n;

/** Firmware can have made it: whole and committed, in numbers that a BIOS programs. */
const isFirmwareRegion = (region: TwinRegion): boolean => region.isWhole && region.isCommitted && region.captured.isCommitted && isEncodable(region);

/** The region's numbers are kept where its state is mended by commands that name it. */
const needsName = ({ captured, isGone }: TwinRegion, isDeviceDax: boolean): boolean => captured.isDisabled || captured.dax.length > 1 || isGone || captured.dax.some(({ mode }) => (mode === "devdax") !== isDeviceDax);

/** Linux assembles no region of firmware's where a host bridge or switch on the way has no decoders. */
const hasPassthrough = (topology: Topology, region: TwinRegion): boolean => {
  const hubs = hubsOf(topology.bridges);
  return region.members.some(({ port }) => hubsTo(hubs, port).some(({ name }) => isPassthrough(topology, name)));
};

function chooses(sources: Sources, topology: Topology, region: TwinRegion, wish: RegionsWish, reserved: DecodePlan["softReserved"], named: "one" | "none" | "some"): Maker | "either" {
  const { captured } = region;
  // Decoded in hardware, and no region of it came about: the decoders themselves are what firmware left.
  if (region.isCommitted && !captured.isCommitted && !region.isGone) return "decoders";
  if (!isFirmwareRegion(region) || hasPassthrough(topology, region)) return "steps";
  if (region.isGone) return named === "one" ? "firmware" : "steps";
  if (wish !== undefined) return wish;
  if (captured.isLocked || reserved.some((range) => overlaps(range, captured))) return "firmware";
  if (captured.type === "pmem") {
    sources.findings.add("assumed", captured.name, "made by the operating system, as persistent regions are; --regions firmware has it decoded before boot");
    return "steps";
  }
  return named === "some" ? "steps" : "either";
}

/** Who makes every region. Where commands make some, they make all that firmware is not known to have made. */
function makersOf(sources: Sources, topology: Topology, regions: readonly TwinRegion[], wish: RegionsWish, reserved: DecodePlan["softReserved"]): ReadonlyMap<TwinRegion, Maker> {
  const isDeviceDax = isDeviceDaxFirst(regions);
  const named = regions.length === 1 ? "one" : regions.some((region) => needsName(region, isDeviceDax)) ? "some" : "none";
  const choices = regions.map((region) => chooses(sources, topology, region, wish, reserved, named));
  const isCreating = choices.some((choice, index) => choice === "steps" && regions[index]?.isGone !== true && regions[index]?.captured.type !== "pmem");
  return new Map(regions.map((region, index) => {
    const choice = choices[index] ?? "steps";
    if (choice !== "either") return [region, choice];
    const text = isCreating ? "created by steps, as others must be; --regions firmware has it decoded before boot" : "decoded by firmware before boot: a listing does not tell that from a region that was created; --regions steps creates it";
    sources.findings.add("assumed", region.captured.name, text);
    return [region, isCreating ? "steps" : "firmware"];
  }));
}

/** Target lists that the listing does not have whole: ports without a card. */
function targetsOf(sources: Sources, hub: Hub, decoder: CapturedDecoder): { readonly targets: readonly number[]; readonly isGuessed: boolean } {
  const known = new Map(decoder.targets.map(({ position, id }) => [position, id]));
  const taken = new Set(known.values());
  const own = hub.ports.filter(({ card }) => card !== undefined && !(card.kind === "device" && card.isAbsent)).map(({ portNumber }) => portNumber);
  const ways = Math.min(decoder.ways, 8);
  const isGuessed = known.size < ways;
  // A list ends at the first port that is not there: that is one without a card.
  const live = own.filter((number) => !taken.has(number)).slice(0, ways - known.size - 1);
  const empty = hub.ports.map(({ portNumber }) => portNumber).filter((number) => !own.includes(number) && !taken.has(number));
  const unknown = Array.from({ length: 256 }, (_, number) => number).filter((number) => !hub.ports.some(({ portNumber }) => portNumber === number));
  const spare = [...[...empty, ...unknown].slice(0, Math.max(0, ways - known.size - live.length)), ...live];
  const targets = Array.from({ length: ways }, (_, position) => known.get(position) ?? spare.shift() ?? 0);
  if (isGuessed) sources.findings.add("assumed", hub.name, `targets of ${decoder.name}: ports ${targets.join(", ")} in this order; the listing has ${known.size} of ${ways}`);
  return { targets, isGuessed };
}

function entryOf(of: string, decoder: CapturedDecoder, targets: readonly number[], skip: bigint, isLocked: boolean, note?: string): DecoderEntry {
  return { of, index: decoder.index, base: decoder.base ?? 0n, size: decoder.size ?? 0n, ways: decoder.ways, granularity: decoder.granularity ?? 256, targets, skip, isLocked, ...(note === undefined ? {} : { note }) };
}

/** Committed decoders that no region which is made accounts for, one by one. */
function strayDecoders(sources: Sources, topology: Topology, made: readonly TwinRegion[]): DecoderEntry[] {
  const accounted = new Set(made.flatMap(({ members }) => members.map(({ decoder }) => decoder.name)));
  const names = new Set(made.map(({ captured }) => captured.name));
  const ranges = made.map(({ captured }) => captured);
  const isStray = (decoder: CapturedDecoder): boolean => !accounted.has(decoder.name) && !(decoder.region !== undefined && names.has(decoder.region)) && !ranges.some(({ base, size }) => base === decoder.base && size === decoder.size);
  const hubs = hubsOf(topology.bridges).flatMap((hub) => hub.captured.decoders.filter((decoder) => isCommittedIn(decoder, hub.captured.committed) && isStray(decoder)).map((decoder) => {
    const { targets, isGuessed } = targetsOf(sources, hub, decoder);
    return entryOf(hub.name, decoder, targets, 0n, decoder.isLocked, isGuessed ? "assumed: order of the targets" : undefined);
  }));
  const cards = portsOfTopology(topology).flatMap((port) => {
    const endpoint = port.card?.kind === "device" ? port.card.endpoint : undefined;
    if (endpoint === undefined) return [];
    return endpoint.decoders.filter((decoder) => isCommittedIn(decoder, endpoint.committed) && isStray(decoder)).map((decoder) => entryOf(port.name, decoder, [], skipOf({ port, endpoint, decoder }), decoder.isLocked));
  });
  return [...hubs.filter(({ of }) => !isPassthrough(topology, of)), ...cards];
}

const isPassthrough = ({ bridges }: Topology, name: string): boolean => hubsOf(bridges).some((hub) => hub.name === name && hub.captured.decoders.length === 1 && hub.ports.length === 1);

/** Decoders of a device that begin behind memory which nothing maps. */
function skips(regions: readonly TwinRegion[]): DecoderEntry[] {
  return regions.flatMap(({ captured, members }) => members.flatMap((member) => {
    const skip = skipOf(member);
    return skip === 0n ? [] : [entryOf(member.port.name, { ...member.decoder, base: captured.base, size: captured.size, ways: captured.ways, granularity: captured.granularity }, [], skip, captured.isLocked)];
  }));
}

const numberOf = (region: TwinRegion): number => Number(/(\d+)$/.exec(region.captured.name)?.[1] ?? "0");

/** Decoders are taken in order: who has the first was made first. */
const decoderOf = (region: TwinRegion): number => region.members[0]?.decoder.index ?? 0;

/** Commands can make it: every position has a card, and what lost its driver had not left decoders committed. */
const isRestorable = (region: TwinRegion): boolean => region.places.length === region.captured.ways && (region.isGone || (isEncodable(region) && (region.isWhole || !region.isCommitted)));

/** Members that an interleave set lacks: a port of its host bridges and switches that has no card. */
function missingPorts(topology: Topology, region: TwinRegion): TwinPort[] {
  const hubs = hubsOf(topology.bridges);
  const near = new Set(region.members.flatMap(({ port }) => hubsTo(hubs, port).slice(0, 1)));
  return [...near].flatMap(({ ports }) => ports.filter(({ card }) => card === undefined)).slice(0, Math.max(0, region.captured.ways - region.members.length));
}

/** Declares the cards that interleave sets lack, so that they can be plugged. */
function declareMissing(sources: Sources, topology: Topology, regions: readonly TwinRegion[]): void {
  for (const region of regions.filter(({ isWhole, isCommitted, isGone }) => !isWhole && isCommitted && !isGone)) {
    const like = region.members[0]?.port.card;
    for (const port of missingPorts(topology, region)) {
      port.card = { kind: "device", memdev: undefined, endpoint: undefined, facts: undefined, isAbsent: true, ...(like?.kind === "device" ? { like } : {}) };
      sources.findings.add("assumed", port.name, `the member that ${region.captured.name} lacks was here: a card like the others, not plugged in`);
    }
  }
}

/** The regions take decoders in order at every place, as a BIOS would, and nothing else is decoded there. */
function isPlain(topology: Topology, regions: readonly TwinRegion[], stray: readonly DecoderEntry[]): boolean {
  const orders = [
    ...portsOfTopology(topology).map((port) => regions.flatMap(({ members }) => members.filter((member) => member.port === port).map(({ decoder }) => decoder.index))),
    ...hubsOf(topology.bridges).map(({ captured }) => regions.flatMap(({ captured: region }) => captured.decoders.filter(({ base, size }) => base === region.base && size === region.size).map(({ index }) => index))),
  ];
  return (stray.length === 0 || regions.length === 0) && orders.every((order) => order.every((index, place) => index === place));
}

export function decodePlan(sources: Sources, topology: Topology, regions: readonly TwinRegion[], wish: RegionsWish): DecodePlan {
  const reserved = reservedRanges(sources, topology);
  declareMissing(sources, topology, regions);
  const real = regions.filter(({ captured, isGone }) => captured.size > 0n || isGone);
  const choices = makersOf(sources, topology, real, wish, reserved);
  const firmware = real.filter((region) => choices.get(region) === "firmware");
  const steps = real.filter((region) => choices.get(region) === "steps" && isRestorable(region));
  for (const { captured, isWhole, isCommitted } of real.filter((region) => !firmware.includes(region) && !steps.includes(region))) {
    if (!isWhole && isCommitted) sources.findings.add("assumed", captured.name, `its decoders were left by firmware: ${captured.mappings.length} of ${captured.ways} members are there`);
  }
  const shared = { softReserved: reserved, created: steps.toSorted((a, b) => decoderOf(a) - decoderOf(b) || numberOf(a) - numberOf(b)) };
  const stray = strayDecoders(sources, topology, [...firmware, ...steps]);
  if (isPlain(topology, firmware, stray)) return { ...shared, regions: firmware, decoders: [...skips(firmware), ...stray] };
  return { ...shared, regions: [], decoders: strayDecoders(sources, topology, steps) };
}
