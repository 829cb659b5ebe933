// Firmware slots, transfer in parts and activation (CXL 3.2 8.2.10.3; mailbox.md 6). A package begins with its revision: up to 16 printable ASCII
// characters, ended by NUL if shorter; anything else fails the check (INFERRED: the check is each maker's own).

import * as C from "../generated/commands";
import * as R from "../generated/registers";
import { Device, Machine, keyOf } from "../machine";
import { startBackground } from "./background";
import { in32, in8, out8, outBytes, startOutput } from "./memory";
import { Cci, Mailbox, SLOT_BYTES } from "./state";

const FULL: u32 = C.IN_TRANSFER_FIRMWARE_ACTION_FULL;
const INITIATE: u32 = C.IN_TRANSFER_FIRMWARE_ACTION_INITIATE;
const END: u32 = C.IN_TRANSFER_FIRMWARE_ACTION_END;
const ABORT: u32 = C.IN_TRANSFER_FIRMWARE_ACTION_ABORT;
/** Units of an offset: 128 bytes. */
const UNIT_SHIFT: u32 = 7;
/** ns that a transfer waits for its next part. */
const PART_TIMEOUT: u64 = 30_000_000_000;
/** The model's choice: ns of a part, of the check and write at the end, of an activation. */
const PART_TIME: u64 = 10_000_000;
const END_TIME: u64 = 1_000_000_000;
const ACTIVATION_TIME: u64 = 1_000_000_000;
const ONLINE: u32 = C.IN_ACTIVATE_FIRMWARE_ACTION_ONLINE;

function slotAt(cci: Cci, slot: u32): usize {
  return cci.slots + <usize>((slot - 1) * SLOT_BYTES);
}

export function firmwareInfo(device: Device, mailbox: Mailbox): u32 {
  const cci = device.cci;
  const count = keyOf(device, R.KEY_FIRMWARE_SLOTS);
  const isOnline = keyOf(device, R.KEY_ONLINE_ACTIVATION);
  startOutput(mailbox, C.OUT_FIRMWARE_INFO_BYTES);
  out8(mailbox, C.OUT_FIRMWARE_INFO_SLOTS, count);
  out8(mailbox, C.OUT_FIRMWARE_INFO_SLOT, cci.activeSlot | (cci.stagedSlot << C.OUT_FIRMWARE_INFO_SLOT_STAGED_SHIFT));
  out8(mailbox, C.OUT_FIRMWARE_INFO_ACTIVATION, isOnline != 0 ? C.OUT_FIRMWARE_INFO_ACTIVATION_ONLINE : 0);
  for (let slot: u32 = 1; slot <= count; slot++) outBytes(mailbox, C.OUT_FIRMWARE_INFO_REVISION1 + (slot - 1) * SLOT_BYTES, slotAt(cci, slot), SLOT_BYTES);
  return C.RETURN_SUCCESS;
}

function isUsableSlot(device: Device, slot: u32): bool {
  return slot != 0 && slot <= keyOf(device, R.KEY_FIRMWARE_SLOTS) && slot != device.cci.activeSlot;
}

/** The transfer is over, with nothing to show for it. */
export function forgetTransfer(device: Device): void {
  device.cci.transferOpen = 0;
  device.cci.transferBroken = 0;
}

export function transferFirmware(m: Machine, device: Device, mailbox: Mailbox, length: u32): u32 {
  const cci = device.cci;
  const action = in8(mailbox, C.IN_TRANSFER_FIRMWARE_ACTION);
  const slot = in8(mailbox, C.IN_TRANSFER_FIRMWARE_SLOT);
  const bytes = length - C.IN_TRANSFER_FIRMWARE_BYTES;
  if (cci.transferOpen != 0 && (cci.transferBroken != 0 || m.now - cci.transferAt > PART_TIMEOUT)) forgetTransfer(device);
  if (action > ABORT) return C.RETURN_INVALID_INPUT;
  if (action == ABORT) {
    if (cci.transferOpen == 0) return C.RETURN_FIRMWARE_TRANSFER_OUT_OF_ORDER;
    forgetTransfer(device);
    return C.RETURN_SUCCESS;
  }
  if (action == FULL || action == INITIATE) {
    if (cci.transferOpen != 0) return C.RETURN_FIRMWARE_TRANSFER_IN_PROGRESS;
    if (action == FULL && !isUsableSlot(device, slot)) return C.RETURN_INVALID_SLOT;
    return begin(m, device, mailbox, action, slot, bytes);
  }
  return goOn(m, device, mailbox, action, slot, bytes);
}

