// Identify, partitions and the label storage area (CXL 3.2 8.2.10.9.1, 8.2.10.9.2; mailbox.md 11, 12).

import * as C from "../generated/commands";
import * as R from "../generated/registers";
import { Device, Machine, NEVER, keyOf } from "../machine";
import { LABELS, hasRoom, readByte, writeByte } from "../media/pages";
import { repartition } from "../fabric/reset";
import { logOf } from "./events";
import { in32, in64, in8, out16, out32, out64, out8, outBytes, startOutput } from "./memory";
import { Cci, FACTORY_ACTIVE_SLOT, FACTORY_REVISION, Mailbox, SLOT_BYTES } from "./state";

const UNIT_SHIFT: u64 = 28;
const IMMEDIATE: u32 = C.IN_SET_PARTITION_INFO_FLAGS_AT_ONCE;
/** Poison handling: injected poison persists, scans for poison. */
const INJECTS: u32 = C.OUT_IDENTIFY_MEMORY_DEVICE_POISON_HANDLING_INJECTS_PERSISTENT_POISON;
const SCANS: u32 = C.OUT_IDENTIFY_MEMORY_DEVICE_POISON_HANDLING_SCANS_FOR_POISON;

function has(device: Device, command: u32): bool {
  return ((keyOf(device, command < 32 ? R.KEY_COMMANDS_LOW : R.KEY_COMMANDS_HIGH) >> (command & 31)) & 1) != 0;
}

/** Capacity that can be either, x 256 MiB: all of it on a device that can be partitioned. */
function isPartitionable(device: Device): bool {
  return keyOf(device, R.KEY_PARTITION_ALIGNMENT) != 0;
}

/** That of the active slot, or what the device calls itself as long as that slot is the one it came with. */
function revision(cci: Cci): usize {
  const own = cci.factory + FACTORY_REVISION;
  if (load<u8>(own) != 0 && cci.activeSlot == <u32>load<u8>(cci.factory + FACTORY_ACTIVE_SLOT)) return own;
  return cci.slots + <usize>((cci.activeSlot - 1) * SLOT_BYTES);
}

export function identify(device: Device, mailbox: Mailbox): u32 {
  startOutput(mailbox, C.OUT_IDENTIFY_MEMORY_DEVICE_BYTES);
  const cci = device.cci;
  outBytes(mailbox, C.OUT_IDENTIFY_MEMORY_DEVICE_FIRMWARE_REVISION, revision(cci), SLOT_BYTES);
  out64(mailbox, C.OUT_IDENTIFY_MEMORY_DEVICE_TOTAL_CAPACITY, device.capacity >> UNIT_SHIFT);
  if (!isPartitionable(device)) {
    out64(mailbox, C.OUT_IDENTIFY_MEMORY_DEVICE_VOLATILE_ONLY_CAPACITY, device.volatileCapacity >> UNIT_SHIFT);
    out64(mailbox, C.OUT_IDENTIFY_MEMORY_DEVICE_PERSISTENT_ONLY_CAPACITY, (device.capacity - device.volatileCapacity) >> UNIT_SHIFT);
  }
  out64(mailbox, C.OUT_IDENTIFY_MEMORY_DEVICE_PARTITION_ALIGNMENT, <u64>keyOf(device, R.KEY_PARTITION_ALIGNMENT));
  for (let log: u32 = 0; log < 4; log++) out16(mailbox, C.OUT_IDENTIFY_MEMORY_DEVICE_INFORMATIONAL_LOG_SIZE + log * 2, logOf(device, log).capacity);
  out32(mailbox, C.OUT_IDENTIFY_MEMORY_DEVICE_LABEL_AREA_SIZE, keyOf(device, R.KEY_LABEL_AREA_SIZE));
  const poison = keyOf(device, R.KEY_POISON_LIST_SIZE);
  out16(mailbox, C.OUT_IDENTIFY_MEMORY_DEVICE_POISON_LIST_SIZE, poison & 0xffff);
  out8(mailbox, C.OUT_IDENTIFY_MEMORY_DEVICE_POISON_LIST_SIZE + 2, poison >> 16);
  out8(mailbox, C.OUT_IDENTIFY_MEMORY_DEVICE_POISON_HANDLING, (has(device, C.COMMAND_INJECT_POISON) ? INJECTS : 0) | (has(device, C.COMMAND_SCAN_MEDIA) ? SCANS : 0));
  out16(mailbox, C.OUT_IDENTIFY_MEMORY_DEVICE_INJECT_POISON_LIMIT, keyOf(device, R.KEY_INJECT_POISON_LIMIT));
  out16(mailbox, C.OUT_IDENTIFY_MEMORY_DEVICE_DYNAMIC_CAPACITY_LOG_SIZE, logOf(device, C.LOG_DYNAMIC_CAPACITY).capacity);
  return C.RETURN_SUCCESS;
}

