// The mailboxes of a device (CXL 3.2 8.2.9.4; device-registers.md 4): doorbell, execution after its time, return codes, interrupts.

import * as C from "../generated/commands";
import * as R from "../generated/registers";
import { Block, Device, Machine, NEVER, NONE, keyOf } from "../machine";
import { sendVector, vectorOf } from "../pci/msix";
import { getDword, setBits, setDword, testBits } from "../registers";
import { HW_COMMAND, traceHardware } from "../trace/ring";
import { refreshBackground } from "./background";
import { execute } from "./commands";
import { refreshDeadline } from "../deadlines";
import { effectsOf, findCommand, leastInput, mostInput } from "./memory";
import { countEffect } from "../fault/probes";
import { remember } from "./logs";
import { MAILBOX_FAULTS, Mailbox, MailboxFault } from "./state";

/** Dwords of a mailbox's registers, from its capability register. */
const CONTROL: u32 = R.DEVICE_PRIMARY_MAILBOX_CONTROL - R.DEVICE_PRIMARY_MAILBOX_CAPABILITY;
const COMMAND: u32 = R.DEVICE_PRIMARY_MAILBOX_COMMAND - R.DEVICE_PRIMARY_MAILBOX_CAPABILITY;
const STATUS: u32 = R.DEVICE_PRIMARY_MAILBOX_STATUS - R.DEVICE_PRIMARY_MAILBOX_CAPABILITY;

const DOORBELL: u32 = R.PRIMARY_MAILBOX_CONTROL_DOORBELL;
const LENGTH_SHIFT: u32 = 16;
/** Bytes of an item of the input, in the row of a command. */
const ITEM_SHIFT: u32 = 24;
/** Payload length has five more bits in the next dword. */
const LENGTH_HIGH: u32 = 0x1f;

export const FAULT_NEVER_ENDS: u32 = 1;
export const FAULT_RETURN_CODE: u32 = 2;
export const FAULT_TRUNCATE: u32 = 3;
export const FAULT_CORRUPT: u32 = 4;

export function isBusy(device: Device, mailbox: Mailbox): bool {
  return testBits(device.registers, mailbox.index + CONTROL, DOORBELL);
}

/** Command, payload and interrupt enables of the mailbox that a dword belongs to are locked while its doorbell is set. */
export function isMailboxLocked(block: Block, index: u32): bool {
  const device = changetype<Device>(block.entity);
  return isBusy(device, index >= R.DEVICE_PRIMARY_MAILBOX_CAPABILITY ? device.cci.primary : device.cci.secondary);
}

/** Mailbox Interfaces Ready, and not stopped by its firmware. */
function isReady(device: Device): bool {
  return testBits(device.registers, R.DEVICE_MEMORY_DEVICE_STATUS_STATUS, R.MEMORY_DEVICE_STATUS_STATUS_MAILBOX_READY);
}

/** Control written. A doorbell that was not set starts the command; one that is set stays what it is. */
export function writeMailboxControl(m: Machine, device: Device, isPrimary: bool, old: u32): void {
  const mailbox = isPrimary ? device.cci.primary : device.cci.secondary;
  if ((old & DOORBELL) == 0 && isBusy(device, mailbox)) start(m, device, mailbox);
}

/** The command ends after its time. Mailboxes that are not ready keep it until they are. */
function start(m: Machine, device: Device, mailbox: Mailbox): void {
  mailbox.endAt = isReady(device) ? m.now + <u64>keyOf(device, R.KEY_COMMAND_TIME) : NEVER;
  if (mailbox.endAt == m.now) return finish(m, device, mailbox);
  refreshCci(m, device);
}

/** The mailboxes are ready now: what waits for them begins. */
export function becomeReady(m: Machine, device: Device): void {
  const cci = device.cci;
  cci.readyAt = NEVER;
  setBits(device.registers, R.DEVICE_MEMORY_DEVICE_STATUS_STATUS, R.MEMORY_DEVICE_STATUS_STATUS_MAILBOX_READY, true);
  if (isBusy(device, cci.primary)) start(m, device, cci.primary);
  if (isBusy(device, cci.secondary)) start(m, device, cci.secondary);
  refreshCci(m, device);
}

/** The time of the next thing that happens here by itself has changed. */
export function refreshCci(m: Machine, device: Device): void {
  const cci = device.cci;
  cci.nextAt = min(min(cci.primary.endAt, cci.secondary.endAt), min(cci.readyAt, cci.background.nextAt));
  refreshDeadline(m, device);
}

export function runCci(m: Machine, device: Device): void {
  const cci = device.cci;
  if (cci.readyAt <= m.now) becomeReady(m, device);
  if (cci.background.nextAt <= m.now) refreshBackground(m, device);
  if (cci.primary.endAt <= m.now) finish(m, device, cci.primary);
  if (cci.secondary.endAt <= m.now) finish(m, device, cci.secondary);
  refreshCci(m, device);
}

function inputLength(device: Device, mailbox: Mailbox): u32 {
  const low = getDword(device.registers, mailbox.index + COMMAND) >> LENGTH_SHIFT;
  return low | ((getDword(device.registers, mailbox.index + COMMAND + 1) & LENGTH_HIGH) << 16);
}

