// Resets through the bus above a function: Secondary Bus Reset (CXL 8.1.5.2), of one function (reset-methods.ts has the other ways), or of whatever is below
// a port that recovers; config space as it was (pci_restore_state), then the driver's word (error-recovery 3, reset_done).

import type { Task } from "../../sim/task.ts";
import { sleep, task } from "../../sim/task.ts";
import type { RegisterAccess } from "../../platform/registers.ts";
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
import { addressOf, findDvsec, functionsOnBus, isRootPort, pciFunctionOf, portAbove, programBars } from "./device.ts";
import { holdSlot } from "./hotplug.ts";
import { settleTime, waitForLink } from "./link.ts";
import { restoreMessages } from "./messages.ts";
import { bridgeOf, configBus, dvsecIds, headerOf } from "./registers.ts";

const millisecond = 1_000_000;
/** How long the reset is held (pci_reset_secondary_bus). */
const holdTime = 2 * millisecond;

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

/** DVSEC 3's control of the port above a function, which may mask the reset of its bus; undefined: nothing masks it. */
export function busResetMask(kernel: Kernel, port: Device): RegisterAccess<typeof dvsecPort.registers.control> | undefined {
  const dvsec = findDvsec(kernel, port, dvsecIds.port);
  return dvsec === undefined ? undefined : registerAt(configBus(kernel, addressOf(port)), dvsec, dvsecPort.registers.control);
}

/**
 * Resets the bus that a function has to itself, by its slot or by its port (pci_reset_bus_function).
 * @throws SystemError ENOTTY there is no port above, others are on the bus or below the function, the port masks the reset, or the link does not come back
 */
export const resetBus = task("pci.resetBus", function* (kernel: Kernel, device: Device): Task<void> {
  const port = portAbove(device);
  if (port === undefined || pciFunctionOf(device).bridge !== null || functionsOnBus(port).length > 1) throw new SystemError("ENOTTY", `${device.name} has no bus to itself`);
  if (busResetMask(kernel, port)?.get("unmaskSecondaryBusReset") === 0) throw new SystemError("ENOTTY", `${port.name} masks the reset of its bus`);
  holdSlot(kernel, port, true);
  try {
    if (!(yield* resetSecondaryBus(kernel, port))) throw new SystemError("ENOTTY", `${device.name} does not come back`);
  } finally {
    holdSlot(kernel, port, false);
  }
});

/** The same with the mask opened meanwhile (cxl_reset_bus_function). @throws SystemError ENOTTY as there, or the port above is none of CXL's */
export const resetCxlBus = task("pci.resetCxlBus", function* (kernel: Kernel, device: Device): Task<void> {
  const port = portAbove(device);
  const control = port === undefined ? undefined : busResetMask(kernel, port);
  if (control === undefined) throw new SystemError("ENOTTY", `there is no CXL port above ${device.name}`);
  const wasUnmasked = control.get("unmaskSecondaryBusReset");
  control.modify({ unmaskSecondaryBusReset: 1 });
  try {
    yield* resetBus(kernel, device);
  } finally {
    control.modify({ unmaskSecondaryBusReset: wasUnmasked });
  }
});

/** What a reset of one function takes with it and nobody remembers, read before: its command register. */
export const saveFunction = (kernel: Kernel, device: Device): bigint => headerOf(kernel, addressOf(device)).command.readRaw();

/** Puts back what a reset of one function took with it, and tells who drives it. */
export const restoreSaved = task("pci.restoreSaved", function* (kernel: Kernel, device: Device, command: bigint): Task<void> {
  writeBuses(kernel, pciFunctionOf(device));
  programWindows(kernel, pciFunctionOf(device));
  programBars(kernel, pciFunctionOf(device));
  headerOf(kernel, addressOf(device)).command.writeRaw(command);
  restoreMessages(kernel, device);
  enableReporting(kernel, device);
  yield* tellDrivers(kernel, device);
});

/** Resets one function through its bus. @throws SystemError ENOTTY it cannot be, or does not come back */
export const resetFunction = task("pci.resetFunction", function* (kernel: Kernel, device: Device): Task<void> {
  const command = saveFunction(kernel, device);
  yield* resetCxlBus(kernel, device);
  yield* restoreSaved(kernel, device, command);
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
