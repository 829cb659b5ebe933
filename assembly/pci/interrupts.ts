// MSI, ERR_* messages and the root port's error registers (PCIe 7.7.1, 6.2, 7.8.4).

import * as R from "../generated/registers";
import { INTERRUPTS, Machine, NONE, Port, bridgeAt, keyOf } from "../machine";
import { getDword, setBits, setDword, testBits } from "../registers";
import { HW_ERROR_MESSAGE, HW_INTERRUPT, HW_INTERRUPT_LOST, HW_LIMIT, traceHardware } from "../trace/ring";

const MSI: u32 = R.ROOT_PORT_CONFIG_MSI_CONTROL;
const AER_MESSAGE: u32 = 1;
const SLOT_MESSAGE: u32 = 0;

/** Messages that software granted: 2^(Multiple Message Enable). */
function granted(port: Port): u32 {
  return 1 << ((getDword(port.config, MSI) & R.MSI_CONTROL_MULTIPLE_ENABLE) >> R.MSI_CONTROL_MULTIPLE_ENABLE_SHIFT);
}

/** T5: the message number field follows Multiple Message Enable. */
export function refreshMessageNumber(m: Machine, port: Port): void {
  const index = R.ROOT_PORT_COMPONENT_TIMEOUT_ISOLATION_CAPABILITY;
  const capability = getDword(port.component, index);
  if ((capability & R.TIMEOUT_ISOLATION_CAPABILITY_INTERRUPT) == 0) return;
  const number = min(keyOf(port, R.KEY_ISOLATION_MESSAGE), granted(port) - 1);
  setDword(port.component, index, (capability & ~R.TIMEOUT_ISOLATION_CAPABILITY_INTERRUPT_MESSAGE) | (number << R.TIMEOUT_ISOLATION_CAPABILITY_INTERRUPT_MESSAGE_SHIFT));
}

/** Sends message `number` of a port, if MSI and bus mastering are on. */
export function sendMessage(m: Machine, port: Port, number: u32): void {
  const control = getDword(port.config, MSI);
  const isOn = (control & R.MSI_CONTROL_ENABLE) != 0 && testBits(port.config, R.ROOT_PORT_CONFIG_BRIDGE_HEADER_COMMAND, R.BRIDGE_HEADER_COMMAND_BUS_MASTER_ENABLE);
  if (!isOn) return;
  const effective = min(number, granted(port) - 1);
  if (port.loseCount != 0 && (port.loseMessage == NONE || port.loseMessage == effective)) {
    port.loseCount--;
    traceHardware(m, HW_INTERRUPT_LOST, port.id, effective, 0, 0, 0);
    return;
  }
  const address = getDword(port.config, R.ROOT_PORT_CONFIG_MSI_ADDRESS_LOW);
  const data = (getDword(port.config, R.ROOT_PORT_CONFIG_MSI_DATA) & R.MSI_DATA_VALUE) + effective;
  traceHardware(m, HW_INTERRUPT, port.id, effective, <u64>data, 0, 0);
  queueMessage(m, address, data);
}

function queueMessage(m: Machine, address: u32, data: u32): void {
  for (let i: u32 = 0; i < m.interruptCount; i++) {
    const at = m.interrupts + (<usize>((m.interruptHead + i) % INTERRUPTS) << 3);
    if (load<u32>(at) == address && load<u32>(at, 4) == data) return;
  }
  if (m.interruptCount == INTERRUPTS) return traceHardware(m, HW_LIMIT, NONE, 1, <u64>data, 0, 0);
  const slot = m.interrupts + (<usize>((m.interruptHead + m.interruptCount) % INTERRUPTS) << 3);
  store<u32>(slot, address);
  store<u32>(slot, data, 4);
  m.interruptCount++;
}

function requesterId(m: Machine, port: Port): u32 {
  return (bridgeAt(m, port.parent).busStart << 8) | (port.deviceNumber << 3);
}

/** ERR_COR of the port itself. */
export function sendErrCor(m: Machine, port: Port): void {
  const index = R.ROOT_PORT_CONFIG_AER_ROOT_PORT_ROOT_ERROR_STATUS;
  const isFirst = !testBits(port.config, index, R.AER_ROOT_PORT_ROOT_ERROR_STATUS_CORRECTABLE_RECEIVED);
  setBits(port.config, index, isFirst ? R.AER_ROOT_PORT_ROOT_ERROR_STATUS_CORRECTABLE_RECEIVED : R.AER_ROOT_PORT_ROOT_ERROR_STATUS_MULTIPLE_CORRECTABLE, true);
  if (isFirst) {
    const source = R.ROOT_PORT_CONFIG_AER_ROOT_PORT_ERROR_SOURCE;
    setDword(port.config, source, (getDword(port.config, source) & R.AER_ROOT_PORT_ERROR_SOURCE_UNCORRECTABLE) | requesterId(m, port));
  }
  traceHardware(m, HW_ERROR_MESSAGE, port.id, 0, <u64>requesterId(m, port), 0, 0);
  if (isFirst && testBits(port.config, R.ROOT_PORT_CONFIG_AER_ROOT_PORT_ROOT_ERROR_COMMAND, R.AER_ROOT_PORT_ROOT_ERROR_COMMAND_CORRECTABLE_ENABLE)) sendMessage(m, port, AER_MESSAGE);
}

