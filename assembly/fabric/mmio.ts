// Memory-mapped registers: which block a physical address reaches (CHBCR, BARs behind bridge windows), cached per ioremap handle.

import { DEVICE_FLAG, matchAccess } from "../fault/probes";
import * as R from "../generated/registers";
import { Block, Device, Entity, Handle, Hub, KIND_DEVICE, Machine, NONE, Port, SPACE_DEVICE, SPACE_MESSAGES, bridgeAt, entityAt, portOf } from "../machine";
import { ACCESS_DONE, ACCESS_UNANSWERED, ACCESS_WRONG_WIDTH, getDword, judge, testBits, traceRefused, writeDword } from "../registers";
import { ACCESS_MMIO_READ, ACCESS_MMIO_WRITE, LAYER_ACCESS, REFUSED_LOCK, REFUSED_WIDTH, trace } from "../trace/ring";
import { isLive } from "./routing";
import { isMailboxLocked } from "../cci/mailbox";

/** BAR address of a function, or ~0 if memory space is off. BAR and command lie alike in both header types. */
function barBase(block: Block): u64 {
  if (!testBits(block, R.CONFIG_ENDPOINT_HEADER_COMMAND, R.ENDPOINT_HEADER_COMMAND_MEMORY_SPACE_ENABLE)) return ~(<u64>0);
  const low = getDword(block, R.CONFIG_ENDPOINT_HEADER_BAR0) & R.ENDPOINT_HEADER_BAR0_ADDRESS31TO16;
  return (<u64>getDword(block, R.CONFIG_ENDPOINT_HEADER_BAR1) << 32) | <u64>low;
}

/** True if the bridge forwards the range downstream: one of its two windows holds all of it (PCIe 7.5.1.3.8). */
function forwards(bridge: Block, base: u64, size: u64): bool {
  if (!testBits(bridge, R.CONFIG_BRIDGE_HEADER_COMMAND, R.BRIDGE_HEADER_COMMAND_MEMORY_SPACE_ENABLE)) return false;
  const prefetchable = getDword(bridge, R.CONFIG_BRIDGE_HEADER_PREFETCHABLE_BASE);
  const from = (<u64>getDword(bridge, R.CONFIG_BRIDGE_HEADER_PREFETCHABLE_BASE_HIGH) << 32) | <u64>((prefetchable & R.BRIDGE_HEADER_PREFETCHABLE_BASE_ADDRESS31TO20) << 16);
  const to = (<u64>getDword(bridge, R.CONFIG_BRIDGE_HEADER_PREFETCHABLE_LIMIT_HIGH) << 32) | <u64>(prefetchable & R.BRIDGE_HEADER_PREFETCHABLE_LIMIT_ADDRESS31TO20) | 0xf_ffff;
  if (base >= from && base + size - 1 <= to) return true;
  const plain = getDword(bridge, R.CONFIG_BRIDGE_HEADER_MEMORY_BASE);
  const plainFrom = <u64>((plain & R.BRIDGE_HEADER_MEMORY_BASE_ADDRESS31TO20) << 16);
  const plainTo = <u64>(plain & R.BRIDGE_HEADER_MEMORY_LIMIT_ADDRESS31TO20) | 0xf_ffff;
  return base >= plainFrom && base + size - 1 <= plainTo;
}

/** The largest range of a handle, in bytes. */
const LARGEST_HANDLE: u64 = 0x8000_0000;

function contains(base: u64, size: u64, handle: Handle): bool {
  return handle.size <= LARGEST_HANDLE && base != ~(<u64>0) && handle.base >= base && handle.size <= size && handle.base - base <= size - handle.size;
}

/** Start of the area of a BAR that an offset lies in. */
function areaOf(entity: Entity, offset: u32): u32 {
  if (entity.kind != KIND_DEVICE || offset < R.BAR_MESSAGES_OFFSET) return 0;
  return offset < R.BAR_DEVICE_OFFSET ? R.BAR_MESSAGES_OFFSET : R.BAR_DEVICE_OFFSET;
}

