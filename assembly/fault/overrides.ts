// Stuck bits: a register that cannot change, whoever writes it.

import { Block, Machine, OVERRIDES, Override, overrideAt } from "../machine";

/** What a register's cells take of a value that is put into it. */
export function applyOverrides(m: Machine, block: Block, index: u32, value: u32): u32 {
  let taken = value;
  for (let i: u32 = 0; i < m.overrideCount; i++) {
    const stuck = overrideAt(m, i);
    if (stuck.block == changetype<usize>(block) && stuck.index == index) taken = (taken & ~stuck.mask) | (stuck.value & stuck.mask);
  }
  return taken;
}

/** Bits read `value` from now on. False: the table is full. */
export function stick(m: Machine, block: Block, index: u32, mask: u32, value: u32): bool {
  release(m, block, index, mask);
  if (m.overrideCount == OVERRIDES) return false;
  const stuck = overrideAt(m, m.overrideCount++);
  stuck.block = changetype<usize>(block);
  stuck.index = index;
  stuck.mask = mask;
  stuck.value = value;
  return true;
}

/** Lets bits change again. */
export function release(m: Machine, block: Block, index: u32, mask: u32): void {
  let kept: u32 = 0;
  for (let i: u32 = 0; i < m.overrideCount; i++) {
    const stuck = overrideAt(m, i);
    if (stuck.block == changetype<usize>(block) && stuck.index == index) stuck.mask &= ~mask;
    if (stuck.mask == 0) continue;
    const to = overrideAt(m, kept++);
    if (changetype<usize>(to) != changetype<usize>(stuck)) memory.copy(changetype<usize>(to), changetype<usize>(stuck), offsetof<Override>());
  }
  m.overrideCount = kept;
}
