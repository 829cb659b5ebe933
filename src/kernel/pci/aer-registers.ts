// Error registers of functions by name (PCIe 7.8.4, 7.5.3.4): what a function reports, and that it may report at all.

import { aerEndpoint, aerRootPort } from "../../../registers/aer.ts";
import { pcieEndpoint } from "../../../registers/pci.ts";
import * as walk from "../../platform/config-walk.ts";
import type { StructureAccess } from "../../platform/registers.ts";
import { structureAt } from "../../platform/registers.ts";
import type { Device } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { addressOf, pciFunctionOf } from "./device.ts";
import { bridgeOf, capabilityIds, configBus } from "./registers.ts";

/** AER of a function, or undefined where there is none. */
export function aerOf(kernel: Kernel, device: Device): StructureAccess<typeof aerEndpoint> | undefined {
  const bus = configBus(kernel, addressOf(device));
  const at = walk.findFirstExtended(bus, aerEndpoint.identity.id);
  return at === 0 ? undefined : structureAt(bus, at, aerEndpoint);
}

/** The same of a root port, with what it took from below. */
export function rootAerOf(kernel: Kernel, port: Device): StructureAccess<typeof aerRootPort> | undefined {
  const bus = configBus(kernel, addressOf(port));
  const at = walk.findFirstExtended(bus, aerRootPort.identity.id);
  return at === 0 ? undefined : structureAt(bus, at, aerRootPort);
}

/** Device Control and Device Status of a function. */
function pcieOfFunction(kernel: Kernel, device: Device): StructureAccess<typeof pcieEndpoint> | undefined {
  const bus = configBus(kernel, addressOf(device));
  const at = walk.findCapability(bus, capabilityIds.pcie);
  return at === 0 ? undefined : structureAt(bus, at, pcieEndpoint);
}

/** Lets a function send error messages, and a bridge pass on those from below (pci_enable_pcie_error_reporting, pci_configure_serr). A reset undoes it. */
export function enableReporting(kernel: Kernel, device: Device): void {
  if (aerOf(kernel, device) === undefined) return;
  pcieOfFunction(kernel, device)?.deviceControl.modify({ correctableEnable: 1, nonFatalEnable: 1, fatalEnable: 1 });
  if (pciFunctionOf(device).bridge !== null) bridgeOf(kernel, addressOf(device)).bridgeControl.modify({ serrEnable: 1 });
}

/** Errors detected, in Device Status, are forgotten (pcie_clear_device_status). */
export function clearDeviceStatus(kernel: Kernel, device: Device): void {
  const status = pcieOfFunction(kernel, device)?.deviceStatus;
  if (status !== undefined) status.writeRaw(status.readRaw());
}

/** All errors of a function are forgotten (pci_aer_raw_clear_status). */
export function clearErrorStatus(kernel: Kernel, device: Device): void {
  const registers = aerOf(kernel, device);
  for (const register of registers === undefined ? [] : [registers.correctableStatus, registers.uncorrectableStatus]) register.writeRaw(register.readRaw());
}

/** Lets internal errors through, which are what CXL errors are to AER (pci_aer_unmask_internal_errors). */
export function unmaskInternalErrors(kernel: Kernel, device: Device): void {
  const registers = aerOf(kernel, device);
  registers?.uncorrectableMask.modify({ uncorrectableInternal: 0 });
  registers?.correctableMask.modify({ correctedInternal: 0 });
}
