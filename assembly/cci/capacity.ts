// Dynamic capacity (CXL 3.2 8.2.10.9.9; mailbox.md 18): regions behind the static capacity, extents that the host has accepted, and offers that it has
// not answered. Its ranges have entries of the CDAT by the handle given here. The data path does not know them yet (docs/fidelity.md).

import * as C from "../generated/commands";
import * as R from "../generated/registers";
import { Device, keyOf } from "../machine";
import { extendOutput, in32, in64, in8, out16, out32, out64, out8, outBytes, startOutput } from "./memory";
import { Cci, EXTENT_STRIDE, Mailbox, REGION_STRIDE } from "./state";

const UNIT_SHIFT: u64 = 28;
const MORE: u32 = C.IN_ADD_DYNAMIC_CAPACITY_FLAGS_MORE_FOLLOW;
/** Types of a dynamic capacity record. */
const TYPE_ADD: u32 = C.RECORD_DYNAMIC_CAPACITY_TYPE_ADD;
const TYPE_FORCED: u32 = C.RECORD_DYNAMIC_CAPACITY_TYPE_FORCED_RELEASE;

function regionAt(cci: Cci, index: u32): usize {
  return cci.regions + <usize>(index * REGION_STRIDE);
}

function extentAt(list: usize, index: u32): usize {
  return list + <usize>(index * EXTENT_STRIDE);
}

export function getCapacity(device: Device, mailbox: Mailbox): u32 {
  const cci = device.cci;
  const most = in8(mailbox, C.IN_GET_DYNAMIC_CAPACITY_COUNT);
  const start = in8(mailbox, C.IN_GET_DYNAMIC_CAPACITY_START);
  if (start >= cci.regionCount) return C.RETURN_INVALID_INPUT;
  const room = (mailbox.payloadBytes - C.OUT_GET_DYNAMIC_CAPACITY_BYTES - C.CAPACITY_TAIL_BYTES) / C.OUT_GET_DYNAMIC_CAPACITY_ITEM_BYTES;
  const count = min(min(most, cci.regionCount - start), room);
  startOutput(mailbox, C.OUT_GET_DYNAMIC_CAPACITY_BYTES);
  out8(mailbox, C.OUT_GET_DYNAMIC_CAPACITY_AVAILABLE, cci.regionCount);
  out8(mailbox, C.OUT_GET_DYNAMIC_CAPACITY_COUNT, count);
  for (let i = start; i < start + count; i++) {
    const region = regionAt(cci, i);
    const at = extendOutput(mailbox, C.OUT_GET_DYNAMIC_CAPACITY_ITEM_BYTES);
    out64(mailbox, at + C.OUT_GET_DYNAMIC_CAPACITY_ITEM_BASE, load<u64>(region));
    out64(mailbox, at + C.OUT_GET_DYNAMIC_CAPACITY_ITEM_DECODE_LENGTH, load<u64>(region, 8) >> UNIT_SHIFT);
    out64(mailbox, at + C.OUT_GET_DYNAMIC_CAPACITY_ITEM_LENGTH, load<u64>(region, 8));
    out64(mailbox, at + C.OUT_GET_DYNAMIC_CAPACITY_ITEM_BLOCK_SIZE, load<u64>(region, 16));
    out32(mailbox, at + C.OUT_GET_DYNAMIC_CAPACITY_ITEM_DSMAD_HANDLE, keyOf(device, R.KEY_RANGE_COUNT) + i);
  }
  const tail = extendOutput(mailbox, C.CAPACITY_TAIL_BYTES);
  out32(mailbox, tail + C.CAPACITY_TAIL_EXTENTS_SUPPORTED, cci.extentCapacity);
  out32(mailbox, tail + C.CAPACITY_TAIL_EXTENTS_AVAILABLE, cci.extentCapacity - cci.extentCount);
  out32(mailbox, tail + C.CAPACITY_TAIL_TAGS_SUPPORTED, cci.extentCapacity);
  out32(mailbox, tail + C.CAPACITY_TAIL_TAGS_AVAILABLE, cci.extentCapacity - cci.extentCount);
  return C.RETURN_SUCCESS;
}

