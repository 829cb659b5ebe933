// Memory that hmem has and a port leads to, as far as CXL's decoders above the port say: no region stands for it, so that it can be revoked and given
// up, and nobody can make it again: firmware decoded it, and the endpoint's decoders went with the link (INFERRED).

import type { Device } from "../base/device.ts";
import { busDevices } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { platformBus } from "../base/platform-bus.ts";
import type { Dport } from "../cxl/types.ts";
import { cxlBus, decoderOf, dportOfDevice, dportTowards, isDecoder, portOf } from "../cxl/types.ts";
import { daxRegionOf } from "../dax/region.ts";

interface Span {
  readonly start: bigint;
  readonly size: bigint;
}

/** Ranges that a dport's own port routes to it: its decoders', or, where it has none, the windows of its host bridge. */
function routedTo(kernel: Kernel, dport: Dport): Span[] {
  const { decoders, parentDport } = portOf(dport.port);
  if (decoders.some((decoder) => !decoderOf(decoder).isPassThrough)) return decoders.map(decoderOf).filter(({ isEnabled, size, targets }) => isEnabled && size > 0n && targets.includes(dport));
  const above = parentDport ?? dportTowards(dport.port, dport.port);
  return busDevices(kernel, cxlBus).filter(isDecoder).map(decoderOf).filter(({ kind, targets }) => kind === "root" && above !== undefined && targets.includes(above));
}

/** Devices of driver hmem over memory below a port. Where CXL has no object for the port, nothing is known. */
export function hmemBelow(kernel: Kernel, port: Device): Device[] {
  const dport = dportOfDevice(kernel, port);
  if (dport === undefined) return [];
  const spans = routedTo(kernel, dport);
  return busDevices(kernel, platformBus).filter((device) => {
    const range = device.driver?.name === "hmem" ? daxRegionOf(kernel, device) : undefined;
    return range !== undefined && spans.some(({ start, size }) => start < range.start + range.size && range.start < start + size);
  });
}
