// Scan media (CXL 3.2 8.2.10.9.4.4 to 6; mailbox.md 14): looks through a range, remembers what is poisoned, and rebuilds the poison list when the
// range is all of the device.

import * as C from "../generated/commands";
import { Device, Machine } from "../machine";
import { nextPoisoned } from "../media/pages";
import { startBackground } from "./background";
import { in64, in8, out16, out32, out64, out8, startOutput } from "./memory";
import { checkRange, clearList, knownSource, linesOf, report, setRecord, sourceOf, startOf, tellOverflow, writeMediaError } from "./poison";
import { Cci, Mailbox, POISON_STRIDE } from "./state";

const NO_EVENTS: u32 = C.IN_SCAN_MEDIA_FLAGS_NO_EVENT_RECORDS;
const FLAG_MORE: u32 = C.OUT_GET_SCAN_RESULTS_FLAGS_MORE_RECORDS;
const FLAG_STOPPED: u32 = C.OUT_GET_SCAN_RESULTS_FLAGS_STOPPED_EARLY;
/** ms for a GiB, as announced and as it takes. */
const MS_PER_GIB: u64 = 1000;
const TRANSACTION_SCAN: u32 = C.RECORD_GENERAL_MEDIA_TRANSACTION_TYPE_SCAN_MEDIA;
const UNCORRECTABLE: u32 = C.RECORD_GENERAL_MEDIA_DESCRIPTOR_UNCORRECTABLE;
const LINE_MASK: u64 = 63;

function timeOf(lines: u64): u64 {
  return ((lines << 6) * MS_PER_GIB + 0x3fff_ffff) >> 30;
}

export function getScanCapabilities(device: Device, mailbox: Mailbox): u32 {
  const address = in64(mailbox, C.IN_GET_SCAN_CAPABILITIES_ADDRESS);
  const lines = in64(mailbox, C.IN_GET_SCAN_CAPABILITIES_LINES);
  const code = judgeRange(device, address, lines);
  if (code != C.RETURN_SUCCESS) return code;
  startOutput(mailbox, C.OUT_GET_SCAN_CAPABILITIES_BYTES);
  out32(mailbox, C.OUT_GET_SCAN_CAPABILITIES_TIME, <u32>timeOf(lines));
  return C.RETURN_SUCCESS;
}

function judgeRange(device: Device, address: u64, lines: u64): u32 {
  if ((address & LINE_MASK) != 0 || lines == 0) return C.RETURN_INVALID_INPUT;
  return checkRange(device, address, lines);
}

export function scanMedia(m: Machine, device: Device, mailbox: Mailbox): u32 {
  const address = in64(mailbox, C.IN_SCAN_MEDIA_ADDRESS);
  const lines = in64(mailbox, C.IN_SCAN_MEDIA_LINES);
  const code = judgeRange(device, address, lines);
  if (code != C.RETURN_SUCCESS) return code;
  const background = device.cci.background;
  background.address = address;
  background.length = lines;
  background.flags = in8(mailbox, C.IN_SCAN_MEDIA_FLAGS);
  device.cci.scanIsDone = 0;
  return startBackground(m, device, C.COMMAND_SCAN_MEDIA, timeOf(lines) * 1_000_000);
}

function resultAt(cci: Cci, index: u32): usize {
  return cci.scan + <usize>(index * POISON_STRIDE);
}

/** One record for lines of one source that follow each other; what no list had is the media's own. A list that is full stops the scan there. */
export function endScan(m: Machine, device: Device): u32 {
  const cci = device.cci;
  const start = cci.background.address;
  const end = start + (cci.background.length << 6);
  const isWhole = start == 0 && end == device.capacity;
  cci.scanCount = 0;
  cci.scanNext = 0;
  cci.scanIsDone = 1;
  cci.scanStopped = 0;
  cci.scanAddress = 0;
  cci.scanLines = 0;
  for (let at = nextPoisoned(m, device.index, start, end); at < end; at = nextPoisoned(m, device.index, at + 64, end)) {
    const source = knownSource(cci, at);
    const last = cci.scanCount == 0 ? 0 : resultAt(cci, cci.scanCount - 1);
    if (last != 0 && sourceOf(last) == source && startOf(last) + (<u64>linesOf(last) << 6) == at) setRecord(last, startOf(last), source, linesOf(last) + 1);
    else if (cci.scanCount < cci.poisonCapacity) setRecord(resultAt(cci, cci.scanCount++), at, source, 1);
    else {
      cci.scanStopped = 1;
      cci.scanAddress = at;
      cci.scanLines = (end - at) >> 6;
      break;
    }
    if ((cci.background.flags & NO_EVENTS) == 0) report(m, device, C.LOG_FAILURE, at, UNCORRECTABLE, TRANSACTION_SCAN);
  }
  if (isWhole) {
    clearList(cci);
    memory.copy(cci.poison, cci.scan, cci.scanCount * POISON_STRIDE);
    cci.poisonCount = cci.scanCount;
    cci.poisonIsOverflowed = cci.scanStopped;
    if (cci.scanStopped != 0) tellOverflow(m, device, cci.scanAddress);
  }
  return C.RETURN_SUCCESS;
}

export function getScanResults(device: Device, mailbox: Mailbox): u32 {
  const cci = device.cci;
  if (cci.scanIsDone == 0) return C.RETURN_UNSUPPORTED;
  const room = (mailbox.payloadBytes - C.OUT_GET_SCAN_RESULTS_BYTES) / C.MEDIA_ERROR_BYTES;
  const count = min(room, cci.scanCount - cci.scanNext);
  startOutput(mailbox, C.OUT_GET_SCAN_RESULTS_BYTES);
  out64(mailbox, C.OUT_GET_SCAN_RESULTS_RESTART_ADDRESS, cci.scanAddress);
  out64(mailbox, C.OUT_GET_SCAN_RESULTS_RESTART_LINES, cci.scanLines);
  out16(mailbox, C.OUT_GET_SCAN_RESULTS_COUNT, count);
  for (let i: u32 = 0; i < count; i++) writeMediaError(mailbox, resultAt(cci, cci.scanNext + i));
  cci.scanNext += count;
  const hasMore = cci.scanNext < cci.scanCount;
  out8(mailbox, C.OUT_GET_SCAN_RESULTS_FLAGS, (hasMore ? FLAG_MORE : 0) | (cci.scanStopped != 0 ? FLAG_STOPPED : 0));
  if (!hasMore) cci.scanNext = 0;
  return C.RETURN_SUCCESS;
}
