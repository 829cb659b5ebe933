// How the processors' cache answers, fills and writes back (machine.cache). A line that is there is served whatever became of the memory behind it: a clean one
// after isolation, a stale one after a recovery. A dirty one that is evicted meets its port as any write does, so that isolation drops it. Devices' DMA
// allocates nothing: it takes a dirty line from the cache, and a write of it drops the line (coherent DMA; INFERRED).

import { cacheSource, setDeadline } from "../deadlines";
import { matchRequest } from "../fault/probes";
import { Completion, Entry, HOST_RUNNING, LIMIT_COMPLETIONS, Machine, NEVER, NONE, STATUS_DROPPED, STATUS_OK, WRITE_BACK, portAt } from "../machine";
import { readWord, writeMedia } from "../media/pages";
import { advance, spend } from "../time";
import { HW_CACHES_INVALIDATED, HW_LIMIT, HW_WRITE_BACK, traceHardware } from "../trace/ring";
import { dropLine, findLine, isCacheable, isDirty, isValid, lineAddress, lineData, lineWord, slotFor, takeSlot, touchLine, writeLine } from "./cache";
import { complete, send } from "./in-flight";
import { routeToPort } from "./routing";

const LINE_BYTES: usize = 64;

function hitAt(m: Machine, index: u32): Completion {
  return changetype<Completion>(m.hits + <usize>((m.hitHead + index) % m.completionCapacity) * offsetof<Completion>());
}

/** The cache answers after its latency; answers come in order of their requests. */
function answer(m: Machine, requester: u32, width: u32, address: u64, value: u64): void {
  if (m.hitCount == m.completionCapacity) {
    m.limits |= LIMIT_COMPLETIONS;
    return traceHardware(m, HW_LIMIT, NONE, 3, address, requester, 0);
  }
  const hit = hitAt(m, m.hitCount);
  hit.requester = requester;
  hit.width = width;
  hit.address = address;
  hit.issued = m.now;
  hit.completed = m.now + m.cacheLatency;
  hit.value = value;
  m.hitCount++;
  if (m.hitCount == 1) setDeadline(m, cacheSource(m), hit.completed);
}

/** Answers that are due. */
export function runHits(m: Machine): void {
  while (m.hitCount != 0 && hitAt(m, 0).completed <= m.now) {
    const hit = hitAt(m, 0);
    m.hitHead = (m.hitHead + 1) % m.completionCapacity;
    m.hitCount--;
    complete(m, hit.requester, hit.width, hit.address, hit.issued, STATUS_OK, hit.value);
  }
  setDeadline(m, cacheSource(m), m.hitCount == 0 ? NEVER : hitAt(m, 0).completed);
}

/** Empties a slot; false: its line is dirty and its port's table is full, so that it stays. */
function vacate(m: Machine, slot: u32): bool {
  if (isDirty(m, slot) && !writeBack(m, slot)) return false;
  dropLine(m, slot);
  return true;
}

/** Sends a dirty line to memory, where nobody waits for it. What no decoder claims any more is lost at once. */
function writeBack(m: Machine, slot: u32): bool {
  const address = lineAddress(m, slot);
  const index = routeToPort(m, address);
  if (index == NONE) {
    traceHardware(m, HW_WRITE_BACK, NONE, STATUS_DROPPED, address, 0, 0);
    return true;
  }
  const port = portAt(m, index);
  if (port.active == port.capacity) return false;
  if (m.armedRequest != 0) matchRequest(m, index, true, address);
  if (port.active == port.capacity) return false;
  m.writeBacks++;
  send(m, port, WRITE_BACK, 64, address, <u64>slot, 1);
  return true;
}

/** A line on its way to memory keeps its bytes with its entry. */
export function carryLine(m: Machine, entry: Entry): void {
  memory.copy(entry.line, lineData(m, <u32>entry.value), LINE_BYTES);
}

