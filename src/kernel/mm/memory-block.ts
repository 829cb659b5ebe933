// What memory hotplug does with blocks: adds them with their struct pages, puts them online, removes them (dax-memory section 5). How they go offline: offline.ts.

import type { Kernel } from "../base/kernel.ts";
import { wake } from "../../sim/task.ts";
import { SystemError } from "../base/errno.ts";
import { defineState, mark, printk } from "../base/kernel.ts";
import { stepFault } from "../base/steps.ts";
import type { OnlineType } from "../policy.ts";
import { releaseRegion, requestRegion } from "../resource/resource.ts";
import { kernelShareOf, memmapBytes } from "./boot-memory.ts";
import type { MemoryBlock } from "./memory-state.ts";
import { autoOnlineType, blockStart, blocksIn, blocksOfNode, hotplug, isPopulated } from "./memory-state.ts";
import { announceFirstMemory } from "./node.ts";
import { pagesChannel } from "./page-reference.ts";
import type { PageRun } from "./page-types.ts";
import { basePage } from "./page-types.ts";
import { allocatePages, discardPages, freePages, placePages, zonelistOf } from "./pages.ts";
import { forgetBlock, hasPoison } from "./poison.ts";
import { forgetAreas } from "./zone-areas.ts";
import { zoneFor } from "./zone-choice.ts";
import { announceDemotion, announceNewNode, announceZonelists } from "./zonelists.ts";

/** Struct pages of added memory that lie elsewhere, by the start of the range. */
const memmaps = defineState("mm.memmaps", () => ({ byStart: new Map<bigint, readonly PageRun[]>() }));

/** Bytes of a block that are not its own struct pages. */
export const contentsOf = (kernel: Kernel, block: MemoryBlock): { readonly start: bigint; readonly size: bigint } => ({ start: blockStart(kernel, block) + block.memmap, size: hotplug(kernel).blockSize - block.memmap });

/** Puts an offline block online. @throws SystemError EHWPOISON it has poisoned pages; what a notifier's veto says */
export function onlineBlock(kernel: Kernel, block: MemoryBlock, type: Exclude<OnlineType, "offline">): void {
  if (block.isOnline) return;
  const start = blockStart(kernel, block);
  if (hasPoison(kernel, block, { start, end: start + hotplug(kernel).blockSize })) throw new SystemError("EHWPOISON", `memory${block.id} has poisoned pages`);
  const veto = stepFault(kernel, "memory.online", `memory${block.id}`);
  if (veto !== undefined) {
    printk(kernel, "debug", `online_pages [mem 0x${start.toString(16).padStart(8, "0")}-0x${(start + hotplug(kernel).blockSize - 1n).toString(16).padStart(8, "0")}] failed`);
    throw new SystemError(veto, `memory${block.id}: notifier failure`);
  }
  const zone = zoneFor(kernel, block, type);
  const isNewZone = !isPopulated(kernel, block.node, zone);
  const isNewNode = !isPopulated(kernel, block.node);
  block.zone = zone;
  block.isOnline = true;
  forgetAreas(kernel);
  // Kernel pages come to live in a kernel zone at once: a load from there is the kernel's.
  if (zone !== "Movable") for (const run of kernelShareOf(kernel, block)) placePages(kernel, run);
  if (isNewZone) announceZonelists(kernel);
  if (isNewNode) announceDemotion(kernel);
  if (isNewNode) announceFirstMemory(kernel, block.node);
  mark(kernel, `memory${block.id} online`, zone);
  wake(kernel.scheduler, pagesChannel);
}

/** Puts a block online where nobody waits for the answer: one that does not go stays offline. */
export function onlineIfPossible(kernel: Kernel, block: MemoryBlock, type: Exclude<OnlineType, "offline">): void {
  try {
    onlineBlock(kernel, block, type);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
  }
}

/** What memory is added with, beside its place. */
export interface AddedMemory {
  /** Absent: as auto_online_blocks says. */
  readonly type?: OnlineType;
  /** Static group. */
  readonly group?: number;
  /** Struct pages lie on the memory itself, if the kernel does that at all (memory_hotplug.memmap_on_memory). */
  readonly memmapOnMemory?: boolean;
}

