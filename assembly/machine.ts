// The machine's memory: one root record at a fixed place, everything else reached from it. Laid out once when the machine is built.

export const NEVER: u64 = 0xffff_ffff_ffff_ffff;
export const NONE: u32 = 0xffff_ffff;

export const KIND_BRIDGE: u32 = 0;
export const KIND_PORT: u32 = 1;
export const KIND_DEVICE: u32 = 2;

export const LINK_DOWN: u32 = 0;
export const LINK_TRAINING: u32 = 1;
export const LINK_UP: u32 = 2;

export const HOST_RUNNING: u32 = 0;
export const HOST_RESET: u32 = 1;
export const HOST_HUNG: u32 = 2;

export const PLATFORM_RESET: u32 = 0;
export const PLATFORM_HANG: u32 = 1;
export const PLATFORM_MACHINE_CHECK: u32 = 2;

/** A register image with the tables that rule it. */
@unmanaged
export class Block {
  image: usize;
  table: usize;
  dwords: u32;
  isConfig: u32;
  conditions: usize;
  conditionCount: u32;
  /** Fields kept without effect: dword, mask. */
  unmodelled: usize;
  unmodelledCount: u32;
  entity: Entity;
}

/** Host bridge, root port or device slot. `id` numbers all entities in order of declaration. */
@unmanaged
export class Entity {
  kind: u32;
  index: u32;
  id: u32;
  /** Root port: host bridge index. Device: root port index. */
  parent: u32;
  keys: usize;
  config: Block;
  component: Block;
  decoderCount: u32;
  /** Dword index of decoder 0's base in the component block; where its registers lie, and where the last decoder's end. */
  decoderBase: u32;
  rows: usize;
  rowsEnd: usize;
  /** Bitmap of decoders whose commit is still being checked, and when that ends for each. */
  committing: u32;
  commitTimes: usize;
}

@unmanaged
export class Bridge extends Entity {
  segment: u32;
  busStart: u32;
  busEnd: u32;
  componentBase: u64;
  firstPort: u32;
  portCount: u32;
  /** 256 bytes: index + 1 of the root port with this port number, or 0. */
  portsByNumber: usize;
}

@unmanaged
export class Port extends Entity {
  deviceNumber: u32;
  portNumber: u32;
  /** Device slot plugged now, and the one that the next link-up finds. */
  plugged: u32;
  nextPlugged: u32;
  linkState: u32;
  trainedAt: u64;
  trainingTime: u64;
  cableOut: u32;
  neverRetrain: u32;
  linkDownSeen: u32;
  /** In-flight table: entries, free ones in a list, used ones in a list by issue and in a heap by deadline. */
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
  /** Messages still to be lost, per message number; then of any number. */
  lose: usize;
  dropResponses: u32;
  delayResponses: u32;
  delayTime: u64;
  hasBus: u32;
}

@unmanaged
export class Device extends Entity {
  capacity: u64;
  barSize: u64;
  lists: usize;
  componentLists: usize;
  readLatency: u64;
  writeLatency: u64;
  readyTime: u64;
  readyAt: u64;
  resetCount: u32;
  preserves: u32;
}

/** A fixed memory window; the bridges of its ways (addresses of their records) follow it. */
@unmanaged
export class Window {
  base: u64;
  size: u64;
  granularityShift: u64;
  ways: u32;
  /** Way bits when `ways` is a power of two, else 0. */
  wayMask: u32;
}

export const WINDOW_TARGETS: u32 = 16;
export const WINDOW_STRIDE: usize = offsetof<Window>() + <usize>WINDOW_TARGETS * sizeof<usize>();

@unmanaged
export class Range {
  base: u64;
  size: u64;
}

/** A CXL.mem request in a root port's in-flight table. */
@unmanaged
export class Entry {
  /** 0 free, 1 outstanding, 2 outstanding since before the isolation (keeps RP Busy). */
  state: u32;
  requester: u32;
  /** Bytes written: 0 for a read, 64 for a line. */
  width: u32;
  outcome: u32;
  address: u64;
  value: u64;
  issued: u64;
  deadline: u64;
  dpa: u64;
  device: u32;
  isDisturbing: u32;
  /** Orders entries of equal deadline: by issue. */
  sequence: u64;
  /** Neighbours by issue, next in the free list, place in the heap: indexes. */
  older: u32;
  newer: u32;
  heapAt: u32;
  /** The response is dropped, or late by `delay`. */
  isDropped: u32;
  delay: u64;
}

/** A requester's stalled request (at most one each). */
@unmanaged
export class Stalled {
  isWaiting: u32;
  width: u32;
  next: u32;
  isDropped: u32;
  address: u64;
  value: u64;
  delay: u64;
}

@unmanaged
export class Completion {
  requester: u32;
  width: u32;
  status: u32;
  reserved: u32;
  address: u64;
  issued: u64;
  completed: u64;
  value: u64;
}

@unmanaged
export class Handle {
  base: u64;
  size: u64;
  generation: u32;
  block: usize;
  /** Bytes from the block's image start to the handle's base, modulo 2^32. */
  delta: u32;
  entity: u32;
  inUse: u32;
}

@unmanaged
export class Probe {
  state: u32;
  match: u32;
  entity: u32;
  low: u32;
  high: u32;
  mask: u32;
  value: u32;
  time: u64;
  skip: u32;
  count: u32;
  action: u32;
  target: u32;
  argument: u64;
  /** Second argument of the action: responses to delay, message to lose. */
  extra: u32;
  matches: u32;
  fired: u32;
  firstAt: u64;
  lastAt: u64;
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

  bridges: usize;
  bridgeCount: u32;
  ports: usize;
  portCount: u32;
  devices: usize;
  deviceCount: u32;
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
  running: u32;
  probeDepth: u32;
  syncStatus: u32;
  syncValue: u64;
}

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

export const HANDLES: u32 = 1024;
export const INTERRUPTS: u32 = 256;
/** Message numbers of a function, and the slot that stands for any of them. */
export const MESSAGES: u32 = 32;

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
