// Which driver takes a dax device: one that was told its name (new_id), else the one of the region's type (dax-memory section 3, S84).

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device, Driver } from "../base/device.ts";
import { bind, busDevices } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";
import { parseWord } from "../base/parse.ts";
import { daxBus, daxDeviceOf } from "./types.ts";

const idState = defineState("dax.ids", () => ({ byDriver: new Map<string, Set<string>>() }));

function idsOf(kernel: Kernel, driver: string): Set<string> {
  const { byDriver } = idState(kernel);
  const known = byDriver.get(driver) ?? new Set<string>();
  byDriver.set(driver, known);
  return known;
}

/** kmem is preferred by the region's flag, unless policy keeps the memory out of System RAM. */
function typeDriver(kernel: Kernel, device: Device): string {
  // Its own driver takes a device that it was told of: the policy stands for whoever tells it of every one (INFERRED).
  if (kernel.policy.memoryUse === "fsdev") return "fsdev_dax";
  const isKept = kernel.policy.memoryUse === "device-dax-only";
  return daxDeviceOf(device).region.prefersKmem && !isKept ? "kmem" : "device_dax";
}

export const matchesDax = (kernel: Kernel, driver: string, device: Device): boolean => idsOf(kernel, driver).has(device.name) || typeDriver(kernel, device) === driver;

/** @throws SystemError EINVAL not a name of a dax device */
function parseId(text: string): string {
  const name = parseWord(text);
  if (!/^dax\d+\.\d+$/.test(name)) throw new SystemError("EINVAL", `"${name}" is not daxN.M`);
  return name;
}

/** Store of `new_id`: the driver takes every device without a driver that matches it now; a probe that fails is not the store's failure. */
export const addDaxId = task("dax.addId", function* (kernel: Kernel, driver: Driver, text: string): Task<void> {
  idsOf(kernel, driver.name).add(parseId(text));
  for (const device of busDevices(kernel, daxBus).slice()) {
    if (device.driver !== null || device.isDead || !driver.match(kernel, device)) continue;
    try {
      yield* bind(kernel, device, driver);
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
    }
  }
});

/** Store of `remove_id`; what is bound stays bound. */
export const removeDaxId = task("dax.removeId", function* (kernel: Kernel, driver: Driver, text: string): Task<void> {
  idsOf(kernel, driver.name).delete(parseId(text));
});

