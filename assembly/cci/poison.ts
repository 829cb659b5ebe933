// The poison list of a device (CXL 3.2 8.2.10.9.4; mailbox.md 14): records of poisoned lines with their source, told newest first, beside the poison bits
// of the media. A list that is full says so, and stays incomplete until a scan of everything rebuilds it.

import * as C from "../generated/commands";
import * as R from "../generated/registers";
import { Device, Machine, keyOf } from "../machine";
import { hasRoom, isPoisoned, setPoison, writeMedia } from "../media/pages";
import { HW_MEDIA, traceHardware } from "../trace/ring";
import { deviceClock } from "./clock";
import { addRecord } from "./events";
import { extendOutput, in64, out16, out32, out64, out8, startOutput } from "./memory";
import { Cci, Mailbox, POISON_STRIDE } from "./state";

export const SOURCE_INTERNAL: u32 = C.MEDIA_ERROR_ADDRESS_SOURCE_INTERNAL;
export const SOURCE_INJECTED: u32 = C.MEDIA_ERROR_ADDRESS_SOURCE_INJECTED;
const SOURCE_MASK: u64 = C.MEDIA_ERROR_ADDRESS_SOURCE;
const LINE: u64 = 64;
const LINE_MASK: u64 = 63;
const RESTART: u64 = C.IN_GET_POISON_LIST_ADDRESS_RESTART;
const FLAG_MORE: u32 = C.OUT_GET_POISON_LIST_FLAGS_MORE_RECORDS;
const FLAG_OVERFLOW: u32 = C.OUT_GET_POISON_LIST_FLAGS_LIST_OVERFLOW;
const FLAG_SCANNING: u32 = C.OUT_GET_POISON_LIST_FLAGS_SCAN_IN_PROGRESS;
const FLAG_RESTARTED: u32 = C.OUT_GET_POISON_LIST_FLAGS_RESTART_ACKNOWLEDGED;
const TRANSACTION_INJECT: u32 = C.RECORD_GENERAL_MEDIA_TRANSACTION_TYPE_INJECT_POISON;
const DESCRIPTOR_OVERFLOW: u32 = C.RECORD_GENERAL_MEDIA_DESCRIPTOR_POISON_LIST_OVERFLOW;

function recordAt(cci: Cci, index: u32): usize {
  return cci.poison + <usize>(index * POISON_STRIDE);
}

export function startOf(record: usize): u64 {
  return load<u64>(record) & ~LINE_MASK;
}

export function linesOf(record: usize): u32 {
  return load<u32>(record, 8);
}

function endOf(record: usize): u64 {
  return startOf(record) + (<u64>linesOf(record) << 6);
}

export function setRecord(record: usize, start: u64, source: u32, lines: u32): void {
  store<u64>(record, start | <u64>source);
  store<u32>(record, lines, 8);
}

/** A record of its own; a full list loses it, and tells the first time. */
function append(m: Machine, device: Device, start: u64, lines: u32, source: u32): void {
  const cci = device.cci;
  if (cci.poisonCount < cci.poisonCapacity && cci.poisonIsOverflowed == 0) return setRecord(recordAt(cci, cci.poisonCount++), start, source, lines);
  if (source == SOURCE_INJECTED) cci.injectedLost += lines;
  if (cci.poisonIsOverflowed == 0) tellOverflow(m, device, start);
}

/** The list has lost a line: it says so, and an event tells it. */
export function tellOverflow(m: Machine, device: Device, address: u64): void {
  const cci = device.cci;
  cci.poisonIsOverflowed = 1;
  cci.poisonLostAt = deviceClock(m, device);
  report(m, device, C.LOG_WARNING, address, DESCRIPTOR_OVERFLOW, 0);
}

/** A general media record about a line. Severity follows the log. */
export function report(m: Machine, device: Device, log: u32, address: u64, descriptor: u32, transaction: u32): void {
  const record = m.scratch;
  memory.fill(record, 0, C.RECORD_BYTES);
  memory.copy(record, C.RECORD_GENERAL_MEDIA_UUID, 16);
  store<u8>(record + C.RECORD_FLAGS, log);
  store<u64>(record + C.RECORD_GENERAL_MEDIA_ADDRESS, address | (address < device.volatileCapacity ? C.RECORD_GENERAL_MEDIA_ADDRESS_VOLATILE : 0));
  store<u8>(record + C.RECORD_GENERAL_MEDIA_DESCRIPTOR, descriptor);
  store<u8>(record + C.RECORD_GENERAL_MEDIA_TRANSACTION_TYPE, transaction);
  addRecord(m, device, log, record);
}

