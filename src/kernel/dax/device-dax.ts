// Driver device_dax: a dax device as a file that processes map (dax-memory section 4). Killing it revokes every mapping at once and then waits,
// without bound, for page references (4.3, S82, S87).

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device, Driver } from "../base/device.ts";
import { manage } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import { stepFault } from "../base/steps.ts";
import type { FileRange } from "../mm/mapping.ts";
import { fileSize, forgetRecorded, unmapAll } from "../mm/mapping.ts";
import { pinsOf, waitForPins } from "../mm/pin.ts";
import { formatRange, releaseRegion, requestRegion } from "../resource/resource.ts";
import { notifyFailure } from "./holder.ts";
import { matchesDax } from "./match.ts";
import { daxBus, daxDeviceOf } from "./types.ts";

function reserve(kernel: Kernel, device: Device, driver: string, range: FileRange, index: number): void {
  const errno = stepFault(kernel, "dax.bind", device.name);
  const resource = errno === undefined ? requestRegion(kernel, range.start, range.size, device.name) : undefined;
  if (resource === undefined) {
    printk(kernel, "warn", `${driver} ${device.name}: mapping${index}: ${formatRange(range.start, range.start + range.size - 1n)} could not reserve range`);
    throw new SystemError(errno ?? "EBUSY", `${device.name}: could not reserve range`);
  }
  manage(device, `iomem ${index}`, task("releaseRange", function* (inner: Kernel): Task<void> {
    releaseRegion(inner, resource);
  }));
}

/** Makes the device a file that can be mapped, until its driver lets it go. @throws SystemError ENXIO no memory; EBUSY somebody has its addresses */
export function makeDaxFile(kernel: Kernel, device: Device, driver: string): void {
  const record = daxDeviceOf(device);
  if (fileSize(record) === 0n) throw new SystemError("ENXIO", `${device.name} has no memory`);
  for (const [index, range] of record.ranges.entries()) reserve(kernel, device, driver, range, index);
  manage(device, "pages", releasePages);
  manage(device, "kill_dev_dax", task("kill", function* (inner: Kernel, killed: Device): Task<void> {
    killDaxDevice(inner, killed);
  }));
  record.isAlive = true;
  if (record.region.seed === device) record.region.seed = null;
}

const probe = task("device_dax.probe", function* (kernel: Kernel, device: Device): Task<void> {
  makeDaxFile(kernel, device, "device_dax");
});

/** memunmap_pages: every reference must be gone. */
const releasePages = task("releasePages", function* (kernel: Kernel, device: Device): Task<void> {
  const record = daxDeviceOf(device);
  if (pinsOf(kernel, record).length > 0) {
    mark(kernel, `${device.name} waits for page references`, pinsOf(kernel, record).map((pin) => pin.owner).join(","));
    yield* waitForPins(kernel, record);
  }
  forgetRecorded(kernel, record);
});

/** alive = 0, every user mapping unmapped, a holder told; later faults end in SIGBUS. Idempotent. Returns how many leaves were unmapped. */
export function killDaxDevice(kernel: Kernel, device: Device): number {
  const record = daxDeviceOf(device);
  if (!record.isAlive) return 0;
  record.isAlive = false;
  const leaves = unmapAll(kernel, record);
  mark(kernel, `${device.name} killed`, `${leaves} mapped leaves`);
  notifyFailure(kernel, device, 0n, fileSize(record));
  return leaves;
}

export const deviceDaxDriver: Driver = {
  name: "device_dax",
  bus: daxBus,
  match: (kernel, device) => matchesDax(kernel, "device_dax", device),
  probe,
  remove: task("device_dax.remove", function* (): Task<void> {}),
};
