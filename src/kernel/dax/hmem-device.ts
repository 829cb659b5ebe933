// Driver hmem: a range of Soft Reserved memory as a dax device, undecorated: nothing of CXL is its parent (region-assembly 9.2; S7, S39, S64).

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import { targetNode } from "../mm/node.ts";
import type { Device, DeviceType, Driver } from "../base/device.ts";
import { addDevice, attach, manage, removeDevice } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import { platformBus } from "../base/platform-bus.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import { stepFault } from "../base/steps.ts";
import { cxlState, freeId, takeId } from "../cxl/types.ts";
import { dropDecodeHold, holdDecode } from "../resource/decode-hold.ts";
import type { Resource } from "../resource/resource.ts";
import { createResource, describeResource, insertConflict, iomem, removeResource, resourceSize } from "../resource/resource.ts";
import { isSoftReserved, softReservedName } from "../resource/soft-reserved.ts";
import { daxDeviceType, daxRegionAttributes } from "./attributes.ts";
import { allocDaxRegion, createDaxDevice } from "./region.ts";
import { hugePageSize } from "./types.ts";

/** What one hmem device stands for. */
interface HmemRecord {
  readonly id: number;
  readonly range: Resource;
}

export const platformType: DeviceType = { name: "platform", attributes: [{ name: "modalias", show: (_kernel, device) => `platform:${device.name.split(".")[0] ?? ""}\n` }] };
const isHmem = (device: Device): boolean => device.name.startsWith("hmem.");

/** The range's line in /proc/iomem, while the driver has it (S39 `late`). */
function publish(kernel: Kernel, device: Device, range: Resource): void {
  const line = createResource(softReservedName, range.start, resourceSize(range));
  insertConflict(iomem(kernel), line);
  manage(device, "soft reserved", task("hmem.unpublish", function* (): Task<void> {
    removeResource(line);
  }));
}

const probe = task("hmem.probe", function* (kernel: Kernel, parent: Device): Task<void> {
  const { id, range } = parent.data as HmemRecord;
  if (kernel.policy.softReserved.publication === "late") publish(kernel, parent, range);
  const region = allocDaxRegion(kernel, parent, { id, start: range.start, size: resourceSize(range), align: hugePageSize, targetNode: targetNode(kernel, range.start), prefersKmem: true, memmapOnMemory: false, deviceType: daxDeviceType });
  holdDecode(kernel, range);
  manage(parent, "decode", task("hmem.dropDecode", function* (inner: Kernel): Task<void> {
    dropDecodeHold(inner, range);
  }));
  const device = yield* createDaxDevice(kernel, region, region.size, region.memmapOnMemory);
  yield* attach(kernel, device);
});

export const hmemDriver: Driver = {
  name: "hmem", bus: platformBus, match: (_kernel, device) => isHmem(device), probe, attributes: daxRegionAttributes,
  remove: task("hmem.remove", function* (): Task<void> {}),
};

const unregister = (child: Device) => task("hmem.unregister", function* (kernel: Kernel): Task<void> {
  yield* removeDevice(kernel, child);
  freeId(cxlState(kernel).regionIds, (child.data as HmemRecord).id);
});

/**
 * Makes a range an hmem device, whoever else lies over it. What is not Soft Reserved as a whole is left without a word.
 * @throws SystemError the device cannot be made
 */
export const registerHmem = task("hmem.register", function* (kernel: Kernel, platform: Device, range: Resource): Task<void> {
  if (!isSoftReserved(kernel, range)) return;
  const errno = stepFault(kernel, "hmem.register", describeResource(range));
  if (errno !== undefined) {
    printk(kernel, "err", `hmem_platform ${platform.name}: hmem device allocation failure for ${describeResource(range)}`);
    throw new SystemError(errno, "an hmem device cannot be made");
  }
  const id = takeId(cxlState(kernel).regionIds);
  const record: HmemRecord = { id, range };
  const device = addDevice(kernel, { name: `hmem.${id}`, bus: platformBus, type: platformType, parent: platform, data: record });
  manage(platform, device.name, unregister(device));
  mark(kernel, `${device.name} registered`, describeResource(range));
  yield* attach(kernel, device);
});
