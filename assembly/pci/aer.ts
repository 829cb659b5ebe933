// Advanced error reporting (PCIe 7.8.4, 6.2): errors that a function detects, and the messages that travel up to the root port, past the
// bridges that forward them and the ports that contain them.

import * as R from "../generated/registers";
import { Entity, KIND_PORT, Machine, Port } from "../machine";
import { getDword, setBits, setDword, testBits } from "../registers";
import { HW_ERROR_MESSAGE, traceHardware } from "../trace/ring";
import { requesterId } from "./config-space";
import { REASON_FATAL, REASON_NON_FATAL, REASON_OWN, contains } from "./dpc";
import { sendMessage } from "./msi";

const STATUS: u32 = R.CONFIG_AER_UNCORRECTABLE_STATUS;
const CONTROL: u32 = R.CONFIG_AER_CONTROL;
const ROOT_STATUS: u32 = R.CONFIG_AER_ROOT_ERROR_STATUS;
const ROOT_COMMAND: u32 = R.CONFIG_AER_ROOT_ERROR_COMMAND;
const SOURCE: u32 = R.CONFIG_AER_ERROR_SOURCE;

/** Kinds of error messages. */
export const ERR_COR: u32 = 0;
export const ERR_NONFATAL: u32 = 1;
export const ERR_FATAL: u32 = 2;

function isSignalled(port: Port): bool {
  const status = getDword(port.config, ROOT_STATUS);
  const command = getDword(port.config, ROOT_COMMAND);
  if ((status & R.AER_ROOT_ERROR_STATUS_CORRECTABLE_RECEIVED) != 0 && (command & R.AER_ROOT_ERROR_COMMAND_CORRECTABLE_ENABLE) != 0) return true;
  if ((status & R.AER_ROOT_ERROR_STATUS_NON_FATAL_RECEIVED) != 0 && (command & R.AER_ROOT_ERROR_COMMAND_NON_FATAL_ENABLE) != 0) return true;
  return (status & R.AER_ROOT_ERROR_STATUS_FATAL_RECEIVED) != 0 && (command & R.AER_ROOT_ERROR_COMMAND_FATAL_ENABLE) != 0;
}

/** Root error status takes a message; an interrupt whenever an enabled kind comes to be pending while none was. */
function receive(m: Machine, port: Port, message: u32, source: u32): void {
  const wasSignalled = isSignalled(port);
  setBits(port.config, ROOT_STATUS, message == ERR_COR ? correctableBits(port, source) : uncorrectableBits(port, message == ERR_FATAL, source), true);
  traceHardware(m, HW_ERROR_MESSAGE, port.id, message, <u64>source, 0, 0);
  if (!wasSignalled && isSignalled(port)) sendMessage(m, port, R.AER_MESSAGE);
}

function correctableBits(port: Port, source: u32): u32 {
  if (testBits(port.config, ROOT_STATUS, R.AER_ROOT_ERROR_STATUS_CORRECTABLE_RECEIVED)) return R.AER_ROOT_ERROR_STATUS_MULTIPLE_CORRECTABLE;
  setDword(port.config, SOURCE, (getDword(port.config, SOURCE) & R.AER_ERROR_SOURCE_UNCORRECTABLE) | source);
  return R.AER_ROOT_ERROR_STATUS_CORRECTABLE_RECEIVED;
}

function uncorrectableBits(port: Port, isFatal: bool, source: u32): u32 {
  const kind = isFatal ? R.AER_ROOT_ERROR_STATUS_FATAL_RECEIVED : R.AER_ROOT_ERROR_STATUS_NON_FATAL_RECEIVED;
  if (testBits(port.config, ROOT_STATUS, R.AER_ROOT_ERROR_STATUS_UNCORRECTABLE_RECEIVED)) return kind | R.AER_ROOT_ERROR_STATUS_MULTIPLE_UNCORRECTABLE;
  setDword(port.config, SOURCE, (getDword(port.config, SOURCE) & R.AER_ERROR_SOURCE_CORRECTABLE) | (source << R.AER_ERROR_SOURCE_UNCORRECTABLE_SHIFT));
  return kind | R.AER_ROOT_ERROR_STATUS_UNCORRECTABLE_RECEIVED | (isFatal ? R.AER_ROOT_ERROR_STATUS_FIRST_FATAL : 0);
}

