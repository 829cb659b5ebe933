// Dax regions: exclusive ownership through the global "DAX Regions" resource, creation and deletion of dax devices (S27, dax-memory section 2).

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { addDevice, manage, removeDevice } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState, mark, printk } from "../base/kernel.ts";
import { failStep } from "../base/steps.ts";
import type { FileRange } from "../mm/mapping.ts";
import { fileSize } from "../mm/mapping.ts";
import type { Span } from "./layout.ts";
import { freeSpans, grow, shrink, spanOf, totalOf } from "./layout.ts";
import type { DaxDevice, DaxRegion } from "./types.ts";
import { daxBus, daxDeviceOf } from "./types.ts";
import { mappingType } from "./mapping-type.ts";

interface DaxState {
  /** The "DAX Regions" resource: no two regions overlap. */
  readonly regions: DaxRegion[];
  readonly byParent: Map<number, DaxRegion>;
  readonly minors: Set<number>;
}

const daxState = defineState("dax", (): DaxState => ({ regions: [], byParent: new Map(), minors: new Set() }));

export const daxRegions = (kernel: Kernel): readonly DaxRegion[] => daxState(kernel).regions;
/** The dax region whose parent is this device. */
export const daxRegionOf = (kernel: Kernel, parent: Device): DaxRegion | undefined => daxState(kernel).byParent.get(parent.id);

const hex = (value: bigint): string => `0x${value.toString(16)}`;
const regionSpan = (region: DaxRegion): Span => ({ start: region.start, end: region.start + region.size });

export type DaxRegionSpec = Pick<DaxRegion, "id" | "start" | "size" | "align" | "targetNode" | "prefersKmem" | "memmapOnMemory" | "deviceType">;

/**
 * Takes a range for dax, for as long as the parent's driver is bound.
 * @throws SystemError ENOMEM the range is taken, not aligned, or the parent has a region already
 */
export function allocDaxRegion(kernel: Kernel, parent: Device, spec: DaxRegionSpec): DaxRegion {
  const state = daxState(kernel);
  if (state.byParent.has(parent.id)) throw new SystemError("ENOMEM", `${parent.name} has a dax region already`);
  if (spec.start % spec.align !== 0n || spec.size % spec.align !== 0n) throw new SystemError("ENOMEM", `${parent.name}: range is not a multiple of ${spec.align}`);
  failStep(kernel, "dax.region", parent.name);
  const region: DaxRegion = { ...spec, parent, devices: [], nextInstance: 0, seed: null, youngest: null };
  const conflict = kernel.policy.isDaxExclusive && state.regions.some((other) => other.start < spec.start + spec.size && spec.start < other.start + other.size);
  if (conflict) {
    printk(kernel, "err", `${parent.type.name} ${parent.name}: dax_region resource conflict for [mem ${hex(spec.start)}-${hex(spec.start + spec.size - 1n)}]`);
    throw new SystemError("ENOMEM", `${parent.name}: dax_region resource conflict`);
  }
  state.regions.push(region);
  state.byParent.set(parent.id, region);
  manage(parent, "dax_region", releaseRegionOf);
  return region;
}

const releaseRegionOf = task("releaseDaxRegion", function* (kernel: Kernel, parent: Device): Task<void> {
  const state = daxState(kernel);
  const region = state.byParent.get(parent.id);
  if (region === undefined) return;
  state.byParent.delete(parent.id);
  state.regions.splice(state.regions.indexOf(region), 1);
  mark(kernel, `dax region ${region.id} released`);
});

/** Bytes of the region that no dax device has. */
export const availableSize = (region: DaxRegion): bigint => totalOf(freeOf(region));

function freeOf(region: DaxRegion): Span[] {
  return freeSpans(regionSpan(region), region.devices.flatMap((device) => daxDeviceOf(device).ranges.map(spanOf)));
}

function takeMinor(kernel: Kernel): number {
  const minors = daxState(kernel).minors;
  let minor = 0;
  while (minors.has(minor)) minor++;
  minors.add(minor);
  return minor;
}

/** Adds a dax device of `size` bytes; probing it is the caller's next step. @throws SystemError ENOSPC */
export const createDaxDevice = task("createDaxDevice", function* (kernel: Kernel, region: DaxRegion, size: bigint, memmapOnMemory: boolean): Task<Device> {
  if (availableSize(region) < size || (size === 0n && availableSize(region) === 0n)) throw new SystemError("ENOSPC", `dax region ${region.id}: ${availableSize(region)} bytes left`);
  failStep(kernel, "dax.device", region.parent.name);
  const instance = region.nextInstance++;
  const name = `dax${region.id}.${instance}`;
  const record: DaxDevice = { name, region, instance, minor: takeMinor(kernel), ranges: [], align: region.align, isAlive: false, isFileSystem: false, memmapOnMemory };
  const device = addDevice(kernel, { name, bus: daxBus, type: region.deviceType, parent: region.parent, data: record });
  region.devices.push(device);
  region.seed ??= device;
  region.youngest = device;
  if (size > 0n) yield* setRanges(kernel, device, grow([], freeOf(region), size) ?? [], true);
  manage(region.parent, name, (inner) => unregisterDaxDevice(inner, device));
  return device;
});

const unregisterDaxDevice = task("unregisterDaxDevice", function* (kernel: Kernel, device: Device): Task<void> {
  const record = daxDeviceOf(device);
  for (const index of [...record.ranges.keys()].toReversed()) printk(kernel, "debug", ` mapping${index}: unregister_dax_mapping`);
  printk(kernel, "debug", `${device.driver?.name ?? "dax"} ${device.name}: unregister_dev_dax`);
  yield* removeDevice(kernel, device);
  yield* setRanges(kernel, device, [], false);
  daxState(kernel).minors.delete(record.minor);
  const devices = record.region.devices;
  devices.splice(devices.indexOf(device), 1);
  if (record.region.seed === device) record.region.seed = null;
  if (record.region.youngest === device) record.region.youngest = null;
});

