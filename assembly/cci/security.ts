// Security of persistent memory (CXL 3.2 8.2.10.9.6; mailbox.md 16): passphrases, lock, freeze, attempts; and security send and receive.

import * as C from "../generated/commands";
import { Device, Machine } from "../machine";
import { eraseUserData } from "./sanitize";
import { in16, in8, out32, outBytes, startOutput } from "./memory";
import { Cci, Mailbox, PASSPHRASE_BYTES } from "./state";

export const USER_SET: u32 = C.OUT_GET_SECURITY_STATE_STATE_USER_SET;
export const MASTER_SET: u32 = C.OUT_GET_SECURITY_STATE_STATE_MASTER_SET;
export const LOCKED: u32 = C.OUT_GET_SECURITY_STATE_STATE_LOCKED;
const FROZEN: u32 = C.OUT_GET_SECURITY_STATE_STATE_FROZEN;
const USER_SPENT: u32 = C.OUT_GET_SECURITY_STATE_STATE_USER_ATTEMPTS_USED_UP;
const MASTER_SPENT: u32 = C.OUT_GET_SECURITY_STATE_STATE_MASTER_ATTEMPTS_USED_UP;
const MASTER: u32 = C.IN_SET_PASSPHRASE_TYPE_MASTER;
const USER: u32 = C.IN_SET_PASSPHRASE_TYPE_USER;
const MOST_TRIES: u32 = 3;
/** Protocol 0: which protocols there are; a message sent to protocol 0xf0 comes back from it. */
const PROTOCOL_LIST: u32 = 0;
const PROTOCOL_ECHO: u32 = 0xf0;
/** The model's choice: bytes that an echo keeps. */
const MESSAGE_BYTES: u32 = 64;
const LIST_BYTES: u32 = 10;

export function getSecurity(device: Device, mailbox: Mailbox): u32 {
  startOutput(mailbox, C.OUT_GET_SECURITY_STATE_BYTES);
  out32(mailbox, 0, device.cci.security);
  return C.RETURN_SUCCESS;
}

function isSet(cci: Cci, type: u32): bool {
  return (cci.security & (type == USER ? USER_SET : MASTER_SET)) != 0;
}

function isSpent(cci: Cci, type: u32): bool {
  return (cci.security & (type == USER ? USER_SPENT : MASTER_SPENT)) != 0;
}

function passphraseOf(cci: Cci, type: u32): usize {
  return type == USER ? cci.userPassphrase : cci.masterPassphrase;
}

/** Compares, and counts what fails: the third wrong one in a row uses the attempts up. */
function matches(cci: Cci, type: u32, given: usize): bool {
  const isRight = memory.compare(passphraseOf(cci, type), given, PASSPHRASE_BYTES) == 0;
  const tries: u32 = isRight ? 0 : (type == USER ? cci.userTries : cci.masterTries) + 1;
  if (type == USER) cci.userTries = tries;
  else cci.masterTries = tries;
  if (tries >= MOST_TRIES) cci.security |= type == USER ? USER_SPENT : MASTER_SPENT;
  return isRight;
}

/** What stands before every passphrase: a type that exists, not frozen, attempts left. */
function judge(cci: Cci, type: u32): u32 {
  if (type > USER) return C.RETURN_INVALID_INPUT;
  return (cci.security & FROZEN) != 0 || isSpent(cci, type) ? C.RETURN_INVALID_SECURITY_STATE : C.RETURN_SUCCESS;
}

export function setPassphrase(device: Device, mailbox: Mailbox): u32 {
  const cci = device.cci;
  const type = in8(mailbox, C.IN_SET_PASSPHRASE_TYPE);
  const code = judge(cci, type);
  if (code != C.RETURN_SUCCESS) return code;
  if (type == MASTER && isSet(cci, USER)) return C.RETURN_INVALID_SECURITY_STATE;
  if (isSet(cci, type) && !matches(cci, type, mailbox.payload + C.IN_SET_PASSPHRASE_CURRENT)) return C.RETURN_INCORRECT_PASSPHRASE;
  memory.copy(passphraseOf(cci, type), mailbox.payload + C.IN_SET_PASSPHRASE_NEXT, PASSPHRASE_BYTES);
  cci.security |= type == USER ? USER_SET : MASTER_SET;
  return C.RETURN_SUCCESS;
}

