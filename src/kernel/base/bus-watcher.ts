// Who hears of devices of a bus as they are bound, let go and reset, beside their own driver (bus notifiers of Linux's driver core).

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device } from "./device.ts";
import type { Kernel } from "./kernel.ts";
import { defineState } from "./kernel.ts";

export interface BusWatcher {
  readonly bus: string;
  /** A driver has bound the device, or each had its turn. May be told more than once. */
  readonly bound: (kernel: Kernel, device: Device) => Task<void>;
  /** Before its driver lets go of it, or before it goes without one. */
  readonly leaving: (kernel: Kernel, device: Device) => Task<void>;
  /** It was reset, and its config space put back. */
  readonly reset: (kernel: Kernel, device: Device) => Task<void>;
}

const watchers = defineState("base.busWatchers", () => ({ list: [] as BusWatcher[] }));

export const watchBus = (kernel: Kernel, watcher: BusWatcher): void => void watchers(kernel).list.push(watcher);

/** Tells those who watch the device's bus, in order of registration. */
export const tellWatchers = task("tellWatchers", function* (kernel: Kernel, device: Device, what: "bound" | "leaving" | "reset"): Task<void> {
  for (const watcher of watchers(kernel).list) if (watcher.bus === device.bus) yield* watcher[what](kernel, device);
});