const logRange = (kernel: Kernel, device: Device, verb: string, index: number, range: FileRange): void =>
  printk(kernel, "debug", `dax ${device.name}: ${verb} range[${index}]: ${hex(range.start)}:${hex(range.start + range.size - 1n)}`);

/** One range of a device that has none yet has no bus to be named after in the log. */
function logAllocation(kernel: Kernel, device: Device, isNew: boolean, index: number, range: FileRange): void {
  const address = (value: bigint): string => `0x${value.toString(16).padStart(16, "0")}`;
  printk(kernel, "debug", `${isNew ? "" : "dax"} ${device.name}: alloc range[${index}]: ${address(range.start)}:${address(range.start + range.size - 1n)}`);
}

const dropMapping = task("dropDaxMapping", function* (kernel: Kernel, device: Device, index: number): Task<void> {
  const child = device.children.find((candidate) => candidate.type === mappingType && candidate.name === `mapping${index}`);
  if (child !== undefined) yield* removeDevice(kernel, child);
});

/** Gives the device its ranges and makes one `mappingN` per range; those that stay as they are keep theirs. */
const setRanges = task("setDaxRanges", function* (kernel: Kernel, device: Device, ranges: readonly FileRange[], isNew: boolean): Task<void> {
  const record = daxDeviceOf(device);
  const before = record.ranges.slice();
  for (const [index, old] of [...before.entries()].toReversed()) {
    if (ranges[index] !== undefined) continue;
    if (!device.isDead) printk(kernel, "debug", ` mapping${index}: unregister_dax_mapping`);
    yield* dropMapping(kernel, device, index);
    logRange(kernel, device, "delete", index, old);
  }
  record.ranges.splice(0, record.ranges.length, ...ranges);
  if (device.isDead) return;
  for (const [index, range] of ranges.entries()) {
    const old = before[index];
    if (old !== undefined && old.start === range.start && old.size === range.size) continue;
    if (old === undefined) logAllocation(kernel, device, isNew, index, range);
    else logRange(kernel, device, range.size < old.size ? "shrink" : "extend", index, range);
    yield* dropMapping(kernel, device, index);
    addDevice(kernel, { name: `mapping${index}`, bus: null, type: mappingType, parent: device, data: range });
  }
});

/** Store of `size`. @throws SystemError EBUSY bound; EINVAL misaligned; ENOSPC */
export const resizeDaxDevice = task("resizeDaxDevice", function* (kernel: Kernel, device: Device, size: bigint): Task<void> {
  const record = daxDeviceOf(device);
  if (size % record.align !== 0n) throw new SystemError("EINVAL", `${device.name}: size ${size} is not a multiple of ${record.align}`);
  if (device.driver !== null) throw new SystemError("EBUSY", `${device.name} is bound to ${device.driver.name}`);
  if (device.isDead || record.region.parent.driver === null) throw new SystemError("ENXIO", `${device.name}: the region is going away`);
  const current = fileSize(record);
  if (size === current) return;
  const ranges = size < current ? shrink(record.ranges, size) : grow(record.ranges, freeOf(record.region), size - current);
  if (ranges === undefined) throw new SystemError("ENOSPC", `${device.name}: ${availableSize(record.region)} bytes left, ${size - current} asked`);
  yield* setRanges(kernel, device, ranges, false);
});

/**
 * Store of `mapping`: one more range, at a place of the user's choice.
 * @throws SystemError ENXIO not a multiple of the alignment, or the region is going away; ENOMEM not free
 */
export const addDaxMapping = task("addDaxMapping", function* (kernel: Kernel, device: Device, start: bigint, size: bigint): Task<void> {
  const record = daxDeviceOf(device);
  if (device.isDead || record.region.parent.driver === null || size % record.align !== 0n) throw new SystemError("ENXIO", `${device.name}: size ${size} is not a multiple of ${record.align}`);
  if (!freeOf(record.region).some((span) => span.start <= start && start + size <= span.end)) throw new SystemError("ENOMEM", `${device.name}: the range is not free`);
  yield* setRanges(kernel, device, [...record.ranges, { start, size, fileOffset: fileSize(record) }], false);
});

/** Store of `delete` with a name. @throws SystemError ENXIO unknown; EBUSY bound, not empty, or instance 0 */
export const deleteDaxDevice = task("deleteDaxDevice", function* (kernel: Kernel, region: DaxRegion, name: string): Task<void> {
  const device = region.devices.find((candidate) => candidate.name === name);
  if (device === undefined) throw new SystemError("ENXIO", `dax region ${region.id} has no ${name}`);
  const record = daxDeviceOf(device);
  if (device.driver !== null || fileSize(record) > 0n || record.instance === 0) throw new SystemError("EBUSY", `${name} is bound, not empty, or the first of its region`);
  const managed = region.parent.managed;
  managed.splice(managed.findIndex((action) => action.name === name), 1);
  yield* unregisterDaxDevice(kernel, device);
});

/** Store of `align`. @throws SystemError EBUSY bound; EINVAL not a page size or ranges do not fit it */
export function setAlign(device: Device, align: bigint): void {
  const record = daxDeviceOf(device);
  if (device.driver !== null) throw new SystemError("EBUSY", `${device.name} is bound to ${device.driver.name}`);
  const fits = record.ranges.every((range) => range.start % align === 0n && range.size % align === 0n);
  if (!fits) throw new SystemError("EINVAL", `${device.name}: ranges are not multiples of ${align}`);
  record.align = align;
}
