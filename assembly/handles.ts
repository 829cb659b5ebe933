// Handles: what the CPU has mapped. They lie behind the state, since they belong to whoever maps and not to the machine: a snapshot has none of them,
// and going back leaves them as they are.

import { Handle, Machine, NONE, root } from "./machine";

/** Before the first handle: the first free one. */
const HEAD_BYTES: usize = 16;

export function handleBytes(count: u32): usize {
  return HEAD_BYTES + <usize>count * offsetof<Handle>();
}

export function handleAt(m: Machine, index: u32): Handle {
  return changetype<Handle>(m.handles + HEAD_BYTES + <usize>index * offsetof<Handle>());
}

/** Takes a handle for [base, base + size); -1 when all are in use. */
export function map(baseLow: u32, baseHigh: u32, sizeLow: u32, sizeHigh: u32): i32 {
  const m = root();
  const index = load<u32>(m.handles);
  if (index == NONE) return -1;
  const handle = handleAt(m, index);
  store<u32>(m.handles, handle.next);
  handle.inUse = 1;
  handle.base = (<u64>baseHigh << 32) | <u64>baseLow;
  handle.size = (<u64>sizeHigh << 32) | <u64>sizeLow;
  handle.generation = ~m.mmioGeneration;
  return index;
}

/** Gives a handle back; what still uses it reads all ones. */
export function unmap(index: u32): void {
  const m = root();
  if (index >= m.handleCount || handleAt(m, index).inUse == 0) return;
  const handle = handleAt(m, index);
  handle.inUse = 0;
  handle.size = 0;
  handle.generation = ~m.mmioGeneration;
  handle.next = load<u32>(m.handles);
  store<u32>(m.handles, index);
}

/** No handle is mapped any more; the next one is number 0. */
export function unmapAll(): void {
  const m = root();
  store<u32>(m.handles, m.handleCount == 0 ? NONE : 0);
  for (let i: u32 = 0; i < m.handleCount; i++) {
    const handle = handleAt(m, i);
    handle.inUse = 0;
    handle.size = 0;
    handle.generation = ~m.mmioGeneration;
    handle.next = i + 1 < m.handleCount ? i + 1 : NONE;
  }
}

/** The state was exchanged for another one: what a handle's range reaches is looked up anew. */
export function lookUpHandles(): void {
  const m = root();
  for (let i: u32 = 0; i < m.handleCount; i++) handleAt(m, i).generation = ~m.mmioGeneration;
}
