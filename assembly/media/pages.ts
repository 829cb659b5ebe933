// Sparse contents of memory: 4 KiB pages from a fixed pool, found by (device, page) in an open-addressed table. Pages never written read as
// the device's background: 0 after power-on, a pattern after each hot reset that does not preserve volatile contents. Persistent contents stay.
// A poisoned line is a bit beside its page.

import { forgetLines } from "../cci/poison";
import { Device, LIMIT_MEDIA, Machine, NONE, deviceAt } from "../machine";
import { HW_LIMIT, traceHardware } from "../trace/ring";

const PAGE_SHIFT: u64 = 12;
export const PAGE_BYTES: usize = 4096;
/** Host DRAM, beside the device indexes. */
export const RAM: u32 = 0xffff;
/** With a device's index: its label storage area. */
export const LABELS: u32 = 0x1_0000;

function keyOfPage(device: u32, address: u64): u64 {
  return ((<u64>(device + 1)) << 44) | (address >> PAGE_SHIFT);
}

function slotOf(m: Machine, key: u64): usize {
  let index = <u32>((key * 0x9e3779b97f4a7c15) >> 40) & (m.pageTableSize - 1);
  for (let i: u32 = 0; i < m.pageTableSize; i++) {
    const slot = m.pageTable + (<usize>index << 4);
    const found = load<u64>(slot);
    if (found == key || found == 0) return slot;
    index = (index + 1) & (m.pageTableSize - 1);
  }
  return 0;
}

/** Background of eight bytes at a device address. */
function background(device: u32, resets: u32, address: u64): u64 {
  if (resets == 0) return 0;
  let word = (address >> 3) ^ (<u64>resets << 40) ^ (<u64>device << 56);
  word = (word ^ (word >> 31)) * 0x9e3779b97f4a7c15;
  return word ^ (word >> 29);
}

function resetsOf(m: Machine, device: u32, address: u64): u32 {
  if (device == RAM || (device & LABELS) != 0) return 0;
  const entry = deviceAt(m, device);
  return entry.preserves != 0 || address >= entry.volatileCapacity || entry.resetCount == entry.erasedAt ? 0 : entry.resetCount;
}

function fill(m: Machine, device: u32, page: usize, address: u64): void {
  const resets = resetsOf(m, device, address);
  for (let i: usize = 0; i < PAGE_BYTES; i += 8) store<u64>(page + i, background(device, resets, address + i));
}

function pageFor(m: Machine, device: u32, address: u64, create: bool): usize {
  const key = keyOfPage(device, address);
  const slot = slotOf(m, key);
  if (slot == 0) return 0;
  if (load<u64>(slot) == key) return m.mediaBase + <usize>load<u32>(slot, 8) * PAGE_BYTES;
  if (!create) return 0;
  if (m.mediaUsed == m.mediaPages) {
    if ((m.limits & LIMIT_MEDIA) == 0) traceHardware(m, HW_LIMIT, NONE, 2, address, 0, 0);
    m.limits |= LIMIT_MEDIA;
    return 0;
  }
  store<u64>(slot, key);
  store<u32>(slot, m.mediaUsed, 8);
  const page = m.mediaBase + <usize>m.mediaUsed * PAGE_BYTES;
  m.mediaUsed++;
  fill(m, device, page, address & ~(<u64>PAGE_BYTES - 1));
  return page;
}

/** Eight aligned bytes. */
export function readWord(m: Machine, device: u32, address: u64): u64 {
  const page = pageFor(m, device, address, false);
  if (page == 0) return background(device, resetsOf(m, device, address), address & ~7);
  return load<u64>(page + (<usize>(address & (<u64>PAGE_BYTES - 1)) & ~7));
}

/** Where the poison of a page's 64 lines lies. */
function poisonOf(m: Machine, page: usize): usize {
  return m.poison + ((page - m.mediaBase) / PAGE_BYTES << 3);
}

function lineBit(address: u64): u64 {
  return <u64>1 << ((address >> 6) & 63);
}

export function isPoisoned(m: Machine, device: u32, address: u64): bool {
  if (m.poisonedLines == 0) return false;
  const page = pageFor(m, device, address, false);
  return page != 0 && (load<u64>(poisonOf(m, page)) & lineBit(address)) != 0;
}

/** Poisons the line of an address, or cleans it. */
export function setPoison(m: Machine, device: u32, address: u64, isPoison: bool): void {
  const page = pageFor(m, device, address, isPoison);
  if (page == 0) return;
  const bitmap = load<u64>(poisonOf(m, page));
  setBitmap(m, page, isPoison ? bitmap | lineBit(address) : bitmap & ~lineBit(address));
}

/** Keeps the count of poisoned lines: while there are any, no request may be counted without being sent. */
function setBitmap(m: Machine, page: usize, bitmap: u64): void {
  const at = poisonOf(m, page);
  m.poisonedLines += <u32>popcnt(bitmap) - <u32>popcnt(load<u64>(at));
  store<u64>(at, bitmap);
}

/** Writes `width` bytes inside one 64-byte line; a line write repeats the value in every word, and takes poison away. */
export function writeMedia(m: Machine, device: u32, address: u64, value: u64, width: u32): void {
  const page = pageFor(m, device, address, true);
  if (page == 0) return;
  if (width == 64) {
    if (m.poisonedLines != 0 && isPoisoned(m, device, address)) forgetLines(m, deviceAt(m, device), address & ~63, 1, false);
    if (m.poisonedLines != 0) setBitmap(m, page, load<u64>(poisonOf(m, page)) & ~lineBit(address));
    const line = page + (<usize>(address & (<u64>PAGE_BYTES - 1)) & ~63);
    for (let i: usize = 0; i < 64; i += 8) store<u64>(line + i, value);
    return;
  }
  for (let i: u32 = 0; i < width; i++) store<u8>(page + <usize>((address + i) & (<u64>PAGE_BYTES - 1)), <u8>(value >> (<u64>i << 3)));
}

