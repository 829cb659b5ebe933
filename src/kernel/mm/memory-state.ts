// Memory blocks and nodes as they are: what there is since boot, what hotplug added, what is online (dax-memory section 5).

import type { Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";
import type { OnlineType } from "../policy.ts";
import type { Resource } from "../resource/resource.ts";
import { targetNode } from "./node.ts";

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
  /** Somebody takes it offline and waits for pages to move; it is online until that is done. */
  isGoing: boolean;
  /** Static group: the device whose memory it is; null: none. */
  readonly group: number | null;
  /** Bytes at its start that hold its own struct pages (memmap_on_memory). */
  readonly memmap: bigint;
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
export const dmaEnd = 0x100_0000n;
export const dma32End = 0x1_0000_0000n;
/** From this much memory on x86 uses blocks of 2 GiB. */
const largeMachine = 0x10_0000_0000n;

interface Range {
  readonly base: bigint;
  readonly size: bigint;
}

/** Zone of boot memory from `start` up to `end`; null: more than one. */
export function bootZone(start: bigint, end: bigint): Zone | null {
  if (start < dmaEnd) return end <= dmaEnd ? "DMA" : null;
  if (start >= dma32End) return "Normal";
  return end <= dma32End ? "DMA32" : null;
}

/** Memory that no table speaks of is node 0's. */
const bootNode = (kernel: Kernel, address: bigint): number => Math.max(0, targetNode(kernel, address));

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
  return new Map(ascending.map(([id, bytes]) => [id, { id, node: bootNode(kernel, BigInt(id) * blockSize), isBoot: true, present: bytes, zone: bootZone(BigInt(id) * blockSize, BigInt(id + 1) * blockSize), isOnline: true, isGoing: false, group: null, memmap: 0n }]));
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
/** Whether anybody has looked at it yet. */
export const isHotplugKnown = (kernel: Kernel): boolean => holder(kernel).state !== null;

export function hotplug(kernel: Kernel): HotplugState {
  const held = holder(kernel);
  held.state ??= atBoot(kernel);
  return held.state;
}

/** What happens to memory that is added now. */
export const autoOnlineType = (kernel: Kernel): OnlineType => hotplug(kernel).autoOnline ?? kernel.policy.onlineType;

export const blocksOfNode = (kernel: Kernel, node: number): MemoryBlock[] => [...hotplug(kernel).blocks.values()].filter((block) => block.node === node);
export const isPopulated = (kernel: Kernel, node: number, zone?: Zone): boolean => blocksOfNode(kernel, node).some((block) => block.isOnline && (zone === undefined || block.zone === zone));
export const onlineBytes = (kernel: Kernel, node: number): bigint => blocksOfNode(kernel, node).reduce((sum, block) => sum + (block.isOnline ? block.present : 0n), 0n);
/** Nodes with memory online, ascending. */
export const memoryNodes = (kernel: Kernel): number[] => [...hotplug(kernel).nodes].filter((node) => isPopulated(kernel, node)).toSorted((a, b) => a - b);

export const blockStart = (kernel: Kernel, block: MemoryBlock): bigint => BigInt(block.id) * hotplug(kernel).blockSize;

/** Blocks of a range, which begins and ends with a block. */
export function blocksIn(kernel: Kernel, start: bigint, size: bigint): MemoryBlock[] {
  const { blockSize, blocks } = hotplug(kernel);
  return [...blocks.values()].filter((block) => BigInt(block.id) >= start / blockSize && BigInt(block.id) < (start + size) / blockSize);
}
