// Logs of a device (CXL 3.2 8.2.10.5; mailbox.md 2, 8): the Command Effects Log, made from the commands it has, and a vendor debug log of what
// the mailboxes did last, as it was when the log was populated.

import * as C from "../generated/commands";
import * as R from "../generated/registers";
import { Device, Machine, keyOf } from "../machine";
import { startBackground } from "./background";
import { effectsOf, extendOutput, findId, in32, in8, opcodeOf, out16, out32, out8, outBytes, startOutput } from "./memory";
import { HISTORY, Mailbox } from "./state";

const COMMAND_EFFECTS: u32 = C.DEVICE_LOG_COMMAND_EFFECTS;
const VENDOR_DEBUG: u32 = C.DEVICE_LOG_VENDOR_DEBUG;
const ENTRY_BYTES: u32 = 4;
const CLEARS: u32 = C.OUT_GET_LOG_CAPABILITIES_FLAGS_CLEAR_SUPPORTED;
const POPULATES: u32 = C.OUT_GET_LOG_CAPABILITIES_FLAGS_POPULATE_SUPPORTED;
/** The model's choice, in ns. */
const POPULATE_TIME: u64 = 10_000_000;

/** Keeps what a command was and how it ended. */
export function remember(device: Device, opcode: u32, code: u32): void {
  const cci = device.cci;
  const at = cci.history + <usize>((cci.historyNext % HISTORY) << 3);
  store<u16>(at, opcode);
  store<u16>(at, code, 2);
  store<u32>(at, cci.historyNext, 4);
  cci.historyNext++;
}

function supportedCommands(device: Device): u32 {
  return <u32>(popcnt(keyOf(device, R.KEY_COMMANDS_LOW)) + popcnt(keyOf(device, R.KEY_COMMANDS_HIGH)));
}

function sizeOf(device: Device, log: u32): u32 {
  return log == COMMAND_EFFECTS ? supportedCommands(device) * ENTRY_BYTES : device.cci.vendorBytes;
}

function writeEntry(device: Device, mailbox: Mailbox, log: u32): void {
  const at = extendOutput(mailbox, C.OUT_GET_SUPPORTED_LOGS_ITEM_BYTES);
  outBytes(mailbox, at + C.OUT_GET_SUPPORTED_LOGS_ITEM_ID, C.LOG_IDS + <usize>(log << 4), 16);
  out32(mailbox, at + C.OUT_GET_SUPPORTED_LOGS_ITEM_SIZE, sizeOf(device, log));
}

/** The vendor debug log comes with the commands that populate it. */
function logCount(device: Device): u32 {
  return ((keyOf(device, R.KEY_COMMANDS_LOW) >> C.COMMAND_POPULATE_LOG) & 1) != 0 ? C.DEVICE_LOG_COUNT : 1;
}

export function getLogs(device: Device, mailbox: Mailbox): u32 {
  const count = logCount(device);
  startOutput(mailbox, C.OUT_GET_SUPPORTED_LOGS_BYTES);
  out16(mailbox, C.OUT_GET_SUPPORTED_LOGS_COUNT, count);
  for (let log: u32 = 0; log < count; log++) writeEntry(device, mailbox, log);
  return C.RETURN_SUCCESS;
}

export function getLogsSubList(device: Device, mailbox: Mailbox): u32 {
  const most = in8(mailbox, C.IN_GET_SUPPORTED_LOGS_SUB_LIST_MOST);
  const start = in8(mailbox, C.IN_GET_SUPPORTED_LOGS_SUB_LIST_START);
  const total = logCount(device);
  if (start >= total || most == 0) return C.RETURN_INVALID_INPUT;
  const count = min(most, total - start);
  startOutput(mailbox, C.OUT_GET_SUPPORTED_LOGS_SUB_LIST_BYTES);
  out8(mailbox, C.OUT_GET_SUPPORTED_LOGS_SUB_LIST_COUNT, count);
  out16(mailbox, C.OUT_GET_SUPPORTED_LOGS_SUB_LIST_TOTAL, total);
  out8(mailbox, C.OUT_GET_SUPPORTED_LOGS_SUB_LIST_START, start);
  for (let log = start; log < start + count; log++) writeEntry(device, mailbox, log);
  return C.RETURN_SUCCESS;
}