/** Poisons lines and records those that were clean, in one record where they follow each other. */
export function poisonLines(m: Machine, device: Device, start: u64, lines: u32, source: u32): void {
  let run: u32 = 0;
  for (let line: u32 = 0; line <= lines; line++) {
    const at = start + (<u64>line << 6);
    const isNew = line < lines && at < device.capacity && !isPoisoned(m, device.index, at);
    if (isNew) setPoison(m, device.index, at, true);
    if (isNew && isPoisoned(m, device.index, at)) run++;
    else if (run != 0) {
      append(m, device, at - (<u64>run << 6), run, source);
      run = 0;
    }
  }
}

/** Takes lines out of the list; `cleans` takes their poison from the media too. */
export function forgetLines(m: Machine, device: Device, start: u64, lines: u32, cleans: bool): void {
  const end = start + (<u64>lines << 6);
  if (lines == 1 && device.cci.injectedLost != 0 && isPoisoned(m, device.index, start) && !isListed(device.cci, start)) device.cci.injectedLost--;
  if (cleans) for (let line: u32 = 0; line < lines; line++) setPoison(m, device.index, start + (<u64>line << 6), false);
  const cci = device.cci;
  for (let i: u32 = 0; i < cci.poisonCount; i++) {
    const record = recordAt(cci, i);
    const from = startOf(record);
    const to = endOf(record);
    if (to <= start || from >= end) continue;
    const source = sourceOf(record);
    if (from < start) {
      setRecord(record, from, source, <u32>((start - from) >> 6));
      if (to > end) append(m, device, end, <u32>((to - end) >> 6), source);
    } else if (to > end) setRecord(record, end, source, <u32>((to - end) >> 6));
    else {
      remove(cci, i);
      i--;
    }
  }
}

export function sourceOf(record: usize): u32 {
  return <u32>(load<u64>(record) & SOURCE_MASK);
}

/** The source of a line as the list has it; internal where it has none. */
export function knownSource(cci: Cci, address: u64): u32 {
  for (let i: u32 = 0; i < cci.poisonCount; i++) if (overlaps(recordAt(cci, i), address, 1)) return sourceOf(recordAt(cci, i));
  return SOURCE_INTERNAL;
}

function isListed(cci: Cci, address: u64): bool {
  for (let i: u32 = 0; i < cci.poisonCount; i++) if (overlaps(recordAt(cci, i), address, 1)) return true;
  return false;
}

function remove(cci: Cci, index: u32): void {
  cci.poisonCount--;
  memory.copy(recordAt(cci, index), recordAt(cci, index + 1), (cci.poisonCount - index) * POISON_STRIDE);
}

/** Everything below an address is clean: what a reset makes of volatile contents. */
export function forgetBelow(m: Machine, device: Device, end: u64): void {
  device.cci.injectedLost = 0;
  if (device.cci.poisonCount != 0 && end != 0) forgetLines(m, device, 0, <u32>min<u64>(end >> 6, 0xffff_ffff), false);
}

export function clearList(cci: Cci): void {
  cci.poisonCount = 0;
  cci.poisonIsOverflowed = 0;
  cci.poisonLostAt = 0;
  cci.injectedLost = 0;
  cci.queryNext = 0;
}

/** A query's range lies in the device. */
export function checkRange(device: Device, address: u64, lines: u64): u32 {
  if (address >= device.capacity || lines > (device.capacity - address) >> 6) return C.RETURN_INVALID_PHYSICAL_ADDRESS;
  return C.RETURN_SUCCESS;
}

