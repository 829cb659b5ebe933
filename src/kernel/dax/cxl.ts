// Driver cxl_dax_region: gives a cxl region's memory to dax, one device over the whole of it (dax-memory section 1).

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device, Driver } from "../base/device.ts";
import { attach, introduceDriver, registerDriver } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { daxDeviceType, daxRegionAttributes } from "./attributes.ts";
import { flushDecision, isOwnershipDecided, queueDaxWork } from "./decision.ts";
import { deviceDaxDriver } from "./device-dax.ts";
import { fsdevDriver } from "./fsdev.ts";
import { kmemDriver } from "./kmem.ts";
import { allocDaxRegion, createDaxDevice } from "./region.ts";
import type { DaxRegionParent } from "./types.ts";
import { daxRegionTypeName, hugePageSize } from "./types.ts";

const probe = task("cxl_dax_region.probe", function* (kernel: Kernel, parent: Device): Task<void> {
  // The mode says who registers; nothing but the processing of a Soft Reserved range ever moves it (S29).
  if (kernel.policy.softReserved.owner === "mode-variable" && !isOwnershipDecided(kernel)) throw new SystemError("EPROBE_DEFER", `${parent.name}: ownership is not decided`);
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

/** Registers the drivers of dax devices, before anything is probed; the one of cxl's dax regions is left to module dax_cxl. */
export function registerDaxDrivers(kernel: Kernel): void {
  // kmem first: a name once told to device_dax does not keep a device of that name, made anew, from its type's driver (as captured).
  registerDriver(kernel, kmemDriver);
  registerDriver(kernel, deviceDaxDriver);
  // A module that nothing loads but somebody who wants a file system on such memory.
  if (kernel.policy.memoryUse === "fsdev") registerDriver(kernel, fsdevDriver);
}

const register = task("dax_cxl.register", function* (kernel: Kernel): Task<void> {
  yield* flushDecision(kernel);
  yield* introduceDriver(kernel, cxlDaxRegionDriver);
});

/** Start of module dax_cxl: its driver registers when hmem's work was flushed; what waits for it is probed then (region-assembly 9.4). */
export const startCxlDax = task("dax_cxl.start", function* (kernel: Kernel): Task<void> {
  queueDaxWork(kernel, "work:dax_cxl", register(kernel));
});
