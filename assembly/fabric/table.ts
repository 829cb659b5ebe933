// The in-flight table of one root port as a data structure: a free list, the used entries by issue, and a heap by deadline.

import { Entry, NEVER, NONE, Port, entryAt } from "../machine";

function heapIndex(port: Port, place: u32): u32 {
  return load<u32>(port.heap + (<usize>place << 2));
}

function put(port: Port, place: u32, index: u32): void {
  store<u32>(port.heap + (<usize>place << 2), index);
  entryAt(port, index).heapAt = place;
}

/** Earlier deadline first, then earlier issue. */
function isBefore(port: Port, a: u32, b: u32): bool {
  const first = entryAt(port, a);
  const second = entryAt(port, b);
  return first.deadline < second.deadline || (first.deadline == second.deadline && first.sequence < second.sequence);
}

function rise(port: Port, from: u32): void {
  let place = from;
  const index = heapIndex(port, place);
  while (place > 0) {
    const above = (place - 1) >> 1;
    if (!isBefore(port, index, heapIndex(port, above))) break;
    put(port, place, heapIndex(port, above));
    place = above;
  }
  put(port, place, index);
}

function sink(port: Port, from: u32): void {
  let place = from;
  const index = heapIndex(port, place);
  for (;;) {
    let below = place * 2 + 1;
    if (below >= port.active) break;
    if (below + 1 < port.active && isBefore(port, heapIndex(port, below + 1), heapIndex(port, below))) below++;
    if (!isBefore(port, heapIndex(port, below), index)) break;
    put(port, place, heapIndex(port, below));
    place = below;
  }
  put(port, place, index);
}

/** Links all entries into the free list; once, when the machine is built. */
export function clearTable(port: Port): void {
  for (let i: u32 = 0; i < port.capacity; i++) entryAt(port, i).newer = i + 1 < port.capacity ? i + 1 : NONE;
  port.free = 0;
  port.oldest = NONE;
  port.newest = NONE;
}

/** A free entry, entered as the newest with no deadline. The table is not full. */
export function takeEntry(port: Port): Entry {
  assert(port.active < port.capacity);
  const index = port.free;
  const entry = entryAt(port, index);
  port.free = entry.newer;
  entry.state = 1;
  entry.outcome = 0;
  entry.isDisturbing = 0;
  entry.deadline = NEVER;
  entry.older = port.newest;
  entry.newer = NONE;
  if (port.newest == NONE) port.oldest = index;
  else entryAt(port, port.newest).newer = index;
  port.newest = index;
  put(port, port.active, index);
  port.active++;
  return entry;
}

export function giveBack(port: Port, entry: Entry): void {
  const place = entry.heapAt;
  const index = heapIndex(port, place);
  port.active--;
  port.disturbing -= entry.isDisturbing;
  if (place != port.active) {
    put(port, place, heapIndex(port, port.active));
    sink(port, place);
    rise(port, place);
  }
  if (entry.older == NONE) port.oldest = entry.newer;
  else entryAt(port, entry.older).newer = entry.newer;
  if (entry.newer == NONE) port.newest = entry.older;
  else entryAt(port, entry.newer).older = entry.older;
  entry.state = 0;
  entry.newer = port.free;
  port.free = index;
}

export function setEntryDeadline(port: Port, entry: Entry, deadline: u64): void {
  entry.deadline = deadline;
  sink(port, entry.heapAt);
  rise(port, entry.heapAt);
}

/** The entry that ends first; the table is not empty. */
export function firstEntry(port: Port): Entry {
  return entryAt(port, heapIndex(port, 0));
}

export function tableDeadline(port: Port): u64 {
  return port.active == 0 ? NEVER : firstEntry(port).deadline;
}
