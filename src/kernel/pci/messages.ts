// MSI and MSI-X: a block of messages per function, address and data programmed, single messages bound to handlers.

import type { IoHandle } from "../../platform/platform.ts";
import type { RegisterBus } from "../../platform/registers.ts";
import { registerAt } from "../../platform/registers.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Call, Kernel } from "../base/kernel.ts";
import { allocateInterrupt, messageAddress, setInterrupt } from "../base/kernel.ts";
import type { Messages } from "./device.ts";
import { addressOf, barAddress, findCapability, pciFunctionOf } from "./device.ts";
import { msix, msixTable } from "../../../registers/messages.ts";
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
  const messages: Messages = { data, count: 1 << order, table: null, bound: new Set() };
  pciFunctionOf(device).messages = messages;
  return messages;
}

/**
 * Enables MSI-X with up to `wanted` vectors, each masked until it is bound: written while the whole function is masked, as Linux does.
 * Needs bus mastering. @throws SystemError ENXIO no MSI-X capability
 */
export function enableVectors(kernel: Kernel, device: Device, wanted: number, call: Call): Messages {
  const at = findCapability(kernel, device, capabilityIds.msix);
  if (at === undefined) throw new SystemError("ENXIO", `${device.name} has no MSI-X`);
  const bus = configBus(kernel, addressOf(device));
  const control = registerAt(bus, at, msix.registers.control);
  const count = Math.min(wanted, control.get("tableSize") + 1);
  const place = registerAt(bus, at, msix.registers.table).read();
  const table = kernel.platform.ioremap(barAddress(device, place.barIndex) + BigInt(place.offset31to3 * 8), BigInt(count * msixTable.registers.data.repeat.stride));
  const { address, data } = allocateInterrupt(kernel, call, count);
  control.modify({ functionMask: 1, enable: 1 });
  for (let vector = 0; vector < count; vector++) {
    registerAt(table, 0, msixTable.registers.addressLow, vector).writeRaw(BigInt(address));
    registerAt(table, 0, msixTable.registers.addressHigh, vector).writeRaw(0n);
    registerAt(table, 0, msixTable.registers.data, vector).write({ value: data + vector });
    registerAt(table, 0, msixTable.registers.vectorControl, vector).write({ mask: 1 });
  }
  control.modify({ functionMask: 0 });
  const messages: Messages = { data, count, table, bound: new Set() };
  pciFunctionOf(device).messages = messages;
  return messages;
}

/** Binds message `number` of a function to a handler. @throws SystemError EINVAL the number is not below what was granted */
export function bindMessage(kernel: Kernel, device: Device, number: number, call: Call): void {
  const { messages } = pciFunctionOf(device);
  if (messages === null || number >= messages.count) throw new SystemError("EINVAL", `${device.name}: message ${number} of ${messages?.count ?? 0} granted`);
  messages.bound.add(number);
  setInterrupt(kernel, messages.data + number, call);
  if (messages.table !== null) registerAt(messages.table, 0, msixTable.registers.vectorControl, number).write({ mask: 0 });
}

/** Turns messages off and forgets the block. */
export function disableMessages(kernel: Kernel, device: Device): void {
  const record = pciFunctionOf(device);
  if (record.messages === null) return;
  const { table } = record.messages;
  const at = record.isDisconnected ? undefined : findCapability(kernel, device, table === null ? capabilityIds.msi : capabilityIds.msix);
  if (at !== undefined) registerAt(configBus(kernel, record.address), at, table === null ? msi.registers.control : msix.registers.control).modify({ enable: 0 });
  table?.unmap();
  for (let i = 0; i < record.messages.count; i++) kernel.interrupts.delete(record.messages.data + i);
  record.messages = null;
}

/** Writes messages again that a reset has taken away, each vector as it was bound (pci_restore_msi_state). */
export function restoreMessages(kernel: Kernel, device: Device): void {
  const { messages, address } = pciFunctionOf(device);
  if (messages === null) return;
  const at = findCapability(kernel, device, messages.table === null ? capabilityIds.msi : capabilityIds.msix);
  if (at === undefined) return;
  const bus = configBus(kernel, address);
  if (messages.table === null) restoreMsi(bus, at, messages);
  else restoreVectors(bus, at, messages, messages.table);
}

function restoreMsi(bus: RegisterBus, at: number, { data, count }: Messages): void {
  registerAt(bus, at, msi.registers.addressLow).writeRaw(BigInt(messageAddress));
  registerAt(bus, at, msi.registers.addressHigh).write({ value: 0 });
  registerAt(bus, at, msi.registers.data).write({ value: data });
  registerAt(bus, at, msi.registers.control).modify({ enable: 1, multipleEnable: Math.log2(count) });
}

function restoreVectors(bus: RegisterBus, at: number, { data, count, bound }: Messages, table: IoHandle): void {
  const control = registerAt(bus, at, msix.registers.control);
  control.modify({ functionMask: 1, enable: 1 });
  for (let vector = 0; vector < count; vector++) {
    registerAt(table, 0, msixTable.registers.addressLow, vector).writeRaw(BigInt(messageAddress));
    registerAt(table, 0, msixTable.registers.addressHigh, vector).writeRaw(0n);
    registerAt(table, 0, msixTable.registers.data, vector).write({ value: data + vector });
    registerAt(table, 0, msixTable.registers.vectorControl, vector).write({ mask: bound.has(vector) ? 0 : 1 });
  }
  control.modify({ functionMask: 0 });
}
