// How a region uses the ports on the way to its members (cxl_region_ref): the decoder that each port gives it, and the members below (A17).

import type { Device } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import { failCheck, logName, refuse } from "./region-checks.ts";
import type { DecoderRecord, RegionReference } from "./types.ts";
import { decoderOf, dportTowards, endpointPart, portOf, portsUpwards, regionOf } from "./types.ts";

export const referenceOf = (port: Device, region: Device): RegionReference | undefined => portOf(port).references.find((reference) => reference.region === region);

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

function forgetRange(decoder: DecoderRecord): void {
  decoder.start = 0n;
  decoder.size = 0n;
}

/**
 * A region that is no longer whole gives up the ranges of the ports' decoders it still has (cxl_region_teardown_targets). A decoder whose last endpoint has left before
 * keeps its range: that of a port which leads to one member alone, where it was the first to go. Regions that firmware made keep theirs, which hardware decodes.
 */
export function tearDownTargets(region: Device): void {
  const { isAuto, targets } = regionOf(region);
  if (isAuto) return;
  for (const target of targets) {
    if (target === null) continue;
    for (const port of portsUpwards(decoderOf(target).port)) {
      const reference = portOf(port).kind === "switch" ? referenceOf(port, region) : undefined;
      if (reference !== undefined) forgetRange(decoderOf(reference.decoder));
    }
  }
}

/** Takes the endpoint out of the region's reference at one port; the last one frees the port's decoder, which keeps its range. */
export function detachPort(kernel: Kernel, region: Device, port: Device, endpoint: Device): void {
  const record = portOf(port);
  const reference = referenceOf(port, region);
  if (reference === undefined) return;
  const at = reference.endpoints.indexOf(endpoint);
  if (at < 0) return;
  reference.endpoints.splice(at, 1);
  countTargets(port, reference);
  const decoder = decoderOf(reference.decoder);
  // POL-UNWIND `full`: all of discovery is undone, but for what hardware goes on decoding (a locked region).
  const isUndone = !decoder.isEnabled && regionOf(region).isAuto && kernel.policy.assembly.unwind === "full";
  if (isUndone || reference.decoder === endpoint) forgetRange(decoder);
  if (reference.endpoints.length > 0) return;
  decoder.region = null;
  record.references.splice(record.references.indexOf(reference), 1);
}
