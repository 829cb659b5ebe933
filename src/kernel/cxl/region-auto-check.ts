// All members of a region that firmware made have arrived: where each one stands, and whether every decoder on the way says the same
// (region-assembly 6.3, A14-A20).

import type { Device } from "../base/device.ts";
import type { Errno } from "../base/errno.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import type { Range } from "../resource/resource.ts";
import { describeResource } from "../resource/resource.ts";
import { checkFault, failCheck, logName, refuse } from "./region-checks.ts";
import { attachPort, referenceOf } from "./region-reference.ts";
import type { DecoderRecord, Dport } from "./types.ts";
import { cxlState, decoderOf, dportTowards, encodeGranularity, encodeWays, endpointPart, isPowerOfTwo, lastOf, portOf, portsUpwards, regionOf } from "./types.ts";

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** The decoder of a port for a range: the window that holds it at the root, exactly this range below. */
function decoderFor(port: Device, range: Range): DecoderRecord | undefined {
  const isRoot = portOf(port).kind === "root";
  return portOf(port).decoders.map(decoderOf).find((decoder) => (isRoot ? decoder.start <= range.start && range.end <= lastOf(decoder) : decoder.start === range.start && lastOf(decoder) === range.end));
}

/** A14, one level: ways of the decoder above a port, and the port's place in its target list. Undefined: there is none, and that is said. */
function placeAbove(kernel: Kernel, port: Device, range: Range): { readonly position: number; readonly ways: number } | undefined {
  const { uport, parentDport } = portOf(port);
  if (port.parent === null) return undefined;
  const decoder = decoderFor(port.parent, range);
  if (decoder === undefined) {
    printk(kernel, "err", `${logName(uport)}: failed to find decoder mapping ${hex(range.start)}-${hex(range.end)}`);
    return undefined;
  }
  const position = decoder.targets.slice(0, decoder.ways).indexOf(parentDport);
  if (position >= 0) return { position, ways: decoder.ways };
  printk(kernel, "err", `${logName(uport)}: failed to find ${port.name}:${parentDport?.device.name ?? ""} in target list of decoder${portOf(decoder.port).id}.${decoder.id}`);
  return undefined;
}

/** A14: position of a member by the decoders above it, or -1. */
function positionOf(kernel: Kernel, device: Device, range: Range): number {
  const { port } = decoderOf(device);
  const { memdev } = endpointPart(device);
  let position = 0;
  for (const level of portsUpwards(port)) {
    const place = placeAbove(kernel, level, range);
    if (place === undefined) return -1;
    position = position * place.ways + place.position;
  }
  printk(kernel, "debug", `${logName(memdev)}: decoder:${device.name} parent:${memdev.parent?.name ?? ""} port:${port.name} range:${hex(range.start)}-${hex(range.end)} pos:${position}`);
  return position;
}

/** A14, A15: members in order of their positions, also when some have none. @throws SystemError ENXIO */
function sortTargets(kernel: Kernel, region: Device, range: Range): void {
  const { targets } = regionOf(region);
  const members = targets.filter((target) => target !== null);
  let errno: Errno = "ENXIO";
  for (const member of members) {
    const failed = checkFault(kernel, "A14", region, member);
    endpointPart(member).position = failed === undefined ? positionOf(kernel, member, range) : -1;
    errno = failed ?? errno;
  }
  const sorted = members.toSorted((a, b) => endpointPart(a).position - endpointPart(b).position);
  targets.splice(0, sorted.length, ...sorted);
  const hasFailed = sorted.some((member) => endpointPart(member).position < 0);
  // What follows finds a member by its slot.
  for (const [slot, member] of sorted.entries()) endpointPart(member).position = slot;
  printk(kernel, "debug", `${logName(region)}: region sort ${hasFailed ? "failed" : "successful"}`);
  if (hasFailed) throw new SystemError(errno, `${region.name}: a member has no position`);
}

/** A16, A17: the window leads to this host bridge at this position, and every port on the way has a decoder for the region. */
function joinPorts(kernel: Kernel, region: Device, device: Device, position: number): void {
  const { rootDecoder } = regionOf(region);
  const { port } = decoderOf(device);
  const { root } = cxlState(kernel);
  const { targets, ways } = decoderOf(rootDecoder);
  const { memdev } = endpointPart(device);
  failCheck(kernel, "A16", region, device);
  if (root === null || targets[position % ways] !== dportTowards(root, port)) refuse(kernel, region, "ENXIO", `${memdev.name}:${device.name} invalid target position for ${rootDecoder.name}`);
  for (const one of portsUpwards(port)) attachPort(kernel, region, one, device, position);
  // The second decoder of one card has no reference of its own: it stays staged, so that it leaves its slot when it goes.
  if (decoderOf(device).region === region) endpointPart(device).stagedIn = null;
  endpointPart(device).state = "auto";
}

/** What the level above hands down (L3, L4): at the root the window's ways by their power of two. */
function parentOf(region: Device, port: Device): { readonly granularity: number; readonly ways: number } {
  const record = regionOf(region);
  const above = port.parent === null ? undefined : referenceOf(port.parent, region);
  if (above !== undefined) return decoderOf(above.decoder);
  const { ways } = decoderOf(record.rootDecoder);
  return { granularity: record.granularity, ways: isPowerOfTwo(ways) ? ways : ways / 3 };
}

