// The one register dispatch: images ruled by the generated tables, then the named side effect (access kinds as in registers/schema.ts).

import { behave, isLocked } from "./behaviour";
import { applyOverrides } from "./fault/overrides";
import { checkRegisterProbes } from "./fault/probes";
import * as R from "./generated/registers";
import { Block, Entity, Machine, SPACE_CONFIG, root } from "./machine";
import { HW_REFUSED, HW_RESERVED, HW_UNMODELLED, REFUSED_LOCK, traceHardware } from "./trace/ring";

const ROW_SHIFT: usize = 5;
const COLUMN_WRITE: usize = 0;
const COLUMN_CLEAR: usize = 4;
const COLUMN_RESET: usize = 8;
const COLUMN_LOCKED: usize = 12;
const COLUMN_ONCE: usize = 16;
const COLUMN_STICKY: usize = 20;
const COLUMN_USED: usize = 24;
const COLUMN_RULE: usize = 28;

export function getDword(block: Block, index: u32): u32 {
  return load<u32>(block.image + (<usize>index << 2));
}

/** Hardware's own write: no table stands in its way, only a fault. */
export function setDword(block: Block, index: u32, value: u32): void {
  const m = root();
  store<u32>(block.image + (<usize>index << 2), m.overrideCount == 0 ? value : applyOverrides(m, block, index, value));
}

/** Sets or clears bits from the hardware's side. */
export function setBits(block: Block, index: u32, mask: u32, isSet: bool): void {
  const old = getDword(block, index);
  setDword(block, index, isSet ? old | mask : old & ~mask);
}

export function testBits(block: Block, index: u32, mask: u32): bool {
  return (getDword(block, index) & mask) != 0;
}

export function ruleOf(block: Block, index: u32): u32 {
  return load<u32>(block.table + (<usize>index << ROW_SHIFT), COLUMN_RULE);
}

/** What an access meets. The access record says so in its width argument, bits 15:8; a wrong width is a hardware record too. */
export const ACCESS_DONE: u32 = 0;
export const ACCESS_WRONG_WIDTH: u32 = 1;
export const ACCESS_RESERVED: u32 = 2;
export const ACCESS_UNANSWERED: u32 = 3;

/** Judges an access of `width` bytes at `offset` (8.2.2: no partial reads; PCIe: any aligned width). Only ACCESS_DONE touches a register. */
export function judge(block: Block, offset: u32, width: u32): u32 {
  if ((offset & (width - 1)) != 0) return ACCESS_WRONG_WIDTH;
  if (offset >= block.dwords << 2) return offset - (block.dwords << 2) + width <= block.rawBytes ? ACCESS_DONE : ACCESS_RESERVED;
  const widths = (ruleOf(block, offset >> 2) >> 16) & 15;
  if (block.presenceCount != 0 && isAbsent(block, offset >> 2)) return ACCESS_RESERVED;
  if ((widths & width) != 0) return ACCESS_DONE;
  return widths == 0 ? ACCESS_RESERVED : ACCESS_WRONG_WIDTH;
}

/** A refused access as a hardware record. */
export function traceRefused(m: Machine, block: Block, offset: u32, value: u32, reason: u32, width: u32): void {
  traceHardware(m, HW_REFUSED, block.entity.id, offset, <u64>value, reason, width);
}

/** A condition on a machine key has this flag; it holds while the key's value is above the row's last word. */
const KEY_CONDITION: u32 = 0x8000_0000;

function holds(block: Block, row: usize): bool {
  const on = load<u32>(row, 8);
  const value = load<u32>(row, 12);
  if ((on & KEY_CONDITION) == 0) return (getDword(block, on) & value) != 0;
  return load<u32>(block.entity.keys + (<usize>(on & ~KEY_CONDITION) << 2)) > value;
}

/** Bits of a dword whose condition does not hold. */
function refused(block: Block, index: u32): u32 {
  let bits: u32 = 0;
  for (let i: u32 = 0; i < block.conditionCount; i++) {
    const row = block.conditions + (<usize>i << 4);
    if (load<u32>(row) == index && !holds(block, row)) bits |= load<u32>(row, 4);
  }
  return bits;
}

/** Software changes fields that the model keeps without effect (or that read 0). */
function noteUnmodelled(m: Machine, block: Block, index: u32, changed: u32): void {
  for (let i: u32 = 0; i < block.unmodelledCount; i++) {
    const row = block.unmodelled + (<usize>i << 3);
    if (load<u32>(row) == index && (load<u32>(row, 4) & changed) != 0) traceHardware(m, HW_UNMODELLED, block.entity.id, index << 2, <u64>(load<u32>(row, 4) & changed), 0, 0);
  }
}

