// The processors' write-back cache as a data structure: sets of ways, least recently used, all of it in the state. One cache for all processors, in front of
// CXL memory only; host DRAM is not cached, since nothing takes it away. What a line does on its way to memory is in cache-path.ts.

import { Machine, NONE, Window, WINDOW_STRIDE } from "../machine";

/** A line's record: bit 0 valid, bit 1 dirty, bits 9:2 how long ago it was used among its set (0: last), line number from bit 10 on. */
const VALID: u64 = 1;
const DIRTY: u64 = 2;
const RANK_SHIFT: u64 = 2;
const RANK: u64 = 0xff << RANK_SHIFT;
const NUMBER_SHIFT: u64 = 10;
const LINE_SHIFT: u64 = 6;
const LINE_BYTES: usize = 64;

/** Bytes of state that a cache of so many lines takes. */
export function cacheBytes(lines: u32): usize {
  return <usize>lines * (8 + LINE_BYTES) + 32;
}

/** CXL memory, by the CPU's address map. */
export function isCacheable(m: Machine, address: u64): bool {
  let at = m.windows;
  for (let i: u32 = 0; i < m.windowCount; i++, at += WINDOW_STRIDE) {
    const window = changetype<Window>(at);
    if (address - window.base < window.size) return true;
  }
  return false;
}

function recordAt(m: Machine, slot: u32): u64 {
  return load<u64>(m.cacheRecords + (<usize>slot << 3));
}

function setRecord(m: Machine, slot: u32, record: u64): void {
  store<u64>(m.cacheRecords + (<usize>slot << 3), record);
}

/** First slot of the set that an address belongs to. */
function setOf(m: Machine, address: u64): u32 {
  return (<u32>(address >> LINE_SHIFT) & (m.cacheSets - 1)) * m.cacheWays;
}

/** Slot that holds the line of an address, or NONE. */
export function findLine(m: Machine, address: u64): u32 {
  const first = setOf(m, address);
  const wanted = ((address >> LINE_SHIFT) << NUMBER_SHIFT) | VALID;
  for (let slot = first; slot < first + m.cacheWays; slot++) if ((recordAt(m, slot) & ~(DIRTY | RANK)) == wanted) return slot;
  return NONE;
}

/** Where a line of this address goes: an empty slot of its set, else the one that was used longest ago. */
export function slotFor(m: Machine, address: u64): u32 {
  const first = setOf(m, address);
  let oldest = first;
  for (let slot = first; slot < first + m.cacheWays; slot++) {
    if ((recordAt(m, slot) & VALID) == 0) return slot;
    if ((recordAt(m, slot) & RANK) > (recordAt(m, oldest) & RANK)) oldest = slot;
  }
  return oldest;
}

/** The line was used now. */
export function touchLine(m: Machine, slot: u32): void {
  const first = slot - (slot % m.cacheWays);
  const rank = recordAt(m, slot) & RANK;
  for (let other = first; other < first + m.cacheWays; other++) if ((recordAt(m, other) & VALID) != 0 && (recordAt(m, other) & RANK) < rank) setRecord(m, other, recordAt(m, other) + (1 << RANK_SHIFT));
  setRecord(m, slot, recordAt(m, slot) & ~RANK);
}

/** Gives an empty slot to the line of an address, clean, as the one used last. Ranks of a set's lines are 0, 1, 2 and so on without a gap. */
export function takeSlot(m: Machine, slot: u32, address: u64): void {
  setRecord(m, slot, ((address >> LINE_SHIFT) << NUMBER_SHIFT) | VALID | (<u64>m.cacheWays << RANK_SHIFT));
  touchLine(m, slot);
}

export function isValid(m: Machine, slot: u32): bool {
  return (recordAt(m, slot) & VALID) != 0;
}

export function isDirty(m: Machine, slot: u32): bool {
  return (recordAt(m, slot) & (VALID | DIRTY)) == (VALID | DIRTY);
}

export function setDirty(m: Machine, slot: u32): void {
  setRecord(m, slot, recordAt(m, slot) | DIRTY);
}

/** Forgets a line, whatever it holds. */
export function dropLine(m: Machine, slot: u32): void {
  const record = recordAt(m, slot);
  if ((record & VALID) == 0) return;
  setRecord(m, slot, 0);
  const first = slot - (slot % m.cacheWays);
  for (let other = first; other < first + m.cacheWays; other++) if ((recordAt(m, other) & VALID) != 0 && (recordAt(m, other) & RANK) > (record & RANK)) setRecord(m, other, recordAt(m, other) - (1 << RANK_SHIFT));
}

export function lineAddress(m: Machine, slot: u32): u64 {
  return (recordAt(m, slot) >> NUMBER_SHIFT) << LINE_SHIFT;
}

/** Place of a line's 64 bytes. */
export function lineData(m: Machine, slot: u32): usize {
  return m.cacheData + <usize>slot * LINE_BYTES;
}

/** Eight aligned bytes of a line that is there. */
export function lineWord(m: Machine, slot: u32, address: u64): u64 {
  return load<u64>(lineData(m, slot) + <usize>(address & 56));
}

/** Puts bytes into a line; a write of the whole line repeats the value in every word. */
export function writeLine(m: Machine, slot: u32, address: u64, value: u64, width: u32): void {
  const data = lineData(m, slot);
  if (width == 64) for (let i: usize = 0; i < LINE_BYTES; i += 8) store<u64>(data + i, value);
  else for (let i: u32 = 0; i < width; i++) store<u8>(data + <usize>((address + <u64>i) & 63), <u8>(value >> (<u64>i << 3)));
  setDirty(m, slot);
  touchLine(m, slot);
}
