// Records of the CXL core: ports, dports, decoders, memdevs, regions. Plain data on devices of bus "cxl"; accessors give the record's type.

import type { Device } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";
import type { Coordinates } from "../mm/access-coordinates.ts";
import type { Resource } from "../resource/resource.ts";
import { lastAddress } from "../resource/resource.ts";
import type { DeviceState } from "./device-state.ts";
import type { ComponentRegisters, HdmRegisters } from "./registers.ts";

export const cxlBus = "cxl";
/** Major number of memdevs' character devices. */
export const memdevMajor = 249;

/** A downstream port: a host bridge below the root, a PCI root port below a host bridge, a downstream port of a switch. */
export interface Dport {
  readonly id: number;
  readonly device: Device;
  /** The CXL port it belongs to. */
  readonly port: Device;
  /** Component registers of the PCI port; null where there are none. */
  readonly components: ComponentRegisters | null;
  /** Set while the root port's CXL.mem is isolated; the isolation service keeps it. */
  isIsolated: boolean;
  /** A host bridge: the way to it from the processors; a switch's downstream port: the way from its upstream port; a root port: none. */
  readonly coordinates: Coordinates;
}

export type PortKind = "root" | "switch" | "endpoint";

export interface PortRecord {
  readonly kind: PortKind;
  readonly id: number;
  readonly depth: number;
  /** What the port stands on: ACPI0017, a host bridge, a switch's upstream port, a memdev. */
  readonly uport: Device;
  readonly parentDport: Dport | null;
  readonly dports: Dport[];
  /** Decoder devices in id order. */
  readonly decoders: Device[];
  /** CHBCR of a host bridge, component registers of an upstream port. */
  readonly componentBlock: bigint | null;
  /** Memdevs that are reached through the port. */
  readonly memdevs: Set<Device>;
  /** Which regions pass through, in order of attachment. */
  readonly references: RegionReference[];
  readonly resources: Resource[];
  components: ComponentRegisters | null;
  /** Coherent Device Attribute Table, as read. */
  cdat: Uint8Array | null;
  hdm: HdmRegisters | null;
  /** Highest decoder id of the gapless run of committed ones; -1: none. */
  commitEnd: number;
  /** Endpoint: highest decoder id that holds DPA; -1: none. */
  dpaEnd: number;
  /** Somebody adds a dport (device lock). */
  isBusy: boolean;
}

/** How one region uses one port (cxl_region_ref). */
export interface RegionReference {
  readonly region: Device;
  readonly decoder: Device;
  /** Endpoint decoders of the region below this port. */
  readonly endpoints: Device[];
  /** Distinct dports that they are reached through. */
  targetCount: number;
}

export type DecoderKind = "root" | "switch" | "endpoint";

export interface DecoderRecord {
  readonly kind: DecoderKind;
  readonly id: number;
  readonly port: Device;
  /** HPA base and size in bytes; size 0: empty. */
  start: bigint;
  size: bigint;
  ways: number;
  /** Bytes. */
  granularity: number;
  isLocked: boolean;
  isEnabled: boolean;
  isHostOnly: boolean;
  /** Range "everything", no registers (region-assembly 4.2). */
  readonly isPassThrough: boolean;
  /** Switch and root: dport per way as far as known. */
  readonly targets: (Dport | null)[];
  /** Switch and root: ids per way as read or set. */
  readonly targetIds: number[];
  region: Device | null;
  readonly root: RootDecoderPart | null;
  readonly endpoint: EndpointDecoderPart | null;
}

export interface RootDecoderPart {
  readonly restrictions: { readonly type2: boolean; readonly type3: boolean; readonly ram: boolean; readonly pmem: boolean; readonly isFixed: boolean };
  readonly qosClass: number;
  /** XOR arithmetic: a bitmap per way bit; empty: modulo. */
  readonly xorMaps: readonly bigint[];
  resource: Resource | null;
  /** Held in advance: the next region's id. */
  nextRegionId: number;
  isDead: boolean;
  /** Somebody looks for the region of a range, or makes it (range_lock). */
  isSearched: boolean;
  readonly regions: Device[];
}

/** Partitions of device physical address space, and what regions are made of. */
export type PartitionMode = "ram" | "pmem";

export interface EndpointDecoderPart {
  readonly memdev: Device;
  /** DPA reservation. */
  dpa: { readonly start: bigint; readonly size: bigint; readonly skip: bigint } | null;
  mode: "none" | PartitionMode;
  /** Who programmed it; auto-staged: in the target list of a region that firmware made and that waits for others (region-assembly 5.2). */
  state: "manual" | "auto" | "auto-staged";
  /** The region it is staged in; null when it is not, or has joined. */
  stagedIn: Device | null;
  /** Position in its region; -1: none. */
  position: number;
}

export interface MemdevRecord {
  readonly id: number;
  readonly pciDevice: Device;
  readonly serial: bigint;
  readonly components: ComponentRegisters | null;
  readonly isMediaReady: boolean;
  /** Mailbox and what it told; shared with the PCI function. */
  readonly state: DeviceState;
  /** Ports that have it recorded, host bridge first. */
  readonly ports: Device[];
  endpoint: Device | null;
  /** Work is queued that takes its driver away. */
  isDetaching: boolean;
}

/** Configuration states in order (region-assembly 5.1). */
export const regionStates = { idle: 0, interleaveActive: 1, active: 2, resetPending: 3, commit: 4 } as const;

