// Where memory is online, as areas of one zone on one node: what allocation walks. Blocks from which pages are being taken give none (MIGRATE_ISOLATE).

import type { Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";
import type { MemoryBlock, Zone } from "./memory-state.ts";
import { blockStart, bootZone, dma32End, dmaEnd, hotplug } from "./memory-state.ts";
import type { Extent } from "./run-list.ts";

export interface ZoneArea extends Extent {
  readonly node: number;
  readonly zone: Zone;
}

/** Null: blocks have changed since they were looked at. */
const cache = defineState("mm.zoneAreas", (): { areas: readonly ZoneArea[] | null } => ({ areas: null }));

/** Blocks came, went, changed their state: areas are made anew when somebody asks. */
export const forgetAreas = (kernel: Kernel): void => void (cache(kernel).areas = null);

/** What of a block is memory. Only boot blocks have holes. */
export function memoryOf(kernel: Kernel, block: MemoryBlock): Extent[] {
  const { blockSize } = hotplug(kernel);
  const start = blockStart(kernel, block);
  const end = start + blockSize;
  if (block.present === blockSize) return [{ start, end }];
  const usable = (kernel.platform.firmware.memoryMap ?? []).filter(({ kind }) => kind === "usable").map(({ base, size }) => ({ start: base > start ? base : start, end: base + size < end ? base + size : end }));
  return usable.filter((extent) => extent.start < extent.end);
}

/** A boot block may reach over the ends of DMA and DMA32. */
function partsOf(kernel: Kernel, block: MemoryBlock): ZoneArea[] {
  const { node, zone } = block;
  const extents = memoryOf(kernel, block);
  if (zone !== null) return extents.map((extent) => ({ ...extent, node, zone }));
  return extents.flatMap(({ start, end }) => {
    const cuts = [start, ...[dmaEnd, dma32End].filter((cut) => start < cut && cut < end), end];
    return cuts.slice(1).flatMap((stop, index): ZoneArea[] => {
      const from = cuts[index] ?? start;
      return [{ start: from, end: stop, node, zone: bootZone(from, stop) ?? "Normal" }];
    });
  });
}

function makeAreas(kernel: Kernel): ZoneArea[] {
  const areas: ZoneArea[] = [];
  for (const block of [...hotplug(kernel).blocks.values()].toSorted((a, b) => a.id - b.id)) {
    if (!block.isOnline || block.isGoing) continue;
    for (const part of partsOf(kernel, block)) {
      const last = areas.at(-1);
      if (last !== undefined && last.end === part.start && last.node === part.node && last.zone === part.zone) areas.splice(-1, 1, { ...last, end: part.end });
      else areas.push(part);
    }
  }
  return areas;
}

/** All areas in order of address. */
export function zoneAreas(kernel: Kernel): readonly ZoneArea[] {
  const held = cache(kernel);
  held.areas ??= makeAreas(kernel);
  return held.areas;
}

/** The block at an address, memory or hole. */
export const blockAt = (kernel: Kernel, address: bigint): MemoryBlock | undefined => hotplug(kernel).blocks.get(Number(address / hotplug(kernel).blockSize));

/** Zone of an address in an online block; null where there is no memory. */
export function zoneAt(kernel: Kernel, block: MemoryBlock, address: bigint): Zone | null {
  if (block.zone !== null && block.present === hotplug(kernel).blockSize) return block.zone;
  return partsOf(kernel, block).find(({ start, end }) => start <= address && address < end)?.zone ?? null;
}

/** Every area of online memory, blocks that are going too. */
export const onlineAreas = (kernel: Kernel): ZoneArea[] => [...hotplug(kernel).blocks.values()].filter(({ isOnline }) => isOnline).flatMap((block) => partsOf(kernel, block));
