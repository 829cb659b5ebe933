// Endpoint decoders join and leave a region: checks A1-A10 of region-assembly 6.3 for all regions, references on every port of the path (A17),
// interleave programming by rules L1-L6 for user-made ones. Regions that firmware made: region-auto.ts.

import type { Device } from "../base/device.ts";
import type { Errno } from "../base/errno.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import type { StepName } from "../base/steps.ts";
import { stepFault } from "../base/steps.ts";
import { resourceSize } from "../resource/resource.ts";
import { resetRegionDecoders } from "./region-commit.ts";
import type { Dport, PortRecord, RegionReference } from "./types.ts";
import { cxlState, decoderOf, dportTowards, encodeGranularity, encodeWays, endpointPart, isPowerOfTwo, memdevOf, portOf, portsUpwards, regionOf, regionStates } from "./types.ts";

/** Name of a device as dev_dbg and its like print it: driver, or bus, then name. */
export const logName = (device: Device): string => `${device.driver?.name ?? device.bus ?? ""} ${device.name}`;

export function refuse(kernel: Kernel, region: Device, errno: Errno, text: string): never {
  printk(kernel, "debug", `${logName(region)}: ${text}`);
  throw new SystemError(errno, `${region.name}: ${text}`);
}

type AttachCheck = StepName extends infer N ? (N extends `region.attach.${infer C}` ? C : never) : never;

/** What a check of 6.3, done for one member, is made to fail with; undefined: nothing. */
export function checkFault(kernel: Kernel, check: AttachCheck, region: Device, member: Device): Errno | undefined {
  const { memdev } = endpointPart(member);
  return stepFault(kernel, `region.attach.${check}`, member.name, region.name, memdev.name, memdevOf(memdev).pciDevice.name);
}

/** A check of 6.3 by its id, done for one member. @throws SystemError when a fault wants it to fail */
export function failCheck(kernel: Kernel, check: AttachCheck, region: Device, member: Device): void {
  const errno = checkFault(kernel, check, region, member);
  if (errno !== undefined) throw new SystemError(errno, `${member.name}: ${check} was made to fail`);
}

export const referenceOf = (port: Device, region: Device): RegionReference | undefined => portOf(port).references.find((reference) => reference.region === region);

/** A1: the endpoint's decoders must be able to do these ways and granularity. */
function checkCapability(kernel: Kernel, region: Device, port: PortRecord): void {
  const { ways, granularity } = regionOf(region);
  const waysCode = encodeWays(ways);
  const granularityCode = encodeGranularity(granularity);
  if (port.hdm === null || waysCode === undefined || granularityCode === undefined) return refuse(kernel, region, "ENXIO", "no HDM decoders");
  const capability = port.hdm.capability;
  if ([3, 6, 12].includes(ways) && !capability.interleave3612) refuse(kernel, region, "ENXIO", `${ways} ways are not supported by the endpoint`);
  if (ways === 16 && !capability.interleave16) refuse(kernel, region, "ENXIO", "16 ways are not supported by the endpoint");
  const bits = waysCode >= 8 ? waysCode - 8 : waysCode;
  for (let bit = granularityCode + 8; bit < granularityCode + 8 + bits; bit++) {
    if (bit <= 11 ? !capability.interleaveA11to8 : !capability.interleaveA14to12) refuse(kernel, region, "ENXIO", `address bit ${bit} cannot select the way`);
  }
}

/** A2-A10 in order. */
export function checkTarget(kernel: Kernel, region: Device, device: Device): void {
  const record = regionOf(region);
  const decoder = decoderOf(device);
  const part = endpointPart(device);
  failCheck(kernel, "A1", region, device);
  checkCapability(kernel, region, portOf(decoder.port));
  failCheck(kernel, "A2", region, device);
  if (part.mode === "none") refuse(kernel, region, "ENODEV", `${device.name} has no partition`);
  failCheck(kernel, "A3", region, device);
  if (part.mode !== record.mode) refuse(kernel, region, "EINVAL", `${device.name} mode ${part.mode} is not ${record.mode}`);
  failCheck(kernel, "A4", region, device);
  if (record.state > regionStates.interleaveActive) refuse(kernel, region, "EBUSY", "region already active");
  failCheck(kernel, "A5", region, device);
  if (record.state < regionStates.interleaveActive || record.resource === null) refuse(kernel, region, "ENXIO", "interleave config missing");
  failCheck(kernel, "A6", region, device);
  if (record.targetCount >= record.ways) refuse(kernel, region, "EINVAL", `region already has ${record.targetCount} endpoints`);
  failCheck(kernel, "A7", region, device);
  const root = cxlState(kernel).root;
  if (root === null || !portOf(root).dports.some((dport) => dport === dportTowards(root, decoder.port))) refuse(kernel, region, "ENXIO", `${device.name} is not below this root`);
  failCheck(kernel, "A8", region, device);
  if (decoder.isHostOnly !== record.isHostOnly) refuse(kernel, region, "ENXIO", `${device.name} type mismatch`);
  failCheck(kernel, "A9", region, device);
  if (part.dpa === null) return refuse(kernel, region, "ENXIO", `${device.name} has no DPA`);
  failCheck(kernel, "A10", region, device);
  if (record.resource !== null && part.dpa.size * BigInt(record.ways) !== resourceSize(record.resource)) refuse(kernel, region, "EINVAL", `${device.name} size ${part.dpa.size} x ${record.ways} is not the region's`);
}

