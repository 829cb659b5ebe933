// Background operations (CXL 3.2 8.2.9.4.5; device-registers.md 4.7): one at a time, per cent once a second, what each does at its end.

import * as C from "../generated/commands";
import * as R from "../generated/registers";
import { Device, Machine, NEVER, keyOf } from "../machine";
import { sendVector, vectorOf } from "../pci/msix";
import { setBits, setDword, testBits } from "../registers";
import { HW_BACKGROUND, traceHardware } from "../trace/ring";
import { endActivation, endTransfer, forgetTransfer } from "./firmware";
import { populateVendorLog } from "./logs";
import { refreshCci } from "./mailbox";
import { endMaintenance } from "./maintenance";
import { effectsOf, opcodeOf } from "./memory";
import { abandonSanitize, endMediaOperation, endSanitize } from "./sanitize";
import { endScan } from "./scan";

const STATUS: u32 = R.DEVICE_PRIMARY_MAILBOX_STATUS;
const RESULT: u32 = R.DEVICE_PRIMARY_MAILBOX_BACKGROUND;
const SECOND: u64 = 1_000_000_000;
const MILLISECOND: u64 = 1_000_000;
const ABORTABLE: u32 = C.EFFECT_ABORTABLE;

function show(device: Device, opcode: u32, percentage: u32, code: u32): void {
  setDword(device.registers, RESULT, opcode | (percentage << R.PRIMARY_MAILBOX_BACKGROUND_PERCENTAGE_SHIFT));
  setDword(device.registers, RESULT + 1, code);
}

/** Begins the operation of a command, `time` ns long unless the machine says otherwise. Always answers Background Command Started. */
export function startBackground(m: Machine, device: Device, command: u32, time: u64): u32 {
  const background = device.cci.background;
  const fixed = <u64>keyOf(device, R.KEY_BACKGROUND_TIME) * MILLISECOND;
  background.command = command + 1;
  background.startedAt = m.now;
  background.endAt = m.now + max<u64>(fixed != 0 ? fixed : time, 1);
  background.nextAt = min(background.endAt, m.now + SECOND);
  setBits(device.registers, STATUS, R.PRIMARY_MAILBOX_STATUS_BACKGROUND_OPERATION, true);
  show(device, opcodeOf(command), 0, 0);
  traceHardware(m, HW_BACKGROUND, device.id, opcodeOf(command), background.endAt, 0, 0);
  return C.RETURN_BACKGROUND_STARTED;
}

/** A second has passed, or all of the time. */
export function refreshBackground(m: Machine, device: Device): void {
  const background = device.cci.background;
  if (background.command == 0) return;
  if (background.endAt <= m.now) return conclude(m, device);
  const done = (m.now - background.startedAt) * 100 / (background.endAt - background.startedAt);
  show(device, opcodeOf(background.command - 1), <u32>done, 0);
  background.nextAt = min(background.endAt, m.now + SECOND);
}

function conclude(m: Machine, device: Device): void {
  const command = device.cci.background.command - 1;
  close(m, device, 100, endOf(m, device, command));
}

/** What the operation does at its end; its return code. */
function endOf(m: Machine, device: Device, command: u32): u32 {
  switch (command) {
    case C.COMMAND_TRANSFER_FIRMWARE:
      return endTransfer(m, device);
    case C.COMMAND_ACTIVATE_FIRMWARE:
      return endActivation(device);
    case C.COMMAND_POPULATE_LOG:
      return populateVendorLog(device);
    case C.COMMAND_PERFORM_MAINTENANCE:
      return endMaintenance(m, device);
    case C.COMMAND_SCAN_MEDIA:
      return endScan(m, device);
    case C.COMMAND_SANITIZE:
      return endSanitize(m, device);
    case C.COMMAND_MEDIA_OPERATIONS:
      return endMediaOperation(m, device);
    default:
      return C.RETURN_SUCCESS;
  }
}

/** The operation is over: result, then the status bit, then the interrupt (sheet 4.7). */
function close(m: Machine, device: Device, percentage: u32, code: u32): void {
  const background = device.cci.background;
  const opcode = opcodeOf(background.command - 1);
  background.command = 0;
  background.nextAt = NEVER;
  show(device, opcode, percentage, code);
  setBits(device.registers, STATUS, R.PRIMARY_MAILBOX_STATUS_BACKGROUND_OPERATION, false);
  traceHardware(m, HW_BACKGROUND, device.id, opcode, 0, code, 1);
  if (testBits(device.registers, R.DEVICE_PRIMARY_MAILBOX_CONTROL, R.PRIMARY_MAILBOX_CONTROL_BACKGROUND_INTERRUPT)) sendVector(m, device, vectorOf(device, R.MAILBOX_MESSAGE));
  refreshCci(m, device);
}

/** What an operation leaves that does not come to its end. */
function abandon(m: Machine, device: Device, command: u32): void {
  if (command == C.COMMAND_TRANSFER_FIRMWARE) forgetTransfer(device);
  if (command == C.COMMAND_SANITIZE) abandonSanitize(m, device);
}

function percentage(m: Machine, device: Device): u32 {
  const background = device.cci.background;
  return <u32>min<u64>(99, (m.now - background.startedAt) * 100 / (background.endAt - background.startedAt));
}

/** Request Abort Background Operation: nothing under way is fine. */
export function abortBackground(m: Machine, device: Device): u32 {
  const background = device.cci.background;
  if (background.command == 0) return C.RETURN_SUCCESS;
  if ((effectsOf(background.command - 1) & ABORTABLE) == 0) return C.RETURN_ABORT_NOT_SUPPORTED;
  failBackground(m, device, C.RETURN_ABORTED);
  return C.RETURN_SUCCESS;
}

/** It ends now, and not well. */
export function failBackground(m: Machine, device: Device, code: u32): void {
  const command = device.cci.background.command;
  if (command == 0) return;
  close(m, device, percentage(m, device), code);
  abandon(m, device, command - 1);
}

/** A conventional reset ends it without a word; it does not resume. */
export function dropBackground(m: Machine, device: Device): void {
  const command = device.cci.background.command;
  if (command == 0) return;
  device.cci.background.command = 0;
  device.cci.background.nextAt = NEVER;
  abandon(m, device, command - 1);
}