export function getPartition(device: Device, mailbox: Mailbox): u32 {
  startOutput(mailbox, C.OUT_GET_PARTITION_INFO_BYTES);
  out64(mailbox, C.OUT_GET_PARTITION_INFO_VOLATILE, device.volatileCapacity >> UNIT_SHIFT);
  out64(mailbox, C.OUT_GET_PARTITION_INFO_PERSISTENT, (device.capacity - device.volatileCapacity) >> UNIT_SHIFT);
  const next = device.cci.nextVolatile;
  if (next == NEVER) return C.RETURN_SUCCESS;
  out64(mailbox, C.OUT_GET_PARTITION_INFO_NEXT_VOLATILE, next >> UNIT_SHIFT);
  out64(mailbox, C.OUT_GET_PARTITION_INFO_NEXT_PERSISTENT, (device.capacity - next) >> UNIT_SHIFT);
  return C.RETURN_SUCCESS;
}

/** Takes effect at the next conventional reset, or at once; asking for what is there takes a pending change back. */
export function setPartition(m: Machine, device: Device, mailbox: Mailbox): u32 {
  if (!isPartitionable(device)) return C.RETURN_UNSUPPORTED;
  const units = in64(mailbox, C.IN_SET_PARTITION_INFO_VOLATILE);
  if (units > device.capacity >> UNIT_SHIFT || units % <u64>keyOf(device, R.KEY_PARTITION_ALIGNMENT) != 0) return C.RETURN_INVALID_INPUT;
  const wanted = units << UNIT_SHIFT;
  device.cci.nextVolatile = wanted == device.volatileCapacity ? NEVER : wanted;
  if ((in8(mailbox, C.IN_SET_PARTITION_INFO_FLAGS) & IMMEDIATE) != 0) repartition(m, device);
  return C.RETURN_SUCCESS;
}

export function getLabels(m: Machine, device: Device, mailbox: Mailbox): u32 {
  const offset = <u64>in32(mailbox, C.IN_GET_LABELS_OFFSET);
  const length = in32(mailbox, C.IN_GET_LABELS_LENGTH);
  if (offset + <u64>length > <u64>keyOf(device, R.KEY_LABEL_AREA_SIZE) || length > mailbox.payloadBytes) return C.RETURN_INVALID_INPUT;
  startOutput(mailbox, length);
  for (let at: u32 = 0; at < length; at++) out8(mailbox, at, readByte(m, device.index | LABELS, offset + <u64>at));
  return C.RETURN_SUCCESS;
}

export function setLabels(m: Machine, device: Device, mailbox: Mailbox, length: u32): u32 {
  const offset = <u64>in32(mailbox, C.IN_SET_LABELS_OFFSET);
  const bytes = length - C.IN_SET_LABELS_BYTES;
  if (offset + <u64>bytes > <u64>keyOf(device, R.KEY_LABEL_AREA_SIZE)) return C.RETURN_INVALID_INPUT;
  if (!hasRoom(m, device.index | LABELS, offset, bytes)) return C.RETURN_INTERNAL_ERROR;
  for (let at: u32 = 0; at < bytes; at++) writeByte(m, device.index | LABELS, offset + <u64>at, in8(mailbox, C.IN_SET_LABELS_BYTES + at));
  return C.RETURN_SUCCESS;
}
