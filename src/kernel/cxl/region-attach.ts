// Endpoint decoders join and leave a region; interleave programming by rules L1-L6 for user-made ones. Regions that firmware made: region-auto.ts.

import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import { resourceSize } from "../resource/resource.ts";
import { checkPosition, checkTarget, failCheck, logName, refuse, requireAuto } from "./region-checks.ts";
import { resetRegionDecoders } from "./region-commit.ts";
import { addMember, updateSharedBandwidth } from "./region-performance.ts";
import { attachPort, detachPort, referenceOf, tearDownTargets } from "./region-reference.ts";
import type { Dport } from "./types.ts";
import { decoderOf, dportTowards, encodeGranularity, endpointPart, isPowerOfTwo, portOf, portsUpwards, regionOf, regionStates } from "./types.ts";

/** Ways, granularity and targets of one port's decoder (A18, A19; L3-L5). */
function setupPort(kernel: Kernel, region: Device, port: Device): void {
  const record = regionOf(region);
  const reference = referenceOf(port, region);
  if (reference === undefined || port.parent === null || record.resource === null) return;
  for (const endpoint of reference.endpoints.slice(0, 1)) failCheck(kernel, "A18", region, endpoint);
  const ways = reference.targetCount;
  if (!isPowerOfTwo(ways)) refuse(kernel, region, "EINVAL", `${port.name}: invalid target count ${ways}`);
  const rootWays = decoderOf(record.rootDecoder).ways;
  const above = referenceOf(port.parent, region)?.decoder;
  const parent = above === undefined ? { granularity: record.granularity, ways: isPowerOfTwo(rootWays) ? rootWays : rootWays / 3 } : decoderOf(above);
  const granularity = parent.granularity * parent.ways;
  if (encodeGranularity(granularity) === undefined) refuse(kernel, region, "EINVAL", `${port.name}: invalid granularity ${granularity}`);
  const width = portOf(port).hdm?.capability.targetCount ?? 1;
  if (ways > 8 || ways > width) refuse(kernel, region, "ENXIO", `${port.name}: ${ways} ways exceed ${width} targets`);
  const targets: Dport[] = [];
  const ordered = [...reference.endpoints].toSorted((a, b) => endpointPart(a).position - endpointPart(b).position);
  for (const [index, endpoint] of ordered.entries()) {
    failCheck(kernel, "A19", region, endpoint);
    const dport = dportTowards(port, decoderOf(endpoint).port);
    const isExpected = dport !== undefined && (index < ways ? !targets.includes(dport) : targets[index % ways] === dport);
    if (!isExpected) return refuse(kernel, region, "ENXIO", `${port.name}: misconfigured target at position ${endpointPart(endpoint).position}`);
    if (index < ways) targets.push(dport);
  }
  const decoder = decoderOf(reference.decoder);
  decoder.start = record.resource.start;
  decoder.size = resourceSize(record.resource);
  decoder.ways = ways;
  decoder.granularity = granularity;
  decoder.targets.splice(0, decoder.targets.length, ...targets);
}

/** Programs the software state of every port between root and endpoints, top down. */
function setupTargets(kernel: Kernel, region: Device): void {
  const ports = new Set<Device>();
  for (const target of regionOf(region).targets) {
    if (target !== null) for (const port of portsUpwards(decoderOf(target).port)) if (portOf(port).kind === "switch") ports.add(port);
  }
  for (const port of [...ports].toSorted((a, b) => portOf(a).depth - portOf(b).depth)) setupPort(kernel, region, port);
}

/** @throws SystemError of a port, after what was programmed so far was forgotten */
function completeTargets(kernel: Kernel, region: Device): void {
  try {
    setupTargets(kernel, region);
  } catch (thrown) {
    tearDownTargets(region);
    throw thrown;
  }
}

/**
 * Ports on the way to a region's members that do not know it, since the switch they stand for came back: they get references and the programming
 * that the level above asks for. Returns the decoders, which are not committed yet. @throws SystemError as for a new member
 */