/** An uncorrectable AER error that the port itself detected; `bit` is its mask in the status register. */
export function reportUncorrectable(m: Machine, port: Port, bit: u32): void {
  setBits(port.config, R.ROOT_PORT_CONFIG_AER_ROOT_PORT_UNCORRECTABLE_STATUS, bit, true);
  if (testBits(port.config, R.ROOT_PORT_CONFIG_AER_ROOT_PORT_UNCORRECTABLE_MASK, bit)) return;
  const isFatal = testBits(port.config, R.ROOT_PORT_CONFIG_AER_ROOT_PORT_UNCORRECTABLE_SEVERITY, bit);
  const enables = R.PCIE_ROOT_PORT_DEVICE_CONTROL_NON_FATAL_ENABLE | R.PCIE_ROOT_PORT_DEVICE_CONTROL_FATAL_ENABLE;
  const enable = isFatal ? R.PCIE_ROOT_PORT_DEVICE_CONTROL_FATAL_ENABLE : enables & ~R.PCIE_ROOT_PORT_DEVICE_CONTROL_FATAL_ENABLE;
  if (!testBits(port.config, R.ROOT_PORT_CONFIG_PCIE_ROOT_PORT_DEVICE_CONTROL, enable)) return;
  receiveUncorrectable(m, port, isFatal);
}

function receiveUncorrectable(m: Machine, port: Port, isFatal: bool): void {
  const index = R.ROOT_PORT_CONFIG_AER_ROOT_PORT_ROOT_ERROR_STATUS;
  const isFirst = !testBits(port.config, index, R.AER_ROOT_PORT_ROOT_ERROR_STATUS_UNCORRECTABLE_RECEIVED);
  let bits = isFirst ? R.AER_ROOT_PORT_ROOT_ERROR_STATUS_UNCORRECTABLE_RECEIVED : R.AER_ROOT_PORT_ROOT_ERROR_STATUS_MULTIPLE_UNCORRECTABLE;
  bits |= isFatal ? R.AER_ROOT_PORT_ROOT_ERROR_STATUS_FATAL_RECEIVED : R.AER_ROOT_PORT_ROOT_ERROR_STATUS_NON_FATAL_RECEIVED;
  if (isFirst && isFatal) bits |= R.AER_ROOT_PORT_ROOT_ERROR_STATUS_FIRST_FATAL;
  setBits(port.config, index, bits, true);
  if (isFirst) {
    const source = R.ROOT_PORT_CONFIG_AER_ROOT_PORT_ERROR_SOURCE;
    setDword(port.config, source, (getDword(port.config, source) & R.AER_ROOT_PORT_ERROR_SOURCE_CORRECTABLE) | (requesterId(m, port) << 16));
  }
  traceHardware(m, HW_ERROR_MESSAGE, port.id, isFatal ? 2 : 1, <u64>requesterId(m, port), 0, 0);
  const enable = isFatal ? R.AER_ROOT_PORT_ROOT_ERROR_COMMAND_FATAL_ENABLE : R.AER_ROOT_PORT_ROOT_ERROR_COMMAND_NON_FATAL_ENABLE;
  if (isFirst && testBits(port.config, R.ROOT_PORT_CONFIG_AER_ROOT_PORT_ROOT_ERROR_COMMAND, enable)) sendMessage(m, port, AER_MESSAGE);
}

/** A slot event: status bit, and the hot-plug interrupt when it and its own enable are set (PCIe 6.7.3.4). */
export function slotEvent(m: Machine, port: Port, bit: u32, enable: u32): void {
  const isNew = !testBits(port.config, R.ROOT_PORT_CONFIG_PCIE_ROOT_PORT_SLOT_STATUS, bit);
  setBits(port.config, R.ROOT_PORT_CONFIG_PCIE_ROOT_PORT_SLOT_STATUS, bit, true);
  const control = getDword(port.config, R.ROOT_PORT_CONFIG_PCIE_ROOT_PORT_SLOT_CONTROL);
  const both = enable | R.PCIE_ROOT_PORT_SLOT_CONTROL_HOT_PLUG_INTERRUPT_ENABLE;
  if (isNew && (control & both) == both) sendMessage(m, port, SLOT_MESSAGE);
}
