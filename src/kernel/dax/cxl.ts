// Driver cxl_dax_region: gives a cxl region's memory to dax, one device over the whole of it (dax-memory section 1).

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device, Driver } from "../base/device.ts";
import { attach, registerDriver } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { daxDeviceType, daxRegionAttributes } from "./attributes.ts";
import { deviceDaxDriver } from "./device-dax.ts";
import { kmemDriver } from "./kmem.ts";
import { allocDaxRegion, createDaxDevice } from "./region.ts";
import type { DaxRegionParent } from "./types.ts";
import { daxRegionTypeName, hugePageSize } from "./types.ts";

const probe = task("cxl_dax_region.probe", function* (kernel: Kernel, parent: Device): Task<void> {
  const data = parent.data as DaxRegionParent;
  const region = allocDaxRegion(kernel, parent, { id: data.id, start: data.range.start, size: data.range.size, align: hugePageSize, targetNode: data.targetNode, prefersKmem: true, memmapOnMemory: true, deviceType: daxDeviceType });
  const device = yield* createDaxDevice(kernel, region, region.size, region.memmapOnMemory);
  yield* attach(kernel, device);
});

export const cxlDaxRegionDriver: Driver = {
  name: "cxl_dax_region",
  bus: "cxl",
  match: (_kernel, device) => device.type.name === daxRegionTypeName,
  attributes: daxRegionAttributes,
  probe,
  remove: task("cxl_dax_region.remove", function* (): Task<void> {}),
};

/** Registers dax's drivers, before the cxl devices are probed; at boot the one of cxl's dax regions is left to hmem, which comes after (hmem.ts). */
export function registerDaxDrivers(kernel: Kernel, isBooting = false): void {
  registerDriver(kernel, deviceDaxDriver);
  registerDriver(kernel, kmemDriver);
  if (!isBooting) registerDriver(kernel, cxlDaxRegionDriver);
}
