// The UUID of a region of persistent memory (region-assembly 7.1): set before its size, its alone, kept from the moment its targets are complete.

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Attribute, Device } from "../base/device.ts";
import { busDevices } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import { line } from "./format.ts";
import { lockRegionsForStore, unlockRegions } from "./lock.ts";
import { cxlBus, isRegion, regionOf, regionStates } from "./types.ts";

const nullUuid = "00000000-0000-0000-0000-000000000000";
const form = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function set(kernel: Kernel, region: Device, uuid: string): void {
  const record = regionOf(region);
  if (record.uuid === uuid) return;
  if (record.state >= regionStates.active) throw new SystemError("EBUSY", `${region.name}: its targets are complete`);
  const other = busDevices(kernel, cxlBus).find((device) => isRegion(device) && regionOf(device).uuid === uuid);
  if (other !== undefined) {
    printk(kernel, "debug", `cxl_region ${other.name}: already has uuid: ${uuid}`);
    throw new SystemError("EBUSY", `${other.name} has this UUID`);
  }
  record.uuid = uuid;
}

/** @throws SystemError EACCES the region is of volatile memory; EINVAL no UUID of 36 characters, or the null one; EBUSY too late, or another region has it */
const store = task("uuid.store", function* (kernel: Kernel, region: Device, text: string): Task<void> {
  if (regionOf(region).mode !== "pmem") throw new SystemError("EACCES", `${region.name}: volatile memory has no UUID`);
  const uuid = text.replace(/\n$/, "").toLowerCase();
  if (!form.test(uuid) || uuid === nullUuid) throw new SystemError("EINVAL", `"${text}" is no UUID`);
  yield* lockRegionsForStore(kernel);
  try {
    set(kernel, region, uuid);
  } finally {
    unlockRegions(kernel);
  }
});

/** There for every region; of volatile memory it is an empty line that cannot be written. */
export const uuidAttribute: Attribute = { ...line("uuid", (device) => (regionOf(device).mode === "pmem" ? regionOf(device).uuid || nullUuid : "")), store };
