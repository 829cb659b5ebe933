// A memdev whose endpoint port goes without it is detached from its driver by queued work (region-assembly 4.2, 4.3): a port above was disabled or
// removed, or the endpoint port itself was.

import type { Task } from "../../sim/task.ts";
import { spawn, task, until, wake } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { busDevices, unbind } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { cxlBus, isMemdev, memdevOf, portOf } from "./types.ts";

const channel = "cxl:detached";

const detachMemdev = task("cxl_mem.detach", function* (kernel: Kernel, memdev: Device): Task<void> {
  yield* unbind(kernel, memdev);
  memdevOf(memdev).isDetaching = false;
  wake(kernel.scheduler, channel);
});

/** An endpoint port's driver lets go. Nothing to do when it is the memdev that lets go of its endpoint, or when the probe failed. */
export const scheduleDetach = task("cxl_port.scheduleDetach", function* (kernel: Kernel, endpoint: Device): Task<void> {
  const memdev = portOf(endpoint).uport;
  const record = memdevOf(memdev);
  if (record.endpoint !== endpoint || endpoint.driver === null || record.isDetaching) return;
  record.isDetaching = true;
  spawn(kernel.scheduler, `detach:${memdev.name}`, detachMemdev(kernel, memdev));
});

/** Waits for work on ports that is queued (the bus attribute `flush`). */
export const flushDetach = task("cxl.flush", function* (kernel: Kernel): Task<void> {
  while (busDevices(kernel, cxlBus).some((device) => isMemdev(device) && memdevOf(device).isDetaching)) yield until(channel);
});