export function disablePassphrase(device: Device, mailbox: Mailbox): u32 {
  const cci = device.cci;
  const type = in8(mailbox, C.IN_DISABLE_PASSPHRASE_TYPE);
  const code = judge(cci, type);
  if (code != C.RETURN_SUCCESS) return code;
  if (!isSet(cci, type)) return C.RETURN_INVALID_SECURITY_STATE;
  if (!matches(cci, type, mailbox.payload + C.IN_DISABLE_PASSPHRASE_CURRENT)) return C.RETURN_INCORRECT_PASSPHRASE;
  forget(cci, type);
  return C.RETURN_SUCCESS;
}

/** A passphrase is no longer set; without the user's nothing is locked. */
function forget(cci: Cci, type: u32): void {
  memory.fill(passphraseOf(cci, type), 0, PASSPHRASE_BYTES);
  cci.security &= type == USER ? ~(USER_SET | LOCKED) : ~MASTER_SET;
}

export function unlock(m: Machine, device: Device, mailbox: Mailbox): u32 {
  const cci = device.cci;
  const code = judge(cci, USER);
  if (code != C.RETURN_SUCCESS) return code;
  if (!isSet(cci, USER) || (cci.security & LOCKED) == 0) return C.RETURN_INVALID_SECURITY_STATE;
  if (!matches(cci, USER, mailbox.payload + C.IN_UNLOCK_CURRENT)) return C.RETURN_INCORRECT_PASSPHRASE;
  cci.security &= ~LOCKED;
  m.routeGeneration++;
  return C.RETURN_SUCCESS;
}

export function freeze(device: Device): u32 {
  device.cci.security |= FROZEN;
  return C.RETURN_SUCCESS;
}

/** By the user's passphrase, which goes with the data; by the master's likewise, and all attempts are new. Without a user passphrase: secure erase. */
export function passphraseErase(m: Machine, device: Device, mailbox: Mailbox): u32 {
  const cci = device.cci;
  const type = in8(mailbox, C.IN_PASSPHRASE_ERASE_TYPE);
  const code = judge(cci, type);
  if (code != C.RETURN_SUCCESS) return code;
  if (type == MASTER && !isSet(cci, MASTER)) return C.RETURN_INVALID_INPUT;
  if (cci.background.command == C.COMMAND_SANITIZE + 1) return C.RETURN_BUSY;
  if (isSet(cci, type) && !matches(cci, type, mailbox.payload + C.IN_PASSPHRASE_ERASE_CURRENT)) return C.RETURN_INCORRECT_PASSPHRASE;
  forget(cci, USER);
  if (type == MASTER) {
    cci.userTries = 0;
    cci.masterTries = 0;
  }
  eraseUserData(m, device);
  return C.RETURN_SUCCESS;
}

/** A cold reset: not frozen, attempts new, locked if there is a user passphrase. */
export function restartSecurity(cci: Cci): void {
  cci.security &= ~(FROZEN | USER_SPENT | MASTER_SPENT);
  cci.userTries = 0;
  cci.masterTries = 0;
  if ((cci.security & USER_SET) != 0) cci.security |= LOCKED;
}

export function securitySend(device: Device, mailbox: Mailbox, length: u32): u32 {
  if (in8(mailbox, C.IN_SECURITY_SEND_PROTOCOL) != PROTOCOL_ECHO) return C.RETURN_INVALID_INPUT;
  const bytes = min(length - C.IN_SECURITY_SEND_BYTES, MESSAGE_BYTES);
  memory.fill(device.cci.securityMessage, 0, MESSAGE_BYTES);
  memory.copy(device.cci.securityMessage, mailbox.payload + C.IN_SECURITY_SEND_BYTES, bytes);
  return C.RETURN_SUCCESS;
}

/** The list has its length in bytes 7:6, most significant first, then a byte for each protocol (SPC-5). */
export function securityReceive(device: Device, mailbox: Mailbox): u32 {
  const protocol = in8(mailbox, C.IN_SECURITY_RECEIVE_PROTOCOL);
  const specific = in16(mailbox, C.IN_SECURITY_RECEIVE_SPECIFIC);
  if (specific != 0 || (protocol != PROTOCOL_LIST && protocol != PROTOCOL_ECHO)) return C.RETURN_INVALID_INPUT;
  if (protocol == PROTOCOL_ECHO) {
    startOutput(mailbox, MESSAGE_BYTES);
    outBytes(mailbox, 0, device.cci.securityMessage, MESSAGE_BYTES);
    return C.RETURN_SUCCESS;
  }
  startOutput(mailbox, LIST_BYTES);
  store<u8>(mailbox.payload + 7, 2);
  store<u8>(mailbox.payload + 9, PROTOCOL_ECHO);
  return C.RETURN_SUCCESS;
}
