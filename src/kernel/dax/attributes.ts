// Sysfs attributes of dax devices, their mappings and dax regions, as captured from a running kernel (dax-memory section 2).

import { task } from "../../sim/task.ts";
import type { Task } from "../../sim/task.ts";
import type { Attribute, Device, DeviceType } from "../base/device.ts";
import { attach, findDevice } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import { platformBus } from "../base/platform-bus.ts";
import type { Kernel } from "../base/kernel.ts";
import { parseBoolean, parseSigned, parseUnsigned, parseWord } from "../base/parse.ts";
import { fileSize } from "../mm/mapping.ts";
import { addDaxMapping, availableSize, createDaxDevice, daxRegionOf, deleteDaxDevice, resizeDaxDevice, setAlign } from "./region.ts";
import type { DaxRegion } from "./types.ts";
import { daxDeviceOf, deviceMajor, gigaPageSize, hugePageSize, pageSize } from "./types.ts";

const line = (value: bigint | number | string): string => `${value}\n`;
const hexLine = (value: bigint): string => `0x${value.toString(16)}\n`;

const storeSize = task("store:size", function* (kernel: Kernel, device: Device, text: string): Task<void> {
  yield* resizeDaxDevice(kernel, device, parseUnsigned(text));
});

const storeMapping = task("store:mapping", function* (kernel: Kernel, device: Device, text: string): Task<void> {
  const [first = "", ...rest] = parseWord(text).split("-");
  const start = parseUnsigned(first, 64, 16);
  const size = parseUnsigned(rest.join("-"), 64, 16) - start + 1n;
  if (size <= 0n) throw new SystemError("EINVAL", `${first} ends before it begins`);
  yield* addDaxMapping(kernel, device, start, size);
});

const storeAlign = task("store:align", function* (_kernel: Kernel, device: Device, text: string): Task<void> {
  const align = parseUnsigned(text);
  if (align !== pageSize && align !== hugePageSize && align !== gigaPageSize) throw new SystemError("EINVAL", `${device.name}: align ${align} is not a page size`);
  setAlign(device, align);
});

const storeMemmap = task("store:memmap_on_memory", function* (kernel: Kernel, device: Device, text: string): Task<void> {
  const wanted = parseBoolean(text);
  const record = daxDeviceOf(device);
  if (wanted && !kernel.settings.memmapOnMemory) throw new SystemError("EOPNOTSUPP", "memory_hotplug.memmap_on_memory is off");
  if (wanted !== record.memmapOnMemory && device.driver?.name === "kmem") throw new SystemError("EBUSY", `${device.name} is bound to kmem`);
  record.memmapOnMemory = wanted;
});

const firstStart = (device: Device): bigint => {
  const record = daxDeviceOf(device);
  return record.ranges[0]?.start ?? record.region.start;
};

export const daxDeviceType: DeviceType = {
  name: "dev_dax",
  attributes: [
    { name: "align", show: (_kernel, device) => line(daxDeviceOf(device).align), store: storeAlign },
    { name: "dev", show: (_kernel, device) => `${deviceMajor}:${daxDeviceOf(device).minor}\n` },
    { name: "mapping", store: storeMapping },
    { name: "memmap_on_memory", show: (_kernel, device) => line(daxDeviceOf(device).memmapOnMemory ? 1 : 0), store: storeMemmap },
    { name: "modalias", show: () => "dax:t0\n" },
    // An hmem device has the online node nearest to its memory, and its dax device inherits it; node 0 is the only one with memory at boot.
    { name: "numa_node", show: (_kernel, device) => line(device.parent?.bus === platformBus ? 0 : -1) },
    { name: "resource", show: (_kernel, device) => hexLine(firstStart(device)) },
    { name: "size", show: (_kernel, device) => line(fileSize(daxDeviceOf(device))), store: storeSize },
    { name: "target_node", show: (_kernel, device) => line(daxDeviceOf(device).region.targetNode) },
  ],
};

/** @throws SystemError ENXIO the region is gone */
function regionBehind(kernel: Kernel, device: Device): DaxRegion {
  const region = daxRegionOf(kernel, device);
  if (region === undefined) throw new SystemError("ENXIO", `${device.name} has no dax region`);
  return region;
}

const storeCreate = task("store:create", function* (kernel: Kernel, parent: Device, text: string): Task<void> {
  if (parseSigned(text) !== 1n) throw new SystemError("EINVAL", "create takes 1");
  const device = yield* createDaxDevice(kernel, regionBehind(kernel, parent), 0n, false);
  yield* attach(kernel, device);
});

const storeDelete = task("store:delete", function* (kernel: Kernel, parent: Device, text: string): Task<void> {
  yield* deleteDaxDevice(kernel, regionBehind(kernel, parent), parseWord(text));
});

const show = (read: (region: DaxRegion) => bigint | number | string): NonNullable<Attribute["show"]> => (kernel, device) => line(read(regionBehind(kernel, device)));
const visible: NonNullable<Attribute["visible"]> = (kernel, device) => daxRegionOf(kernel, device) !== undefined;

/** Files of the `dax_region` group below a region's parent, there while the region is. */
export const daxRegionAttributes: readonly Attribute[] = [
  { name: "dax_region/align", visible, show: show((region) => region.align) },
  { name: "dax_region/available_size", visible, show: show(availableSize) },
  { name: "dax_region/create", visible, show: show((region) => region.youngest?.name ?? ""), store: storeCreate },
  { name: "dax_region/delete", visible, store: storeDelete },
  { name: "dax_region/id", visible, show: show((region) => region.id) },
  { name: "dax_region/seed", visible, show: show((region) => region.seed?.name ?? "") },
  { name: "dax_region/size", visible, show: show((region) => region.size) },
];

/** A dax device by name. @throws SystemError ENODEV */
export function daxDeviceNamed(kernel: Kernel, name: string): Device {
  const device = findDevice(kernel, "dax", name);
  if (device === undefined) throw new SystemError("ENODEV", `no dax device ${name}`);
  return device;
}
