// MSI: a block of messages per function, its address and data programmed, single messages bound to handlers.

import { registerAt } from "../../platform/registers.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Call, Kernel } from "../base/kernel.ts";
import { allocateInterrupt, setInterrupt } from "../base/kernel.ts";
import type { Messages } from "./device.ts";
import { addressOf, findCapability, pciFunctionOf } from "./device.ts";
import { msi } from "../../../registers/pci.ts";
import { capabilityIds, configBus } from "./registers.ts";

/**
 * Enables MSI with up to `wanted` messages (rounded up to a power of two, at most what the function can do); all of them call `call`.
 * Needs bus mastering. @throws SystemError ENXIO no MSI capability
 */
export function enableMessages(kernel: Kernel, device: Device, wanted: number, call: Call): Messages {
  const at = findCapability(kernel, device, capabilityIds.msi);
  if (at === undefined) throw new SystemError("ENXIO", `${device.name} has no MSI`);
  const bus = configBus(kernel, addressOf(device));
  const control = registerAt(bus, at, msi.registers.control);
  const capable = control.get("multipleCapable");
  let order = 0;
  while (order < capable && 1 << order < wanted) order++;
  const { address, data } = allocateInterrupt(kernel, call, 1 << order);
  registerAt(bus, at, msi.registers.addressLow).writeRaw(BigInt(address));
  registerAt(bus, at, msi.registers.addressHigh).write({ value: 0 });
  registerAt(bus, at, msi.registers.data).write({ value: data });
  control.modify({ enable: 1, multipleEnable: order });
  const messages: Messages = { data, count: 1 << order };
  pciFunctionOf(device).messages = messages;
  return messages;
}

/** Binds message `number` of a function to a handler. @throws SystemError EINVAL the number is not below what was granted */
export function bindMessage(kernel: Kernel, device: Device, number: number, call: Call): void {
  const { messages } = pciFunctionOf(device);
  if (messages === null || number >= messages.count) throw new SystemError("EINVAL", `${device.name}: message ${number} of ${messages?.count ?? 0} granted`);
  setInterrupt(kernel, messages.data + number, call);
}

/** Turns MSI off and forgets the block. */
export function disableMessages(kernel: Kernel, device: Device): void {
  const record = pciFunctionOf(device);
  if (record.messages === null) return;
  const at = record.isDisconnected ? undefined : findCapability(kernel, device, capabilityIds.msi);
  if (at !== undefined) registerAt(configBus(kernel, record.address), at, msi.registers.control).modify({ enable: 0 });
  for (let i = 0; i < record.messages.count; i++) kernel.interrupts.delete(record.messages.data + i);
  record.messages = null;
}