/** A18: a port's decoder is programmed as the region asks. Returns it. */
function checkDecoder(kernel: Kernel, region: Device, port: Device): DecoderRecord {
  const record = regionOf(region);
  const reference = referenceOf(port, region);
  const { resource } = record;
  if (reference === undefined || resource === null) throw new SystemError("ENXIO", `${port.name} does not know ${region.name}`);
  const name = `${portOf(port).uport.name}:${port.name}`;
  const ways = reference.targetCount;
  if (!isPowerOfTwo(ways)) refuse(kernel, region, "EINVAL", `${name}: invalid target count ${ways}`);
  const parent = parentOf(region, port);
  if (encodeGranularity(parent.granularity) === undefined) refuse(kernel, region, "EINVAL", `${name}: invalid parent granularity: ${parent.granularity}`);
  if (encodeWays(parent.ways) === undefined) refuse(kernel, region, "EINVAL", `${name}: invalid parent interleave: ${parent.ways}`);
  const granularity = parent.granularity * parent.ways;
  if (encodeGranularity(granularity) === undefined) refuse(kernel, region, "EINVAL", `${port.parent?.name ?? ""}: invalid granularity calculation (${parent.granularity} * ${parent.ways})`);
  const width = portOf(port).hdm?.capability.targetCount ?? 1;
  if (ways > 8 || ways > width) refuse(kernel, region, "ENXIO", `${name}:${reference.decoder.name}: ways: ${ways} overflows targets: ${width}`);
  const decoder = decoderOf(reference.decoder);
  const isRange = decoder.start === resource.start && lastOf(decoder) === resource.end;
  if (decoder.ways !== ways || (ways > 1 && decoder.granularity !== granularity) || !isRange || !decoder.isEnabled) {
    const state = decoder.isEnabled ? "enabled" : "disabled";
    printk(kernel, "err", `${logName(region)}: ${name} cxl_port_setup_targets expected iw: ${ways} ig: ${granularity} ${describeResource(resource)}`);
    printk(kernel, "err", `${logName(region)}: ${name} cxl_port_setup_targets got iw: ${decoder.ways} ig: ${decoder.granularity} state: ${state} ${hex(decoder.start)}:${hex(lastOf(decoder))}`);
    throw new SystemError("ENXIO", `${name}: its decoder is programmed otherwise`);
  }
  printk(kernel, "debug", `${logName(region)}: ${name} iw: ${ways} ig: ${granularity}`);
  return decoder;
}

/** Dports that a port's decoder has been found to lead to, in order. */
type Found = Map<Device, Dport[]>;

/** A19: the decoder's next target is the dport of this member, or the member shares one with its peer. */
function checkDport(kernel: Kernel, region: Device, port: Device, device: Device, found: Found): void {
  const reference = referenceOf(port, region);
  const dport = dportTowards(port, decoderOf(device).port);
  const name = `${portOf(port).uport.name}:${port.name}`;
  const { memdev, position } = endpointPart(device);
  if (reference === undefined || dport === undefined) throw new SystemError("ENXIO", `${name} does not lead to ${device.name}`);
  const seen = found.get(port) ?? [];
  if (seen.length === 0) failCheck(kernel, "A18", region, device);
  failCheck(kernel, "A19", region, device);
  const decoder = seen.length === 0 ? checkDecoder(kernel, region, port) : decoderOf(reference.decoder);
  found.set(port, seen);
  if (seen.includes(dport)) {
    const index = reference.endpoints.toSorted((a, b) => endpointPart(a).position - endpointPart(b).position).indexOf(device);
    if (index < decoder.ways) refuse(kernel, region, "ENXIO", `${name}: cannot host ${memdev.name}:${device.name} at ${position}`);
    if (seen[index % decoder.ways] !== dport) refuse(kernel, region, "ENXIO", `${name}:${reference.decoder.name} pos ${position} and its peer mismatched peers`);
  } else {
    if (seen.length === reference.targetCount) refuse(kernel, region, "ENXIO", `${name}: targets full trying to add ${memdev.name}:${device.name} at ${position}`);
    if (decoder.targets[seen.length] !== dport) refuse(kernel, region, "ENXIO", `${name}: ${reference.decoder.name} expected ${dport.device.name} at ${seen.length}`);
    seen.push(dport);
  }
  printk(kernel, "debug", `${logName(region)}: ${name} target[${seen.length - 1}] = ${dport.device.name} for ${memdev.name}:${device.name} @ ${position}`);
}

/**
 * Sorts and checks a region whose slots are all taken. The caller holds the region lock; what was done before a failure stays (6.4). A20 cannot
 * arise: hosts that are restricted to CXL 1.1 have no port here. @throws SystemError EBUSY, EINVAL, ENXIO by A14-A19
 */
export function assemble(kernel: Kernel, region: Device): void {
  const record = regionOf(region);
  const { resource } = record;
  if (resource === null) throw new SystemError("ENXIO", `${region.name} has no addresses`);
  sortTargets(kernel, region, resource);
  const members = record.targets.filter((target) => target !== null);
  for (const [position, member] of members.entries()) joinPorts(kernel, region, member, position);
  const found: Found = new Map();
  for (const member of members) {
    for (const port of portsUpwards(decoderOf(member).port).toReversed()) if (portOf(port).kind === "switch") checkDport(kernel, region, port, member, found);
  }
}
