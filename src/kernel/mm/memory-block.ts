// Memory blocks: what memory hotplug adds, puts online, takes offline and removes, and the nodes they belong to (dax-memory sections 5 and 6).

import type { Kernel } from "../base/kernel.ts";
import { SystemError } from "../base/errno.ts";
import { defineState, mark, printk } from "../base/kernel.ts";
import type { OnlineType } from "../policy.ts";
import type { Resource } from "../resource/resource.ts";
import { releaseRegion, requestRegion } from "../resource/resource.ts";
import { mapKernelRange, unmapKernelRange } from "./direct-map.ts";
import { targetNodeOf } from "./node.ts";
import { announceDemotion, announceNewNode, announceZonelists } from "./zonelists.ts";

export type Zone = "DMA" | "DMA32" | "Normal" | "Movable";

export interface MemoryBlock {
  /** Address divided by the block size. */
  readonly id: number;
  readonly node: number;
  /** There since boot, which holds the kernel itself. */
  readonly isBoot: boolean;
  /** Bytes of it that are memory; less than a block where firmware left holes. */
  readonly present: bigint;
  /** The zone while online; null: offline, or a boot block over more than one zone. */
  zone: Zone | null;
  isOnline: boolean;
  /** Range of the kernel's direct map while kernel pages live here. */
  kernelRange: number | null;
}

export interface HotplugState {
  blockSize: bigint;
  /** `auto_online_blocks`; undefined until written: policy's default (memhp_default_state). */
  autoOnline: OnlineType | undefined;
  /** Ascending. */
  readonly blocks: Map<number, MemoryBlock>;
  /** Nodes that are online, whether they have memory or not. */
  readonly nodes: Set<number>;
  /** "System RAM (...)" ranges by start. */
  readonly resources: Map<bigint, Resource>;
}

export const smallestBlock = 0x800_0000n;
const largestBlock = 0x8000_0000n;
const dmaEnd = 0x100_0000n;
const dma32End = 0x1_0000_0000n;
/** From this much memory on x86 uses blocks of 2 GiB. */
const largeMachine = 0x10_0000_0000n;

interface Range {
  readonly base: bigint;
  readonly size: bigint;
}

function bootZone(start: bigint, end: bigint): Zone | null {
  if (start < dmaEnd) return end <= dmaEnd ? "DMA" : null;
  if (start >= dma32End) return "Normal";
  return end <= dma32End ? "DMA32" : null;
}

/** Memory that no table speaks of is node 0's. */
const bootNode = (kernel: Kernel, address: bigint): number => Math.max(0, targetNodeOf(kernel, address));

function bootBlocks(kernel: Kernel, ranges: readonly Range[], blockSize: bigint): Map<number, MemoryBlock> {
  const present = new Map<number, bigint>();
  for (const range of ranges) {
    const end = range.base + range.size;
    for (let id = range.base / blockSize; id * blockSize < end; id++) {
      const from = id * blockSize > range.base ? id * blockSize : range.base;
      const to = (id + 1n) * blockSize < end ? (id + 1n) * blockSize : end;
      present.set(Number(id), (present.get(Number(id)) ?? 0n) + to - from);
    }
  }
  const ascending = [...present].toSorted(([a], [b]) => a - b);
  return new Map(ascending.map(([id, bytes]) => [id, { id, node: bootNode(kernel, BigInt(id) * blockSize), isBoot: true, present: bytes, zone: bootZone(BigInt(id) * blockSize, BigInt(id + 1) * blockSize), isOnline: true, kernelRange: null }]));
}

function atBoot(kernel: Kernel): HotplugState {
  const usable = (kernel.platform.firmware.memoryMap ?? []).filter((entry) => entry.kind === "usable");
  const total = usable.reduce((sum, range) => sum + range.size, 0n);
  const blockSize = total >= largeMachine ? largestBlock : smallestBlock;
  const blocks = bootBlocks(kernel, usable, blockSize);
  return { blockSize, autoOnline: undefined, blocks, nodes: new Set([0, ...[...blocks.values()].map((block) => block.node)]), resources: new Map() };
}

/** Made when it is first looked at, from the memory map that firmware gave. */
const holder = defineState("memory-hotplug", (): { state: HotplugState | null } => ({ state: null }));
export function hotplug(kernel: Kernel): HotplugState {
  const held = holder(kernel);
  held.state ??= atBoot(kernel);
  return held.state;
}

/** What happens to memory that is added now. */
export const autoOnlineType = (kernel: Kernel): OnlineType => hotplug(kernel).autoOnline ?? kernel.policy.onlineType;

