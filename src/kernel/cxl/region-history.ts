// What became of regions that firmware made, as it happened: for who asks later why one is not there (seeds S20-S23). Kept as data, since the devices may be gone by then;
// nothing in the kernel decides by it.

import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";
import { decoderOf, endpointPart, memdevOf, regionOf } from "./types.ts";

/**
 * `refused`: a member, or all of them when the last one came; `unplaced`: a decoder that no region could be made for; `failed`: given up by policy POL-ASM or
 * reported by POL-LOG.
 */
export type RegionEventKind = "constructed" | "staged" | "refused" | "unplaced" | "assembled" | "failed";

export interface RegionEvent {
  readonly kind: RegionEventKind;
  /** Virtual ns since power-on. */
  readonly at: number;
  /** "" for `unplaced`. */
  readonly region: string;
  /** Addresses, the end inclusive. */
  readonly start: bigint;
  readonly end: bigint;
  /** Endpoint decoder and serial number of its card; "" and 0 where it is about the region. */
  readonly decoder: string;
  readonly serial: bigint;
  readonly why: string;
}

const state = defineState("cxl.regionHistory", () => ({ events: [] as RegionEvent[] }));

export const regionHistory = (kernel: Kernel): readonly RegionEvent[] => state(kernel).events;

const memberOf = (decoder: Device | null): Pick<RegionEvent, "decoder" | "serial"> => (decoder === null ? { decoder: "", serial: 0n } : { decoder: decoder.name, serial: memdevOf(endpointPart(decoder).memdev).serial });

/** @param why a text, or what was thrown */
export function noteRegion(kernel: Kernel, kind: RegionEventKind, region: Device, decoder: Device | null, why: string | SystemError = ""): void {
  const resource = regionOf(region).resource;
  if (resource === null) return;
  const text = why instanceof SystemError ? `${why.message.replace(`${region.name}: `, "")}: -${why.number}` : why;
  state(kernel).events.push({ kind, at: kernel.platform.clock.now, region: region.name, start: resource.start, end: resource.end, ...memberOf(decoder), why: text });
}

export function noteUnplaced(kernel: Kernel, decoder: Device, error: SystemError): void {
  const { start, size } = decoderOf(decoder);
  state(kernel).events.push({ kind: "unplaced", at: kernel.platform.clock.now, region: "", start, end: start + size - 1n, ...memberOf(decoder), why: `${error.message.replace(`${decoder.name}: `, "")}: -${error.number}` });
}
