// Reset of a function through the bus above it (cxl_reset_bus_function): Secondary Bus Reset, unmasked for the time it takes (CXL 8.1.5.2), then config
// space as it was, then the driver's word (error-recovery 3, reset_done).

import type { Task } from "../../sim/task.ts";
import { sleep, task } from "../../sim/task.ts";
import { registerAt } from "../../platform/registers.ts";
import { dvsecPort } from "../../../registers/dvsec.ts";
import { tellWatchers } from "../base/bus-watcher.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark } from "../base/kernel.ts";
import { addressOf, findDvsec, pciFunctionOf, portAbove, programBars } from "./device.ts";
import { holdSlot } from "./hotplug.ts";
import { settleTime, waitForLink } from "./link.ts";
import { bridgeOf, configBus, dvsecIds, headerOf } from "./registers.ts";

const millisecond = 1_000_000;
/** How long the reset is held (pci_reset_secondary_bus). */
const holdTime = 2 * millisecond;
export const resetMethod = "cxl_bus";

/** An endpoint directly below a port. */
export const canReset = (device: Device): boolean => pciFunctionOf(device).bridge === null && portAbove(device) !== undefined;

/** @throws SystemError ENOTTY there is no port above; ENODEV the link does not come back */
export const resetFunction = task("pci.resetFunction", function* (kernel: Kernel, device: Device): Task<void> {
  const port = portAbove(device);
  const dvsec = port === undefined ? undefined : findDvsec(kernel, port, dvsecIds.port);
  if (port === undefined || dvsec === undefined) throw new SystemError("ENOTTY", `${device.name} cannot be reset`);
  const bus = configBus(kernel, addressOf(port));
  const control = registerAt(bus, dvsec, dvsecPort.registers.control);
  const { bridgeControl } = bridgeOf(kernel, addressOf(port));
  const command = headerOf(kernel, addressOf(device)).command.readRaw();
  const wasUnmasked = control.get("unmaskSecondaryBusReset");
  holdSlot(kernel, port, true);
  try {
    control.modify({ unmaskSecondaryBusReset: 1 });
    bridgeControl.modify({ secondaryBusReset: 1 });
    yield sleep(holdTime);
    bridgeControl.modify({ secondaryBusReset: 0 });
    const isUp = yield* waitForLink(kernel, port, true);
    control.modify({ unmaskSecondaryBusReset: wasUnmasked });
    if (!isUp) throw new SystemError("ENODEV", `${device.name} does not come back`);
    yield sleep(settleTime);
  } finally {
    holdSlot(kernel, port, false);
  }
  programBars(kernel, pciFunctionOf(device));
  headerOf(kernel, addressOf(device)).command.writeRaw(command);
  mark(kernel, `${device.name} reset`);
  device.driver?.resetDone?.(kernel, device);
  yield* tellWatchers(kernel, device, "reset");
});