/** Lets a handle reach the block of the area that an offset of the BAR lies in. */
function choose(handle: Handle, entity: Entity, offset: u32): void {
  const area = areaOf(entity, offset);
  const block = area == 0 ? entity.component : area == R.BAR_MESSAGES_OFFSET ? entity.messages : entity.registers;
  handle.block = changetype<usize>(block);
  handle.delta = handle.barOffset - (area == 0 ? R.CACHE_MEMORY_OFFSET : area);
}

/** Offsets of a large BAR beyond this one are all alike: far behind the registers. With a handle's size (2 GiB at most) they stay in 32 bits. */
const FAR_OFFSET: u64 = 0x7fff_f000;

function settle(handle: Handle, entity: Entity, base: u64): void {
  const offset = handle.base - base;
  handle.entity = entity.id;
  handle.barOffset = <u32>(offset < FAR_OFFSET ? offset : FAR_OFFSET | (offset & 0xfff));
  handle.isWide = areaOf(entity, handle.barOffset) != areaOf(entity, handle.barOffset + <u32>handle.size - 1) ? 1 : 0;
  choose(handle, entity, handle.barOffset);
}

/** Looks for a handle's range below a host bridge or switch; depth is bounded by the topology. */
function search(m: Machine, hub: Hub, handle: Handle): bool {
  for (let place: u32 = 0; place < hub.portCount; place++) {
    const port: Port = portOf(hub, place);
    const base = barBase(port.config);
    if (contains(base, <u64>R.COMPONENT_BLOCK_SIZE, handle)) {
      settle(handle, port, base);
      return true;
    }
    if (!isLive(port) || !forwards(port.config, handle.base, handle.size)) continue;
    if (searchCard(m, entityAt(m, port.plugged), handle)) return true;
  }
  return false;
}

function searchCard(m: Machine, card: Entity, handle: Handle): bool {
  const base = barBase(card.config);
  const size = card.kind == KIND_DEVICE ? changetype<Device>(card).barSize : <u64>R.COMPONENT_BLOCK_SIZE;
  if (contains(base, size, handle)) {
    settle(handle, card, base);
    return true;
  }
  return card.kind != KIND_DEVICE && forwards(card.config, handle.base, handle.size) && search(m, changetype<Hub>(card), handle);
}

/** Finds what a handle's range reaches now. Nothing: reads are all ones. */
function resolve(m: Machine, handle: Handle): void {
  handle.generation = m.mmioGeneration;
  handle.block = 0;
  handle.entity = NONE;
  handle.isWide = 0;
  for (let i: u32 = 0; i < m.bridgeCount; i++) {
    const bridge = bridgeAt(m, i);
    if (contains(bridge.componentBase, <u64>R.COMPONENT_BLOCK_SIZE, handle)) return settle(handle, bridge, bridge.componentBase);
  }
  for (let i: u32 = 0; i < m.bridgeCount; i++) if (search(m, bridgeAt(m, i), handle)) return;
}

function ones(width: u32): u32 {
  return width >= 4 ? 0xffff_ffff : (1 << (width << 3)) - 1;
}

/** Brings a handle up to date for an access at `offset`: one over several areas of a BAR reaches that of the offset. */
function find(m: Machine, handle: Handle, offset: u32): void {
  if (handle.generation != m.mmioGeneration) resolve(m, handle);
  if (handle.isWide != 0) choose(handle, entityAt(m, handle.entity), handle.barOffset + offset);
}

/** The block behind an access, or 0; what a probe does when it sees the access comes first. */
function reach(m: Machine, handle: Handle, offset: u32, width: u32, isWrite: bool, value: u32): usize {
  find(m, handle, offset);
  if (m.armedAccess != 0 && handle.block != 0) {
    const space = changetype<Block>(handle.block).space;
    if (space != SPACE_MESSAGES) matchAccess(m, handle.entity, space == SPACE_DEVICE ? DEVICE_FLAG : 0, handle.delta + offset, width, isWrite, value);
    if (handle.generation != m.mmioGeneration) find(m, handle, offset);
  }
  return <u64>offset + <u64>width > handle.size ? 0 : handle.block;
}