/** Records that overlap the range. The same question again goes on behind the last record given; bit 0 of the address starts anew. */
export function getPoisonList(m: Machine, device: Device, mailbox: Mailbox): u32 {
  const cci = device.cci;
  const asked = in64(mailbox, C.IN_GET_POISON_LIST_ADDRESS);
  const lines = in64(mailbox, C.IN_GET_POISON_LIST_LINES);
  const address = asked & ~LINE_MASK;
  const code = checkRange(device, address, lines);
  if (code != C.RETURN_SUCCESS) return code;
  const isRestart = (asked & RESTART) != 0;
  if (isRestart || cci.queryNext == 0 || cci.queryAddress != address || cci.queryLines != lines) cci.queryNext = 0;
  cci.queryAddress = address;
  cci.queryLines = lines;
  startOutput(mailbox, C.OUT_GET_POISON_LIST_BYTES);
  const room = (mailbox.payloadBytes - C.OUT_GET_POISON_LIST_BYTES) / C.MEDIA_ERROR_BYTES;
  let count: u32 = 0;
  let next = cci.queryNext;
  for (; next < cci.poisonCount; next++) {
    const record = recordAt(cci, cci.poisonCount - 1 - next);
    if (!overlaps(record, address, lines)) continue;
    if (count == room) break;
    writeMediaError(mailbox, record);
    count++;
  }
  const hasMore = next < cci.poisonCount;
  cci.queryNext = hasMore ? next : 0;
  const isScanning = cci.background.command == C.COMMAND_SCAN_MEDIA + 1;
  out8(mailbox, C.OUT_GET_POISON_LIST_FLAGS, (hasMore ? FLAG_MORE : 0) | (cci.poisonIsOverflowed != 0 ? FLAG_OVERFLOW : 0) | (isScanning ? FLAG_SCANNING : 0) | (isRestart ? FLAG_RESTARTED : 0));
  out64(mailbox, C.OUT_GET_POISON_LIST_OVERFLOW_TIMESTAMP, cci.poisonLostAt);
  out16(mailbox, C.OUT_GET_POISON_LIST_COUNT, count);
  return C.RETURN_SUCCESS;
}

function overlaps(record: usize, address: u64, lines: u64): bool {
  return endOf(record) > address && startOf(record) < address + (lines << 6);
}

export function writeMediaError(mailbox: Mailbox, record: usize): void {
  const at = extendOutput(mailbox, C.MEDIA_ERROR_BYTES);
  out64(mailbox, at + C.MEDIA_ERROR_ADDRESS, load<u64>(record));
  out32(mailbox, at + C.MEDIA_ERROR_LINES, linesOf(record));
}

/** Lines that came from injection, in the list or not. */
function injected(cci: Cci): u32 {
  let count = cci.injectedLost;
  for (let i: u32 = 0; i < cci.poisonCount; i++) if (sourceOf(recordAt(cci, i)) == SOURCE_INJECTED) count += linesOf(recordAt(cci, i));
  return count;
}

export function injectPoison(m: Machine, device: Device, mailbox: Mailbox): u32 {
  const address = in64(mailbox, C.IN_INJECT_POISON_ADDRESS);
  if ((address & LINE_MASK) != 0) return C.RETURN_INVALID_INPUT;
  if (address >= device.capacity) return C.RETURN_INVALID_PHYSICAL_ADDRESS;
  if (isPoisoned(m, device.index, address)) return C.RETURN_SUCCESS;
  const limit = keyOf(device, R.KEY_INJECT_POISON_LIMIT);
  if (limit != 0 && injected(device.cci) >= limit) return C.RETURN_POISON_LIMIT_REACHED;
  if (!hasRoom(m, device.index, address, <u32>LINE)) return C.RETURN_INTERNAL_ERROR;
  poisonLines(m, device, address, 1, SOURCE_INJECTED);
  report(m, device, C.LOG_INFORMATIONAL, address, 0, TRANSACTION_INJECT);
  traceHardware(m, HW_MEDIA, device.id, 16, address, 1, 0);
  m.routeGeneration++;
  return C.RETURN_SUCCESS;
}

/** Writes the 64 bytes, poisoned or not. */
export function clearPoison(m: Machine, device: Device, mailbox: Mailbox): u32 {
  const address = in64(mailbox, C.IN_CLEAR_POISON_ADDRESS);
  if ((address & LINE_MASK) != 0) return C.RETURN_INVALID_INPUT;
  if (address >= device.capacity) return C.RETURN_INVALID_PHYSICAL_ADDRESS;
  if (!hasRoom(m, device.index, address, <u32>LINE)) return C.RETURN_INTERNAL_ERROR;
  forgetLines(m, device, address, 1, true);
  for (let at: u64 = 0; at < LINE; at += 8) writeMedia(m, device.index, address + at, in64(mailbox, C.IN_CLEAR_POISON_DATA + <u32>at), 8);
  traceHardware(m, HW_MEDIA, device.id, 17, address, 1, 0);
  m.routeGeneration++;
  return C.RETURN_SUCCESS;
}
