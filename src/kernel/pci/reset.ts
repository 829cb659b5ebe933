// Resets through the bus above a function: Secondary Bus Reset (CXL 8.1.5.2), of one function by request (cxl_reset_bus_function), or of whatever is below
// a port that recovers; config space as it was (pci_restore_state), then the driver's word (error-recovery 3, reset_done).

import type { Task } from "../../sim/task.ts";
import { sleep, task } from "../../sim/task.ts";
import { registerAt } from "../../platform/registers.ts";
import { dvsecPort } from "../../../registers/dvsec.ts";
import { tellWatchers } from "../base/bus-watcher.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import { clearErrorStatus, enableReporting } from "./aer-registers.ts";
import { programWindows } from "./assign.ts";
import { writeBuses } from "./buses.ts";
import { addressOf, findDvsec, isRootPort, pciFunctionOf, portAbove, programBars } from "./device.ts";
import { holdSlot } from "./hotplug.ts";
import { settleTime, waitForLink } from "./link.ts";
import { restoreMessages } from "./messages.ts";
import { bridgeOf, configBus, dvsecIds, headerOf } from "./registers.ts";

const millisecond = 1_000_000;
/** How long the reset is held (pci_reset_secondary_bus). */
const holdTime = 2 * millisecond;
export const resetMethod = "cxl_bus";

/** An endpoint directly below a port. */
export const canReset = (device: Device): boolean => pciFunctionOf(device).bridge === null && portAbove(device) !== undefined;

/** Sets and releases Secondary Bus Reset of a port, which DVSEC 3 may mask, and waits. Returns whether the link is up. */
const resetSecondaryBus = task("pci.resetSecondaryBus", function* (kernel: Kernel, port: Device): Task<boolean> {
  const { bridgeControl } = bridgeOf(kernel, addressOf(port));
  bridgeControl.modify({ secondaryBusReset: 1 });
  yield sleep(holdTime);
  bridgeControl.modify({ secondaryBusReset: 0 });
  const isUp = yield* waitForLink(kernel, port, true);
  if (isUp) yield sleep(settleTime);
  return isUp;
});

/**
 * Resets what is below a port that recovers from an error (aer_root_reset). CXL ports mask the reset unless told otherwise, so that it usually
 * resets nothing. Returns whether the link is up.
 */
export const resetLink = task("pci.resetLink", function* (kernel: Kernel, port: Device): Task<boolean> {
  holdSlot(kernel, port, true);
  try {
    const isUp = yield* resetSecondaryBus(kernel, port);
    printk(kernel, "info", `pcieport ${port.name}: AER: ${isRootPort(port) ? "Root" : "Downstream"} Port link has been reset (${isUp ? 0 : -notReset})`);
    return isUp;
  } finally {
    holdSlot(kernel, port, false);
  }
});

/** ENOTTY, which waiting for a secondary bus gives. */
const notReset = 25;

/** Puts back what a reset of a function takes away (pci_restore_state): buses, windows, BARs, messages, command, and that it reports errors. */
export function restoreFunction(kernel: Kernel, device: Device): void {
  const record = pciFunctionOf(device);
  clearErrorStatus(kernel, device);
  writeBuses(kernel, record);
  programWindows(kernel, record);
  programBars(kernel, record);
  if (record.enableCount > 0) headerOf(kernel, record.address).command.modify({ memorySpaceEnable: 1, busMasterEnable: 1 });
  restoreMessages(kernel, device);
  enableReporting(kernel, device);
}

/** @throws SystemError ENOTTY there is no port above; ENODEV the link does not come back */
export const resetFunction = task("pci.resetFunction", function* (kernel: Kernel, device: Device): Task<void> {
  const port = portAbove(device);
  const dvsec = port === undefined ? undefined : findDvsec(kernel, port, dvsecIds.port);
  if (port === undefined || dvsec === undefined) throw new SystemError("ENOTTY", `${device.name} cannot be reset`);
  const control = registerAt(configBus(kernel, addressOf(port)), dvsec, dvsecPort.registers.control);
  const command = headerOf(kernel, addressOf(device)).command.readRaw();
  const wasUnmasked = control.get("unmaskSecondaryBusReset");
  holdSlot(kernel, port, true);
  try {
    control.modify({ unmaskSecondaryBusReset: 1 });
    const isUp = yield* resetSecondaryBus(kernel, port);
    control.modify({ unmaskSecondaryBusReset: wasUnmasked });
    if (!isUp) throw new SystemError("ENODEV", `${device.name} does not come back`);
  } finally {
    holdSlot(kernel, port, false);
  }
  programBars(kernel, pciFunctionOf(device));
  headerOf(kernel, addressOf(device)).command.writeRaw(command);
  restoreMessages(kernel, device);
  enableReporting(kernel, device);
  yield* tellDrivers(kernel, device);
});

const tellDrivers = task("pci.tellDrivers", function* (kernel: Kernel, device: Device): Task<void> {
  mark(kernel, `${device.name} reset`);
  device.driver?.resetDone?.(kernel, device);
  yield* tellWatchers(kernel, device, "reset");
});

/** A function was reset with its link: config space comes back, and drivers hear of it. */
export const tellFunctionReset = task("pci.tellFunctionReset", function* (kernel: Kernel, device: Device): Task<void> {
  restoreFunction(kernel, device);
  yield* tellDrivers(kernel, device);
});

/** The same where a failure is no more than that. Returns whether the function came back. */
export const tryResetFunction = task("pci.tryResetFunction", function* (kernel: Kernel, device: Device): Task<boolean> {
  try {
    yield* resetFunction(kernel, device);
    return true;
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    return false;
  }
});