/** Read of 1, 2, 4 or 8 bytes; the upper half of 8 is left in `resultHigh`. Wrong widths and reserved bytes read 0, nobody there reads all ones. */
export function handleRead(m: Machine, handle: Handle, offset: u32, width: u32): u32 {
  const found = reach(m, handle, offset, width, false, 0);
  const at = handle.delta + offset;
  let low: u32 = 0;
  let high: u32 = 0;
  let judgement = ACCESS_UNANSWERED;
  if (found != 0) {
    const block = changetype<Block>(found);
    judgement = judge(block, at, width);
    if (judgement == ACCESS_DONE) {
      low = (getDword(block, at >> 2) >> ((at & 3) << 3)) & ones(width);
      if (width == 8) high = getDword(block, (at >> 2) + 1);
    } else if (judgement == ACCESS_WRONG_WIDTH) traceRefused(m, block, at, 0, REFUSED_WIDTH, width);
  } else {
    low = ones(width);
    if (width == 8) high = low;
  }
  m.resultHigh = high;
  if (found == 0) traceUnanswered(m, handle, ACCESS_MMIO_READ, offset, low, high, width);
  else trace(m, LAYER_ACCESS, ACCESS_MMIO_READ, handle.entity, at, low, high, width | (judgement << 8) | (changetype<Block>(found).space << 16), 0);
  return low;
}

/** An access that nobody answers has no place in a part: its record has the physical address. */
function traceUnanswered(m: Machine, handle: Handle, kind: u32, offset: u32, low: u32, high: u32, width: u32): void {
  const address = handle.base + <u64>offset;
  trace(m, LAYER_ACCESS, kind, NONE, <u32>address, low, high, width | (ACCESS_UNANSWERED << 8), <u32>(address >> 32));
}

export function handleWrite(m: Machine, handle: Handle, offset: u32, width: u32, low: u32, high: u32): void {
  const found = reach(m, handle, offset, width, true, low);
  if (found == 0) return traceUnanswered(m, handle, ACCESS_MMIO_WRITE, offset, low, high, width);
  const at = handle.delta + offset;
  const block = changetype<Block>(found);
  const judgement = judge(block, at, width);
  trace(m, LAYER_ACCESS, ACCESS_MMIO_WRITE, handle.entity, at, low, high, width | (judgement << 8) | (block.space << 16), dwordBefore(block, at));
  if (judgement == ACCESS_WRONG_WIDTH) traceRefused(m, block, at, low, REFUSED_WIDTH, width);
  if (judgement != ACCESS_DONE) return;
  if (at >= block.dwords << 2) return writeRaw(m, block, at, width, low, high);
  const shift = (at & 3) << 3;
  writeDword(m, block, at >> 2, low << shift, ones(width) << shift);
  if (width == 8) writeDword(m, block, (at >> 2) + 1, high, 0xffff_ffff);
}

/** What the dword of a write holds before it; a payload says nothing. */
function dwordBefore(block: Block, at: u32): u32 {
  return at < block.dwords << 2 ? getDword(block, at >> 2) : 0;
}

/** A mailbox's payload: plain memory, locked while the doorbell is set. */
function writeRaw(m: Machine, block: Block, at: u32, width: u32, low: u32, high: u32): void {
  if (isMailboxLocked(block, block.dwords - 1)) return traceRefused(m, block, at, low, REFUSED_LOCK, width);
  const address = block.image + at;
  if (width == 1) store<u8>(address, low);
  else if (width == 2) store<u16>(address, low);
  else store<u32>(address, low);
  if (width == 8) store<u32>(address, high, 4);
}
