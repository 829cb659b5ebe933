// Figures and class of a memory device's partitions: the way from the processors (generic port, links, switches) and the device's own (region-assembly 4.3;
// cxl_endpoint_get_perf_coordinates, cxl_endpoint_parse_cdat). INFERRED from published sources: no capture has figures.

import type { Device } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import type { Coordinates } from "../mm/access-coordinates.ts";
import { areComplete, combine } from "../mm/access-coordinates.ts";
import { availableBandwidth, flitLatency } from "../pci/link-rate.ts";
import { rangeFigures } from "./cdat-figures.ts";
import type { RangeFigures } from "./cdat-figures.ts";
import type { DeviceState, PartitionPerformance } from "./device-state.ts";
import type { Dport, PartitionMode } from "./types.ts";
import { cxlState, decoderOf, dportTowards, memdevOf, portOf, rootPart } from "./types.ts";

const unlimited = 0xffff_ffff;
const noEntry = -2;

/** The dport of a host bridge that leads to an endpoint. */
function bridgeTowards(kernel: Kernel, endpoint: Device): Dport | undefined {
  const { root } = cxlState(kernel);
  return root === null ? undefined : dportTowards(root, endpoint);
}

/** Dports on the way up from an endpoint, nearest first; the last one is a root port. */
function waysUp(endpoint: Device): Dport[] {
  const { parentDport } = portOf(endpoint);
  if (parentDport === null || portOf(parentDport.port).kind === "root") return [];
  return [parentDport, ...waysUp(parentDport.port)];
}

/** What lies between the processors and an endpoint; undefined: somebody on the way gives no figures. Links are looked at only when all others do. */
function coordinatesTowards(kernel: Kernel, endpoint: Device): Coordinates | undefined {
  const dports = waysUp(endpoint);
  const bridge = bridgeTowards(kernel, endpoint)?.coordinates;
  const switches = dports.slice(0, -1).map((dport) => dport.coordinates);
  if (bridge === undefined || ![bridge, ...switches].every(areComplete)) return undefined;
  const available = availableBandwidth(kernel, memdevOf(portOf(endpoint).uport).pciDevice);
  if (available === 0) return undefined;
  const links = dports.map((dport) => flitLatency(kernel, dport.device));
  const parts = [bridge, ...switches, ...links.map((latency): Coordinates => ({ readLatency: latency, writeLatency: latency, readBandwidth: available, writeBandwidth: available }))];
  return parts.reduce(combine, { readLatency: 0, writeLatency: 0, readBandwidth: unlimited, writeBandwidth: unlimited });
}

/** The range of a partition that holds a range of the CDAT, or undefined. */
function partitionOf({ capacity }: DeviceState, range: RangeFigures): PartitionMode | undefined {
  const end = range.start + range.size;
  if (end <= capacity.ram) return "ram";
  return range.start >= capacity.ram && end <= capacity.ram + capacity.pmem ? "pmem" : undefined;
}

const formatRange = ({ start, size }: Pick<RangeFigures, "start" | "size">): string => `[range 0x${start.toString(16).padStart(16, "0")}-0x${(start + size - 1n).toString(16).padStart(16, "0")}]`;

function keep(kernel: Kernel, state: DeviceState, range: RangeFigures, performance: PartitionPerformance): void {
  const name = `cxl_pci ${state.device.name}`;
  const partition = partitionOf(state, range);
  if (partition === undefined) return printk(kernel, "debug", `${name}: no partition for dsmas dpa: ${formatRange(range)}`);
  const { coordinates, qosClass } = performance;
  state.performance[partition] = performance;
  printk(kernel, "debug", `${name}: DSMAS: dpa: ${formatRange(range)} qos: ${qosClass} read_bw: ${coordinates.readBandwidth} write_bw ${coordinates.writeBandwidth} read_lat: ${coordinates.readLatency} write_lat: ${coordinates.writeLatency}`);
}

/** A class that no window has, or a device below a bridge of no window, says nothing to anybody: forgotten (cxl_qos_class_verify). */
function verify(kernel: Kernel, endpoint: Device, state: DeviceState): void {
  const { root } = cxlState(kernel);
  const windows = root === null ? [] : portOf(root).decoders;
  const bridge = bridgeTowards(kernel, endpoint);
  const isMapped = windows.some((window) => bridge !== undefined && decoderOf(window).targets.includes(bridge));
  for (const partition of ["ram", "pmem"] as const) {
    const qosClass = state.performance[partition]?.qosClass;
    if (!isMapped || !windows.some((window) => rootPart(window).qosClass === qosClass)) state.performance[partition] = null;
  }
}

/** Class of each range that firmware names one for, by handle; firmware gets the figures as they are. */
function classesOf(kernel: Kernel, ranges: readonly RangeFigures[]): Map<number, number> {
  const { firmware } = kernel.platform;
  const found = new Map<number, number>();
  for (const { handle, coordinates } of ranges) {
    const [best] = firmware.qtgIds?.(coordinates) ?? [];
    if (best !== undefined) found.set(handle, best);
  }
  return found;
}

/** Evaluates an endpoint's table: figures and classes of its partitions, as far as firmware and the switches on the way give theirs. */
export function evaluateCdat(kernel: Kernel, endpoint: Device): void {
  const { cdat, uport } = portOf(endpoint);
  const { state } = memdevOf(uport);
  const say = (text: string): void => printk(kernel, "debug", `cxl_port ${endpoint.name}: ${text}`);
  if (cdat === null) return;
  const own = rangeFigures(cdat);
  if (own === undefined) return say(`Failed to parse CDAT: ${noEntry}`);
  const way = coordinatesTowards(kernel, endpoint);
  if (way === undefined) say("Failed to retrieve ep perf coordinates.");
  const ranges = way === undefined ? [] : own.map((range) => ({ ...range, coordinates: combine(range.coordinates, way) }));
  const classes = classesOf(kernel, ranges);
  if (classes.size === 0) return say("Failed to do perf coord calculations.");
  for (const [index, range] of ranges.entries()) {
    const cdatCoordinates = own[index]?.coordinates ?? range.coordinates;
    keep(kernel, state, range, { start: range.start, size: range.size, coordinates: range.coordinates, own: cdatCoordinates, qosClass: classes.get(range.handle) ?? 0 });
  }
  verify(kernel, endpoint, state);
}
