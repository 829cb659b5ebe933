// The zone of a block that goes online (zone_for_pfn_range): as its neighbours, as asked, or by the ratio of movable to kernel memory (dax-memory 5.2, 5.3).

import type { Kernel } from "../base/kernel.ts";
import type { OnlineType } from "../policy.ts";
import type { MemoryBlock, Zone } from "./memory-state.ts";
import { blocksOfNode, hotplug } from "./memory-state.ts";
import { basePage } from "./page-types.ts";
import { memoryOf } from "./zone-areas.ts";

/** A zone reaches from its first online block to its last; what lies between belongs to it. */
function zoneSpans(kernel: Kernel, block: MemoryBlock, zone: Zone): boolean {
  const ids = blocksOfNode(kernel, block.node).filter((other) => other.isOnline && other.zone === zone).map((other) => other.id);
  return ids.length > 0 && Math.min(...ids) <= block.id && block.id <= Math.max(...ids);
}

const kernelZoneFor = (kernel: Kernel, block: MemoryBlock): Zone => (["DMA", "DMA32"] as const).find((zone) => zoneSpans(kernel, block, zone)) ?? "Normal";

function contiguousZone(kernel: Kernel, block: MemoryBlock): Zone {
  const kernelZone = kernelZoneFor(kernel, block);
  const inKernel = zoneSpans(kernel, block, kernelZone);
  const inMovable = zoneSpans(kernel, block, "Movable");
  if (inKernel !== inMovable) return inKernel ? kernelZone : "Movable";
  return kernel.policy.memoryUse === "system-ram-movable" ? "Movable" : kernelZone;
}

const percent = 100n;
const pagesOf = (kernel: Kernel, blocks: readonly MemoryBlock[]): bigint => blocks.reduce((sum, block) => sum + memoryOf(kernel, block).reduce((bytes, { start, end }) => bytes + end - start, 0n), 0n) / basePage;

/** Movable pages and the rest of the group fit the ratio to kernel pages that are there since boot: everywhere, and on the node if that is asked for. */
function keepsRatio(kernel: Kernel, members: readonly MemoryBlock[], onNode: number | null): boolean {
  const all = [...hotplug(kernel).blocks.values()].filter((block) => block.isOnline && (onNode === null || block.node === onNode));
  const movable = pagesOf(kernel, all.filter(({ zone }) => zone === "Movable"));
  const sinceBoot = pagesOf(kernel, all.filter(({ isBoot, zone }) => isBoot && zone !== "Movable"));
  const remaining = pagesOf(kernel, members.filter(({ isOnline }) => !isOnline));
  return movable + remaining <= (BigInt(kernel.settings.autoMovableRatio) * sinceBoot) / percent;
}

/** A static group, all of a device, goes to one zone: once a page of it is the kernel's, the rest follows. A block without a group is its own. */
function ratioZone(kernel: Kernel, block: MemoryBlock): Zone {
  const members = block.group === null ? [block] : [...hotplug(kernel).blocks.values()].filter(({ group }) => group === block.group);
  const kernelZone = kernelZoneFor(kernel, block);
  if (members.some(({ isOnline, zone }) => isOnline && zone !== "Movable")) return kernelZone;
  if (!keepsRatio(kernel, members, null)) return kernelZone;
  return kernel.settings.autoMovableNumaAware && !keepsRatio(kernel, members, block.node) ? kernelZone : "Movable";
}

/** Zone of a block that goes online by this type. */
export function zoneFor(kernel: Kernel, block: MemoryBlock, type: Exclude<OnlineType, "offline">): Zone {
  if (type === "online_kernel") return kernelZoneFor(kernel, block);
  if (type === "online_movable") return "Movable";
  return kernel.settings.onlinePolicy === "auto-movable" ? ratioZone(kernel, block) : contiguousZone(kernel, block);
}
