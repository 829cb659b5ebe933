// What the kernel holds of CXL memory, in three ledgers (seeds S16): addresses, device memory, decoders. Each policy of a failed region says which it empties.

import { busDevices } from "../base/device.ts";
import type { Device } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import type { Coordinates } from "../mm/access-coordinates.ts";
import { resourceSize } from "../resource/resource.ts";
import { cxlBus, decoderOf, endpointPart, isDecoder, isRegion, memdevOf, regionOf } from "./types.ts";

/** Bytes; `serial` names the card, 0 for a decoder of a port. */
export interface Holding {
  readonly name: string;
  readonly serial: bigint;
  readonly start: bigint;
  readonly size: bigint;
}

export interface Ledgers {
  /** Addresses in /proc/iomem by region. */
  readonly addresses: readonly Holding[];
  /** Device memory by endpoint decoder. */
  readonly dpa: readonly Holding[];
  /** Decoders of ports and endpoints that are enabled as the kernel knows, with the range that it has on record. */
  readonly decoders: readonly Holding[];
}

/** What a region's members and the ways to them can do; 0 where firmware gives no figures. `isShown`: its access0 and access1 are there. */
export interface RegionFigures extends Coordinates {
  readonly name: string;
  readonly isShown: boolean;
}

/** Figures of every region, shown or not. */
export function regionFigures(kernel: Kernel): RegionFigures[] {
  return busDevices(kernel, cxlBus).filter(isRegion).map((device) => ({ name: device.name, ...regionOf(device).coordinates, isShown: regionOf(device).isAccessShown }));
}

const serialOf = (decoder: Device): bigint => (decoderOf(decoder).endpoint === null ? 0n : memdevOf(endpointPart(decoder).memdev).serial);

export function ledgers(kernel: Kernel): Ledgers {
  const devices = busDevices(kernel, cxlBus);
  const decoders = devices.filter((device) => isDecoder(device) && decoderOf(device).kind !== "root");
  return {
    addresses: devices.filter(isRegion).flatMap((device) => {
      const { resource } = regionOf(device);
      return resource === null || resource.parent === null ? [] : [{ name: device.name, serial: 0n, start: resource.start, size: resourceSize(resource) }];
    }),
    dpa: decoders.flatMap((device) => {
      const dpa = decoderOf(device).endpoint?.dpa ?? null;
      return dpa === null ? [] : [{ name: device.name, serial: serialOf(device), start: dpa.start, size: dpa.size }];
    }),
    decoders: decoders.filter((device) => decoderOf(device).isEnabled).map((device) => ({ name: device.name, serial: serialOf(device), start: decoderOf(device).start, size: decoderOf(device).size })),
  };
}