/** Software's write of the bits in `lanes` of one dword. */
export function writeDword(m: Machine, block: Block, index: u32, value: u32, lanes: u32): void {
  const row = block.table + (<usize>index << ROW_SHIFT);
  const rule = load<u32>(row, COLUMN_RULE);
  const locked = load<u32>(row, COLUMN_LOCKED);
  let write = load<u32>(row, COLUMN_WRITE);
  let clear = load<u32>(row, COLUMN_CLEAR);
  const old = getDword(block, index);
  if (locked != 0 && isLocked(block, index, rule >> 24)) {
    if (block.space == SPACE_CONFIG && ((old ^ value) & locked & lanes) != 0) traceRefused(m, block, index << 2, value, REFUSED_LOCK, 4);
    write &= ~locked;
  }
  if (((rule >> 20) & 1) != 0) {
    const no = refused(block, index);
    write &= ~no;
    clear &= ~no;
  }
  if (((rule >> 21) & 1) != 0) noteUnmodelled(m, block, index, (old ^ value) & lanes);
  const reserved = value & lanes & ~load<u32>(row, COLUMN_USED);
  if (reserved != 0) traceHardware(m, HW_RESERVED, block.entity.id, index << 2, <u64>reserved, block.space, 0);
  let next = (old & ~(write & lanes)) | (value & write & lanes);
  next &= ~(value & clear & lanes);
  next |= value & load<u32>(row, COLUMN_ONCE) & lanes;
  setDword(block, index, next);
  const low = rule & 0xff;
  const high = (rule >> 8) & 0xff;
  if (low != 0 && (lanes & 0xffff) != 0) behave(m, block, low, index, rule >> 24, old, value & lanes);
  if (high != 0 && (lanes & 0xffff_0000) != 0 && (high != low || (lanes & 0xffff) == 0)) behave(m, block, high, index, rule >> 24, old, value & lanes);
  if (m.armedRegister != 0) checkRegisterProbes(m);
}

function applyKeys(block: Block, keys: usize): void {
  for (let i: u32 = 0; i < block.keyCount; i++) {
    const row = block.keys + (<usize>i << 4);
    const bits = load<u32>(row, 12);
    const mask: u32 = bits == 32 ? 0xffff_ffff : (1 << bits) - 1;
    const value = load<u32>(keys + (<usize>load<u32>(row) << 2)) & mask;
    const index = load<u32>(row, 4);
    setDword(block, index, getDword(block, index) | (value << load<u32>(row, 8)));
  }
}

/** Structures that are absent, and registers that are not implemented, read 0. */
function applyPresence(block: Block, keys: usize): void {
  for (let i: u32 = 0; i < block.presenceCount; i++) {
    const row = block.presence + (<usize>i << 4);
    if (load<u32>(keys + (<usize>load<u32>(row) << 2)) != 0) continue;
    setDword(block, load<u32>(row, 4), 0);
    for (let index = load<u32>(row, 8); index <= load<u32>(row, 12); index++) setDword(block, index, 0);
  }
  for (let i: u32 = 0; i < block.conditionCount; i++) {
    const row = block.conditions + (<usize>i << 4);
    if ((load<u32>(row, 8) & KEY_CONDITION) != 0 && !holds(block, row)) setDword(block, load<u32>(row), getDword(block, load<u32>(row)) & ~load<u32>(row, 4));
  }
}

/** Links the extended capabilities that are there, in order of place (PCIe 7.6.3); the first one always is. */
function linkExtended(block: Block): void {
  let before: u32 = 0;
  for (let i: u32 = 0; i < block.extendedCount; i++) {
    const index = load<u32>(block.extended + (<usize>i << 2));
    if (i > 0 && (getDword(block, index) & R.AER_HEADER_ID) == 0) continue;
    if (i > 0) setDword(block, before, (getDword(block, before) & ~R.AER_HEADER_NEXT) | (index << 2 << R.AER_HEADER_NEXT_SHIFT));
    before = index;
  }
  if (block.extendedCount != 0) setDword(block, before, getDword(block, before) & ~R.AER_HEADER_NEXT);
}

/** Links the capabilities that are there, likewise (PCIe 7.5.1.1.11); an empty list stands for one in which all always are. */
function linkCapabilities(block: Block): void {
  let before: u32 = 0;
  for (let i: u32 = 0; i < block.capabilityCount; i++) {
    const index = load<u32>(block.capabilities + (<usize>i << 2));
    if (i > 0 && (getDword(block, index) & R.MSI_HEADER_ID) == 0) continue;
    if (i > 0) setDword(block, before, (getDword(block, before) & ~R.MSI_HEADER_NEXT) | (index << 2 << R.MSI_HEADER_NEXT_SHIFT));
    before = index;
  }
  if (block.capabilityCount != 0) setDword(block, before, getDword(block, before) & ~R.MSI_HEADER_NEXT);
}

/** True if the register belongs to a structure that this entity does not have. */
function isAbsent(block: Block, index: u32): bool {
  for (let i: u32 = 0; i < block.presenceCount; i++) {
    const row = block.presence + (<usize>i << 4);
    if (index >= load<u32>(row, 8) && index <= load<u32>(row, 12)) return load<u32>(block.entity.keys + (<usize>load<u32>(row) << 2)) == 0;
  }
  return false;
}

/** Puts every register of a block to its reset value; `keepSticky` spares the sticky ones (hot reset). */
export function resetBlock(block: Block, entity: Entity, keepSticky: bool): void {
  for (let index: u32 = 0; index < block.dwords; index++) {
    const row = block.table + (<usize>index << ROW_SHIFT);
    const sticky = keepSticky ? load<u32>(row, COLUMN_STICKY) : 0;
    setDword(block, index, (getDword(block, index) & sticky) | (load<u32>(row, COLUMN_RESET) & ~sticky));
  }
  applyKeys(block, entity.keys);
  applyPresence(block, entity.keys);
  linkCapabilities(block);
  linkExtended(block);
}
