// The address side of the machine look: windows, regions with their members and use, dax devices, and what workloads send where.

import type { Device } from "../../kernel/base/device.ts";
import { busDevices } from "../../kernel/base/device.ts";
import type { Kernel } from "../../kernel/base/kernel.ts";
import { cxlBus, cxlState, decoderOf, endpointPart, isRegion, memdevOf, portOf, regionOf, regionStates } from "../../kernel/cxl/types.ts";
import type { RegionRecord } from "../../kernel/cxl/types.ts";
import { daxBus, daxDeviceOf, daxRegionTypeName } from "../../kernel/dax/types.ts";
import { mappingsOf } from "../../kernel/mm/mapping.ts";
import { blocksIn, isHotplugKnown } from "../../kernel/mm/memory-state.ts";
import { resourceSize } from "../../kernel/resource/resource.ts";
import type { MachineDescription, WindowDescription } from "../../platform/description.ts";
import type { Workloads } from "../../workload/workloads.ts";
import type { Stream } from "../../workload/state.ts";
import { stateWords } from "../details-topology.ts";
import { hex, sizeText } from "../forensics/scene.ts";
import type { DaxLook, Fact, MemoryUse, RegionLook, WindowLook } from "./machine-types.ts";

/** What is known of a function of the hardware: its part, and whether something above it cuts it off. */
export interface Reach {
  readonly part: string;
  readonly isCutOff: boolean;
}

const kindsOfUse: Readonly<Record<string, MemoryUse>> = { kmem: "system-ram", device_dax: "devdax", fsdev_dax: "file-system" };

const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;

/** Memory of some ranges that is online, with its zones. */
function onlineWords(kernel: Kernel, ranges: readonly { readonly start: bigint; readonly size: bigint }[]): string {
  const blocks = isHotplugKnown(kernel) ? ranges.flatMap(({ start, size }) => blocksIn(kernel, start, size)).filter(({ isBoot }) => !isBoot) : [];
  const online = blocks.filter(({ isOnline }) => isOnline);
  const bytes = (of: typeof blocks): bigint => of.reduce((sum, { present }) => sum + present, 0n);
  const zones = [...new Set(online.flatMap(({ zone }) => (zone === null ? [] : [zone])))].join(", ");
  return online.length === 0 ? "System RAM, offline" : `System RAM, ${sizeText(bytes(online))}${online.length === blocks.length ? "" : ` of ${sizeText(bytes(blocks))}`} online${zones === "" ? "" : ` (${zones})`}`;
}

function daxLook(kernel: Kernel, device: Device): DaxLook {
  const dax = daxDeviceOf(device);
  const use = kindsOfUse[device.driver?.name ?? ""] ?? "nothing";
  const bytes = dax.ranges.reduce((sum, { size }) => sum + size, 0n);
  const mapped = use === "devdax" ? mappingsOf(kernel, dax).length : 0;
  const words: Readonly<Record<MemoryUse, () => string>> = {
    "system-ram": () => onlineWords(kernel, dax.ranges),
    devdax: () => `device-dax, ${mapped === 0 ? "nobody maps it" : many(mapped, "mapping")}`,
    "file-system": () => "a file system's (fsdev_dax)",
    nothing: () => "no driver",
  };
  return {
    name: device.name, region: dax.region.parent.type.name === daxRegionTypeName ? `region${dax.region.id}` : null,
    start: Number(dax.ranges[0]?.start ?? dax.region.start), bytes: Number(bytes), use, words: `${sizeText(bytes)}, ${words[use]()}`,
  };
}

/** Every dax device, in order of the bus. */
export const daxLooks = (kernel: Kernel): DaxLook[] => busDevices(kernel, daxBus).map((device) => daxLook(kernel, device));

const rootDecoders = (kernel: Kernel): readonly Device[] => {
  const { root } = cxlState(kernel);
  return root === null ? [] : portOf(root).decoders;
};

const windowName = (index: number): string => `window ${index}`;
const restrictionWords = ["device coherent", "host-only coherent", "volatile", "persistent", "fixed", "back-invalidate"] as const;
/** Host-only coherent, volatile and persistent. */
const usualRestrictions = 0b1110;

function windowFacts(window: WindowDescription, targets: readonly string[], decoder: Device | undefined, regions: readonly string[], free: bigint): Fact[] {
  const restrictions = window.restrictions ?? usualRestrictions;
  return [
    { label: "Addresses", value: `${hex(window.base)} to ${hex(window.base + window.size - 1n)}` },
    { label: "Size", value: sizeText(window.size) },
    { label: "Leads to", value: targets.join(", ") },
    { label: "Interleave", value: window.ways === 1 ? "none" : `${window.ways} ways of ${window.granularity} B${window.arithmetic === "xor" ? ", XOR" : ""}` },
    { label: "Takes", value: restrictionWords.filter((_, bit) => ((restrictions >>> bit) & 1) !== 0).join(", ") },
    { label: "The kernel's", value: decoder?.name ?? "not known to it" },
    { label: "Regions", value: regions.length === 0 ? "none" : regions.join(", ") },
    { label: "Free", value: free === 0n ? "nothing" : sizeText(free) },
  ];
}

