// Sanitize, secure erase and media operations (CXL 3.2 8.2.10.9.5; mailbox.md 15). Sanitize disables the media until it has succeeded; interrupted,
// it leaves the media disabled.

import * as C from "../generated/commands";
import * as R from "../generated/registers";
import { Device, Machine, keyOf } from "../machine";
import { MEDIA_DISABLED, MEDIA_READY, setMediaState } from "../fabric/reset";
import { LABELS, eraseContents } from "../media/pages";
import { startBackground } from "./background";
import { clearLogs } from "./events";
import { extendOutput, in16, in32, in64, in8, out16, out64, out8, startOutput } from "./memory";
import { clearList, forgetLines } from "./poison";
import { LOCKED, USER_SET } from "./security";
import { Mailbox } from "./state";

const SECOND: u64 = 1_000_000_000;
const SMALLEST: u64 = 512 << 20;
const LONGEST: u64 = 4 * 3600;
const GRANULARITY: u64 = 64;
/** Operations as class, and subclass above it. */
const DISCOVER: u32 = C.IN_MEDIA_OPERATIONS_CLASS_GENERAL;
const SANITIZE: u32 = C.IN_MEDIA_OPERATIONS_CLASS_SANITIZE | (C.IN_MEDIA_OPERATIONS_SUBCLASS_SANITIZE << 8);
const ZERO: u32 = C.IN_MEDIA_OPERATIONS_CLASS_SANITIZE | (C.IN_MEDIA_OPERATIONS_SUBCLASS_ZERO << 8);
const OPERATIONS: u32 = 3;

/** 4 s up to 512 MiB, twice that for every doubling, 4 h at most. */
function timeFor(bytes: u64): u64 {
  let seconds: u64 = 4;
  for (let size = SMALLEST; size < bytes && seconds < LONGEST; size <<= 1) seconds <<= 1;
  return min(seconds, LONGEST) * SECOND;
}

/** Everything that was written, labels, poison and records are gone. */
function eraseAll(m: Machine, device: Device): void {
  eraseUserData(m, device);
  eraseContents(m, device.index | LABELS, 0, <u64>keyOf(device, R.KEY_LABEL_AREA_SIZE));
  clearLogs(device);
}

export function sanitize(m: Machine, device: Device): u32 {
  if ((device.cci.security & USER_SET) != 0) return C.RETURN_INVALID_SECURITY_STATE;
  device.cci.needsSanitize = 1;
  const code = startBackground(m, device, C.COMMAND_SANITIZE, timeFor(device.capacity));
  setMediaState(m, device, MEDIA_DISABLED);
  return code;
}

export function endSanitize(m: Machine, device: Device): u32 {
  eraseAll(m, device);
  device.cci.needsSanitize = 0;
  setMediaState(m, device, MEDIA_READY);
  return C.RETURN_SUCCESS;
}

/** The media stays disabled until a sanitize succeeds. */
export function abandonSanitize(m: Machine, device: Device): void {
  setMediaState(m, device, MEDIA_DISABLED);
}

/** New keys: what was written reads as nothing. At once. */
export function secureErase(m: Machine, device: Device): u32 {
  if ((device.cci.security & (USER_SET | LOCKED)) != 0) return C.RETURN_INVALID_SECURITY_STATE;
  if (device.cci.background.command == C.COMMAND_SANITIZE + 1) return C.RETURN_BUSY;
  eraseUserData(m, device);
  return C.RETURN_SUCCESS;
}

export function eraseUserData(m: Machine, device: Device): void {
  device.erasedAt = device.resetCount;
  eraseContents(m, device.index, 0, device.capacity);
  clearList(device.cci);
  m.routeGeneration++;
}

/** Operations there are, as class and subclass: discovery, sanitize, zero. */
function operationAt(index: u32): u32 {
  return index == 0 ? DISCOVER : index == 1 ? SANITIZE : ZERO;
}