export function getExtents(device: Device, mailbox: Mailbox): u32 {
  const cci = device.cci;
  const most = in32(mailbox, C.IN_GET_EXTENT_LIST_COUNT);
  const start = in32(mailbox, C.IN_GET_EXTENT_LIST_START);
  if (start > cci.extentCount) return C.RETURN_INVALID_INPUT;
  const room = (mailbox.payloadBytes - C.OUT_GET_EXTENT_LIST_BYTES) / C.OUT_GET_EXTENT_LIST_ITEM_BYTES;
  const count = min(min(most, cci.extentCount - start), room);
  startOutput(mailbox, C.OUT_GET_EXTENT_LIST_BYTES);
  out32(mailbox, C.OUT_GET_EXTENT_LIST_COUNT, count);
  out32(mailbox, C.OUT_GET_EXTENT_LIST_TOTAL, cci.extentCount);
  out32(mailbox, C.OUT_GET_EXTENT_LIST_GENERATION, cci.generation);
  for (let i = start; i < start + count; i++) {
    const extent = extentAt(cci.extents, i);
    const at = extendOutput(mailbox, C.OUT_GET_EXTENT_LIST_ITEM_BYTES);
    out64(mailbox, at + C.OUT_GET_EXTENT_LIST_ITEM_ADDRESS, load<u64>(extent));
    out64(mailbox, at + C.OUT_GET_EXTENT_LIST_ITEM_LENGTH, load<u64>(extent, 8));
    outBytes(mailbox, at + C.OUT_GET_EXTENT_LIST_ITEM_TAG, extent + 16, 16);
    out16(mailbox, at + C.OUT_GET_EXTENT_LIST_ITEM_SEQUENCE, load<u16>(extent, 32));
  }
  return C.RETURN_SUCCESS;
}

/** A range lies in one region, in whole blocks. */
function judgeExtent(cci: Cci, address: u64, size: u64): u32 {
  for (let i: u32 = 0; i < cci.regionCount; i++) {
    const region = regionAt(cci, i);
    const base = load<u64>(region);
    if (address < base || address - base >= load<u64>(region, 8)) continue;
    if (size == 0 || size > load<u64>(region, 8) - (address - base)) return C.RETURN_INVALID_PHYSICAL_ADDRESS;
    return (address - base) % load<u64>(region, 16) == 0 && size % load<u64>(region, 16) == 0 ? C.RETURN_SUCCESS : C.RETURN_INVALID_EXTENT_LIST;
  }
  return C.RETURN_INVALID_PHYSICAL_ADDRESS;
}

/** Index of the first extent of a list that overlaps a range; the count when none does. */
function findOverlap(list: usize, count: u32, address: u64, size: u64): u32 {
  for (let i: u32 = 0; i < count; i++) {
    const extent = extentAt(list, i);
    const start = load<u64>(extent);
    if (start < address + size && address < start + load<u64>(extent, 8)) return i;
  }
  return count;
}

/** Index of the extent that holds a whole range. */
function findHolder(list: usize, count: u32, address: u64, size: u64): u32 {
  for (let i: u32 = 0; i < count; i++) {
    const start = load<u64>(extentAt(list, i));
    if (address >= start && address - start < load<u64>(extentAt(list, i), 8) && size <= load<u64>(extentAt(list, i), 8) - (address - start)) return i;
  }
  return count;
}

function inputAt(prefix: u32, index: u32): u32 {
  return prefix + index * C.IN_ADD_DYNAMIC_CAPACITY_ITEM_BYTES;
}

function judgeLength(mailbox: Mailbox, length: u32): bool {
  return <u64>C.IN_ADD_DYNAMIC_CAPACITY_BYTES + <u64>in32(mailbox, C.IN_ADD_DYNAMIC_CAPACITY_COUNT) * <u64>C.IN_ADD_DYNAMIC_CAPACITY_ITEM_BYTES == <u64>length;
}

/** The host's answer to an add event: extents it takes must have been offered; with the last request what was not taken is withdrawn. */
export function addCapacity(device: Device, mailbox: Mailbox, length: u32): u32 {
  const cci = device.cci;
  if (!judgeLength(mailbox, length)) return C.RETURN_INVALID_PAYLOAD_LENGTH;
  const count = in32(mailbox, C.IN_ADD_DYNAMIC_CAPACITY_COUNT);
  if (count > cci.extentCapacity - cci.extentCount) return C.RETURN_RESOURCES_EXHAUSTED;
  for (let i: u32 = 0; i < count; i++) {
    const at = inputAt(C.IN_ADD_DYNAMIC_CAPACITY_BYTES, i);
    const address = in64(mailbox, at);
    const size = in64(mailbox, at + 8);
    const code = judgeExtent(cci, address, size);
    if (code != C.RETURN_SUCCESS) return code;
    if (findHolder(cci.offers, cci.offerCount, address, size) == cci.offerCount || findOverlap(cci.extents, cci.extentCount, address, size) != cci.extentCount) return C.RETURN_INVALID_EXTENT_LIST;
    for (let j: u32 = 0; j < i; j++) {
      const other = in64(mailbox, inputAt(C.IN_ADD_DYNAMIC_CAPACITY_BYTES, j));
      if (other < address + size && address < other + in64(mailbox, inputAt(C.IN_ADD_DYNAMIC_CAPACITY_BYTES, j) + 8)) return C.RETURN_INVALID_EXTENT_LIST;
    }
  }
  for (let i: u32 = 0; i < count; i++) take(cci, in64(mailbox, inputAt(C.IN_ADD_DYNAMIC_CAPACITY_BYTES, i)), in64(mailbox, inputAt(C.IN_ADD_DYNAMIC_CAPACITY_BYTES, i) + 8));
  if ((in8(mailbox, C.IN_ADD_DYNAMIC_CAPACITY_FLAGS) & MORE) == 0) cci.offerCount = 0;
  return C.RETURN_SUCCESS;
}