/**
 * Sends an error message up from a function. Ports with containment enabled for it are triggered by one from below and keep it; a bridge
 * forwards what comes from below with SERR# Enable in Bridge Control (PCIe 6.2.6).
 */
export function sendError(m: Machine, from: Entity, message: u32): void {
  const source = requesterId(from);
  let at = from;
  while (true) {
    if (at.kind == KIND_PORT && changetype<Port>(at).isRoot != 0) return receive(m, changetype<Port>(at), message, source);
    at = at.parent;
    if (at.kind == KIND_PORT && message != ERR_COR && contains(m, changetype<Port>(at), message, message == ERR_FATAL ? REASON_FATAL : REASON_NON_FATAL, source)) return;
    if (!testBits(at.config, R.CONFIG_BRIDGE_HEADER_BRIDGE_CONTROL, R.BRIDGE_HEADER_BRIDGE_CONTROL_SERR_ENABLE)) return;
  }
}

/** ERR_COR of a function itself. */
export function sendErrCor(m: Machine, entity: Entity): void {
  sendError(m, entity, ERR_COR);
}

/** An uncorrectable error that a function itself detected, of the severity in its register. */
export function reportUncorrectable(m: Machine, entity: Entity, bit: u32, number: u32): void {
  report(m, entity, bit, number, testBits(entity.config, R.CONFIG_AER_UNCORRECTABLE_SEVERITY, bit));
}

/** An uncorrectable error that a function itself detected: `bit` of the status register, `number` its position. A masked one is only recorded. */
export function report(m: Machine, entity: Entity, bit: u32, number: u32, isFatal: bool): void {
  const isMasked = testBits(entity.config, R.CONFIG_AER_UNCORRECTABLE_MASK, bit);
  setBits(entity.config, R.CONFIG_PCIE_DEVICE_STATUS, isFatal ? R.PCIE_DEVICE_STATUS_FATAL : R.PCIE_DEVICE_STATUS_NON_FATAL, true);
  if (!isMasked) pointAt(entity, number);
  setBits(entity.config, STATUS, bit, true);
  if (isMasked) return;
  const message = isFatal ? ERR_FATAL : ERR_NONFATAL;
  if (entity.kind == KIND_PORT && contains(m, changetype<Port>(entity), message, REASON_OWN, 0)) return;
  if (isReported(entity, isFatal)) sendError(m, entity, message);
}

/** A correctable error that a function itself detected. */
export function reportCorrectable(m: Machine, entity: Entity, bit: u32): void {
  setBits(entity.config, R.CONFIG_PCIE_DEVICE_STATUS, R.PCIE_DEVICE_STATUS_CORRECTABLE, true);
  setBits(entity.config, R.CONFIG_AER_CORRECTABLE_STATUS, bit, true);
  if (testBits(entity.config, R.CONFIG_AER_CORRECTABLE_MASK, bit)) return;
  if (testBits(entity.config, R.CONFIG_PCIE_DEVICE_CONTROL, R.PCIE_DEVICE_CONTROL_CORRECTABLE_ENABLE)) sendError(m, entity, ERR_COR);
}

/** First Error Pointer: valid while the status bit it names is set, so it moves only when that is clear. */
function pointAt(entity: Entity, number: u32): void {
  const control = getDword(entity.config, CONTROL);
  const pointer = (control & R.AER_CONTROL_FIRST_ERROR_POINTER) >> R.AER_CONTROL_FIRST_ERROR_POINTER_SHIFT;
  if (testBits(entity.config, STATUS, <u32>1 << pointer)) return;
  setDword(entity.config, CONTROL, (control & ~R.AER_CONTROL_FIRST_ERROR_POINTER) | (number << R.AER_CONTROL_FIRST_ERROR_POINTER_SHIFT));
}

/** Device Control enables reporting per severity; SERR# Enable of the command register enables both. */
function isReported(entity: Entity, isFatal: bool): bool {
  if (testBits(entity.config, R.CONFIG_ENDPOINT_HEADER_COMMAND, R.ENDPOINT_HEADER_COMMAND_SERR_ENABLE)) return true;
  return testBits(entity.config, R.CONFIG_PCIE_DEVICE_CONTROL, isFatal ? R.PCIE_DEVICE_CONTROL_FATAL_ENABLE : R.PCIE_DEVICE_CONTROL_NON_FATAL_ENABLE);
}
