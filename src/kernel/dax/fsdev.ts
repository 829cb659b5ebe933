// Driver fsdev_dax: a dax device for a file system over it, famfs say (dax-memory section 10). Processes map it as they map a device; its pages are a file
// system's, which nobody may pin for long, and a holder hears of what is lost.

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device, Driver } from "../base/device.ts";
import { manage } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { makeDaxFile } from "./device-dax.ts";
import { releaseDax } from "./holder.ts";
import { matchesDax } from "./match.ts";
import { daxBus, daxDeviceOf } from "./types.ts";

const leave = task("fsdev_dax.leave", function* (kernel: Kernel, device: Device): Task<void> {
  daxDeviceOf(device).isFileSystem = false;
  releaseDax(kernel, device);
});

const probe = task("fsdev_dax.probe", function* (kernel: Kernel, device: Device): Task<void> {
  daxDeviceOf(device).isFileSystem = true;
  manage(device, "file system", leave);
  makeDaxFile(kernel, device, "fsdev_dax");
});

export const fsdevDriver: Driver = {
  name: "fsdev_dax",
  bus: daxBus,
  match: (kernel, device) => matchesDax(kernel, "fsdev_dax", device),
  probe,
  remove: task("fsdev_dax.remove", function* (): Task<void> {}),
};
