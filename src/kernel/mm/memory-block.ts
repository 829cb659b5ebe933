// What memory hotplug does with blocks: adds them, puts them online, takes them offline, removes them (dax-memory sections 5 and 6).

import type { Task } from "../../sim/task.ts";
import { task, wake } from "../../sim/task.ts";
import type { Kernel } from "../base/kernel.ts";
import { SystemError } from "../base/errno.ts";
import { mark, printk } from "../base/kernel.ts";
import { waitInterruptibly } from "../base/signal.ts";
import type { OnlineType } from "../policy.ts";
import { releaseRegion, requestRegion } from "../resource/resource.ts";
import { mapKernelRange, unmapKernelRange } from "./direct-map.ts";
import type { MemoryBlock, Zone } from "./memory-state.ts";
import { autoOnlineType, blockStart, blocksIn, blocksOfNode, hotplug, isPopulated } from "./memory-state.ts";
import { announceFirstMemory } from "./node.ts";
import { awaitReferences, referencesIn } from "./page-reference.ts";
import { announceDemotion, announceNewNode, announceZonelists } from "./zonelists.ts";

/** A zone reaches from its first online block to its last; what lies between belongs to it. */
function zoneSpans(kernel: Kernel, block: MemoryBlock, zone: Zone): boolean {
  const ids = blocksOfNode(kernel, block.node).filter((other) => other.isOnline && other.zone === zone).map((other) => other.id);
  return ids.length > 0 && Math.min(...ids) <= block.id && block.id <= Math.max(...ids);
}

/** Zone of a block that goes online by this type (zone_for_pfn_range, policy contig-zones). */
export function zoneFor(kernel: Kernel, block: MemoryBlock, type: Exclude<OnlineType, "offline">): Zone {
  const kernelZone = (["DMA", "DMA32"] as const).find((zone) => zoneSpans(kernel, block, zone)) ?? "Normal";
  if (type === "online_kernel") return kernelZone;
  if (type === "online_movable") return "Movable";
  const inKernel = zoneSpans(kernel, block, kernelZone);
  const inMovable = zoneSpans(kernel, block, "Movable");
  if (inKernel !== inMovable) return inKernel ? kernelZone : "Movable";
  return kernel.policy.memoryUse === "system-ram-movable" ? "Movable" : kernelZone;
}

/** Puts an offline block online. */
export function onlineBlock(kernel: Kernel, block: MemoryBlock, type: Exclude<OnlineType, "offline">): void {
  if (block.isOnline) return;
  const zone = zoneFor(kernel, block, type);
  const isNewZone = !isPopulated(kernel, block.node, zone);
  const isNewNode = !isPopulated(kernel, block.node);
  block.zone = zone;
  block.isOnline = true;
  // Kernel pages come to live in a kernel zone at once: a load from here is the kernel's.
  if (zone !== "Movable") block.kernelRange = mapKernelRange(kernel, blockStart(kernel, block), hotplug(kernel).blockSize, `memory${block.id}`).id;
  if (isNewZone) announceZonelists(kernel);
  if (isNewNode) announceDemotion(kernel);
  if (isNewNode) announceFirstMemory(kernel, block.node);
  mark(kernel, `memory${block.id} online`, zone);
}

function refuse(kernel: Kernel, block: MemoryBlock, errno: "EBUSY" | "EINVAL", reason: string): never {
  const start = blockStart(kernel, block);
  const hex = (value: bigint): string => `0x${value.toString(16).padStart(8, "0")}`;
  printk(kernel, "debug", `memory offlining [mem ${hex(start)}-${hex(start + hotplug(kernel).blockSize - 1n)}] failed due to ${reason}`);
  throw new SystemError(errno, `memory${block.id}: ${reason}`);
}

/** What ends offlining at once: holes, two zones, a page that never moves; under `abort` any page that somebody holds (S83). */
function checkOfflining(kernel: Kernel, block: MemoryBlock): void {
  if (block.present !== hotplug(kernel).blockSize) refuse(kernel, block, "EINVAL", "memory holes");
  if (block.zone === null) refuse(kernel, block, "EINVAL", "multizone range");
  const references = referencesIn(kernel, blockStart(kernel, block), hotplug(kernel).blockSize);
  // Slab and page tables land in kernel zones (observed.md); which block is free of them is not modelled.
  if (block.zone !== "Movable" || references.some(({ isReserved }) => isReserved)) {
    printk(kernel, "warn", "page dumped because: unmovable page");
    refuse(kernel, block, "EBUSY", "unmovable page");
  }
  if (kernel.policy.offlining === "abort" && references.length > 0) refuse(kernel, block, "EBUSY", "a page with a raised reference count");
}

