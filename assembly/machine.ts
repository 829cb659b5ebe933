// The machine's memory: one root record at a fixed place, everything else reached from it. Laid out once when the machine is built.

import { Cci } from "./cci/state";
import { Entry, LateMessage, MessageEffect, Override, Stalled } from "./records";

export * from "./records";

export const NEVER: u64 = 0xffff_ffff_ffff_ffff;
export const NONE: u32 = 0xffff_ffff;

export const KIND_BRIDGE: u32 = 0;
/** A root port or a switch's downstream port. */
export const KIND_PORT: u32 = 1;
export const KIND_DEVICE: u32 = 2;
/** A switch is its upstream port. */
export const KIND_SWITCH: u32 = 3;

export const LINK_DOWN: u32 = 0;
export const LINK_TRAINING: u32 = 1;
export const LINK_UP: u32 = 2;

export const HOST_RUNNING: u32 = 0;
export const HOST_RESET: u32 = 1;
export const HOST_HUNG: u32 = 2;

export const PLATFORM_RESET: u32 = 0;
export const PLATFORM_HANG: u32 = 1;
export const PLATFORM_MACHINE_CHECK: u32 = 2;

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
  /** MSI-X table; the config block where there is none. */
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
  /** Named as in the memory device status: 0 not ready, 1 ready, 2 error, 3 disabled. */
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
/** Dwords that a probe carries. */
export const PAYLOAD_DWORDS: u32 = 32;
export const ERROR_STRIDE: usize = 4 + <usize>HEADER_DWORDS * 4;

/** A fixed memory window; the bridges of its ways (addresses of their records) follow it. */
@unmanaged
export class Window {
  base: u64;
  size: u64;
  granularityShift: u64;
  ways: u32;
  /** Way bits when `ways` is a power of two and the arithmetic modulo, else 0. */
  wayMask: u32;
  /** XOR arithmetic: bitmaps, one per way bit. */
  mapCount: u32;
  map0: u64;
  map1: u64;
  map2: u64;
  map3: u64;
}

export const WINDOW_TARGETS: u32 = 16;
export const WINDOW_STRIDE: usize = offsetof<Window>() + <usize>WINDOW_TARGETS * sizeof<usize>();

@unmanaged
export class Range {
  base: u64;
  size: u64;
}

@unmanaged
export class Machine {
  now: u64;
  nextDeadline: u64;
  digests: usize;
  tracePending: u32;
  traceCapacity: u32;
  traceBase: usize;
  traceStoring: u32;
  resultHigh: u32;
  routeGeneration: u32;
  mmioGeneration: u32;
  hostState: u32;
  hostStateAt: u64;
  limits: u32;
  built: u32;
  deadlines: usize;
  deadlineLeaves: u32;

  arenaNext: usize;
  stateEnd: usize;
  mediaBase: usize;
  mediaPages: u32;
  mediaUsed: u32;
  pageTable: usize;
  pageTableSize: u32;
  /** One bitmap of 64 lines for each media page. */
  poison: usize;
  poisonedLines: u32;

  bridges: usize;
  bridgeCount: u32;
  ports: usize;
  portCount: u32;
  devices: usize;
  deviceCount: u32;
  switches: usize;
  switchCount: u32;
  windows: usize;
  windowCount: u32;
  rams: usize;
  ramCount: u32;
  entities: usize;
  entityCount: u32;

  stalled: usize;
  requesterCount: u32;
  completions: usize;
  completionCapacity: u32;
  completionHead: u32;
  completionCount: u32;
  sequence: u64;
  waitingSync: u32;

  interrupts: usize;
  interruptHead: u32;
  interruptCount: u32;
  handles: usize;
  handleCount: u32;
  freeHandle: u32;
  lateMessages: usize;
  lateCount: u32;
  messageEffects: usize;
  messageEffectCount: u32;
  overrides: usize;
  overrideCount: u32;
  probes: usize;
  probeCount: u32;
  armedAccess: u32;
  armedRequest: u32;
  armedRegister: u32;
  nextProbeTime: u64;
  /** Root ports that still have responses to drop or delay. */
  pendingEffects: u32;

