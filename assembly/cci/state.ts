// What a device's command interface remembers (CXL 3.2 8.2.9, 8.2.10). Laid out with the device when the machine is built; see docs/decisions/0004.

import * as C from "../generated/commands";

export const FEATURE_BYTES: u32 = C.FEATURE_STRIDE;
export const SLOT_BYTES: u32 = 16;
export const HEALTH_BYTES: u32 = 32;
/** How a device leaves the factory: health, alerts, the revision that Identify gives (0: the active slot's), the active slot. */
export const FACTORY_ALERTS: u32 = HEALTH_BYTES;
export const FACTORY_REVISION: u32 = 2 * HEALTH_BYTES;
export const FACTORY_ACTIVE_SLOT: u32 = FACTORY_REVISION + SLOT_BYTES;
export const FACTORY_BYTES: u32 = FACTORY_ACTIVE_SLOT + 16;
export const PASSPHRASE_BYTES: u32 = 32;
/** A record of the poison list: line address with its source in the low bits, lines, one word free. */
export const POISON_STRIDE: u32 = 16;
/** An extent: start, bytes, tag (16), sequence. */
export const EXTENT_STRIDE: u32 = 40;
/** A dynamic capacity region: base, bytes, block size. */
export const REGION_STRIDE: u32 = 24;
/** Commands that the vendor debug log holds, 8 bytes each. */
export const HISTORY: u32 = 32;

/** What commands to come will meet: of one opcode or any (NONE), `skip` let through first, then `count`. */
@unmanaged
export class MailboxFault {
  kind: u32;
  opcode: u32;
  skip: u32;
  count: u32;
  value: u32;
  /** The probe that brought it: it has fired once a command meets it. */
  probe: u32;
}

export const MAILBOX_FAULTS: u32 = 8;

@unmanaged
export class EventLog {
  records: usize;
  capacity: u32;
  /** Oldest record, and how many there are. */
  first: u32;
  count: u32;
  nextHandle: u32;
  isOverflowed: u32;
  lost: u32;
  firstLost: u64;
  lastLost: u64;
  /** Interrupt mode of the policy. */
  mode: u32;
}

@unmanaged
export class Mailbox {
  /** Dword of its capability register; the others follow. */
  index: u32;
  payload: usize;
  payloadBytes: u32;
  isPrimary: u32;
  /** When the command that was handed over ends. */
  endAt: u64;
  /** Bytes of output of the command being executed. */
  written: u32;
}

/** A background operation: what it is and what it will do at its end. */
@unmanaged
export class Background {
  /** Command number plus 1; 0: none is under way. */
  command: u32;
  startedAt: u64;
  endAt: u64;
  /** The next time its percentage moves, or its end. */
  nextAt: u64;
  address: u64;
  length: u64;
  flags: u32;
}

@unmanaged
export class Cci {
  primary: Mailbox;
  secondary: Mailbox;
  background: Background;
  /** The earliest of everything here that happens by itself. */
  nextAt: u64;
  /** When the mailboxes accept commands, and how long after a reset that is. */
  readyAt: u64;
  readyTime: u64;
  logs: usize;
  clockIsSet: u32;
  clockBase: u64;
  clockAt: u64;

  poison: usize;
  poisonCount: u32;
  poisonCapacity: u32;
  poisonIsOverflowed: u32;
  poisonLostAt: u64;
  /** Lines poisoned by injection that no record holds. */
  injectedLost: u32;
  /** The query whose answer goes on, and how many records, newest first, it is past. */
  queryAddress: u64;
  queryLines: u64;
  queryNext: u32;

  scan: usize;
  scanCount: u32;
  scanNext: u32;
  scanIsDone: u32;
  scanAddress: u64;
  scanLines: u64;
  scanStopped: u32;

  /** FACTORY_BYTES, as the host wrote them. */
  factory: usize;

  slots: usize;
  activeSlot: u32;
  stagedSlot: u32;
  /** A transfer is open; offset of its next part and of the last one, in 128 bytes; when that came; its slot. */
  transferOpen: u32;
  transferNext: u32;
  transferLast: u32;
  transferAt: u64;
  transferBroken: u32;
  /** First bytes of the package: its revision. */
  package: usize;

  features: usize;
  savedFeatures: usize;
  /** A feature being set in parts: its number plus 1, bytes so far, whether it is to be saved. */
  partFeature: u32;
  partNext: u32;
  partIsSaved: u32;
  part: usize;

  security: u32;
  userTries: u32;
  masterTries: u32;
  userPassphrase: usize;
  masterPassphrase: usize;
  securityMessage: usize;

  health: usize;
  alerts: usize;
  enabledAlerts: u32;
  isDirty: u32;
  qos: u32;

  /** Volatile capacity after the next reset, in bytes; NEVER: as now. */
  nextVolatile: u64;
  /** A sanitize began and has not succeeded: the media stays disabled. */
  needsSanitize: u32;
  /** Repair resources left, by maintenance class: PPR, sparing. */
  repairs: u32;
  spares: u32;

  regions: usize;
  regionCount: u32;
  extents: usize;
  extentCount: u32;
  extentCapacity: u32;
  generation: u32;
  /** Extents offered by an add-capacity event, not answered yet. */
  offers: usize;
  offerCount: u32;

  history: usize;
  historyNext: u32;
  /** The vendor debug log as it was populated. */
  vendorLog: usize;
  vendorBytes: u32;

  /** Faults of commands, MAILBOX_FAULTS at most; those with commands still to meet are in force. */
  faults: usize;
}