function finishOffline(kernel: Kernel, block: MemoryBlock): void {
  const { zone } = block;
  block.isOnline = false;
  block.zone = null;
  if (block.kernelRange !== null) unmapKernelRange(kernel, block.kernelRange);
  block.kernelRange = null;
  if (zone !== null && !isPopulated(kernel, block.node, zone)) announceZonelists(kernel);
  if (!isPopulated(kernel, block.node)) announceDemotion(kernel);
  mark(kernel, `memory${block.id} offline`);
}

/**
 * Takes an online block offline. A page that is pinned is tried again without end (6.1).
 * @throws SystemError EINVAL holes or more than one zone; EBUSY it holds pages that never move, or (policy) a page that somebody holds; EINTR a signal
 */
export const offlineBlock = task("mm.offlineBlock", function* (kernel: Kernel, block: MemoryBlock): Task<void> {
  const channel = `lock:memory${block.id}`;
  while (block.isGoing) yield* waitInterruptibly(kernel, channel);
  if (!block.isOnline) return;
  checkOfflining(kernel, block);
  block.isGoing = true;
  try {
    yield* awaitReferences(kernel, blockStart(kernel, block), hotplug(kernel).blockSize);
    finishOffline(kernel, block);
  } finally {
    block.isGoing = false;
    wake(kernel.scheduler, channel);
  }
});

/** Takes blocks offline, all or none: when one does not go, those before it come back as they were. @throws SystemError of that block */
export const offlineAll = task("mm.offlineAll", function* (kernel: Kernel, blocks: readonly MemoryBlock[]): Task<void> {
  const done: (readonly [MemoryBlock, "online_movable" | "online_kernel"])[] = [];
  try {
    for (const block of blocks) {
      if (!block.isOnline) continue;
      const type = block.zone === "Movable" ? "online_movable" : "online_kernel";
      yield* offlineBlock(kernel, block);
      done.push([block, type]);
    }
  } catch (thrown) {
    for (const [block, type] of done.toReversed()) onlineBlock(kernel, block, type);
    throw thrown;
  }
});

/**
 * Adds memory that a driver brings, with its line in /proc/iomem, and puts it online by `type`, or as auto_online_blocks says.
 * @throws SystemError EINVAL not whole blocks; EEXIST the range is taken
 */
export function addMemory(kernel: Kernel, node: number, start: bigint, size: bigint, name: string, type: OnlineType = autoOnlineType(kernel)): void {
  const state = hotplug(kernel);
  if (size <= 0n || start % state.blockSize !== 0n || size % state.blockSize !== 0n) {
    printk(kernel, "err", `Block size [0x${state.blockSize.toString(16)}] unaligned hotplug range: start 0x${start.toString(16)}, size 0x${size.toString(16)}`);
    throw new SystemError("EINVAL", `${name}: not whole memory blocks`);
  }
  const resource = blocksIn(kernel, start, size).length > 0 ? undefined : requestRegion(kernel, start, size, name);
  if (resource === undefined) throw new SystemError("EEXIST", `${name}: the range is taken`);
  state.resources.set(start, resource);
  if (!state.nodes.has(node)) {
    announceNewNode(kernel, node);
    state.nodes.add(node);
  }
  const added: MemoryBlock[] = [];
  for (let at = start; at < start + size; at += state.blockSize) {
    added.push({ id: Number(at / state.blockSize), node, isBoot: false, present: state.blockSize, zone: null, isOnline: false, isGoing: false, kernelRange: null });
  }
  for (const block of added) state.blocks.set(block.id, block);
  if (type !== "offline") for (const block of added) onlineBlock(kernel, block, type);
}

/** Takes added memory away. @throws SystemError EBUSY a block is online; nothing is removed then */
export function removeMemory(kernel: Kernel, start: bigint, size: bigint): void {
  const state = hotplug(kernel);
  const blocks = blocksIn(kernel, start, size);
  const online = blocks.find((block) => block.isOnline);
  if (online !== undefined) {
    const hex = (value: bigint): string => `0x${value.toString(16).padStart(16, "0")}`;
    printk(kernel, "warn", `removing memory fails, because memory [${hex(blockStart(kernel, online))}-${hex(blockStart(kernel, online) + state.blockSize - 1n)}] is onlined`);
    throw new SystemError("EBUSY", `memory${online.id} is online`);
  }
  for (const block of blocks) state.blocks.delete(block.id);
  const resource = state.resources.get(start);
  if (resource !== undefined) releaseRegion(kernel, resource);
  state.resources.delete(start);
  for (const node of new Set(blocks.map((block) => block.node))) {
    // A node without blocks and processors goes away.
    if (node !== 0 && blocksOfNode(kernel, node).length === 0) state.nodes.delete(node);
  }
}
