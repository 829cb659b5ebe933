// Driver hmem_platform: Soft Reserved memory becomes hmem devices, at once where no CXL window is; elsewhere ownership is decided once, when probing
// has come to rest (region-assembly 9; S27-S66; decision.ts).

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device, Driver } from "../base/device.ts";
import { addDevice, attach, findDevice, registerDriver } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import { platformBus, platformRoot } from "../base/platform-bus.ts";
import type { Kernel } from "../base/kernel.ts";
import { softReservedRanges } from "../resource/soft-reserved.ts";
import { isDecisionPending, isOwnershipDecided, queueDecision, say, touchesWindow } from "./decision.ts";
import { hmemDriver, platformType, registerHmem } from "./hmem-device.ts";

/** @throws SystemError EBUSY bound again while the decision is pending (9.2) */
const probe = task("hmem_platform.probe", function* (kernel: Kernel, platform: Device): Task<void> {
  if (isDecisionPending(kernel)) throw new SystemError("EBUSY", `${platform.name}: the decision is pending`);
  const { owner, split } = kernel.policy.softReserved;
  const isLeftToCxl = owner === "none" || split === "none" || isOwnershipDecided(kernel);
  let hasDeferred = false;
  for (const range of softReservedRanges(kernel).slice()) {
    if (!touchesWindow(kernel, range)) yield* registerHmem(kernel, platform, range);
    else if (isLeftToCxl) say(kernel, platform, "deferring range to CXL", range);
    else {
      say(kernel, platform, "await CXL initial probe", range);
      hasDeferred = true;
    }
  }
  if (hasDeferred) queueDecision(kernel, platform);
});

const platformName = "hmem_platform.0";
const platformDriver: Driver = {
  name: "hmem_platform", bus: platformBus, match: (_kernel, device) => device.name === platformName, probe,
  remove: task("hmem_platform.remove", function* (): Task<void> {}),
};

/** The drivers of module dax_hmem. */
export const hmemDrivers: readonly Driver[] = [platformDriver, hmemDriver];

/** Start of module dax_hmem: its drivers, and the platform device where there is Soft Reserved memory; that one outlives the module. */
export const startHmem = task("dax.startHmem", function* (kernel: Kernel): Task<void> {
  for (const driver of hmemDrivers) registerDriver(kernel, driver);
  if (softReservedRanges(kernel).length === 0) return;
  const known = findDevice(kernel, platformBus, platformName);
  yield* attach(kernel, known ?? addDevice(kernel, { name: platformName, bus: platformBus, type: platformType, parent: platformRoot(kernel), data: {} }));
});
