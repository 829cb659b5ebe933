// What the machine keeps of things under way: requests, answers, mappings, messages, faults (see machine.ts for where they lie).

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
  /** A device's request, or the cache's own: it leaves nothing in the cache. */
  isDirect: u32;
  /** 64 bytes of a write-back; none without a cache. */
  line: usize;
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
  isDirect: u32;
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
  /** Next free handle while this one is free. */
  next: u32;
  inUse: u32;
  /** More than one block lies in the range: the block is chosen at every access. */
  isWide: u32;
  /** From the start of the BAR. */
  barOffset: u32;
}

/** Messages to be lost, sent twice or late: of one function, of one number or of any (NONE). */
@unmanaged
export class MessageEffect {
  kind: u32;
  entity: u32;
  number: u32;
  count: u32;
  time: u64;
}

/** A message on its way to the CPU, late. */
@unmanaged
export class LateMessage {
  due: u64;
  address: u32;
  data: u32;
  /** Who sent it. */
  entity: u32;
}

/** A message in front of the CPU. */
@unmanaged
export class PendingMessage {
  address: u32;
  data: u32;
  /** Who sent it: the CPU does not see it. */
  entity: u32;
}

/** Bits of a register that cannot change. */
@unmanaged
export class Override {
  block: usize;
  index: u32;
  mask: u32;
  value: u32;
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
  /** From a match to what it does, and from one act of a series to the next (0: each act has a match of its own); ns. */
  delay: u64;
  period: u64;
  /** When a probe that is put off acts. */
  due: u64;
  /** Acts so far, whether they have had an effect yet or not. */
  acts: u32;
  /** What the bits held that the last act changed. */
  before: u32;
  /** Header of an error (16 dwords), or an event record (32). */
  payload: usize;
}
