// Driver kmem: a dax device as System RAM (dax-memory section 5). Unbinding never takes memory offline: what is online stays, with its ranges.

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device, Driver } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import { failStep, stepFault } from "../base/steps.ts";
import type { FileRange } from "../mm/mapping.ts";
import { fileSize } from "../mm/mapping.ts";
import { addMemory, removeMemory } from "../mm/memory-block.ts";
import { autoOnlineType, hotplug } from "../mm/memory-state.ts";
import { releaseResource, removeResource, requestRegion } from "../resource/resource.ts";
import type { Added } from "./kmem-state.ts";
import { addedAs, kmemAttributes, kmemRecords, kmemResourceName } from "./kmem-state.ts";
import type { Span } from "./layout.ts";
import { matchesDax } from "./match.ts";
import { daxBus, daxDeviceOf } from "./types.ts";

/** The whole memory blocks inside a range, or undefined when there are none (dax_kmem_range). */
export function trimToBlocks(range: FileRange, blockSize: bigint): Span | undefined {
  const start = ((range.start + blockSize - 1n) / blockSize) * blockSize;
  const end = ((range.start + range.size) / blockSize) * blockSize;
  return start < end ? { start, end } : undefined;
}

const show = (index: number, span: Span): string => `mapping${index}: 0x${span.start.toString(16)}-0x${(span.end - 1n).toString(16)}`;

/** Bytes in binary units with three digits, as string_get_size prints them. */
export function formatBytes(bytes: bigint): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"] as const;
  let unit = 0;
  let value = Number(bytes);
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  const decimals = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(decimals)} ${units[unit]}`;
}

/** Ranges that hold whole blocks. @throws SystemError EINVAL none does */
function usableSpans(kernel: Kernel, device: Device): Map<number, Span> {
  const warn = (text: string): void => printk(kernel, "warn", `kmem ${device.name}: ${text}`);
  const { ranges } = daxDeviceOf(device);
  const spans = new Map<number, Span>();
  for (const [index, range] of ranges.entries()) {
    const span = trimToBlocks(range, hotplug(kernel).blockSize);
    if (span !== undefined) spans.set(index, span);
    else printk(kernel, "info", `kmem ${device.name}: ${show(index, { start: range.start, end: range.start + range.size })} too small after alignment`);
  }
  const left = [...spans.values()].reduce((sum, span) => sum + span.end - span.start, 0n);
  if (left === 0n) {
    warn("rejecting DAX region without any memory after alignment");
    throw new SystemError("EINVAL", `${device.name}: no whole memory block`);
  }
  const lost = fileSize(daxDeviceOf(device)) - left;
  if (lost > 0n) warn(`DAX region truncated by ${formatBytes(lost)} due to alignment`);
  return spans;
}

/** Reserves one range and adds its memory. @throws SystemError EBUSY the range is taken; what adding memory throws */
function addSpan(kernel: Kernel, device: Device, index: number, span: Span): Added {
  const size = span.end - span.start;
  const errno = stepFault(kernel, "kmem.reserve", device.name);
  const resource = errno === undefined ? requestRegion(kernel, span.start, size, device.name) : undefined;
  if (resource === undefined) {
    printk(kernel, "warn", `kmem ${device.name}: ${show(index, span)} could not reserve region`);
    throw new SystemError(errno ?? "EBUSY", `${device.name}: could not reserve region`);
  }
  // A container from now on: the memory's own line goes inside.
  resource.isBusy = false;
  try {
    failStep(kernel, "kmem.add", device.name);
    addMemory(kernel, daxDeviceOf(device).region.targetNode, span.start, size, kmemResourceName, addedAs(device));
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    printk(kernel, "warn", `kmem ${device.name}: ${show(index, span)} memory add failed`);
    releaseResource(resource);
    throw thrown;
  }
  return { index, span, resource };
}

const probe = task("kmem.probe", function* (kernel: Kernel, device: Device): Task<void> {
  const record = daxDeviceOf(device);
  if (fileSize(record) === 0n) throw new SystemError("ENXIO", `${device.name} has no memory`);
  if (record.region.targetNode < 0) {
    printk(kernel, "warn", `kmem ${device.name}: rejecting DAX region with invalid node: ${record.region.targetNode}`);
    throw new SystemError("EINVAL", `${device.name}: no target node`);
  }
  const added: Added[] = [];
  for (const [index, span] of usableSpans(kernel, device)) {
    try {
      added.push(addSpan(kernel, device, index, span));
    } catch (thrown) {
      // Memory that was added may be in use already: it cannot be taken back, so the rest is left out.
      if (!(thrown instanceof SystemError) || added.length === 0) throw thrown;
    }
  }
  kmemRecords(kernel).set(device.id, { added, mode: autoOnlineType(kernel) });
  if (record.region.seed === device) record.region.seed = null;
});

const remove = task("kmem.remove", function* (kernel: Kernel, device: Device): Task<void> {
  for (const { index, span, resource } of kmemRecords(kernel).get(device.id)?.added ?? []) {
    try {
      removeMemory(kernel, span.start, span.end - span.start);
      removeResource(resource);
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      if (kernel.policy.version === "7.3") printk(kernel, "warn", `kmem ${device.name}: ${show(index, span)} stuck online until reboot`);
      else printk(kernel, "err", `kmem ${device.name}: ${show(index, span)} cannot be hotremoved until the next reboot`);
    }
  }
  kmemRecords(kernel).delete(device.id);
});

export const kmemDriver: Driver = { name: "kmem", bus: daxBus, match: (kernel, device) => matchesDax(kernel, "kmem", device), probe, remove, attributes: kmemAttributes };
