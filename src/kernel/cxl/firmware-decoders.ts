// Decoders that firmware committed, taken out of decode for members of a region that failed, or of none: the endpoints' own, and those of the ports
// above that lead to nobody else (policies POL-ASM=unregister-b and POL-UNWIND=full; Linux has no such path).

import { busDevices } from "../base/device.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import { loseBacking } from "../mm/backing.ts";
import { checkReset } from "../resource/decode-hold.ts";
import { resetDecoder } from "./hdm.ts";
import { readRange } from "./registers.ts";
import { cxlBus, decoderOf, isDecoder, isPort, portOf, portsUpwards } from "./types.ts";

interface Range {
  readonly start: bigint;
  readonly size: bigint;
}

const allOnes = 0xffff_ffff_ffff_ffffn;

/** What an enabled decoder decodes: as on record, or, where the record was cleared with the region (7.6), as its registers say. */
function rangeOf(device: Device): Range {
  const { id, port, start, size } = decoderOf(device);
  const { hdm } = portOf(port);
  if (size > 0n || hdm === null) return { start, size };
  const found = readRange(hdm, id);
  return found.base === allOnes ? { start: 0n, size: 0n } : { start: found.base, size: found.size };
}

const overlaps = (a: Range, b: Range): boolean => a.start < b.start + b.size && b.start < a.start + a.size;

/** Decoders of ports over any of these addresses that no endpoint decoder below goes on to decode; host bridges first. */
function portDecoders(kernel: Kernel, ranges: readonly Range[], leaving: readonly Device[]): Device[] {
  const devices = busDevices(kernel, cxlBus);
  const staying = devices.filter((device) => isDecoder(device) && decoderOf(device).kind === "endpoint" && decoderOf(device).isEnabled && !leaving.includes(device));
  const ports = devices.filter((device) => isPort(device) && portOf(device).kind === "switch").toSorted((a, b) => portOf(a).depth - portOf(b).depth);
  return ports.flatMap((port) => portOf(port).decoders.toReversed().filter((device) => {
    if (!decoderOf(device).isEnabled) return false;
    const own = rangeOf(device);
    const isNeeded = staying.some((endpoint) => portsUpwards(decoderOf(endpoint).port).includes(port) && overlaps(rangeOf(endpoint), own));
    return !isNeeded && ranges.some((range) => overlaps(range, own));
  }));
}

/** A decoder with a higher number on the same port that stays committed: commits end in reverse order (7.3). */
function laterOf(device: Device, going: readonly Device[]): Device | undefined {
  const { id, port } = decoderOf(device);
  return portOf(port).decoders.find((other) => decoderOf(other).id > id && decoderOf(other).isEnabled && !going.includes(other));
}

/**
 * Resets the endpoint decoders, which come highest position first, and the ports' decoders above them that nobody else needs. Locked ones stay. The
 * caller holds the region lock. `byPolicy`: not a user's wish, so that nothing is in the way.
 * @throws SystemError EBUSY a decoder that was committed later is in the way, or hmem uses the addresses and policy denies it; nothing was reset
 */
export function resetCommitted(kernel: Kernel, members: readonly Device[], byPolicy = false): void {
  const leaving = members.filter((device) => decoderOf(device).isEnabled);
  const ranges = leaving.map(rangeOf);
  const going = [...portDecoders(kernel, ranges, leaving), ...leaving];
  for (const { start, size } of byPolicy ? [] : ranges) checkReset(kernel, { start, end: start + size - 1n });
  for (const device of byPolicy ? [] : going) {
    const later = laterOf(device, going);
    if (later === undefined) continue;
    printk(kernel, "debug", `cxl ${device.name}: ${later.name} was committed later`);
    throw new SystemError("EBUSY", `${device.name}: ${later.name} was committed later`);
  }
  for (const { start, size } of ranges) kernel.platform.invalidateCaches(start, size);
  for (const device of going) {
    resetDecoder(kernel, device);
    const decoder = decoderOf(device);
    // A member keeps its range until its region lets it go.
    if (decoder.isEnabled || decoder.endpoint?.stagedIn != null || (decoder.kind === "endpoint" && decoder.region !== null)) continue;
    decoder.start = 0n;
    decoder.size = 0n;
  }
  for (const { start, size } of ranges) loseBacking(kernel, start, size);
}