function isSupported(device: Device, command: u32): bool {
  if (command == C.COMMAND_COUNT) return false;
  const bits = keyOf(device, command < 32 ? R.KEY_COMMANDS_LOW : R.KEY_COMMANDS_HIGH);
  return ((bits >> (command & 31)) & 1) != 0;
}

/** Checks in the order of mailbox.md 1; the command itself checks its fields. */
function judgeCommand(device: Device, mailbox: Mailbox, command: u32, length: u32): u32 {
  if (!isSupported(device, command)) return C.RETURN_UNSUPPORTED;
  if (length < leastInput(command) || length > mostInput(command) || length > mailbox.payloadBytes) return C.RETURN_INVALID_PAYLOAD_LENGTH;
  const effects = effectsOf(command);
  const item = effects >> ITEM_SHIFT;
  if (item != 0 && (length - leastInput(command)) % item != 0) return C.RETURN_INVALID_PAYLOAD_LENGTH;
  if (mailbox.isPrimary == 0 && (effects & C.FLAG_SECONDARY) == 0) return C.RETURN_UNSUPPORTED_MAILBOX;
  if ((effects & C.FLAG_MEDIA) != 0 && device.mediaState != R.MEMORY_DEVICE_STATUS_STATUS_MEDIA_STATUS_READY) return C.RETURN_MEDIA_DISABLED;
  if ((effects & C.FLAG_BACKGROUND) != 0 && device.cci.background.command != 0) return C.RETURN_BUSY;
  return C.RETURN_SUCCESS;
}

export function faultAt(device: Device, index: u32): MailboxFault {
  return changetype<MailboxFault>(device.cci.faults + <usize>index * offsetof<MailboxFault>());
}

/** The fault that this command meets, as an address, or 0. Every fault in force counts it; the first that is due is taken. */
function takeFault(m: Machine, device: Device, opcode: u32): usize {
  let taken: usize = 0;
  for (let i: u32 = 0; i < MAILBOX_FAULTS; i++) {
    const fault = faultAt(device, i);
    if (fault.count == 0 || (fault.opcode != NONE && fault.opcode != opcode)) continue;
    if (fault.skip != 0) fault.skip--;
    else if (taken == 0) {
      fault.count--;
      taken = changetype<usize>(fault);
      countEffect(m, fault.probe);
    }
  }
  return taken;
}

/** Room for a fault that is not in force; NONE when all are. */
export function freeFault(device: Device): u32 {
  for (let i: u32 = 0; i < MAILBOX_FAULTS; i++) if (faultAt(device, i).count == 0) return i;
  return NONE;
}

/** The command's time is over: looks at the input, does it, answers. */
function finish(m: Machine, device: Device, mailbox: Mailbox): void {
  mailbox.endAt = NEVER;
  const block = device.registers;
  const opcode = getDword(block, mailbox.index + COMMAND) & R.PRIMARY_MAILBOX_COMMAND_OPCODE;
  const met = takeFault(m, device, opcode);
  const fault: u32 = met == 0 ? 0 : changetype<MailboxFault>(met).kind;
  const faultValue: u32 = met == 0 ? 0 : changetype<MailboxFault>(met).value;
  if (fault == FAULT_NEVER_ENDS) {
    traceHardware(m, HW_COMMAND, device.id, opcode, 0, 0xffff, mailbox.isPrimary);
    return refreshCci(m, device);
  }
  const command = findCommand(opcode);
  const length = inputLength(device, mailbox);
  mailbox.written = 0;
  let code = judgeCommand(device, mailbox, command, length);
  if (code == C.RETURN_SUCCESS) {
    if (fault == FAULT_RETURN_CODE) code = faultValue;
    else code = execute(m, device, mailbox, command, length);
  }
  if (code != C.RETURN_SUCCESS) mailbox.written = 0;
  else if (fault == FAULT_TRUNCATE) mailbox.written = min(mailbox.written, faultValue);
  else if (fault == FAULT_CORRUPT) corrupt(mailbox, faultValue);
  answer(m, device, mailbox, opcode, code);
}

function corrupt(mailbox: Mailbox, mask: u32): void {
  for (let at: u32 = 0; at < mailbox.written; at++) store<u8>(mailbox.payload + at, load<u8>(mailbox.payload + at) ^ mask);
}

/** Output length, return code, then the doorbell, then the interrupt (sheet 4.6). */
function answer(m: Machine, device: Device, mailbox: Mailbox, opcode: u32, code: u32): void {
  const block = device.registers;
  const at = mailbox.index;
  setDword(block, at + COMMAND, opcode | (mailbox.written << LENGTH_SHIFT));
  setDword(block, at + COMMAND + 1, (mailbox.written >> 16) & LENGTH_HIGH);
  const vendor = getDword(block, at + STATUS + 1) & R.PRIMARY_MAILBOX_STATUS_VENDOR_STATUS;
  setDword(block, at + STATUS + 1, vendor | code);
  remember(device, opcode, code);
  traceHardware(m, HW_COMMAND, device.id, opcode, <u64>mailbox.written, code, mailbox.isPrimary);
  const interrupts = mailbox.isPrimary != 0 && testBits(block, at + CONTROL, R.PRIMARY_MAILBOX_CONTROL_DOORBELL_INTERRUPT);
  setBits(block, at + CONTROL, DOORBELL, false);
  if (interrupts) sendVector(m, device, vectorOf(device, R.MAILBOX_MESSAGE));
  refreshCci(m, device);
}