/** A11: who joins a region that firmware made was programmed by firmware itself. */
export function requireAuto(kernel: Kernel, region: Device, device: Device): void {
  if (endpointPart(device).state === "auto") return;
  printk(kernel, "err", `${logName(region)}: ${device.name}: unable to add decoder to autodetected region`);
  throw new SystemError("EINVAL", `${device.name} was not programmed by firmware`);
}

/** Position checks, A16 and policy: a port below isolation takes no region. */
function checkPosition(kernel: Kernel, region: Device, device: Device, position: number): void {
  const record = regionOf(region);
  const decoder = decoderOf(device);
  if (position >= record.ways) refuse(kernel, region, "ENXIO", `position ${position} out of range ${record.ways}`);
  if (record.targets[position] != null) refuse(kernel, region, "EBUSY", `position ${position} already assigned to ${record.targets[position]?.name}`);
  const { memdev } = endpointPart(device);
  if (record.targets.some((target) => target !== null && endpointPart(target).memdev === memdev)) refuse(kernel, region, "EBUSY", `${memdev.name} already in region`);
  if (decoder.region !== null) refuse(kernel, region, "EBUSY", `${device.name} is used by ${decoder.region.name}`);
  failCheck(kernel, "A16", region, device);
  const root = cxlState(kernel).root;
  const rootTargets = decoderOf(record.rootDecoder).targets;
  const expected = rootTargets[position % rootTargets.length];
  if (root === null || expected !== dportTowards(root, decoder.port)) refuse(kernel, region, "ENXIO", `${memdev.name} expected position ${position} is not below its host bridge`);
  if (kernel.policy.refuseIsolated && portsUpwards(decoder.port).some((port) => portOf(port).parentDport?.isIsolated === true)) {
    refuse(kernel, region, "EBUSY", `${device.name}: port is under isolated CXL dport`);
  }
}

/** The decoder of a port that firmware gave the region's range, and whose number agrees with the order of addresses (A17). */
function autoDecoder(kernel: Kernel, region: Device, port: Device): Device {
  const { resource } = regionOf(region);
  const device = portOf(port).decoders.find((candidate) => {
    const { start, size } = decoderOf(candidate);
    return resource !== null && size > 0n && start === resource.start && start + size - 1n === resource.end;
  });
  if (device === undefined) return refuse(kernel, region, "EBUSY", `${port.name}: no decoder found`);
  const { region: other, id, isLocked } = decoderOf(device);
  if (other !== null) return refuse(kernel, region, "EBUSY", `${port.name}: ${device.name} already attached to ${other.name}`);
  for (const reference of portOf(port).references) {
    const start = regionOf(reference.region).resource?.start ?? 0n;
    if (start >= (resource?.start ?? 0n) && decoderOf(reference.decoder).id < id) return refuse(kernel, region, "EBUSY", `${port.name}: HPA order violation ${reference.region.name}`);
  }
  if (isLocked) regionOf(region).isLocked = true;
  return device;
}

/** The decoder of a port that commits next, if nobody has it (A17). */
function nextDecoder(kernel: Kernel, region: Device, port: Device): Device {
  const record = portOf(port);
  const device = record.decoders[record.commitEnd + 1];
  const hasHole = record.decoders.slice(0, record.commitEnd + 1).some((lower) => !decoderOf(lower).isEnabled);
  if (device === undefined || decoderOf(device).region !== null || hasHole) return refuse(kernel, region, "EBUSY", `${port.name}: no decoder available`);
  return device;
}