/** A reset: volatile contents become the next background, clean; a hot reset spares those of a device that preserves them. */
export function forgetContents(m: Machine, device: Device, isHot: bool): void {
  device.resetCount++;
  if (isHot && device.preserves != 0) return;
  for (let i: u32 = 0; i < m.pageTableSize && m.mediaUsed != 0; i++) {
    const slot = m.pageTable + (<usize>i << 4);
    const key = load<u64>(slot);
    const address = (key & 0xfff_ffff_ffff) << PAGE_SHIFT;
    if (key >> 44 != <u64>(device.index + 1) || address >= device.volatileCapacity) continue;
    const page = m.mediaBase + <usize>load<u32>(slot, 8) * PAGE_BYTES;
    fill(m, device.index, page, address);
    setBitmap(m, page, 0);
  }
}

/** One byte. */
export function readByte(m: Machine, device: u32, address: u64): u32 {
  return <u32>(readWord(m, device, address) >> ((address & 7) << 3)) & 0xff;
}

export function writeByte(m: Machine, device: u32, address: u64, value: u32): void {
  writeMedia(m, device, address, <u64>value, 1);
}

/** The pool has a page for every byte of a range; pages taken stay. */
export function hasRoom(m: Machine, device: u32, address: u64, bytes: u32): bool {
  for (let at = address; at < address + <u64>bytes; at = (at | (<u64>PAGE_BYTES - 1)) + 1) if (pageFor(m, device, at, true) == 0) return false;
  return true;
}

/** Zeros, clean, in whole lines from `start` up to `end`. */
export function eraseContents(m: Machine, device: u32, start: u64, end: u64): void {
  for (let i: u32 = 0; i < m.pageTableSize && m.mediaUsed != 0; i++) {
    const slot = m.pageTable + (<usize>i << 4);
    const key = load<u64>(slot);
    const address = (key & 0xfff_ffff_ffff) << PAGE_SHIFT;
    if (key >> 44 != <u64>(device + 1) || address >= end || address + <u64>PAGE_BYTES <= start) continue;
    const page = m.mediaBase + <usize>load<u32>(slot, 8) * PAGE_BYTES;
    const from = max(start, address);
    const to = min(end, address + <u64>PAGE_BYTES);
    memory.fill(page + <usize>(from - address), 0, <usize>(to - from));
    if ((device & LABELS) == 0) for (let line = from; line < to; line += 64) setBitmap(m, page, load<u64>(poisonOf(m, page)) & ~lineBit(line));
  }
}

/** Device of a slot of the page table; NONE: the slot is empty. RAM and label areas have numbers beyond the devices'. */
export function pageDevice(m: Machine, slot: u32): u32 {
  return <u32>(load<u64>(m.pageTable + (<usize>slot << 4)) >> 44) - 1;
}

export function pageAddress(m: Machine, slot: u32): u64 {
  return (load<u64>(m.pageTable + (<usize>slot << 4)) & 0xfff_ffff_ffff) << PAGE_SHIFT;
}

/** Zeros, clean, in whole lines of a slot's page. */
export function zeroPart(m: Machine, slot: u32, offset: u32, bytes: u32): void {
  const page = m.mediaBase + <usize>load<u32>(m.pageTable + (<usize>slot << 4), 8) * PAGE_BYTES;
  memory.fill(page + <usize>offset, 0, <usize>bytes);
  for (let line = offset; line < offset + bytes; line += 64) setBitmap(m, page, load<u64>(poisonOf(m, page)) & ~lineBit(<u64>line));
}

/** The first poisoned line from `start` on; `end` when there is none before it. */
export function nextPoisoned(m: Machine, device: u32, start: u64, end: u64): u64 {
  let least = end;
  for (let i: u32 = 0; i < m.pageTableSize && m.poisonedLines != 0; i++) {
    const slot = m.pageTable + (<usize>i << 4);
    const key = load<u64>(slot);
    const address = (key & 0xfff_ffff_ffff) << PAGE_SHIFT;
    if (key >> 44 != <u64>(device + 1) || address >= least || address + <u64>PAGE_BYTES <= start) continue;
    const bitmap = load<u64>(poisonOf(m, m.mediaBase + <usize>load<u32>(slot, 8) * PAGE_BYTES));
    for (let line = max(start, address); bitmap != 0 && line < min(least, address + <u64>PAGE_BYTES); line += 64) {
      if ((bitmap & lineBit(line)) == 0) continue;
      least = line;
      break;
    }
  }
  return least;
}

/** Poisoned lines of a device. */
export function poisonedLinesOf(m: Machine, device: u32): u32 {
  let lines: u32 = 0;
  for (let i: u32 = 0; i < m.pageTableSize && m.poisonedLines != 0; i++) {
    const slot = m.pageTable + (<usize>i << 4);
    if (load<u64>(slot) >> 44 == <u64>(device + 1)) lines += <u32>popcnt(load<u64>(poisonOf(m, m.mediaBase + <usize>load<u32>(slot, 8) * PAGE_BYTES)));
  }
  return lines;
}