function begin(m: Machine, device: Device, mailbox: Mailbox, action: u32, slot: u32, bytes: u32): u32 {
  const cci = device.cci;
  memory.fill(cci.package, 0, SLOT_BYTES);
  memory.copy(cci.package, mailbox.payload + C.IN_TRANSFER_FIRMWARE_BYTES, min(bytes, SLOT_BYTES));
  cci.transferOpen = action == FULL ? 2 : 1;
  cci.transferLast = 0;
  cci.transferNext = (bytes + 127) >> UNIT_SHIFT;
  cci.transferAt = m.now;
  return run(m, device, action, slot);
}

/** Continue and end: the part that follows the last one, or the last one again. */
function goOn(m: Machine, device: Device, mailbox: Mailbox, action: u32, slot: u32, bytes: u32): u32 {
  const cci = device.cci;
  const offset = in32(mailbox, C.IN_TRANSFER_FIRMWARE_OFFSET);
  if (cci.transferOpen == 0 || (offset != cci.transferNext && offset != cci.transferLast)) return C.RETURN_FIRMWARE_TRANSFER_OUT_OF_ORDER;
  if (action == END && !isUsableSlot(device, slot)) return C.RETURN_INVALID_SLOT;
  cci.transferLast = offset;
  cci.transferNext = offset + ((bytes + 127) >> UNIT_SHIFT);
  cci.transferAt = m.now;
  return run(m, device, action, slot);
}

function run(m: Machine, device: Device, action: u32, slot: u32): u32 {
  const isLast = action == FULL || action == END;
  device.cci.background.flags = isLast ? slot : 0;
  return startBackground(m, device, C.COMMAND_TRANSFER_FIRMWARE, isLast ? END_TIME : PART_TIME);
}

function isRevision(bytes: usize): bool {
  const first = load<u8>(bytes);
  if (first < 0x20 || first > 0x7e) return false;
  let isEnded = false;
  for (let at: usize = 0; at < <usize>SLOT_BYTES; at++) {
    const character = load<u8>(bytes + at);
    if (character == 0) isEnded = true;
    else if (isEnded || character < 0x20 || character > 0x7e) return false;
  }
  return true;
}

/** A part is taken; behind the last one the package is checked and its slot written. */
export function endTransfer(m: Machine, device: Device): u32 {
  const cci = device.cci;
  const slot = cci.background.flags;
  cci.transferAt = m.now;
  if (slot == 0) return C.RETURN_SUCCESS;
  forgetTransfer(device);
  if (!isRevision(cci.package)) return C.RETURN_FIRMWARE_VERIFICATION_FAILED;
  memory.copy(slotAt(cci, slot), cci.package, SLOT_BYTES);
  return C.RETURN_SUCCESS;
}

export function activateFirmware(m: Machine, device: Device, mailbox: Mailbox): u32 {
  const cci = device.cci;
  const action = in8(mailbox, C.IN_ACTIVATE_FIRMWARE_ACTION);
  const slot = in8(mailbox, C.IN_ACTIVATE_FIRMWARE_SLOT);
  if (action > C.IN_ACTIVATE_FIRMWARE_ACTION_NEXT_COLD_RESET) return C.RETURN_INVALID_INPUT;
  if (!isUsableSlot(device, slot) || load<u8>(slotAt(cci, slot)) == 0) return C.RETURN_INVALID_SLOT;
  if (action != ONLINE) {
    cci.stagedSlot = slot;
    return C.RETURN_SUCCESS;
  }
  if (keyOf(device, R.KEY_ONLINE_ACTIVATION) == 0) return C.RETURN_ACTIVATION_FAILED_COLD_RESET;
  cci.background.flags = slot;
  return startBackground(m, device, C.COMMAND_ACTIVATE_FIRMWARE, ACTIVATION_TIME);
}

export function endActivation(device: Device): u32 {
  const cci = device.cci;
  cci.activeSlot = cci.background.flags;
  if (cci.stagedSlot == cci.activeSlot) cci.stagedSlot = 0;
  return C.RETURN_SUCCESS;
}

/** A conventional or CXL reset runs the staged slot, as the effects of the commands say. */
export function activateStaged(device: Device): void {
  const cci = device.cci;
  if (cci.stagedSlot != 0) cci.activeSlot = cci.stagedSlot;
  cci.stagedSlot = 0;
}
