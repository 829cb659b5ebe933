// Event logs of a device and their commands (CXL 3.2 8.2.10.2; events.md): rings of 128-byte records, overflow, interrupts.

import * as C from "../generated/commands";
import * as R from "../generated/registers";
import { Device, Machine } from "../machine";
import { sendVector, vectorOf } from "../pci/msix";
import { setBits } from "../registers";
import { HW_EVENT, traceHardware } from "../trace/ring";
import { deviceClock } from "./clock";
import { extendOutput, in16, in8, out16, out64, out8, outBytes, startOutput } from "./memory";
import { EventLog, Mailbox } from "./state";

/** The same in every byte of the policy. */
const MODE: u32 = C.IN_SET_EVENT_INTERRUPT_POLICY_INFORMATIONAL_MODE;
const MESSAGE_NUMBER_SHIFT: u32 = C.IN_SET_EVENT_INTERRUPT_POLICY_INFORMATIONAL_MESSAGE_NUMBER_SHIFT;
const MODE_MESSAGE: u32 = C.IN_SET_EVENT_INTERRUPT_POLICY_INFORMATIONAL_MODE_MESSAGE;
const MODE_FIRMWARE: u32 = C.IN_SET_EVENT_INTERRUPT_POLICY_INFORMATIONAL_MODE_FIRMWARE;
const MODE_RESERVED: u32 = C.IN_SET_EVENT_INTERRUPT_POLICY_INFORMATIONAL_MODE_RESERVED;
const CLEAR_ALL: u32 = C.IN_CLEAR_EVENT_RECORDS_FLAGS_CLEAR_ALL;
const FLAG_OVERFLOW: u32 = C.OUT_GET_EVENT_RECORDS_FLAGS_OVERFLOW;
const FLAG_MORE: u32 = C.OUT_GET_EVENT_RECORDS_FLAGS_MORE_RECORDS;

export function logOf(device: Device, log: u32): EventLog {
  return changetype<EventLog>(device.cci.logs + <usize>log * offsetof<EventLog>());
}

function hasLog(device: Device, log: u32): bool {
  return log < C.LOG_COUNT && logOf(device, log).capacity != 0;
}

function recordAt(log: EventLog, index: u32): usize {
  return log.records + <usize>(((log.first + index) % log.capacity) * C.RECORD_BYTES);
}

function showLog(device: Device, log: u32): void {
  setBits(device.registers, R.DEVICE_DEVICE_STATUS_EVENT_STATUS, 1 << log, logOf(device, log).count != 0);
}

/** Adds a record: handle, timestamp and length are the device's own. A full log loses it and says so. */
export function addRecord(m: Machine, device: Device, number: u32, record: usize): void {
  if (!hasLog(device, number)) return;
  const log = logOf(device, number);
  const time = deviceClock(m, device);
  if (log.count == log.capacity) {
    if (log.isOverflowed == 0) log.firstLost = time;
    log.isOverflowed = 1;
    log.lastLost = time;
    log.lost = min(log.lost + 1, 0xffff);
    return traceHardware(m, HW_EVENT, device.id, number, 0, log.lost, 1);
  }
  const at = recordAt(log, log.count);
  memory.copy(at, record, C.RECORD_BYTES);
  store<u8>(at + C.RECORD_LENGTH, C.RECORD_BYTES);
  store<u16>(at + C.RECORD_HANDLE, log.nextHandle);
  store<u64>(at + C.RECORD_TIMESTAMP, time);
  traceHardware(m, HW_EVENT, device.id, number, <u64>log.nextHandle, 0, 0);
  log.nextHandle = log.nextHandle == 0xffff ? 1 : log.nextHandle + 1;
  log.count++;
  showLog(device, number);
  if (log.count == 1 && log.mode == MODE_MESSAGE) sendVector(m, device, vectorOf(device, R.EVENT_MESSAGE + number));
}

/** Drops the `count` oldest records. What was lost is forgotten with the first of them (sheet 12). */
function dropOldest(device: Device, number: u32, count: u32): void {
  const log = logOf(device, number);
  if (count == 0) return;
  log.first = (log.first + count) % log.capacity;
  log.count -= count;
  forgetLoss(log);
  showLog(device, number);
}

function forgetLoss(log: EventLog): void {
  log.isOverflowed = 0;
  log.lost = 0;
  log.firstLost = 0;
  log.lastLost = 0;
}

/** Sanitize takes the records too. */
export function clearLogs(device: Device): void {
  for (let number: u32 = 0; number < C.LOG_COUNT; number++) {
    if (!hasLog(device, number)) continue;
    dropOldest(device, number, logOf(device, number).count);
    forgetLoss(logOf(device, number));
  }
}

