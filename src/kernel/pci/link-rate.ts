// Speed and width of links as their status registers show them (PCIe 7.5.3.8), and what follows for bandwidth and latency (pcie_bandwidth_available,
// cxl_pci_get_bandwidth, cxl_pci_get_latency).

import { linkSpeeds } from "../../../registers/pcie.ts";
import type { Device } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { addressOf, findCapability, isPciDevice } from "./device.ts";
import { capabilityIds, pcieOf } from "./registers.ts";

const bitsPerByte = 8;
/** Bytes of a flit, with and without flit mode (CXL 3.2 4.2.1). */
const flitBytes = { flitMode: 256, standard: 68 } as const;
const picosecondsPerMicrosecond = 1_000_000;

type Speed = (typeof linkSpeeds)[keyof typeof linkSpeeds];

/** The link above a function, or below a port; undefined: it is down, or its speed has no meaning. */
function linkOf(kernel: Kernel, device: Device): { readonly speed: Speed; readonly width: number; readonly isFlitMode: boolean } | undefined {
  const at = findCapability(kernel, device, capabilityIds.pcie);
  if (at === undefined) return undefined;
  const { linkStatus, linkStatus2 } = pcieOf(kernel, addressOf(device), at);
  const { speed, width } = linkStatus.read();
  const known = Object.hasOwn(linkSpeeds, speed) ? linkSpeeds[speed as keyof typeof linkSpeeds] : undefined;
  return known === undefined ? undefined : { speed: known, width, isFlitMode: linkStatus2.get("flitMode") === 1 };
}

/** Raw MB/s of a function's link, coding not taken off; undefined: it has no speed. */
export function linkBandwidth(kernel: Kernel, device: Device): number | undefined {
  const link = linkOf(kernel, device);
  return link === undefined ? undefined : Math.floor(link.speed.rate / bitsPerByte) * link.width;
}

/** Picoseconds that a flit takes on one lane of a port's link; 0: it has no speed. */
export function flitLatency(kernel: Kernel, port: Device): number {
  const link = linkOf(kernel, port);
  if (link === undefined) return 0;
  return Math.floor(((link.isFlitMode ? flitBytes.flitMode : flitBytes.standard) * picosecondsPerMicrosecond) / Math.floor(link.speed.rate / bitsPerByte));
}

/** MB/s of the narrowest link between a function and its root port, less the coding; 0: one has no speed. */
export function availableBandwidth(kernel: Kernel, device: Device): number {
  let narrowest = Infinity;
  for (let at: Device | null = device; at !== null && isPciDevice(at); at = at.parent) {
    const link = linkOf(kernel, at);
    narrowest = Math.min(narrowest, link === undefined ? 0 : Math.floor((link.speed.rate * link.speed.data) / link.speed.coded) * link.width);
  }
  return Number.isFinite(narrowest) ? Math.floor(narrowest / bitsPerByte) : 0;
}