export function mediaOperations(m: Machine, device: Device, mailbox: Mailbox, length: u32): u32 {
  const operation = in8(mailbox, C.IN_MEDIA_OPERATIONS_CLASS) | (in8(mailbox, C.IN_MEDIA_OPERATIONS_SUBCLASS) << 8);
  const count = in32(mailbox, C.IN_MEDIA_OPERATIONS_COUNT);
  const needed = <u64>C.IN_MEDIA_OPERATIONS_BYTES + <u64>count * <u64>C.MEDIA_RANGE_BYTES;
  if (operation == DISCOVER) return discover(mailbox, length, needed);
  if (operation != SANITIZE && operation != ZERO) return C.RETURN_INVALID_INPUT;
  if (needed != <u64>length) return C.RETURN_INVALID_PAYLOAD_LENGTH;
  if (count == 0) return C.RETURN_INVALID_INPUT;
  let bytes: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const at = C.IN_MEDIA_OPERATIONS_BYTES + i * C.MEDIA_RANGE_BYTES;
    const address = in64(mailbox, at + C.MEDIA_RANGE_ADDRESS);
    const size = in64(mailbox, at + C.MEDIA_RANGE_LENGTH);
    if (address % GRANULARITY != 0 || size % GRANULARITY != 0 || size == 0) return C.RETURN_INVALID_INPUT;
    if (address >= device.capacity || size > device.capacity - address) return C.RETURN_INVALID_PHYSICAL_ADDRESS;
    bytes += size;
  }
  for (let i: u32 = 0; i < count; i++) {
    const at = C.IN_MEDIA_OPERATIONS_BYTES + i * C.MEDIA_RANGE_BYTES;
    erase(m, device, in64(mailbox, at + C.MEDIA_RANGE_ADDRESS), in64(mailbox, at + C.MEDIA_RANGE_LENGTH));
  }
  return startBackground(m, device, C.COMMAND_MEDIA_OPERATIONS, timeFor(bytes));
}

function erase(m: Machine, device: Device, address: u64, size: u64): void {
  eraseContents(m, device.index, address, address + size);
  for (let done: u64 = 0; done < size; done += <u64>0x4000_0000) forgetLines(m, device, address + done, <u32>(min<u64>(size - done, 0x4000_0000) >> 6), false);
  m.routeGeneration++;
}

export function endMediaOperation(m: Machine, device: Device): u32 {
  return C.RETURN_SUCCESS;
}

function discover(mailbox: Mailbox, length: u32, needed: u64): u32 {
  if (needed + <u64>C.DISCOVERY_BYTES != <u64>length) return C.RETURN_INVALID_PAYLOAD_LENGTH;
  const at = <u32>needed;
  const start = in16(mailbox, at + C.DISCOVERY_START);
  if (start >= OPERATIONS) return C.RETURN_INVALID_INPUT;
  const count = min(in16(mailbox, at + C.DISCOVERY_COUNT), OPERATIONS - start);
  startOutput(mailbox, C.OUT_MEDIA_OPERATIONS_BYTES);
  out64(mailbox, C.OUT_MEDIA_OPERATIONS_GRANULARITY, GRANULARITY);
  out16(mailbox, C.OUT_MEDIA_OPERATIONS_TOTAL, OPERATIONS);
  out16(mailbox, C.OUT_MEDIA_OPERATIONS_COUNT, count);
  for (let i = start; i < start + count; i++) {
    const entry = extendOutput(mailbox, C.OUT_MEDIA_OPERATIONS_ITEM_BYTES);
    out8(mailbox, entry + C.OUT_MEDIA_OPERATIONS_ITEM_CLASS, operationAt(i) & 0xff);
    out8(mailbox, entry + C.OUT_MEDIA_OPERATIONS_ITEM_SUBCLASS, operationAt(i) >> 8);
  }
  return C.RETURN_SUCCESS;
}