/** A conventional reset: no log interrupts any more; the records stay (sheet 1, 13). */
export function resetPolicy(device: Device): void {
  for (let number: u32 = 0; number < C.LOG_COUNT; number++) {
    logOf(device, number).mode = 0;
    showLog(device, number);
  }
}

export function getEventRecords(device: Device, mailbox: Mailbox): u32 {
  const number = in8(mailbox, C.IN_GET_EVENT_RECORDS_LOG);
  if (!hasLog(device, number)) return C.RETURN_INVALID_INPUT;
  const log = logOf(device, number);
  const shown = min(log.count, (mailbox.payloadBytes - C.OUT_GET_EVENT_RECORDS_BYTES) / C.RECORD_BYTES);
  startOutput(mailbox, C.OUT_GET_EVENT_RECORDS_BYTES);
  out8(mailbox, C.OUT_GET_EVENT_RECORDS_FLAGS, (log.isOverflowed != 0 ? FLAG_OVERFLOW : 0) | (shown < log.count ? FLAG_MORE : 0));
  out16(mailbox, C.OUT_GET_EVENT_RECORDS_OVERFLOW_COUNT, log.lost);
  out64(mailbox, C.OUT_GET_EVENT_RECORDS_FIRST_OVERFLOW, log.firstLost);
  out64(mailbox, C.OUT_GET_EVENT_RECORDS_LAST_OVERFLOW, log.lastLost);
  out16(mailbox, C.OUT_GET_EVENT_RECORDS_COUNT, shown);
  for (let i: u32 = 0; i < shown; i++) outBytes(mailbox, extendOutput(mailbox, C.RECORD_BYTES), recordAt(log, i), C.RECORD_BYTES);
  return C.RETURN_SUCCESS;
}

export function clearEventRecords(device: Device, mailbox: Mailbox, length: u32): u32 {
  const number = in8(mailbox, C.IN_CLEAR_EVENT_RECORDS_LOG);
  const count = in8(mailbox, C.IN_CLEAR_EVENT_RECORDS_COUNT);
  const clearsAll = (in8(mailbox, C.IN_CLEAR_EVENT_RECORDS_FLAGS) & CLEAR_ALL) != 0;
  if (!clearsAll && length != C.IN_CLEAR_EVENT_RECORDS_BYTES + count * C.IN_CLEAR_EVENT_RECORDS_ITEM_BYTES) return C.RETURN_INVALID_PAYLOAD_LENGTH;
  if (!hasLog(device, number)) return C.RETURN_INVALID_INPUT;
  const log = logOf(device, number);
  if (clearsAll) {
    if (log.isOverflowed == 0) return C.RETURN_INVALID_INPUT;
    dropOldest(device, number, log.count);
    return C.RETURN_SUCCESS;
  }
  if (count > log.count) return C.RETURN_INVALID_HANDLE;
  for (let i: u32 = 0; i < count; i++) {
    const handle = in16(mailbox, C.IN_CLEAR_EVENT_RECORDS_BYTES + i * C.IN_CLEAR_EVENT_RECORDS_ITEM_BYTES);
    if (handle != load<u16>(recordAt(log, i) + C.RECORD_HANDLE)) return C.RETURN_INVALID_HANDLE;
  }
  dropOldest(device, number, count);
  return C.RETURN_SUCCESS;
}

/** Bytes of the policy: one for each log that the device has. */
function policyBytes(device: Device): u32 {
  return hasLog(device, C.LOG_DYNAMIC_CAPACITY) ? C.LOG_COUNT : C.LOG_COUNT - 1;
}

export function getEventPolicy(device: Device, mailbox: Mailbox): u32 {
  const bytes = policyBytes(device);
  startOutput(mailbox, bytes);
  for (let number: u32 = 0; number < bytes; number++) out8(mailbox, number, logOf(device, number).mode | (vectorOf(device, R.EVENT_MESSAGE + number) << MESSAGE_NUMBER_SHIFT));
  return C.RETURN_SUCCESS;
}

/** Only modes are taken; which vector belongs to a log is the device's choice. A policy of four bytes has 0 for the fifth log (mailbox.md 1). */
export function setEventPolicy(device: Device, mailbox: Mailbox, length: u32): u32 {
  const bytes = min(length, policyBytes(device));
  for (let number: u32 = 0; number < bytes; number++) {
    const mode = in8(mailbox, number) & MODE;
    if (mode == MODE_RESERVED || (mode == MODE_FIRMWARE && number == C.LOG_DYNAMIC_CAPACITY)) return C.RETURN_INVALID_INPUT;
  }
  for (let number: u32 = 0; number < C.LOG_COUNT; number++) logOf(device, number).mode = number < bytes ? in8(mailbox, number) & MODE : 0;
  return C.RETURN_SUCCESS;
}
