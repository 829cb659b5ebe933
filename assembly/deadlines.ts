// What is due next, over everything that happens by itself: a winner tree, one leaf per source. The left half holds probes, late messages and
// the entities (links, media, commits), the right half the in-flight tables, the watchdog and the cache. Of equal times the lower leaf runs first.

import { Device, Entity, Machine, NEVER, KIND_DEVICE, KIND_PORT, Port } from "./machine";

export const SOURCE_PROBES: u32 = 0;
export const SOURCE_MESSAGES: u32 = 1;
const FIRST_ENTITY: u32 = 2;

/** Leaves of the tree, both halves. */
export function leavesFor(entities: u32, ports: u32): u32 {
  const most = max<u32>(FIRST_ENTITY + entities, ports + 2);
  let leaves: u32 = 2;
  while (leaves < most) leaves <<= 1;
  return leaves * 2;
}

/** Entity of a leaf of the left half. */
export function entityOfSource(leaf: u32): u32 {
  return leaf - FIRST_ENTITY;
}

export function entrySource(m: Machine, port: u32): u32 {
  return (m.deadlineLeaves >> 1) + port;
}

export function watchdogSource(m: Machine): u32 {
  return (m.deadlineLeaves >> 1) + m.portCount;
}

export function cacheSource(m: Machine): u32 {
  return (m.deadlineLeaves >> 1) + m.portCount + 1;
}

function timeAt(m: Machine, node: u32): u64 {
  return load<u64>(m.deadlines + (<usize>node << 3));
}

export function clearDeadlines(m: Machine): void {
  for (let node: u32 = 0; node < m.deadlineLeaves * 2; node++) store<u64>(m.deadlines + (<usize>node << 3), NEVER);
  m.nextDeadline = NEVER;
}

/** Source `leaf` is due at `time` next; NEVER takes it out. */
export function setDeadline(m: Machine, leaf: u32, time: u64): void {
  assert(leaf < m.deadlineLeaves);
  let node = m.deadlineLeaves + leaf;
  store<u64>(m.deadlines + (<usize>node << 3), time);
  while (node > 1) {
    const least = min(timeAt(m, node), timeAt(m, node ^ 1));
    node >>= 1;
    if (timeAt(m, node) == least) break;
    store<u64>(m.deadlines + (<usize>node << 3), least);
  }
  m.nextDeadline = timeAt(m, 1);
}

/** An entity's own times have changed. */
export function refreshDeadline(m: Machine, entity: Entity): void {
  let due = min(entity.linkAt, min(entity.backInvalidateAt, entity.commitAt));
  if (entity.kind == KIND_PORT) due = min(due, changetype<Port>(entity).cableBackAt);
  else if (entity.kind == KIND_DEVICE) due = min(due, changetype<Device>(entity).cci.nextAt);
  setDeadline(m, FIRST_ENTITY + entity.id, due);
}

/** The source that is due first. */
export function firstSource(m: Machine): u32 {
  let node: u32 = 1;
  const time = timeAt(m, 1);
  while (node < m.deadlineLeaves) {
    node <<= 1;
    if (timeAt(m, node) != time) node++;
  }
  return node - m.deadlineLeaves;
}

/** Earliest time of everything but the in-flight tables: the left half, and the watchdog. */
export function outsideDeadline(m: Machine): u64 {
  return min(timeAt(m, 2), timeAt(m, m.deadlineLeaves + watchdogSource(m)));
}