/** A write-back reached its media. */
export function storeLine(m: Machine, entry: Entry): void {
  const dpa = (entry.dpa & ~7) - (entry.address & 56);
  if ((dpa & 63) == 0) writeMedia(m, entry.device, dpa, 0, 64);
  for (let i: u32 = 0; i < 64; i += 8) writeMedia(m, entry.device, dpa + <u64>i, load<u64>(entry.line + <usize>i), 8);
}

export function endWriteBack(m: Machine, entity: u32, address: u64, status: u32): void {
  m.writeBacks--;
  traceHardware(m, HW_WRITE_BACK, entity, status, address, 0, 0);
}

/** A load was answered by media: its line is kept, unless it is there already or the slot cannot be emptied. */
export function fillLine(m: Machine, address: u64, device: u32, dpa: u64): void {
  if (!isCacheable(m, address) || findLine(m, address) != NONE) return;
  const slot = slotFor(m, address);
  if (!vacate(m, slot)) return;
  takeSlot(m, slot, address);
  const start = (dpa & ~7) - (address & 56);
  for (let i: u32 = 0; i < 64; i += 8) store<u64>(lineData(m, slot) + <usize>i, readWord(m, device, start + <u64>i));
}

/** Whether the cache answers a processor's request itself: any hit, and a write of a whole line, which asks memory for nothing. */
export function answersProcessor(m: Machine, requester: u32, width: u32, address: u64, value: u64): bool {
  if (m.hostState != HOST_RUNNING || !isCacheable(m, address)) return false;
  let slot = findLine(m, address);
  if (slot == NONE) {
    if (width != 64) return false;
    slot = slotFor(m, address);
    if (!vacate(m, slot)) return false;
    takeSlot(m, slot, address);
  }
  if (width != 0) writeLine(m, slot, address, value, width);
  else touchLine(m, slot);
  answer(m, requester, width, address, width != 0 ? value : lineWord(m, slot, address));
  return true;
}

/** Whether the cache answers a device's request: a read that finds a dirty line. A write drops the line and goes on to memory. */
export function answersDevice(m: Machine, requester: u32, width: u32, address: u64): bool {
  if (m.hostState != HOST_RUNNING || !isCacheable(m, address)) return false;
  const slot = findLine(m, address);
  if (slot == NONE) return false;
  if (width != 0) {
    dropLine(m, slot);
    return false;
  }
  if (!isDirty(m, slot)) return false;
  answer(m, requester, width, address, lineWord(m, slot, address));
  return true;
}

/** The processors are reset: what the cache held is gone, dirty or not, and so is what it had under way. */
export function forgetCache(m: Machine): void {
  memory.fill(m.cacheRecords, 0, <usize>(m.cacheSets * m.cacheWays) * 8);
  m.hitCount = 0;
  m.writeBacks = 0;
  setDeadline(m, cacheSource(m), NEVER);
}

/** Waits for something to happen; false: nothing will, or the host is gone. */
function waitForMore(m: Machine): bool {
  if (m.hostState != HOST_RUNNING || m.nextDeadline == NEVER) return false;
  advance(m, m.nextDeadline);
  return true;
}

/** Writes every dirty line of a range back and forgets all its lines; ends when the last write-back has been answered (wbinvd). */
export function invalidateLines(m: Machine, start: u64, size: u64): void {
  let lines: u32 = 0;
  let dirty: u32 = 0;
  for (let slot: u32 = 0; slot < m.cacheSets * m.cacheWays; slot++) {
    if (!isValid(m, slot) || lineAddress(m, slot) - start >= size) continue;
    lines++;
    if (isDirty(m, slot)) dirty++;
    while (!vacate(m, slot) && waitForMore(m)) continue;
    dropLine(m, slot);
  }
  spend(m, <u64>dirty * m.cacheLatency);
  while (m.writeBacks != 0 && waitForMore(m)) continue;
  traceHardware(m, HW_CACHES_INVALIDATED, NONE, dirty, start, lines, 0);
}
