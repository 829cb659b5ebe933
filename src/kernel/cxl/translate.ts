// Between device physical addresses and what they are mapped to: the decoder and region of a DPA, the HPA of a DPA, the member of an offset
// (modulo arithmetic, and before it or after it the bitmaps of a XOR window; section 5 of the CEDT sheet).

import type { Device } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import { decoderOf, endpointPart, memdevOf, portOf, regionOf, rootPart } from "./types.ts";

/** Region that maps a DPA of a memdev now, or null. */
export function regionOfDpa(kernel: Kernel, memdev: Device, dpa: bigint): Device | null {
  const { endpoint } = memdevOf(memdev);
  if (endpoint === null || portOf(endpoint).commitEnd < 0) return null;
  for (const decoder of portOf(endpoint).decoders) {
    const { dpa: held } = endpointPart(decoder);
    if (held === null || held.size === 0n || dpa < held.start || dpa >= held.start + held.size) continue;
    const { region } = decoderOf(decoder);
    printk(kernel, "debug", `cxl ${decoder.name}: dpa:0x${dpa.toString(16)} mapped in ${region === null ? `endpoint:${endpoint.name}` : `region:${region.name}`}`);
    return region;
  }
  return null;
}

/** Endpoint decoder by which a memdev takes part in a region, with its position. */
function memberOf(region: Device, memdev: Device): { readonly decoder: Device; readonly position: number } | undefined {
  for (const [position, decoder] of regionOf(region).targets.entries()) if (decoder !== null && endpointPart(decoder).memdev === memdev) return { decoder, position };
  return undefined;
}

const oddParity = (value: bigint): bigint => {
  let parity = 0n;
  for (let left = value; left !== 0n; left &= left - 1n) parity ^= 1n;
  return parity;
};

/** Between system addresses and those that modulo arithmetic holds for: each bitmap's lowest bit takes the parity of all of its bits. Its own inverse. */
function throughMaps(region: Device, address: bigint): bigint {
  let result = address;
  for (const map of rootPart(regionOf(region).rootDecoder).xorMaps) {
    if (map === 0n) continue;
    const lowest = map & -map;
    result = (result & ~lowest) | (oddParity(result & map) * lowest);
  }
  return result;
}

/** HPA of a DPA of a memdev in a region; undefined: the memdev is no member, or the region has no addresses. */
export function hpaOfDpa(region: Device, memdev: Device, dpa: bigint): bigint | undefined {
  const record = regionOf(region);
  const member = memberOf(region, memdev);
  const held = member === undefined ? null : endpointPart(member.decoder).dpa;
  if (member === undefined || held === null || record.resource === null) return undefined;
  const granularity = BigInt(record.granularity);
  const offset = dpa - held.start;
  return throughMaps(region, record.resource.start + ((offset / granularity) * BigInt(record.ways) + BigInt(member.position)) * granularity + (offset % granularity));
}

/** Memdev and DPA behind an offset into a region; undefined: no member there. */
export function dpaOfOffset(region: Device, offset: bigint): { readonly memdev: Device; readonly dpa: bigint } | undefined {
  const record = regionOf(region);
  const granularity = BigInt(record.granularity);
  const ways = BigInt(record.ways);
  const start = record.resource?.start ?? 0n;
  const straight = throughMaps(region, start + offset) - start;
  const chunk = straight / granularity;
  const decoder = record.targets[Number(chunk % ways)];
  if (decoder == null) return undefined;
  const { dpa, memdev } = endpointPart(decoder);
  return dpa === null ? undefined : { memdev, dpa: dpa.start + (chunk / ways) * granularity + (straight % granularity) };
}
