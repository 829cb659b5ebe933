// MSI of a root port (PCIe 7.7.1, 6.1.4): sending, losing, and the queue in front of the CPU.

import * as R from "../generated/registers";
import { INTERRUPTS, MESSAGES, Machine, NONE, Port, keyOf } from "../machine";
import { getDword, setDword, testBits } from "../registers";
import { HW_INTERRUPT, HW_INTERRUPT_LOST, HW_LIMIT, traceHardware } from "../trace/ring";

const CONTROL: u32 = R.ROOT_PORT_CONFIG_MSI_CONTROL;
export const SLOT_MESSAGE: u32 = 0;
export const AER_MESSAGE: u32 = 1;

/** Messages that software granted: 2^(Multiple Message Enable); its reserved values count as 5. */
function granted(port: Port): u32 {
  return 1 << min((getDword(port.config, CONTROL) & R.MSI_CONTROL_MULTIPLE_ENABLE) >> R.MSI_CONTROL_MULTIPLE_ENABLE_SHIFT, 5);
}

function numberOf(port: Port, wanted: u32): u32 {
  return min(wanted, granted(port) - 1);
}

/** T5: message number fields follow Multiple Message Enable, from power-on. */
export function refreshMessageNumbers(port: Port): void {
  const root = R.ROOT_PORT_CONFIG_AER_ROOT_PORT_ROOT_ERROR_STATUS;
  setDword(port.config, root, (getDword(port.config, root) & ~R.AER_ROOT_PORT_ROOT_ERROR_STATUS_INTERRUPT_MESSAGE) | (numberOf(port, AER_MESSAGE) << R.AER_ROOT_PORT_ROOT_ERROR_STATUS_INTERRUPT_MESSAGE_SHIFT));
  const index = R.ROOT_PORT_COMPONENT_TIMEOUT_ISOLATION_CAPABILITY;
  const capability = getDword(port.component, index);
  if ((capability & R.TIMEOUT_ISOLATION_CAPABILITY_INTERRUPT) == 0) return;
  const number = numberOf(port, keyOf(port, R.KEY_ISOLATION_MESSAGE));
  setDword(port.component, index, (capability & ~R.TIMEOUT_ISOLATION_CAPABILITY_INTERRUPT_MESSAGE) | (number << R.TIMEOUT_ISOLATION_CAPABILITY_INTERRUPT_MESSAGE_SHIFT));
}

function takeLoss(port: Port, slot: u32): bool {
  const at = port.lose + (<usize>slot << 2);
  const left = load<u32>(at);
  if (left != 0) store<u32>(at, left - 1);
  return left != 0;
}

/** Makes the next `count` messages be lost: of one number, or of any (NONE). */
export function loseMessages(port: Port, number: u32, count: u32): void {
  const at = port.lose + (<usize>min(number, MESSAGES) << 2);
  store<u32>(at, load<u32>(at) + count);
}

/** Sends message `number` of a port, if MSI and bus mastering are on. */
export function sendMessage(m: Machine, port: Port, number: u32): void {
  if (!testBits(port.config, CONTROL, R.MSI_CONTROL_ENABLE) || !testBits(port.config, R.ROOT_PORT_CONFIG_BRIDGE_HEADER_COMMAND, R.BRIDGE_HEADER_COMMAND_BUS_MASTER_ENABLE)) return;
  const effective = numberOf(port, number);
  if (takeLoss(port, effective) || takeLoss(port, MESSAGES)) return traceHardware(m, HW_INTERRUPT_LOST, port.id, effective, 0, 0, 0);
  const address = getDword(port.config, R.ROOT_PORT_CONFIG_MSI_ADDRESS_LOW);
  const data = (getDword(port.config, R.ROOT_PORT_CONFIG_MSI_DATA) & R.MSI_DATA_VALUE) + effective;
  traceHardware(m, HW_INTERRUPT, port.id, effective, <u64>data, 0, 0);
  queueMessage(m, address, data);
}

/** A message pending already is not queued twice. */
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
