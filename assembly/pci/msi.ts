// MSI of a port, and of a device that has it instead of MSI-X (PCIe 7.7.1, 6.1.4): message numbers and sending.

import * as R from "../generated/registers";
import { Device, Entity, Machine, Port, keyOf } from "../machine";
import { getDword, setDword, testBits } from "../registers";
import { reachesHost, send } from "./messages";

const CONTROL: u32 = R.CONFIG_MSI_CONTROL;

/** Messages that software granted: 2^(Multiple Message Enable), at most what the function can do. */
function granted(entity: Entity): u32 {
  const control = getDword(entity.config, CONTROL);
  const capable = (control & R.MSI_CONTROL_MULTIPLE_CAPABLE) >> R.MSI_CONTROL_MULTIPLE_CAPABLE_SHIFT;
  return 1 << min((control & R.MSI_CONTROL_MULTIPLE_ENABLE) >> R.MSI_CONTROL_MULTIPLE_ENABLE_SHIFT, capable);
}

/** The message of a purpose: its own, or the last one that software granted. */
export function numberOf(entity: Entity, wanted: u32): u32 {
  return min(wanted, granted(entity) - 1);
}

function show(port: Port, index: u32, mask: u32, shift: u32, wanted: u32): void {
  setDword(port.config, index, (getDword(port.config, index) & ~mask) | (numberOf(port, wanted) << shift));
}

/** T5: message number fields follow Multiple Message Enable, from power-on. */
export function refreshMessageNumbers(port: Port): void {
  show(port, R.CONFIG_PCIE_FLAGS, R.PCIE_FLAGS_INTERRUPT_MESSAGE, R.PCIE_FLAGS_INTERRUPT_MESSAGE_SHIFT, R.SLOT_MESSAGE);
  if (keyOf(port, R.KEY_HAS_DPC) != 0) show(port, R.CONFIG_DPC_CAPABILITY, R.DPC_CAPABILITY_INTERRUPT_MESSAGE, R.DPC_CAPABILITY_INTERRUPT_MESSAGE_SHIFT, R.DPC_MESSAGE);
  if (port.isRoot == 0) return;
  show(port, R.CONFIG_AER_ROOT_ERROR_STATUS, R.AER_ROOT_ERROR_STATUS_INTERRUPT_MESSAGE, R.AER_ROOT_ERROR_STATUS_INTERRUPT_MESSAGE_SHIFT, R.AER_MESSAGE);
  const index = R.COMPONENT_TIMEOUT_ISOLATION_CAPABILITY;
  const capability = getDword(port.component, index);
  if ((capability & R.TIMEOUT_ISOLATION_CAPABILITY_INTERRUPT) == 0) return;
  const number = numberOf(port, keyOf(port, R.KEY_ISOLATION_MESSAGE));
  setDword(port.component, index, (capability & ~R.TIMEOUT_ISOLATION_CAPABILITY_INTERRUPT_MESSAGE) | (number << R.TIMEOUT_ISOLATION_CAPABILITY_INTERRUPT_MESSAGE_SHIFT));
}

export function hasMsi(device: Device): bool {
  return keyOf(device, R.KEY_HAS_MSI) != 0;
}

/** The mailbox of a device with MSI says the message that it sends now. */
export function refreshMailboxMessage(device: Device): void {
  if (!hasMsi(device)) return;
  const index = R.DEVICE_PRIMARY_MAILBOX_CAPABILITY;
  const number = numberOf(device, R.MAILBOX_MESSAGE) << R.PRIMARY_MAILBOX_CAPABILITY_INTERRUPT_MESSAGE_SHIFT;
  setDword(device.registers, index, (getDword(device.registers, index) & ~R.PRIMARY_MAILBOX_CAPABILITY_INTERRUPT_MESSAGE) | number);
}

/** Sends message `number` of a function, if MSI and bus mastering are on. */
export function sendMessage(m: Machine, entity: Entity, number: u32): void {
  if (!testBits(entity.config, CONTROL, R.MSI_CONTROL_ENABLE) || !reachesHost(entity)) return;
  const effective = numberOf(entity, number);
  send(m, entity, effective, getDword(entity.config, R.CONFIG_MSI_ADDRESS_LOW), (getDword(entity.config, R.CONFIG_MSI_DATA) & R.MSI_DATA_VALUE) + effective);
}