/** Windows of the description with the kernel's root decoders. */
export function windowLooks(kernel: Kernel, description: MachineDescription): WindowLook[] {
  const regions = regionRecords(kernel);
  return description.windows.map((window, index) => {
    const decoder = rootDecoders(kernel).find((one) => decoderOf(one).start === window.base && decoderOf(one).size === window.size);
    const inside = regions.filter(([, { resource }]) => resource !== null && isInside(window, resource.start));
    const targets = window.targets.map((target) => description.hostBridges[target]?.name ?? "?");
    const free = window.size - inside.reduce((sum, [, { resource }]) => sum + (resource === null ? 0n : resourceSize(resource)), 0n);
    return {
      name: windowName(index), decoder: decoder?.name ?? "", base: hex(window.base), size: sizeText(window.size), start: Number(window.base), bytes: Number(window.size), targets,
      facts: windowFacts(window, targets, decoder, inside.map(([name]) => name), free),
    };
  });
}

const isInside = ({ base, size }: WindowDescription, address: bigint): boolean => address >= base && address < base + size;

const regionRecords = (kernel: Kernel): (readonly [string, RegionRecord, Device])[] => busDevices(kernel, cxlBus).filter(isRegion).map((device) => [device.name, regionOf(device), device]);

/** What is written of a region in a word: the best of what its dax devices are. */
const useOf = (dax: readonly DaxLook[]): MemoryUse => (["system-ram", "devdax", "file-system"] as const).find((use) => dax.some((one) => one.use === use)) ?? "nothing";

const useWords: Readonly<Record<MemoryUse, string>> = { "system-ram": "System RAM", devdax: "device-dax", "file-system": "a file system", nothing: "nothing" };

type Member = RegionLook["members"][number];

function regionFacts(device: Device, members: readonly Member[], isReachable: boolean, dax: readonly DaxLook[], requests: number): Fact[] {
  const region = regionOf(device);
  const { resource } = region;
  return [
    { label: "Addresses", value: resource === null ? "none" : `${hex(resource.start)} to ${hex(resource.end)}` },
    { label: "Size", value: resource === null ? "0 bytes" : sizeText(resourceSize(resource)) },
    { label: "State", value: stateWords[region.state] ?? `state ${region.state}` },
    { label: "Reachable", value: isReachable ? "yes" : "not all of it" },
    { label: "Interleave", value: `${many(region.ways, "way")} of ${region.granularity} B` },
    { label: "Kind", value: `${region.mode}${region.isLocked ? ", locked" : ""}${region.isAuto ? ", made from firmware's decoders" : ""}${region.isAwaited ? ", waits for members" : ""}` },
    { label: "Driver", value: device.driver?.name ?? "none" },
    ...members.map(({ part, memdev }, position) => ({ label: `Member ${position}`, value: part === null ? (memdev ?? "nobody") : `${part} (${memdev ?? ""})` })),
    { label: "Used as", value: useWords[useOf(dax)] },
    ...dax.map(({ name, words }) => ({ label: name, value: words })),
    { label: "Requests of workloads", value: String(requests) },
  ];
}

/** Regions of the kernel, each with what is behind it. `reach`: parts by the name of their function. */
export function regionLooks(kernel: Kernel, description: MachineDescription, reach: ReadonlyMap<string, Reach>, workloads: Workloads): RegionLook[] {
  const dax = daxLooks(kernel);
  const requests = requestsByRegion(kernel, workloads);
  return regionRecords(kernel).map(([name, region, device]) => {
    const { resource, targets } = region;
    const found = targets.map((target) => (target === null ? undefined : memdevOf(endpointPart(target).memdev).pciDevice.name));
    const members = targets.map((target, position): Member => (target === null ? { part: null, memdev: null } : { part: reach.get(found[position] ?? "")?.part ?? null, memdev: endpointPart(target).memdev.name }));
    const isReachable = members.length > 0 && found.every((address) => address !== undefined && reach.get(address)?.isCutOff === false);
    const own = dax.filter((one) => one.region === name);
    const window = resource === null ? -1 : description.windows.findIndex((one) => isInside(one, resource.start));
    return {
      name, window: window < 0 ? null : windowName(window), base: resource === null ? "" : hex(resource.start), size: resource === null ? "no addresses" : sizeText(resourceSize(resource)),
      start: resource === null ? 0 : Number(resource.start), bytes: resource === null ? 0 : Number(resourceSize(resource)), ways: region.ways, granularity: region.granularity,
      isCommitted: region.state >= regionStates.commit, isReachable, driver: device.driver?.name ?? null, members, dax: own, use: useOf(own), requests: requests.get(name) ?? 0,
      facts: regionFacts(device, members, isReachable, own, requests.get(name) ?? 0),
    };
  });
}

/** Pieces of a thread's memory that are looked at: it is in few regions. */
const mostSegments = 64;

/** First addresses of what a thread touches. */
function addressesOf({ view }: Stream): readonly bigint[] {
  if (view.kind === "mapping") return view.mapping.file.ranges.map(({ start }) => start);
  if (view.kind === "range") return [view.start];
  return view.segments.slice(0, mostSegments).map(({ start }) => start);
}

/** Requests that workloads have sent so far, by the region that they touch; those of memory in several regions count for each. */
function requestsByRegion(kernel: Kernel, workloads: Workloads): ReadonlyMap<string, number> {
  const spans = regionRecords(kernel).flatMap(([name, { resource }]) => (resource === null ? [] : [{ name, resource }]));
  const sums = new Map<string, number>();
  for (const stream of workloads.state.workloads.flatMap((workload) => workload.streams)) {
    const addresses = addressesOf(stream);
    for (const { name, resource } of spans) {
      if (addresses.some((address) => address >= resource.start && address <= resource.end)) sums.set(name, (sums.get(name) ?? 0) + stream.index);
    }
  }
  return sums;
}
