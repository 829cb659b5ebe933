// The machine's memory: one root record at a fixed place, everything else reached from it; what the tree is made of is in entities.ts, what is
// under way in records.ts. Laid out once when the machine is built.

import { Bridge, Device, Entity, Port, Switch } from "./entities";
import { LateMessage, MessageEffect, Override, PendingMessage, Stalled } from "./records";

export * from "./entities";
export * from "./records";

export const NEVER: u64 = 0xffff_ffff_ffff_ffff;
export const NONE: u32 = 0xffff_ffff;

export const HOST_RUNNING: u32 = 0;
export const HOST_RESET: u32 = 1;
export const HOST_HUNG: u32 = 2;

export const PLATFORM_RESET: u32 = 0;
export const PLATFORM_HANG: u32 = 1;
export const PLATFORM_MACHINE_CHECK: u32 = 2;

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
  /** Behind the state (handles.ts). */
  handles: usize;
  handleCount: u32;
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
  /** The processors' cache (fabric/cache.ts): 0 sets, there is none. */
  cacheSets: u32;
  cacheWays: u32;
  cacheLatency: u64;
  cacheRecords: usize;
  cacheData: usize;
  /** Answers of the cache that are still to come: a ring as long as that of completions. */
  hits: usize;
  hitHead: u32;
  hitCount: u32;
  /** Write-backs under way. */
  writeBacks: u32;

  interrupts: usize;
  interruptHead: u32;
  interruptCount: u32;
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
  armedFollowers: u32;
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
  busyClearEnds: u32;
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
/** Requester of the cache's own writes, for which nobody waits. */
export const WRITE_BACK: u32 = 0xffff_fffd;
export const LINE: u32 = 64;

export const LIMIT_MEDIA: u32 = 1;
export const LIMIT_COMPLETIONS: u32 = 2;

export const INTERRUPTS: u32 = 1024;
/** Message numbers of a function. */
export const MESSAGES: u32 = 32;
export const LATE_MESSAGES: u32 = 64;
export const MESSAGE_EFFECTS: u32 = 64;
export const OVERRIDES: u32 = 64;
/** Dwords that a probe carries. */
export const PAYLOAD_DWORDS: u32 = 32;

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

export function effectAt(m: Machine, index: u32): MessageEffect {
  return changetype<MessageEffect>(m.messageEffects + <usize>index * offsetof<MessageEffect>());
}

/** A message in front of the CPU; 0 is the oldest. */
export function pendingAt(m: Machine, index: u32): PendingMessage {
  return changetype<PendingMessage>(m.interrupts + <usize>((m.interruptHead + index) % INTERRUPTS) * offsetof<PendingMessage>());
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

export function stalledAt(m: Machine, requester: u32): Stalled {
  assert(requester <= m.requesterCount);
  return changetype<Stalled>(m.stalled + <usize>requester * offsetof<Stalled>());
}