/** Struct pages of new memory: on each block itself, or from the memory that is there, nearest first. @throws SystemError ENOMEM */
function makeMemmap(kernel: Kernel, node: number, blocks: readonly MemoryBlock[], start: bigint, size: bigint): void {
  const own = blocks.filter(({ memmap }) => memmap > 0n);
  for (const block of own) placePages(kernel, { start: blockStart(kernel, block), size: block.memmap, kind: "memmap", pid: 0, owner: `memory${block.id}`, unit: basePage });
  // On a machine whose firmware gives no memory map there is no memory that is known to have room.
  if (own.length > 0 || blocksOfNode(kernel, 0).length === 0) return;
  memmaps(kernel).byStart.set(start, allocatePages(kernel, { kind: "kernel-data", size: memmapBytes(size), pid: 0, owner: "struct pages", nodes: zonelistOf(kernel, node) }));
}

/**
 * Adds memory that a driver brings, with its line in /proc/iomem, and puts it online.
 * @throws SystemError EINVAL not whole blocks; EEXIST the range is taken; ENOMEM no room for its struct pages
 */
export function addMemory(kernel: Kernel, node: number, start: bigint, size: bigint, name: string, { type = autoOnlineType(kernel), group, memmapOnMemory = false }: AddedMemory = {}): void {
  const state = hotplug(kernel);
  const { blockSize } = state;
  if (size <= 0n || start % blockSize !== 0n || size % blockSize !== 0n) {
    printk(kernel, "err", `Block size [0x${blockSize.toString(16)}] unaligned hotplug range: start 0x${start.toString(16)}, size 0x${size.toString(16)}`);
    throw new SystemError("EINVAL", `${name}: not whole memory blocks`);
  }
  const resource = blocksIn(kernel, start, size).length > 0 ? undefined : requestRegion(kernel, start, size, name);
  if (resource === undefined) throw new SystemError("EEXIST", `${name}: the range is taken`);
  const memmap = memmapOnMemory && kernel.settings.memmapOnMemory ? memmapBytes(blockSize) : 0n;
  const added: MemoryBlock[] = [];
  for (let at = start; at < start + size; at += blockSize) {
    added.push({ id: Number(at / blockSize), node, isBoot: false, present: blockSize, zone: null, isOnline: false, isGoing: false, group: group ?? null, memmap });
  }
  try {
    makeMemmap(kernel, node, added, start, size);
  } catch (thrown) {
    releaseRegion(kernel, resource);
    throw thrown;
  }
  state.resources.set(start, resource);
  if (!state.nodes.has(node)) {
    announceNewNode(kernel, node);
    state.nodes.add(node);
  }
  for (const block of added) state.blocks.set(block.id, block);
  forgetAreas(kernel);
  if (type !== "offline") for (const block of added) onlineIfPossible(kernel, block, type);
}

/** Takes added memory away, with its struct pages. @throws SystemError EBUSY a block is online; nothing is removed then */
export function removeMemory(kernel: Kernel, start: bigint, size: bigint): void {
  const state = hotplug(kernel);
  const blocks = blocksIn(kernel, start, size);
  const online = blocks.find((block) => block.isOnline);
  if (online !== undefined) {
    const hex = (value: bigint): string => `0x${value.toString(16).padStart(16, "0")}`;
    printk(kernel, "warn", `removing memory fails, because memory [${hex(blockStart(kernel, online))}-${hex(blockStart(kernel, online) + state.blockSize - 1n)}] is onlined`);
    throw new SystemError("EBUSY", `memory${online.id} is online`);
  }
  for (const block of blocks) {
    discardPages(kernel, blockStart(kernel, block), state.blockSize);
    forgetBlock(kernel, block.id, blockStart(kernel, block), state.blockSize);
    state.blocks.delete(block.id);
  }
  forgetAreas(kernel);
  freePages(kernel, memmaps(kernel).byStart.get(start) ?? []);
  memmaps(kernel).byStart.delete(start);
  const resource = state.resources.get(start);
  if (resource !== undefined) releaseRegion(kernel, resource);
  state.resources.delete(start);
  for (const node of new Set(blocks.map((block) => block.node))) {
    // A node without blocks and processors goes away.
    if (node !== 0 && blocksOfNode(kernel, node).length === 0) state.nodes.delete(node);
  }
}
