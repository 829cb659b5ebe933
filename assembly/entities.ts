// What the machine's tree is made of: host bridges, switches, ports and devices with their register blocks (docs/decisions/0003).

import { Cci } from "./cci/state";
import { Entry } from "./records";

export const KIND_BRIDGE: u32 = 0;
/** A root port or a switch's downstream port. */
export const KIND_PORT: u32 = 1;
export const KIND_DEVICE: u32 = 2;
/** A switch is its upstream port. */
export const KIND_SWITCH: u32 = 3;

export const LINK_DOWN: u32 = 0;
export const LINK_TRAINING: u32 = 1;
export const LINK_UP: u32 = 2;

export const SPACE_COMPONENT: u32 = 0;
export const SPACE_CONFIG: u32 = 1;
export const SPACE_MESSAGES: u32 = 2;
export const SPACE_DEVICE: u32 = 3;

/** A register image with the tables that rule it; lists as assembly/generated/registers.ts describes them. */
@unmanaged
export class Block {
  image: usize;
  table: usize;
  dwords: u32;
  /** Plain memory behind the registers: the payload of a mailbox. */
  rawBytes: u32;
  space: u32;
  conditions: usize;
  conditionCount: u32;
  unmodelled: usize;
  unmodelledCount: u32;
  keys: usize;
  keyCount: u32;
  presence: usize;
  presenceCount: u32;
  extended: usize;
  extendedCount: u32;
  capabilities: usize;
  capabilityCount: u32;
  entity: Entity;
}

/** Host bridge, port, switch or device. `id` numbers all entities in order of declaration. */
@unmanaged
export class Entity {
  kind: u32;
  /** Within its kind. */
  index: u32;
  id: u32;
  /** Root port: its bridge. Downstream port: its switch. Card: its port. */
  parent: Entity;
  keys: usize;
  config: Block;
  component: Block;
  /** MSI-X table of a device; the config block of what is none. */
  messages: Block;
  /** CXL device registers; the component block where there are none. */
  registers: Block;
  decoderCount: u32;
  rows: usize;
  rowsEnd: usize;
  /** Bitmap of decoders whose commit is still being checked, and when that ends for each. */
  committing: u32;
  commitTimes: usize;
  /** When the link has trained, the media is ready or a reset has ended; when a BI commit ends; the next decoder commit. */
  linkAt: u64;
  backInvalidateAt: u64;
  commitAt: u64;
  /** Commits still to fail, never to end, to end late. */
  refuseCommits: u32;
  neverCommits: u32;
  lateCommits: u32;
  lateCommitTime: u64;
  /** Recorded headers of uncorrectable errors, oldest first; the first one is shown. */
  errors: usize;
  errorCount: u32;
  doe: Doe;
}

/** What has ports below it: a host bridge or a switch. */
@unmanaged
export class Hub extends Entity {
  /** Addresses of its ports by port number (256), and by device number (32); 0 none. */
  portsByNumber: usize;
  portsByDevice: usize;
  /** Addresses of its ports in order. */
  ports: usize;
  portCount: u32;
}

@unmanaged
export class Bridge extends Hub {
  segment: u32;
  busStart: u32;
  busEnd: u32;
  componentBase: u64;
}

@unmanaged
export class Switch extends Hub {
  latency: u64;
}

@unmanaged
export class Port extends Entity {
  isRoot: u32;
  deviceNumber: u32;
  /** Entity id of the card plugged now, and the one that the next link-up finds. */
  plugged: u32;
  nextPlugged: u32;
  linkState: u32;
  trainingTime: u64;
  /** The cable comes back by itself then. */
  cableBackAt: u64;
  cableOut: u32;
  neverRetrain: u32;
  linkDownSeen: u32;
  cacheLinkDownSeen: u32;
  /** In-flight table of a root port: entries, free ones in a list, used ones in a list by issue and in a heap by deadline. */
  entries: usize;
  heap: usize;
  capacity: u32;
  active: u32;
  free: u32;
  oldest: u32;
  newest: u32;
  /** Entries whose end does more than answer their requester. */
  disturbing: u32;
  pendingAtTrigger: u32;
  stalledHead: u32;
  stalledTail: u32;
  dropResponses: u32;
  delayResponses: u32;
  delayTime: u64;
}

@unmanaged
export class Device extends Entity {
  /** Device physical addresses: volatile capacity first, then persistent, up to `capacity`. */
  volatileCapacity: u64;
  capacity: u64;
  barSize: u64;
  readLatency: u64;
  writeLatency: u64;
  readyTime: u64;
  resetTime: u64;
  /** A CXL reset is under way; `linkAt` ends it. */
  isResetting: u32;
  resetCount: u32;
  /** Resets at the last erasure of everything: since then what was never written reads 0. */
  erasedAt: u32;
  preserves: u32;
  /** As in the memory device status. */
  mediaState: u32;
  cci: Cci;
}

/** Data object exchange of a function: its CDAT, the request as written so far, and the answer as read so far. */
@unmanaged
export class Doe {
  cdat: usize;
  cdatBytes: u32;
  requestCount: u32;
  request0: u32;
  request1: u32;
  request2: u32;
  /** Answer: three dwords here, then `bytes` bytes of the CDAT. */
  answer0: u32;
  answer1: u32;
  answer2: u32;
  bytesAt: usize;
  bytes: u32;
  readCount: u32;
}

/** A header of an uncorrectable error, recorded: the error's bit number, then 16 dwords. */
export const ERROR_HEADERS: u32 = 8;
export const HEADER_DWORDS: u32 = 16;
export const ERROR_STRIDE: usize = 4 + <usize>HEADER_DWORDS * 4;

/** Port `place` of a host bridge or switch, in order of declaration. */
export function portOf(hub: Hub, place: u32): Port {
  assert(place < hub.portCount);
  return changetype<Port>(load<usize>(hub.ports + <usize>place * sizeof<usize>()));
}

export function entryAt(port: Port, index: u32): Entry {
  assert(index < port.capacity);
  return changetype<Entry>(port.entries + <usize>index * offsetof<Entry>());
}

export function keyOf(entity: Entity, key: u32): u32 {
  return load<u32>(entity.keys + (<usize>key << 2));
}