/** The log that an input names by its first 16 bytes; the count of logs when there is none. */
function namedLog(device: Device, mailbox: Mailbox): u32 {
  return findId(C.LOG_IDS, logCount(device), mailbox.payload);
}

export function getLog(device: Device, mailbox: Mailbox): u32 {
  const log = namedLog(device, mailbox);
  if (log == logCount(device)) return C.RETURN_INVALID_LOG;
  const offset = in32(mailbox, C.IN_GET_LOG_OFFSET);
  const length = in32(mailbox, C.IN_GET_LOG_LENGTH);
  if (<u64>offset + <u64>length > <u64>sizeOf(device, log) || length > mailbox.payloadBytes) return C.RETURN_INVALID_INPUT;
  startOutput(mailbox, length);
  if (log == VENDOR_DEBUG) outBytes(mailbox, 0, device.cci.vendorLog + offset, length);
  else writeEffects(device, mailbox, offset, length);
  return C.RETURN_SUCCESS;
}

/** A part of the Command Effects Log: an entry for every command that the device has, in order of opcodes. */
function writeEffects(device: Device, mailbox: Mailbox, offset: u32, length: u32): void {
  let at: u32 = 0;
  for (let command: u32 = 0; command < C.COMMAND_COUNT; command++) {
    if (((keyOf(device, command < 32 ? R.KEY_COMMANDS_LOW : R.KEY_COMMANDS_HIGH) >> (command & 31)) & 1) == 0) continue;
    const entry = opcodeOf(command) | (effectsOf(command) << 16);
    for (let byte: u32 = 0; byte < ENTRY_BYTES; byte++, at++) if (at >= offset && at - offset < length) out8(mailbox, at - offset, (entry >> (byte << 3)) & 0xff);
  }
}

export function getLogCapabilities(device: Device, mailbox: Mailbox): u32 {
  const log = namedLog(device, mailbox);
  if (log == logCount(device)) return C.RETURN_INVALID_LOG;
  startOutput(mailbox, C.OUT_GET_LOG_CAPABILITIES_BYTES);
  out32(mailbox, C.OUT_GET_LOG_CAPABILITIES_FLAGS, log == VENDOR_DEBUG ? CLEARS | POPULATES : 0);
  return C.RETURN_SUCCESS;
}

export function clearLog(device: Device, mailbox: Mailbox): u32 {
  const log = namedLog(device, mailbox);
  if (log == logCount(device)) return C.RETURN_INVALID_LOG;
  if (log != VENDOR_DEBUG) return C.RETURN_INVALID_INPUT;
  device.cci.vendorBytes = 0;
  return C.RETURN_SUCCESS;
}

export function startPopulate(m: Machine, device: Device, mailbox: Mailbox): u32 {
  const log = namedLog(device, mailbox);
  if (log == logCount(device)) return C.RETURN_INVALID_LOG;
  if (log != VENDOR_DEBUG) return C.RETURN_INVALID_INPUT;
  return startBackground(m, device, C.COMMAND_POPULATE_LOG, POPULATE_TIME);
}

/** The last commands, oldest first: opcode, return code, number since power-on. */
export function populateVendorLog(device: Device): u32 {
  const cci = device.cci;
  const count = min(cci.historyNext, HISTORY);
  for (let i: u32 = 0; i < count; i++) store<u64>(cci.vendorLog + <usize>(i << 3), load<u64>(cci.history + <usize>(((cci.historyNext - count + i) % HISTORY) << 3)));
  cci.vendorBytes = count << 3;
  return C.RETURN_SUCCESS;
}
