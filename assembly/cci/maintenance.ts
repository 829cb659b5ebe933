// Perform Maintenance (CXL 3.2 8.2.10.7; mailbox.md 10): post package repair by DPA, sparing by place. A device has a number of resources for each;
// a query only asks for one. Sparing leaves a record.

import * as C from "../generated/commands";
import { Device, Machine } from "../machine";
import { startBackground } from "./background";
import { addRecord } from "./events";
import { in16, in64, in8 } from "./memory";
import { forgetLines } from "./poison";
import { Mailbox } from "./state";

const REPAIR: u32 = C.IN_PERFORM_MAINTENANCE_CLASS_REPAIR;
const SPARING: u32 = C.IN_PERFORM_MAINTENANCE_CLASS_SPARING;
/** The model's choice. */
const REPAIR_TIME: u64 = 100_000_000;
const NONE_LEFT: u32 = C.RECORD_MEMORY_SPARING_RESULT_RESOURCES_EXHAUSTED;
const LINE: u64 = 64;

export function performMaintenance(m: Machine, device: Device, mailbox: Mailbox, length: u32): u32 {
  const cci = device.cci;
  const kind = in8(mailbox, C.IN_PERFORM_MAINTENANCE_CLASS);
  const subclass = in8(mailbox, C.IN_PERFORM_MAINTENANCE_SUBCLASS);
  const data = C.IN_PERFORM_MAINTENANCE_BYTES;
  if (kind == REPAIR && subclass < 2) {
    if (length < data + C.REPAIR_BYTES) return C.RETURN_INVALID_PAYLOAD_LENGTH;
    const address = in64(mailbox, data + C.REPAIR_ADDRESS);
    if (address >= device.capacity) return C.RETURN_INVALID_PHYSICAL_ADDRESS;
    if (cci.repairs == 0) return C.RETURN_RESOURCES_EXHAUSTED;
    if ((in8(mailbox, data + C.REPAIR_FLAGS) & C.REPAIR_FLAGS_QUERY) != 0) return C.RETURN_SUCCESS;
    cci.background.address = address;
    cci.background.flags = REPAIR | (subclass << 8);
    return startBackground(m, device, C.COMMAND_PERFORM_MAINTENANCE, REPAIR_TIME);
  }
  if (kind != SPARING || subclass > 3) return C.RETURN_INVALID_INPUT;
  if (length < data + C.SPARING_BYTES) return C.RETURN_INVALID_PAYLOAD_LENGTH;
  const flags = in8(mailbox, data + C.SPARING_FLAGS);
  if (cci.spares == 0) {
    reportSparing(m, device, mailbox, subclass, flags, NONE_LEFT);
    return C.RETURN_RESOURCES_EXHAUSTED;
  }
  if ((flags & C.SPARING_FLAGS_QUERY) != 0) {
    reportSparing(m, device, mailbox, subclass, flags, 0);
    return C.RETURN_SUCCESS;
  }
  cci.spares--;
  reportSparing(m, device, mailbox, subclass, flags, 0);
  cci.background.flags = SPARING | (subclass << 8);
  return startBackground(m, device, C.COMMAND_PERFORM_MAINTENANCE, REPAIR_TIME);
}

/** A repaired line is a clean one; its resource is used up. */
export function endMaintenance(m: Machine, device: Device): u32 {
  const background = device.cci.background;
  if ((background.flags & 0xff) != REPAIR) return C.RETURN_SUCCESS;
  device.cci.repairs--;
  forgetLines(m, device, background.address & ~(LINE - 1), 1, true);
  return C.RETURN_SUCCESS;
}

/** The record of a sparing operation: what was asked for, and what came of it (events.md 7). */
function reportSparing(m: Machine, device: Device, mailbox: Mailbox, subclass: u32, flags: u32, result: u32): void {
  const record = m.scratch;
  const data = C.IN_PERFORM_MAINTENANCE_BYTES;
  memory.fill(record, 0, C.RECORD_BYTES);
  memory.copy(record, C.RECORD_MEMORY_SPARING_UUID, 16);
  store<u8>(record + C.RECORD_MAINTENANCE_CLASS, SPARING);
  store<u8>(record + C.RECORD_MAINTENANCE_SUBCLASS, subclass);
  store<u8>(record + C.RECORD_FLAGS, C.RECORD_FLAGS_MAINTENANCE_SUBCLASS_VALID);
  store<u8>(record + C.RECORD_MEMORY_SPARING_CLASS, SPARING);
  store<u8>(record + C.RECORD_MEMORY_SPARING_SUBCLASS, subclass);
  store<u8>(record + C.RECORD_MEMORY_SPARING_OPERATION, flags & (C.RECORD_MEMORY_SPARING_OPERATION_QUERY_RESOURCES | C.RECORD_MEMORY_SPARING_OPERATION_HARD_SPARING));
  store<u8>(record + C.RECORD_MEMORY_SPARING_RESULT, result);
  store<u16>(record + C.RECORD_MEMORY_SPARING_VALIDITY, validity(subclass, flags));
  store<u16>(record + C.RECORD_MEMORY_SPARING_AVAILABLE, device.cci.spares);
  store<u8>(record + C.RECORD_MEMORY_SPARING_CHANNEL, in8(mailbox, data + C.SPARING_CHANNEL));
  store<u8>(record + C.RECORD_MEMORY_SPARING_RANK, in8(mailbox, data + C.SPARING_RANK));
  memory.copy(record + C.RECORD_MEMORY_SPARING_NIBBLE_MASK, mailbox.payload + data + C.SPARING_NIBBLE_MASK, 3);
  store<u8>(record + C.RECORD_MEMORY_SPARING_BANK_GROUP, in8(mailbox, data + C.SPARING_BANK_GROUP));
  store<u8>(record + C.RECORD_MEMORY_SPARING_BANK, in8(mailbox, data + C.SPARING_BANK));
  memory.copy(record + C.RECORD_MEMORY_SPARING_ROW, mailbox.payload + data + C.SPARING_ROW, 3);
  store<u16>(record + C.RECORD_MEMORY_SPARING_COLUMN, in16(mailbox, data + C.SPARING_COLUMN));
  store<u8>(record + C.RECORD_MEMORY_SPARING_SUB_CHANNEL, in8(mailbox, data + C.SPARING_SUB_CHANNEL));
  addRecord(m, device, C.LOG_INFORMATIONAL, record);
}

/** Which places a subclass needs: rank has channel and rank, bank adds its group, row and cacheline the rest. */
function validity(subclass: u32, flags: u32): u32 {
  let bits: u32 = C.RECORD_MEMORY_SPARING_VALIDITY_CHANNEL | C.RECORD_MEMORY_SPARING_VALIDITY_RANK;
  if (subclass <= 2) bits |= C.RECORD_MEMORY_SPARING_VALIDITY_BANK_GROUP | C.RECORD_MEMORY_SPARING_VALIDITY_BANK;
  if (subclass <= 1) bits |= C.RECORD_MEMORY_SPARING_VALIDITY_ROW;
  if (subclass == 0) bits |= C.RECORD_MEMORY_SPARING_VALIDITY_COLUMN;
  if ((flags & C.SPARING_FLAGS_SUB_CHANNEL_VALID) != 0) bits |= C.RECORD_MEMORY_SPARING_VALIDITY_SUB_CHANNEL;
  if ((flags & C.SPARING_FLAGS_NIBBLE_MASK_VALID) != 0) bits |= C.RECORD_MEMORY_SPARING_VALIDITY_NIBBLE_MASK;
  return bits;
}