export function attachNewPorts(kernel: Kernel, region: Device): Device[] {
  const fresh = new Set<Device>();
  for (const target of regionOf(region).targets) {
    if (target === null) continue;
    for (const port of portsUpwards(decoderOf(target).port)) {
      if (portOf(port).kind !== "switch" || (referenceOf(port, region) !== undefined && !fresh.has(port))) continue;
      attachPort(kernel, region, port, target);
      fresh.add(port);
    }
  }
  const ordered = [...fresh].toSorted((a, b) => portOf(a).depth - portOf(b).depth);
  for (const port of ordered) setupPort(kernel, region, port);
  return ordered.flatMap((port) => referenceOf(port, region)?.decoder ?? []);
}

/** Takes back what an attach that failed has done. */
function undoAttach(kernel: Kernel, region: Device, device: Device): void {
  const record = regionOf(region);
  const part = endpointPart(device);
  for (const port of portsUpwards(decoderOf(device).port)) detachPort(kernel, region, port, device);
  if (record.targets[part.position] === device) {
    record.targets[part.position] = null;
    record.targetCount--;
  }
  part.position = -1;
}

/** Puts an endpoint decoder into a region at a position. The caller holds the region lock. @throws SystemError by the tables of 6.3 and 7.1 */
export function attachTarget(kernel: Kernel, region: Device, device: Device, position: number): void {
  const record = regionOf(region);
  const part = endpointPart(device);
  checkTarget(kernel, region, device);
  addMember(region, device);
  if (record.isAuto) {
    requireAuto(kernel, region, device);
    refuse(kernel, region, "EINVAL", `${device.name}: expected auto position, not ${position}`);
  }
  checkPosition(kernel, region, device, position);
  try {
    for (const port of portsUpwards(decoderOf(device).port)) attachPort(kernel, region, port, device, position);
    record.targets[position] = device;
    record.targetCount++;
    part.position = position;
    if (record.targetCount === record.ways) {
      completeTargets(kernel, region);
      record.state = regionStates.active;
      updateSharedBandwidth(kernel, region);
    }
  } catch (thrown) {
    undoAttach(kernel, region, device);
    throw thrown;
  }
  const decoder = decoderOf(device);
  decoder.ways = record.ways;
  decoder.granularity = record.granularity;
  decoder.start = record.resource?.start ?? 0n;
  decoder.size = record.resource === null ? 0n : resourceSize(record.resource);
  mark(kernel, `${device.name} attached`, region.name);
}

/** Runs an attach; what it throws is said on the endpoint too (6.3). */
export function tryAttach(kernel: Kernel, region: Device, device: Device, attach: () => void): void {
  try {
    attach();
  } catch (thrown) {
    if (thrown instanceof SystemError) printk(kernel, "warn", `${logName(decoderOf(device).port)}: failed to attach ${device.name} to ${region.name}: -${thrown.number}`);
    throw thrown;
  }
}

/** A member that waits for the others leaves: its slot is free again for whoever arrives (6.4). */
function unstage(kernel: Kernel, device: Device): void {
  const part = endpointPart(device);
  const region = part.stagedIn;
  if (region === null) return;
  undoAttach(kernel, region, device);
  part.stagedIn = null;
  if (part.state === "auto-staged") part.state = "auto";
  mark(kernel, `${device.name} unstaged`, region.name);
}

/**
 * Takes an endpoint decoder out of its region; a committed region is decommitted as a whole first (section 8). The caller holds the
 * region lock, and afterwards releases the region's driver. `from`: the region that gives it up, when it is not the endpoint that goes.
 * Returns the region, or null when there was none.
 */
export function detachTarget(kernel: Kernel, device: Device, from: Device | null = null): Device | null {
  const region = from ?? decoderOf(device).region;
  if (region === null) {
    unstage(kernel, device);
    return null;
  }
  const record = regionOf(region);
  if (record.state > regionStates.active) {
    if (!record.isLocked) resetRegionDecoders(kernel, region);
    record.state = regionStates.active;
  }
  undoAttach(kernel, region, device);
  // Hardware may go on decoding (region-assembly 7.6); who is staged stays so, without a region.
  endpointPart(device).stagedIn = null;
  decoderOf(device).start = 0n;
  decoderOf(device).size = 0n;
  if (record.state === regionStates.active) {
    record.state = regionStates.interleaveActive;
    tearDownTargets(region);
  }
  mark(kernel, `${device.name} detached`, region.name);
  return region;
}
