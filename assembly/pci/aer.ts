// Advanced error reporting of a root port: its own errors, and the messages it receives as root (PCIe 7.8.4, 6.2.4, 6.2.6).

import * as R from "../generated/registers";
import { Machine, Port, bridgeAt } from "../machine";
import { getDword, setBits, setDword, testBits } from "../registers";
import { HW_ERROR_MESSAGE, traceHardware } from "../trace/ring";
import { AER_MESSAGE, sendMessage } from "./msi";

const STATUS: u32 = R.ROOT_PORT_CONFIG_AER_ROOT_PORT_UNCORRECTABLE_STATUS;
const CONTROL: u32 = R.ROOT_PORT_CONFIG_AER_ROOT_PORT_CONTROL;
const ROOT_STATUS: u32 = R.ROOT_PORT_CONFIG_AER_ROOT_PORT_ROOT_ERROR_STATUS;
const ROOT_COMMAND: u32 = R.ROOT_PORT_CONFIG_AER_ROOT_PORT_ROOT_ERROR_COMMAND;
const SOURCE: u32 = R.ROOT_PORT_CONFIG_AER_ROOT_PORT_ERROR_SOURCE;

function requesterId(m: Machine, port: Port): u32 {
  return (bridgeAt(m, port.parent).busStart << 8) | (port.deviceNumber << 3);
}

function isSignalled(port: Port): bool {
  const status = getDword(port.config, ROOT_STATUS);
  const command = getDword(port.config, ROOT_COMMAND);
  if ((status & R.AER_ROOT_PORT_ROOT_ERROR_STATUS_CORRECTABLE_RECEIVED) != 0 && (command & R.AER_ROOT_PORT_ROOT_ERROR_COMMAND_CORRECTABLE_ENABLE) != 0) return true;
  if ((status & R.AER_ROOT_PORT_ROOT_ERROR_STATUS_NON_FATAL_RECEIVED) != 0 && (command & R.AER_ROOT_PORT_ROOT_ERROR_COMMAND_NON_FATAL_ENABLE) != 0) return true;
  return (status & R.AER_ROOT_PORT_ROOT_ERROR_STATUS_FATAL_RECEIVED) != 0 && (command & R.AER_ROOT_PORT_ROOT_ERROR_COMMAND_FATAL_ENABLE) != 0;
}

/** Root error status takes a message; an interrupt whenever an enabled kind comes to be pending while none was. */
function receive(m: Machine, port: Port, bits: u32, severity: u32): void {
  const wasSignalled = isSignalled(port);
  setBits(port.config, ROOT_STATUS, bits, true);
  traceHardware(m, HW_ERROR_MESSAGE, port.id, severity, <u64>requesterId(m, port), 0, 0);
  if (!wasSignalled && isSignalled(port)) sendMessage(m, port, AER_MESSAGE);
}

/** ERR_COR of the port itself. */
export function sendErrCor(m: Machine, port: Port): void {
  const isFirst = !testBits(port.config, ROOT_STATUS, R.AER_ROOT_PORT_ROOT_ERROR_STATUS_CORRECTABLE_RECEIVED);
  if (isFirst) setDword(port.config, SOURCE, (getDword(port.config, SOURCE) & R.AER_ROOT_PORT_ERROR_SOURCE_UNCORRECTABLE) | requesterId(m, port));
  receive(m, port, isFirst ? R.AER_ROOT_PORT_ROOT_ERROR_STATUS_CORRECTABLE_RECEIVED : R.AER_ROOT_PORT_ROOT_ERROR_STATUS_MULTIPLE_CORRECTABLE, 0);
}

/** An uncorrectable error that the port itself detected: `bit` of the status register, `number` its position. A masked one is only recorded. */
export function reportUncorrectable(m: Machine, port: Port, bit: u32, number: u32): void {
  const isFatal = testBits(port.config, R.ROOT_PORT_CONFIG_AER_ROOT_PORT_UNCORRECTABLE_SEVERITY, bit);
  const isMasked = testBits(port.config, R.ROOT_PORT_CONFIG_AER_ROOT_PORT_UNCORRECTABLE_MASK, bit);
  setBits(port.config, R.ROOT_PORT_CONFIG_PCIE_ROOT_PORT_DEVICE_STATUS, isFatal ? R.PCIE_ROOT_PORT_DEVICE_STATUS_FATAL : R.PCIE_ROOT_PORT_DEVICE_STATUS_NON_FATAL, true);
  if (!isMasked) pointAt(port, number);
  setBits(port.config, STATUS, bit, true);
  if (isMasked || !isReported(port, isFatal)) return;
  const isFirst = !testBits(port.config, ROOT_STATUS, R.AER_ROOT_PORT_ROOT_ERROR_STATUS_UNCORRECTABLE_RECEIVED);
  let bits = isFirst ? R.AER_ROOT_PORT_ROOT_ERROR_STATUS_UNCORRECTABLE_RECEIVED : R.AER_ROOT_PORT_ROOT_ERROR_STATUS_MULTIPLE_UNCORRECTABLE;
  bits |= isFatal ? R.AER_ROOT_PORT_ROOT_ERROR_STATUS_FATAL_RECEIVED : R.AER_ROOT_PORT_ROOT_ERROR_STATUS_NON_FATAL_RECEIVED;
  if (isFirst && isFatal) bits |= R.AER_ROOT_PORT_ROOT_ERROR_STATUS_FIRST_FATAL;
  if (isFirst) setDword(port.config, SOURCE, (getDword(port.config, SOURCE) & R.AER_ROOT_PORT_ERROR_SOURCE_CORRECTABLE) | (requesterId(m, port) << R.AER_ROOT_PORT_ERROR_SOURCE_UNCORRECTABLE_SHIFT));
  receive(m, port, bits, isFatal ? 2 : 1);
}

/** First Error Pointer: valid while the status bit it names is set, so it moves only when that is clear. */
function pointAt(port: Port, number: u32): void {
  const control = getDword(port.config, CONTROL);
  const pointer = (control & R.AER_ROOT_PORT_CONTROL_FIRST_ERROR_POINTER) >> R.AER_ROOT_PORT_CONTROL_FIRST_ERROR_POINTER_SHIFT;
  if (testBits(port.config, STATUS, <u32>1 << pointer)) return;
  setDword(port.config, CONTROL, (control & ~R.AER_ROOT_PORT_CONTROL_FIRST_ERROR_POINTER) | (number << R.AER_ROOT_PORT_CONTROL_FIRST_ERROR_POINTER_SHIFT));
}

/** Device Control enables reporting per severity; SERR# Enable of the command register enables both. */
function isReported(port: Port, isFatal: bool): bool {
  if (testBits(port.config, R.ROOT_PORT_CONFIG_BRIDGE_HEADER_COMMAND, R.BRIDGE_HEADER_COMMAND_SERR_ENABLE)) return true;
  return testBits(port.config, R.ROOT_PORT_CONFIG_PCIE_ROOT_PORT_DEVICE_CONTROL, isFatal ? R.PCIE_ROOT_PORT_DEVICE_CONTROL_FATAL_ENABLE : R.PCIE_ROOT_PORT_DEVICE_CONTROL_NON_FATAL_ENABLE);
}
