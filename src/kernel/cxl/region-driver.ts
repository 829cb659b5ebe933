// Driver cxl_region: a committed region gets its dax_region device, or its pmem_region one (region-assembly 6.5).

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import { targetNode } from "../mm/node.ts";
import type { Device, DeviceType, Driver } from "../base/device.ts";
import { addDevice, attach, manage, removeDevice } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import { failStep } from "../base/steps.ts";
import { intersecting, iomem, resourceSize } from "../resource/resource.ts";
import { identity } from "./format.ts";
import { addPmemRegion } from "./nvdimm.ts";
import { watchFirstMemory } from "./region-performance.ts";
import { reportingTrouble } from "./trouble.ts";
import { cxlBus, isRegion, regionOf, regionStates } from "./types.ts";

/** What the dax driver finds on a `dax_regionN` device. */
export interface DaxRegionData {
  readonly range: { readonly start: bigint; readonly size: bigint };
  readonly id: number;
  readonly targetNode: number;
}

export const daxRegionType: DeviceType = { name: "cxl_dax_region", attributes: identity("cxl_dax_region", 8) };

const removeDaxRegion = task("cxl_region.removeDaxRegion", function* (kernel: Kernel, region: Device): Task<void> {
  const bridge = region.children.find((child) => child.type === daxRegionType);
  if (bridge !== undefined) yield* removeDevice(kernel, bridge);
});

const probe = task("cxl_region.probe", function* (kernel: Kernel, region: Device): Task<void> {
  const record = regionOf(region);
  if (record.state < regionStates.commit || record.resource === null) {
    printk(kernel, "debug", `cxl_region ${region.name}: config state: ${record.state}`);
    throw new SystemError("ENXIO", `${region.name} is not committed`);
  }
  failStep(kernel, "region.probe", region.name);
  watchFirstMemory(kernel, region);
  if (record.mode === "pmem") return yield* addPmemRegion(kernel, region);
  const { start, end } = record.resource;
  if (["System RAM", "System RAM (kmem)"].some((name) => intersecting(iomem(kernel), name, start, end).length > 0)) return;
  failStep(kernel, "region.daxRegion", region.name);
  const data: DaxRegionData = { range: { start, size: resourceSize(record.resource) }, id: record.id, targetNode: targetNode(kernel, start) };
  const bridge = addDevice(kernel, { name: `dax_region${record.id}`, bus: cxlBus, type: daxRegionType, parent: region, data });
  printk(kernel, "debug", `cxl_region ${region.name}: ${region.name}: register ${bridge.name}`);
  manage(region, "dax_region", removeDaxRegion);
  yield* attach(kernel, bridge);
});

/** Every region is tried when it is made; only that of firmware's which is complete and fails all the same is trouble (S50). */
export const regionDriver: Driver = reportingTrouble({
  name: "cxl_region", bus: cxlBus, match: (_kernel, device) => isRegion(device), probe,
  remove: task("cxl_region.remove", function* (): Task<void> {}),
}, (_kernel, region) => regionOf(region).isAuto && regionOf(region).state >= regionStates.commit);