export const blocksOfNode = (kernel: Kernel, node: number): MemoryBlock[] => [...hotplug(kernel).blocks.values()].filter((block) => block.node === node);
const isPopulated = (kernel: Kernel, node: number, zone?: Zone): boolean => blocksOfNode(kernel, node).some((block) => block.isOnline && (zone === undefined || block.zone === zone));
export const onlineBytes = (kernel: Kernel, node: number): bigint => blocksOfNode(kernel, node).reduce((sum, block) => sum + (block.isOnline ? block.present : 0n), 0n);
/** Nodes with memory online, ascending. */
export const memoryNodes = (kernel: Kernel): number[] => [...hotplug(kernel).nodes].filter((node) => isPopulated(kernel, node)).toSorted((a, b) => a - b);

const startOf = (kernel: Kernel, block: MemoryBlock): bigint => BigInt(block.id) * hotplug(kernel).blockSize;

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
  if (zone !== "Movable") block.kernelRange = mapKernelRange(kernel, startOf(kernel, block), hotplug(kernel).blockSize, `memory${block.id}`).id;
  if (isNewZone) announceZonelists(kernel);
  if (isNewNode) announceDemotion(kernel);
  mark(kernel, `memory${block.id} online`, zone);
}

function refuse(kernel: Kernel, block: MemoryBlock, errno: "EBUSY" | "EINVAL", reason: string): never {
  const start = startOf(kernel, block);
  const hex = (value: bigint): string => `0x${value.toString(16).padStart(8, "0")}`;
  printk(kernel, "debug", `memory offlining [mem ${hex(start)}-${hex(start + hotplug(kernel).blockSize - 1n)}] failed due to ${reason}`);
  throw new SystemError(errno, `memory${block.id}: ${reason}`);
}

/** Takes an online block offline. @throws SystemError EINVAL holes or more than one zone; EBUSY it holds kernel pages */
export function offlineBlock(kernel: Kernel, block: MemoryBlock): void {
  if (!block.isOnline) return;
  if (block.present !== hotplug(kernel).blockSize) refuse(kernel, block, "EINVAL", "memory holes");
  if (block.zone === null) refuse(kernel, block, "EINVAL", "multizone range");
  // Slab and page tables land in kernel zones (observed.md); which block is free of them is not modelled.
  if (block.zone !== "Movable") {
    printk(kernel, "warn", "page dumped because: unmovable page");
    refuse(kernel, block, "EBUSY", "unmovable page");
  }
  const zone = block.zone;
  block.isOnline = false;
  block.zone = null;
  if (block.kernelRange !== null) unmapKernelRange(kernel, block.kernelRange);
  block.kernelRange = null;
  if (!isPopulated(kernel, block.node, zone)) announceZonelists(kernel);
  if (!isPopulated(kernel, block.node)) announceDemotion(kernel);
  mark(kernel, `memory${block.id} offline`);
}

/** Blocks of a range, which begins and ends with a block. */
export function blocksIn(kernel: Kernel, start: bigint, size: bigint): MemoryBlock[] {
  const { blockSize, blocks } = hotplug(kernel);
  return [...blocks.values()].filter((block) => BigInt(block.id) >= start / blockSize && BigInt(block.id) < (start + size) / blockSize);
}

/**
 * Adds memory that a driver brings, with its line in /proc/iomem, and puts it online as auto_online_blocks says.
 * @throws SystemError EINVAL not whole blocks; EEXIST the range is taken
 */
export function addMemory(kernel: Kernel, node: number, start: bigint, size: bigint, name: string): void {
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
    added.push({ id: Number(at / state.blockSize), node, isBoot: false, present: state.blockSize, zone: null, isOnline: false, kernelRange: null });
  }
  for (const block of added) state.blocks.set(block.id, block);
  const type = autoOnlineType(kernel);
  if (type !== "offline") for (const block of added) onlineBlock(kernel, block, type);
}

/** Takes added memory away. @throws SystemError EBUSY a block is online; nothing is removed then */
export function removeMemory(kernel: Kernel, start: bigint, size: bigint): void {
  const state = hotplug(kernel);
  const blocks = blocksIn(kernel, start, size);
  const online = blocks.find((block) => block.isOnline);
  if (online !== undefined) {
    const hex = (value: bigint): string => `0x${value.toString(16).padStart(16, "0")}`;
    printk(kernel, "warn", `removing memory fails, because memory [${hex(startOf(kernel, online))}-${hex(startOf(kernel, online) + state.blockSize - 1n)}] is onlined`);
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
