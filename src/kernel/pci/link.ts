// The link below a root port: state, disable and enable (with DVSEC 3 unmasked first, CXL 8.1.5.2), waits with limits.

import type { Task } from "../../sim/task.ts";
import { sleep, task } from "../../sim/task.ts";
import { registerAt } from "../../platform/registers.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark } from "../base/kernel.ts";
import { addressOf, findCapability, findDvsec } from "./device.ts";
import { dvsecPort } from "../../../registers/dvsec.ts";
import { capabilityIds, configBus, dvsecIds, pcieOf } from "./registers.ts";

const millisecond = 1_000_000;
/** Limit of pcie_wait_for_link, in virtual nanoseconds. */
const linkTimeout = 1000 * millisecond;
/** Time from link active to the first config access (PCIe 6.6.1). */
export const settleTime = 100 * millisecond;
const pollTime = 10 * millisecond;

function registersOf(kernel: Kernel, port: Device): ReturnType<typeof pcieOf> {
  const at = findCapability(kernel, port, capabilityIds.pcie);
  if (at === undefined) throw new SystemError("ENXIO", `${port.name} has no PCIe capability`);
  return pcieOf(kernel, addressOf(port), at);
}

/** Data Link Layer Link Active of a port. */
export function isLinkUp(kernel: Kernel, port: Device): boolean {
  return registersOf(kernel, port).linkStatus.get("linkActive") === 1;
}

/** Port Number of the Link Capabilities register: what target lists name. */
export const portNumberOf = (kernel: Kernel, port: Device): number => registersOf(kernel, port).linkCapabilities.get("portNumber");

/** Card present in the slot. */
export const isPresent = (kernel: Kernel, port: Device): boolean => registersOf(kernel, port).slotStatus.get("presence") === 1;

/** Waits until the link is up or down, polling every 10 ms. Returns false after `timeout` nanoseconds. */
export const waitForLink = task("pci.waitForLink", function* (kernel: Kernel, port: Device, isUp: boolean, timeout: number = linkTimeout): Task<boolean> {
  const until = kernel.platform.clock.now + timeout;
  for (;;) {
    if (isLinkUp(kernel, port) === isUp) return true;
    if (kernel.platform.clock.now >= until) return false;
    yield sleep(pollTime);
  }
});

/** Unmasks and sets Link Disable. */
export function disableLink(kernel: Kernel, port: Device): void {
  const dvsec = findDvsec(kernel, port, dvsecIds.port);
  if (dvsec !== undefined) registerAt(configBus(kernel, addressOf(port)), dvsec, dvsecPort.registers.control).modify({ unmaskLinkDisable: 1 });
  registersOf(kernel, port).linkControl.modify({ linkDisable: 1 });
  mark(kernel, `${port.name} link disabled`);
}

export function enableLink(kernel: Kernel, port: Device): void {
  registersOf(kernel, port).linkControl.modify({ linkDisable: 0 });
  mark(kernel, `${port.name} link enabled`);
}

/** A slot that cards can be put into and taken from while the system runs. */
export function hasHotplugSlot(kernel: Kernel, port: Device): boolean {
  if (findCapability(kernel, port, capabilityIds.pcie) === undefined) return false;
  const { flags, slotCapabilities } = registersOf(kernel, port);
  return flags.get("slotImplemented") === 1 && slotCapabilities.get("hotPlug") === 1;
}

/** Message that slot events raise. */
export const slotMessage = (kernel: Kernel, port: Device): number => registersOf(kernel, port).flags.get("interruptMessage");
export const slotNumberOf = (kernel: Kernel, port: Device): number => registersOf(kernel, port).slotCapabilities.get("slotNumber");

/** Takes pending slot events (write 1 to clear) and says which they were. */
export function takeSlotEvents(kernel: Kernel, port: Device): { readonly presenceChanged: boolean; readonly linkStateChanged: boolean } {
  const { slotStatus } = registersOf(kernel, port);
  const { presenceChanged, linkStateChanged } = slotStatus.read();
  if (presenceChanged === 1 || linkStateChanged === 1) slotStatus.write({ presenceChanged, linkStateChanged });
  return { presenceChanged: presenceChanged === 1, linkStateChanged: linkStateChanged === 1 };
}

/** Software can take power off the slot. */
export const hasPowerController = (kernel: Kernel, port: Device): boolean => registersOf(kernel, port).slotCapabilities.get("powerController") === 1;

/** Slots without a power controller always have power. */
export const isSlotPowered = (kernel: Kernel, port: Device): boolean => registersOf(kernel, port).slotControl.get("powerControllerControl") === 0;

export function setSlotPower(kernel: Kernel, port: Device, isOn: boolean): void {
  registersOf(kernel, port).slotControl.modify({ powerControllerControl: isOn ? 0 : 1 });
  mark(kernel, `${port.name} slot power ${isOn ? "on" : "off"}`);
}

/** Lets slot events raise their message. */
export function enableSlotEvents(kernel: Kernel, port: Device): void {
  registersOf(kernel, port).slotControl.modify({ presenceChangedEnable: 1, linkStateChangedEnable: 1, hotPlugInterruptEnable: 1 });
}
