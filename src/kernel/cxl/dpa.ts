// Device physical address space of a memdev: reservations in decoder id order (region-assembly 4.4, 7.5). The volatile partition lies at DPA 0, the
// persistent one behind it.

import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import { failStep } from "../base/steps.ts";
import type { PartitionMode } from "./types.ts";
import { resetCommitted } from "./firmware-decoders.ts";
import { decoderOf, endpointPart, granule, memdevOf, portOf } from "./types.ts";

/** First DPA after every reservation of the endpoint. */
function freeStart(port: Device): bigint {
  return portOf(port).decoders.reduce((end, decoder) => {
    const { dpa } = endpointPart(decoder);
    return dpa !== null && dpa.start + dpa.size > end ? dpa.start + dpa.size : end;
  }, 0n);
}

/** First and last DPA + 1 of a partition. */
function partitionOf(memdev: Device, partition: PartitionMode): { readonly start: bigint; readonly end: bigint } {
  const { ram, pmem } = memdevOf(memdev).state.capacity;
  return partition === "ram" ? { start: 0n, end: ram } : { start: ram, end: ram + pmem };
}

/** Records a reservation at enumeration or allocation. @throws SystemError EBUSY out of id order, or beyond the capacity */
export function reserveDpa(device: Device, start: bigint, size: bigint, skip: bigint): void {
  const decoder = decoderOf(device);
  const part = endpointPart(device);
  const port = portOf(decoder.port);
  if (port.dpaEnd + 1 !== decoder.id) throw new SystemError("EBUSY", `${device.name}: DPA is reserved in order of decoder ids; decoder${port.id}.${port.dpaEnd + 1} is next`);
  if (start + size > partitionOf(part.memdev, "pmem").end) throw new SystemError("EBUSY", `${device.name}: DPA ${start}+${size} lies beyond the device`);
  part.dpa = { start, size, skip };
  const ramEnd = partitionOf(part.memdev, "ram").end;
  // Over the border of the partitions it belongs to none, and no region takes it (region-assembly 4.4).
  part.mode = start + size <= ramEnd ? "ram" : start >= ramEnd ? "pmem" : "none";
  port.dpaEnd = decoder.id;
}

/** Gives a decoder's reservation back. @throws SystemError EBUSY attached, enabled, or not the highest of its endpoint */
export function freeDpa(kernel: Kernel, device: Device): void {
  const decoder = decoderOf(device);
  const part = endpointPart(device);
  if (part.dpa === null) return;
  if (decoder.region !== null) throw new SystemError("EBUSY", `${device.name}: attached to ${decoder.region.name}`);
  if (decoder.isEnabled) {
    printk(kernel, "debug", `cxl ${device.name}: decoder enabled`);
    throw new SystemError("EBUSY", `${device.name}: enabled`);
  }
  // Reset by hand, and in its slot still (POL-UNWIND `full`).
  if (part.stagedIn !== null) throw new SystemError("EBUSY", `${device.name}: a target of ${part.stagedIn.name}`);
  const port = portOf(decoder.port);
  if (port.dpaEnd !== decoder.id) throw new SystemError("EBUSY", `${device.name}: decoder${port.id}.${port.dpaEnd} holds DPA above`);
  part.dpa = null;
  port.dpaEnd--;
}

/** POL-UNWIND `full`: firmware committed it, it is in no region, and nothing above holds memory: giving the memory back ends the decode first. */
function isLeftByFirmware(kernel: Kernel, device: Device): boolean {
  const { isEnabled, region, port, id } = decoderOf(device);
  return kernel.policy.assembly.unwind === "full" && isEnabled && region === null && endpointPart(device).stagedIn === null && portOf(port).dpaEnd === id;
}

/** Store of `dpa_size`: frees, then allocates. The caller holds the region lock. @throws SystemError EINVAL, EBUSY, ENOSPC by the table of 7.5 */
export function setDpaSize(kernel: Kernel, device: Device, size: bigint): void {
  if (size % granule !== 0n) throw new SystemError("EINVAL", `${device.name}: ${size} is no multiple of 256 MiB`);
  if (size === 0n && isLeftByFirmware(kernel, device)) resetCommitted(kernel, [device]);
  freeDpa(kernel, device);
  if (size === 0n) return;
  const decoder = decoderOf(device);
  const part = endpointPart(device);
  if (decoder.region !== null || decoder.isEnabled) throw new SystemError("EBUSY", `${device.name}: in use`);
  if (part.mode === "none") throw new SystemError("EBUSY", `${device.name}: no mode`);
  failStep(kernel, "dpa.alloc", device.name, part.memdev.name, memdevOf(part.memdev).pciDevice.name);
  const partition = partitionOf(part.memdev, part.mode);
  const free = freeStart(decoder.port);
  const start = free > partition.start ? free : partition.start;
  if (start + size > partition.end) {
    printk(kernel, "debug", `cxl decoder${portOf(decoder.port).id}.${decoder.id}: ${size} exceeds available ${part.mode} capacity: ${partition.end - start}`);
    throw new SystemError("ENOSPC", `${device.name}: ${size} bytes are more than is free`);
  }
  // What lies free below the partition is skipped for good (7.5).
  reserveDpa(device, start, size, start - free);
}

/** Store of `mode`. @throws SystemError EINVAL not a partition; EBUSY enabled; ENXIO no capacity */
export function setMode(device: Device, text: string): void {
  const part = endpointPart(device);
  if (text !== "ram" && text !== "pmem") throw new SystemError("EINVAL", `${device.name}: mode "${text}"`);
  if (decoderOf(device).isEnabled) throw new SystemError("EBUSY", `${device.name}: enabled`);
  const { start, end } = partitionOf(part.memdev, text);
  if (text === "pmem" && start === end) throw new SystemError("EINVAL", `${device.name}: no pmem partition`);
  if (start === end) throw new SystemError("ENXIO", `${device.name}: no volatile capacity`);
  part.mode = text;
}