export interface RegionRecord {
  readonly id: number;
  readonly rootDecoder: Device;
  readonly mode: PartitionMode;
  /** Of a region of persistent memory; "": none was set. */
  uuid: string;
  state: number;
  ways: number;
  granularity: number;
  resource: Resource | null;
  /** Endpoint decoder per position. */
  readonly targets: (Device | null)[];
  targetCount: number;
  isLocked: boolean;
  /** A recovery took members out that are to come back: it keeps its addresses and the decoders above them. */
  isAwaited: boolean;
  /** Target type of its decoders (A8). */
  isHostOnly: boolean;
  /** A driver that takes it down or makes it again sees to CPU caches itself. */
  leavesCaches: boolean;
  /** Assembled from decoders that firmware committed. */
  isAuto: boolean;
  /** Sum of what members brought while they joined; with all of them there, bandwidth as the ways that they share let through. */
  coordinates: Coordinates;
  /** Its driver hears of nodes that get their first memory. */
  isNodeWatched: boolean;
  /** Its node got its first memory while it was the first to hear of it: access0 and access1 are there. */
  isAccessShown: boolean;
}

/** Last address of a decoder; one without a range reads 0 to all ones. */
export const lastOf = ({ start, size }: Pick<DecoderRecord, "start" | "size">): bigint => (size === 0n ? lastAddress : start + size - 1n);

export const portOf = (device: Device): PortRecord => device.data as PortRecord;
export const decoderOf = (device: Device): DecoderRecord => device.data as DecoderRecord;
export const memdevOf = (device: Device): MemdevRecord => device.data as MemdevRecord;
export const regionOf = (device: Device): RegionRecord => device.data as RegionRecord;

/** @throws TypeError the device is no endpoint decoder: a fault of the caller */
export function endpointPart(device: Device): EndpointDecoderPart {
  const part = decoderOf(device).endpoint;
  if (part === null) throw new TypeError(`${device.name} is no endpoint decoder`);
  return part;
}

export function rootPart(device: Device): RootDecoderPart {
  const part = decoderOf(device).root;
  if (part === null) throw new TypeError(`${device.name} is no root decoder`);
  return part;
}

/** Numbers in use of one kind; the lowest free one is given (ida). All below `lowest` are in use. */
export interface IdAllocator {
  readonly used: Set<number>;
  lowest: number;
}

const createIds = (): IdAllocator => ({ used: new Set(), lowest: 0 });

export function takeId(allocator: IdAllocator): number {
  let id = allocator.lowest;
  while (allocator.used.has(id)) id++;
  allocator.used.add(id);
  allocator.lowest = id + 1;
  return id;
}

export function freeId(allocator: IdAllocator, id: number): void {
  allocator.used.delete(id);
  allocator.lowest = Math.min(allocator.lowest, id);
}

export interface CxlState {
  readonly portIds: IdAllocator;
  readonly memdevIds: IdAllocator;
  /** Shared by regions and hmem devices. */
  readonly regionIds: IdAllocator;
  /** The port root0, once ACPI0017 has probed. */
  root: Device | null;
  /** It has all its bridges: who cannot find a way to it now never will. */
  isRootReady: boolean;
  /** Lines of the windows in /proc/iomem. */
  readonly windows: Resource[];
  /** Nodes whose first memory some region has heard of (nodemask_region_seen). */
  readonly seenNodes: Set<number>;
}

export const cxlState = defineState("cxl", (): CxlState => ({ portIds: createIds(), memdevIds: createIds(), regionIds: createIds(), root: null, isRootReady: false, windows: [], seenNodes: new Set() }));

/** Ports from the endpoint up to, without, the root. */
export function portsUpwards(endpoint: Device): Device[] {
  const ports: Device[] = [];
  for (let port: Device | null = endpoint; port !== null && portOf(port).kind !== "root"; port = port.parent) ports.push(port);
  return ports;
}

/** The dport of `port` that leads to the endpoint, or undefined. */
export function dportTowards(port: Device, endpoint: Device): Dport | undefined {
  for (let below: Device | null = endpoint; below !== null; below = below.parent) {
    if (below.parent === port) return portOf(below).parentDport ?? undefined;
  }
  return undefined;
}

/** A PCI port's dport record, or undefined before anything below it was enumerated. */
export function dportOfDevice(kernel: Kernel, device: Device): Dport | undefined {
  for (const candidate of kernel.buses.get(cxlBus) ?? []) {
    if (!isPort(candidate)) continue;
    const found = portOf(candidate).dports.find((dport) => dport.device === device);
    if (found !== undefined) return found;
  }
  return undefined;
}

export const isPort = (device: Device): boolean => device.type.name === "cxl_port";
export const isDecoder = (device: Device): boolean => device.type.name.startsWith("cxl_decoder");
export const isMemdev = (device: Device): boolean => device.type.name === "cxl_memdev";
export const isRegion = (device: Device): boolean => device.type.name === "cxl_region";

/** ways <-> code and granularity <-> code (6.6 of the sheet). */
const waysByCode: Readonly<Record<number, number>> = { 0: 1, 1: 2, 2: 4, 3: 8, 4: 16, 8: 3, 9: 6, 10: 12 };
export const decodeWays = (code: number): number | undefined => waysByCode[code];
export const encodeWays = (ways: number): number | undefined => {
  const found = Object.entries(waysByCode).find(([, value]) => value === ways);
  return found === undefined ? undefined : Number(found[0]);
};
export const decodeGranularity = (code: number): number | undefined => (code <= 6 ? 256 << code : undefined);
export const encodeGranularity = (granularity: number): number | undefined => {
  const code = Math.log2(granularity) - 8;
  return Number.isInteger(code) && code >= 0 && code <= 6 ? code : undefined;
};
export const isPowerOfTwo = (value: number): boolean => value > 0 && (value & (value - 1)) === 0;
export const granule = 256n << 20n;