function pickDecoder(kernel: Kernel, region: Device, port: Device, endpoint: Device): Device {
  const { isAuto, resource } = regionOf(region);
  if (isAuto) return autoDecoder(kernel, region, port);
  const start = resource?.start ?? 0n;
  const above = portOf(port).references.find((other) => (regionOf(other.region).resource?.start ?? 0n) > start);
  if (above !== undefined) refuse(kernel, region, "EBUSY", `${port.name}: HPA order violation ${above.region.name}`);
  return decoderOf(endpoint).port === port ? endpoint : nextDecoder(kernel, region, port);
}

function makeReference(kernel: Kernel, region: Device, port: Device, endpoint: Device): RegionReference {
  const decoder = pickDecoder(kernel, region, port, endpoint);
  const reference: RegionReference = { region, decoder, endpoints: [], targetCount: 0 };
  portOf(port).references.push(reference);
  decoderOf(decoder).region = region;
  return reference;
}

/** What a port leads to on the way to an endpoint decoder: the next port's device, the memdev, or none at the endpoint itself. */
function nextTowards(port: Device, endpoint: Device): string {
  const own = decoderOf(endpoint).port;
  if (port === own) return "none";
  const below = portsUpwards(own).find((candidate) => candidate.parent === port);
  return below === undefined ? "none" : portOf(below).uport.name;
}

/** Counts an endpoint at one port on its way; `position` is for the log. @throws SystemError by A17 */
export function attachPort(kernel: Kernel, region: Device, port: Device, endpoint: Device, position = endpointPart(endpoint).position): void {
  failCheck(kernel, "A17", region, endpoint);
  const reference = referenceOf(port, region) ?? makeReference(kernel, region, port, endpoint);
  const endpointPort = decoderOf(endpoint).port;
  const dport = dportTowards(port, endpointPort);
  const isNew = dport !== undefined && !reference.endpoints.some((other) => dportTowards(port, decoderOf(other).port) === dport);
  const width = portOf(port).hdm?.capability.targetCount ?? 1;
  // A member that stayed while another one left and came back is counted already (locked regions, 7.4).
  if (!reference.endpoints.includes(endpoint)) reference.endpoints.push(endpoint);
  if (isNew) reference.targetCount++;
  const { uport } = portOf(port);
  const added = `${uport.name}:${port.name} ${reference.decoder.name} add: ${endpointPart(endpoint).memdev.name}:${endpoint.name} @ ${position}`;
  if (reference.targetCount > width) refuse(kernel, region, "ENXIO", `${added} overflows targets: ${width}`);
  const count = dport === undefined ? 1 : reference.targetCount;
  printk(kernel, "debug", `${logName(region)}: ${added} next: ${nextTowards(port, endpoint)} nr_eps: ${reference.endpoints.length} nr_targets: ${count}`);
}

/** Distinct dports towards the endpoints of a reference; none at the endpoint itself. */
export function countTargets(port: Device, reference: RegionReference): void {
  const dports = new Set(reference.endpoints.map((other) => dportTowards(port, decoderOf(other).port)));
  dports.delete(undefined);
  reference.targetCount = dports.size;
}

/** Takes the endpoint out of the region's reference at one port; the last one frees the port's decoder. */
function detachPort(kernel: Kernel, region: Device, port: Device, endpoint: Device): void {
  const record = portOf(port);
  const reference = referenceOf(port, region);
  if (reference === undefined) return;
  const at = reference.endpoints.indexOf(endpoint);
  if (at < 0) return;
  reference.endpoints.splice(at, 1);
  countTargets(port, reference);
  const decoder = decoderOf(reference.decoder);
  // A port's decoder keeps the range that it was read with: one of firmware's regions, unless all of discovery is undone, or one that hardware goes on decoding (a locked region).
  const keepsRange = decoder.isEnabled || (regionOf(region).isAuto && kernel.policy.assembly.unwind !== "full");
  if (!keepsRange || reference.decoder === endpoint) {
    decoder.start = 0n;
    decoder.size = 0n;
  }
  if (reference.endpoints.length > 0) return;
  decoder.region = null;
  record.references.splice(record.references.indexOf(reference), 1);
}

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
      setupTargets(kernel, region);
      record.state = regionStates.active;
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
  if (record.state === regionStates.active) record.state = regionStates.interleaveActive;
  mark(kernel, `${device.name} detached`, region.name);
  return region;
}