/** An extent as the host took it, with the tag of its offer. */
function take(cci: Cci, address: u64, size: u64): void {
  const offer = extentAt(cci.offers, findHolder(cci.offers, cci.offerCount, address, size));
  const extent = extentAt(cci.extents, cci.extentCount++);
  memory.copy(extent, offer, EXTENT_STRIDE);
  store<u64>(extent, address);
  store<u64>(extent, size, 8);
  cci.generation++;
}

export function releaseCapacity(device: Device, mailbox: Mailbox, length: u32): u32 {
  const cci = device.cci;
  if (!judgeLength(mailbox, length)) return C.RETURN_INVALID_PAYLOAD_LENGTH;
  const count = in32(mailbox, C.IN_RELEASE_DYNAMIC_CAPACITY_COUNT);
  let splits: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const at = inputAt(C.IN_RELEASE_DYNAMIC_CAPACITY_BYTES, i);
    const address = in64(mailbox, at);
    const size = in64(mailbox, at + 8);
    const code = judgeExtent(cci, address, size);
    if (code != C.RETURN_SUCCESS) return code;
    const holder = findHolder(cci.extents, cci.extentCount, address, size);
    if (holder == cci.extentCount) return C.RETURN_INVALID_EXTENT_LIST;
    for (let j: u32 = 0; j < i; j++) {
      const other = in64(mailbox, inputAt(C.IN_RELEASE_DYNAMIC_CAPACITY_BYTES, j));
      if (other < address + size && address < other + in64(mailbox, inputAt(C.IN_RELEASE_DYNAMIC_CAPACITY_BYTES, j) + 8)) return C.RETURN_INVALID_EXTENT_LIST;
    }
    splits++;
  }
  if (cci.extentCount + splits > cci.extentCapacity) return C.RETURN_RESOURCES_EXHAUSTED;
  for (let i: u32 = 0; i < count; i++) give(cci, in64(mailbox, inputAt(C.IN_RELEASE_DYNAMIC_CAPACITY_BYTES, i)), in64(mailbox, inputAt(C.IN_RELEASE_DYNAMIC_CAPACITY_BYTES, i) + 8));
  return C.RETURN_SUCCESS;
}

/** Takes a range out of the extent that holds it: what is left before and behind stays. */
function give(cci: Cci, address: u64, size: u64): void {
  const index = findHolder(cci.extents, cci.extentCount, address, size);
  if (index == cci.extentCount) return;
  const extent = extentAt(cci.extents, index);
  const start = load<u64>(extent);
  const end = start + load<u64>(extent, 8);
  cci.generation++;
  if (address + size < end && address > start && cci.extentCount < cci.extentCapacity) {
    const behind = extentAt(cci.extents, cci.extentCount++);
    memory.copy(behind, extent, EXTENT_STRIDE);
    store<u64>(behind, address + size);
    store<u64>(behind, end - address - size, 8);
  }
  if (address > start) return store<u64>(extent, address - start, 8);
  if (address + size < end) {
    store<u64>(extent, address + size);
    return store<u64>(extent, end - address - size, 8);
  }
  cci.extentCount--;
  memory.copy(extent, extentAt(cci.extents, index + 1), (cci.extentCount - index) * EXTENT_STRIDE);
}

/** What a dynamic capacity record does beside being told: an add is an offer, a forced release takes extents back at once. */
export function followRecord(device: Device, record: usize): void {
  const cci = device.cci;
  const type = <u32>load<u8>(record + C.RECORD_DYNAMIC_CAPACITY_TYPE);
  const address = load<u64>(record + C.RECORD_DYNAMIC_CAPACITY_ADDRESS);
  const size = load<u64>(record + C.RECORD_DYNAMIC_CAPACITY_BYTES);
  if (type == TYPE_ADD && cci.offerCount < cci.extentCapacity) {
    const offer = extentAt(cci.offers, cci.offerCount++);
    store<u64>(offer, address);
    store<u64>(offer, size, 8);
    memory.copy(offer + 16, record + C.RECORD_DYNAMIC_CAPACITY_TAG, 16);
    store<u64>(offer, <u64>load<u16>(record + C.RECORD_DYNAMIC_CAPACITY_SEQUENCE), 32);
  } else if (type == TYPE_FORCED) give(cci, address, size);
}
