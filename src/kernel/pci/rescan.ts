// Functions that go and come: removal of what is below a port, leaves first, and the walk below it again (drivers/pci/remove.c, probe.c). Who
// removes or walks holds one lock, as pci_lock_rescan_remove does.

import type { Task } from "../../sim/task.ts";
import { point, task, until, wake } from "../../sim/task.ts";
import { tellWatchers } from "../base/bus-watcher.ts";
import type { Device } from "../base/device.ts";
import { removeDevice } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState, mark } from "../base/kernel.ts";
import { reassignPort, releaseFunction } from "./assign.ts";
import { closeBuses, openBuses } from "./buses.ts";
import { isPciDevice, pciFunctionOf } from "./device.ts";
import { attachAll, scanBus } from "./enumerate.ts";

const lock = defineState("pci.rescanRemove", () => ({ isHeld: false }));
const lockChannel = "lock:pci rescan";

const takeLock = task("pci.lockRescan", function* (kernel: Kernel): Task<void> {
  const state = lock(kernel);
  while (state.isHeld) yield until(lockChannel);
  state.isHeld = true;
});

function releaseLock(kernel: Kernel): void {
  lock(kernel).isHeld = false;
  wake(kernel.scheduler, lockChannel);
}

/** Every device on the bus below a port, without looking at config space. */
export const devicesBelow = (port: Device): readonly Device[] => port.children.filter(isPciDevice);

/** Marks everything below a port as unreachable (pci_dev_set_disconnected). */
export function markDisconnected(port: Device): void {
  for (const device of devicesBelow(port)) {
    pciFunctionOf(device).isDisconnected = true;
    markDisconnected(device);
  }
}

/** Unbinds and removes one function, after everything below it; its address ranges become free (pci_stop_and_remove_bus_device). */
const removeFunction = task("pci.removeFunction", function* (kernel: Kernel, device: Device): Task<void> {
  for (const below of [...devicesBelow(device)].toReversed()) yield* removeFunction(kernel, below);
  yield* removeDevice(kernel, device);
  releaseFunction(pciFunctionOf(device));
});

/** Removes one function by request, with everything below it (`remove` of sysfs-bus-pci). */
export const removeOne = task("pci.removeOne", function* (kernel: Kernel, device: Device): Task<void> {
  yield* takeLock(kernel);
  try {
    if (!device.isDead) yield* removeFunction(kernel, device);
  } finally {
    releaseLock(kernel);
  }
});

/** Removes everything below a port, the last one first. */
export const removeBelow = task("pci.removeBelow", function* (kernel: Kernel, port: Device): Task<void> {
  yield* takeLock(kernel);
  try {
    for (const device of [...devicesBelow(port)].toReversed()) yield* removeFunction(kernel, device);
  } finally {
    releaseLock(kernel);
  }
});

/**
 * Walks the bus below a port anew: identity, buses, BARs, windows and memory enable are all read and written again, then drivers probe.
 * Returns the functions found on that bus. @throws SystemError EBUSY functions from before are still there; ENODEV the port is gone
 */
export const rescan = task("pci.rescan", function* (kernel: Kernel, port: Device): Task<readonly Device[]> {
  yield* takeLock(kernel);
  try {
    yield* scanPort(kernel, port);
  } finally {
    releaseLock(kernel);
  }
  return devicesBelow(port);
});

const scanPort = task("pci.scanPort", function* (kernel: Kernel, port: Device): Task<void> {
  const { bridge, hostBridge } = pciFunctionOf(port);
  if (bridge === null) throw new SystemError("EINVAL", `${port.name} is no bridge`);
  if (port.isDead) throw new SystemError("ENODEV", `${port.name} is gone`);
  if (devicesBelow(port).length > 0) throw new SystemError("EBUSY", `${port.name} still has functions below it`);
  yield point(`pci:rescan:${port.name}`);
  const walk = openBuses(kernel, port, bridge);
  try {
    yield* scanBus(kernel, port, hostBridge, bridge.secondary);
  } finally {
    closeBuses(kernel, port, walk);
  }
  reassignPort(kernel, port);
  mark(kernel, `${port.name} re-enumerated`, `${devicesBelow(port).length} functions`);
  yield* attachAll(kernel, [port]);
  yield* tellBelow(kernel, port);
});

/** Every driver had its turn at what is below. */
const tellBelow = task("pci.tellBelow", function* (kernel: Kernel, port: Device): Task<void> {
  for (const device of devicesBelow(port).slice()) {
    yield* tellWatchers(kernel, device, "bound");
    yield* tellBelow(kernel, device);
  }
});