  costConfig: u32;
  costRead: u32;
  costWrite: u32;
  costMemory: u32;
  platformFailure: u32;
  watchdogTime: u64;
  isolationResponse: u64;
  commitTime: u64;
  timeoutInstant: u32;
  strictExit: u32;
  hotplugFirst: u32;
  deadPortAnswers: u32;
  running: u32;
  probeDepth: u32;
  syncStatus: u32;
  syncValue: u64;
  /** What the last walk to a device found (fabric/routing.ts). */
  foundDevice: usize;
  foundDpa: u64;
  foundLatency: u64;
  foundMiss: u32;
  /** SCRATCH_BYTES for keeping registers over a reset. */
  scratch: usize;
}

export const SCRATCH_BYTES: u32 = 128;

/** How a request ended. */
export const STATUS_OK: u32 = 0;
export const STATUS_POISON: u32 = 1;
export const STATUS_DROPPED: u32 = 2;
export const STATUS_ONES: u32 = 3;
export const STATUS_FATAL: u32 = 4;
export const STATUS_NEVER: u32 = 5;

/** Requester of the CPU's own loads and stores, which wait. */
export const SYNC: u32 = 0xffff_fffe;
export const LINE: u32 = 64;

export const LIMIT_MEDIA: u32 = 1;
export const LIMIT_COMPLETIONS: u32 = 2;

export const INTERRUPTS: u32 = 1024;
/** Message numbers of a function. */
export const MESSAGES: u32 = 32;
export const LATE_MESSAGES: u32 = 64;
export const MESSAGE_EFFECTS: u32 = 64;
export const OVERRIDES: u32 = 64;

// @ts-ignore: decorator
@inline
export function root(): Machine {
  return changetype<Machine>((__heap_base + 15) & ~15);
}

/** Takes zeroed bytes from the state; only while the machine is built. */
export function take(m: Machine, bytes: usize): usize {
  const at = m.arenaNext;
  m.arenaNext = at + ((bytes + 15) & ~15);
  return at;
}

export function bridgeAt(m: Machine, index: u32): Bridge {
  assert(m.built == 0 || index < m.bridgeCount);
  return changetype<Bridge>(m.bridges + <usize>index * offsetof<Bridge>());
}

export function portAt(m: Machine, index: u32): Port {
  assert(m.built == 0 || index < m.portCount);
  return changetype<Port>(m.ports + <usize>index * offsetof<Port>());
}

export function deviceAt(m: Machine, index: u32): Device {
  assert(m.built == 0 || index < m.deviceCount);
  return changetype<Device>(m.devices + <usize>index * offsetof<Device>());
}

export function switchAt(m: Machine, index: u32): Switch {
  assert(m.built == 0 || index < m.switchCount);
  return changetype<Switch>(m.switches + <usize>index * offsetof<Switch>());
}

/** Port `place` of a host bridge or switch, in order of declaration. */
export function portOf(hub: Hub, place: u32): Port {
  assert(place < hub.portCount);
  return changetype<Port>(load<usize>(hub.ports + <usize>place * sizeof<usize>()));
}

export function effectAt(m: Machine, index: u32): MessageEffect {
  return changetype<MessageEffect>(m.messageEffects + <usize>index * offsetof<MessageEffect>());
}

export function lateAt(m: Machine, index: u32): LateMessage {
  return changetype<LateMessage>(m.lateMessages + <usize>index * offsetof<LateMessage>());
}

export function overrideAt(m: Machine, index: u32): Override {
  return changetype<Override>(m.overrides + <usize>index * offsetof<Override>());
}

export function entityAt(m: Machine, id: u32): Entity {
  assert(id < m.entityCount);
  return changetype<Entity>(load<usize>(m.entities + <usize>id * sizeof<usize>()));
}

export function entryAt(port: Port, index: u32): Entry {
  assert(index < port.capacity);
  return changetype<Entry>(port.entries + <usize>index * offsetof<Entry>());
}

export function stalledAt(m: Machine, requester: u32): Stalled {
  assert(requester <= m.requesterCount);
  return changetype<Stalled>(m.stalled + <usize>requester * offsetof<Stalled>());
}

export function keyOf(entity: Entity, key: u32): u32 {
  return load<u32>(entity.keys + (<usize>key << 2));
}
