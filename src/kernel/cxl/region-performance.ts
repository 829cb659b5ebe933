// Latency and bandwidth of a region: what its members bring, and what the links, switches, root ports and host bridges that they share let through
// (cxl_region_perf_data_calculate, cxl_region_shared_upstream_bandwidth_update); the files access0 and access1. INFERRED from published sources.

import type { Attribute, Device } from "../base/device.ts";
import { busDevices, manage } from "../base/device.ts";
import type { Handler, Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import type { Coordinates } from "../mm/access-coordinates.ts";
import { areComplete } from "../mm/access-coordinates.ts";
import { targetNode, watchNodes } from "../mm/node.ts";
import { linkBandwidth } from "../pci/link-rate.ts";
import { task } from "../../sim/task.ts";
import type { PartitionPerformance } from "./device-state.ts";
import { line } from "./format.ts";
import { cxlBus, cxlState, decoderOf, endpointPart, isRegion, memdevOf, portOf, regionOf } from "./types.ts";

/** MB/s. */
interface Bandwidth {
  readonly read: number;
  readonly write: number;
}

/** What comes up through one device, and the port above which the walk goes on. */
interface Flow {
  readonly port: Device;
  readonly bandwidth: Bandwidth;
}

/** By root port, upstream port or host bridge. */
type Flows = Map<Device, Flow>;

const limited = (a: Bandwidth, b: Bandwidth): Bandwidth => ({ read: Math.min(a.read, b.read), write: Math.min(a.write, b.write) });
const both = (value: number): Bandwidth => ({ read: value, write: value });
const bandwidthOf = ({ readBandwidth, writeBandwidth }: Coordinates): Bandwidth => ({ read: readBandwidth, write: writeBandwidth });

function addFlow(flows: Flows, key: Device, port: Device, { read, write }: Bandwidth): void {
  const before = flows.get(key)?.bandwidth ?? both(0);
  flows.set(key, { port, bandwidth: { read: before.read + read, write: before.write + write } });
}

const isRootOf = (port: Device): boolean => port.parent !== null && portOf(port.parent).kind === "root";

/** Figures of the partition that holds a decoder's device memory. */
function performanceOf(decoder: Device): PartitionPerformance | null {
  const { mode, dpa, memdev } = endpointPart(decoder);
  const found = mode === "none" ? null : memdevOf(memdev).state.performance[mode];
  return found !== null && dpa !== null && dpa.start >= found.start && dpa.start + dpa.size <= found.start + found.size ? found : null;
}

/** A member that is about to join: the worst latency counts, bandwidths add up. Without figures nothing changes. */
export function addMember(region: Device, decoder: Device): void {
  const performance = performanceOf(decoder);
  if (performance === null) return;
  const record = regionOf(region);
  const { coordinates: ours } = record;
  const { coordinates: theirs } = performance;
  record.coordinates = {
    readLatency: Math.max(ours.readLatency, theirs.readLatency), writeLatency: Math.max(ours.writeLatency, theirs.writeLatency),
    readBandwidth: ours.readBandwidth + theirs.readBandwidth, writeBandwidth: ours.writeBandwidth + theirs.writeBandwidth,
  };
}

/** A member's own bandwidth, its link's, and below a switch that of its downstream port; undefined: one of them is not known. */
function memberBandwidth(kernel: Kernel, decoder: Device, isBelowSwitch: boolean): Bandwidth | undefined {
  const performance = performanceOf(decoder);
  const link = performance === null ? undefined : linkBandwidth(kernel, memdevOf(endpointPart(decoder).memdev).pciDevice);
  if (performance === null || link === undefined) return undefined;
  const own = limited(both(link), bandwidthOf(performance.own));
  const above = portOf(decoderOf(decoder).port).parentDport?.coordinates;
  if (!isBelowSwitch) return own;
  return above === undefined || !areComplete(above) ? undefined : limited(own, bandwidthOf(above));
}

/** What members bring to their root ports, or to the upstream ports of their switches. Undefined: figures are missing, or some have a switch above and some not. */
function gatherMembers(kernel: Kernel, region: Device): { readonly flows: Flows; readonly areAtRoot: boolean } | undefined {
  const flows: Flows = new Map();
  const { targets } = regionOf(region);
  let atRoot = 0;
  for (const decoder of targets) {
    const parentDport = decoder === null ? null : portOf(decoderOf(decoder).port).parentDport;
    if (decoder === null || parentDport === null) return undefined;
    const isRoot = isRootOf(parentDport.port);
    const bandwidth = memberBandwidth(kernel, decoder, !isRoot);
    if (bandwidth === undefined) return undefined;
    if (isRoot) atRoot++;
    addFlow(flows, isRoot ? parentDport.device : portOf(parentDport.port).uport, parentDport.port, bandwidth);
  }
  if (atRoot === 0 || atRoot === targets.length) return { flows, areAtRoot: atRoot > 0 };
  sayAsymmetric(kernel, region);
  return undefined;
}

function sayAsymmetric(kernel: Kernel, region: Device): void {
  printk(kernel, "debug", `${region.driver?.name ?? cxlBus} ${region.name}: Asymmetric hierarchy detected, bandwidth not updated`);
}

/** One level of switches up: the upstream link limits, and above it the next switch's downstream port. */
function gatherSwitches(kernel: Kernel, region: Device, below: Flows): { readonly flows: Flows; readonly areAtRoot: boolean } | undefined {
  const flows: Flows = new Map();
  let atRoot = 0;
  for (const [device, { port, bandwidth }] of below) {
    const { parentDport } = portOf(port);
    const link = linkBandwidth(kernel, device);
    if (parentDport === null || link === undefined) return undefined;
    const isRoot = isRootOf(parentDport.port);
    if (isRoot) atRoot++;
    const passed = limited(both(link), bandwidth);
    addFlow(flows, isRoot ? parentDport.device : portOf(parentDport.port).uport, parentDport.port, isRoot ? passed : limited(passed, bandwidthOf(parentDport.coordinates)));
  }
  if (atRoot === 0 || atRoot === below.size) return { flows, areAtRoot: atRoot > 0 };
  sayAsymmetric(kernel, region);
  return undefined;
}

/** What comes through each host bridge, at most what lies between it and the processors, added up. */
function throughBridges(flows: Flows): Bandwidth {
  const bridges: Flows = new Map();
  for (const { port, bandwidth } of flows.values()) addFlow(bridges, portOf(port).uport, port, bandwidth);
  let sum = both(0);
  for (const { port, bandwidth } of bridges.values()) {
    const passed = limited(bandwidth, bandwidthOf(portOf(port).parentDport?.coordinates ?? { readLatency: 0, writeLatency: 0, readBandwidth: 0, writeBandwidth: 0 }));
    sum = { read: sum.read + passed.read, write: sum.write + passed.write };
  }
  return sum;
}

/** All members are there: bandwidth is counted again along the ways that they share. A hierarchy that is not alike everywhere keeps the plain sum. */
export function updateSharedBandwidth(kernel: Kernel, region: Device): void {
  let gathered = gatherMembers(kernel, region);
  while (gathered !== undefined && !gathered.areAtRoot) gathered = gatherSwitches(kernel, region, gathered.flows);
  if (gathered === undefined) return;
  const { read, write } = throughBridges(gathered.flows);
  regionOf(region).coordinates = { ...regionOf(region).coordinates, readBandwidth: read, writeBandwidth: write };
}

const forgetNodes = task("cxl_region.forgetNodes", function* (_kernel: Kernel, region: Device) {
  regionOf(region).isNodeWatched = false;
});

const firstMemoryHandler = "cxl.firstMemory";

/** The region's driver wants to hear of nodes that get their first memory (node notifier). */
export function watchFirstMemory(kernel: Kernel, region: Device): void {
  watchNodes(kernel, firstMemoryHandler);
  regionOf(region).isNodeWatched = true;
  manage(region, "nodes", forgetNodes);
}

/** A node got its first memory: the first region that lies there, and has figures, shows them from now on. Others on the same node never do. */
const onFirstMemory: Handler = (kernel, node) => {
  for (const region of busDevices(kernel, cxlBus).filter(isRegion)) {
    const record = regionOf(region);
    if (!record.isNodeWatched || record.resource === null || targetNode(kernel, record.resource.start) !== node || cxlState(kernel).seenNodes.has(node)) continue;
    cxlState(kernel).seenNodes.add(node);
    record.isAccessShown = record.coordinates.readBandwidth > 0;
  }
};

export const performanceHandlers: readonly (readonly [string, Handler])[] = [[firstMemoryHandler, onFirstMemory]];

const files = { read_bandwidth: "readBandwidth", write_bandwidth: "writeBandwidth", read_latency: "readLatency", write_latency: "writeLatency" } as const;

/** Nearest initiator, nearest processor: the same here, as every initiator of HMAT has processors. */
export const accessAttributes: readonly Attribute[] = ["access0", "access1"].flatMap((group) =>
  (Object.keys(files) as (keyof typeof files)[]).map((name): Attribute => ({
    ...line(`${group}/${name}`, (region) => String(regionOf(region).coordinates[files[name]])), visible: (_kernel, region) => regionOf(region).isAccessShown && regionOf(region).coordinates[files[name]] > 0,
  })));
