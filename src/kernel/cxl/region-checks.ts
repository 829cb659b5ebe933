// Checks of an endpoint decoder that is to join a region (region-assembly 6.3, A1-A12, A16), and what a refusal says.

import type { Device } from "../base/device.ts";
import type { Errno } from "../base/errno.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import type { StepName } from "../base/steps.ts";
import { stepFault } from "../base/steps.ts";
import { resourceSize } from "../resource/resource.ts";
import type { PortRecord } from "./types.ts";
import { cxlState, decoderOf, dportTowards, encodeGranularity, encodeWays, endpointPart, memdevOf, portOf, portsUpwards, regionOf, regionStates } from "./types.ts";

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
export function checkPosition(kernel: Kernel, region: Device, device: Device, position: number): void {
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
