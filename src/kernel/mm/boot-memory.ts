// Pages that are taken when the kernel has booted (INFERRED: few, always the same): what firmware left, the kernel's image, struct pages of boot memory, and
// in every block a page or two that never move. And what the kernel takes of a block that goes online in a zone of its own.

import type { Kernel } from "../base/kernel.ts";
import type { MemoryBlock } from "./memory-state.ts";
import { blockStart, hotplug } from "./memory-state.ts";
import type { PageRun } from "./page-types.ts";
import { basePage } from "./page-types.ts";
import type { Extent } from "./run-list.ts";
import { memoryOf } from "./zone-areas.ts";

/** A run before it has its number. */
export type NewRun = Omit<PageRun, "id">;

/** Bytes of struct page for a page of memory. */
const structPage = 64n;
export const memmapBytes = (size: bigint): bigint => ((size / basePage) * structPage + basePage - 1n) / basePage * basePage;

const firmwareEnd = 0x10_0000n;
const tablesSize = 0x1_0000n;
const imageStart = 0x100_0000n;
const imageSize = 0x300_0000n;

const kernelRun = (kind: PageRun["kind"], owner: string, start: bigint, size: bigint): NewRun => ({ start, size, kind, pid: 0, owner, unit: basePage });

/** The first `size` bytes of extents. */
function firstBytes(extents: readonly Extent[], size: bigint): Extent[] {
  const taken: Extent[] = [];
  let left = size;
  for (const { start, end } of extents) {
    if (left <= 0n) break;
    const stop = end - start < left ? end : start + left;
    taken.push({ start, end: stop });
    left -= stop - start;
  }
  return taken;
}

/** Runs as boot leaves them; they may overlap, the first counts. */
export function bootRuns(kernel: Kernel): NewRun[] {
  const usable = (kernel.platform.firmware.memoryMap ?? []).filter(({ kind }) => kind === "usable").map(({ base, size }) => ({ start: base, end: base + size }));
  const total = usable.reduce((sum, { start, end }) => sum + end - start, 0n);
  const above = usable.map(({ start, end }) => ({ start: start > imageStart ? start : imageStart, end })).filter(({ start, end }) => start < end);
  const tables = (kernel.platform.firmware.xsdt / basePage) * basePage;
  const wanted = [
    ...usable.filter(({ start }) => start < firmwareEnd).map(({ start, end }) => kernelRun("reserved", "firmware", start, (end < firmwareEnd ? end : firmwareEnd) - start)),
    ...usable.filter(({ start, end }) => start <= tables && tables + tablesSize <= end).map(() => kernelRun("reserved", "ACPI tables", tables, tablesSize)),
    ...firstBytes(above, imageSize + memmapBytes(total)).map(({ start, end }) => kernelRun("reserved", "kernel", start, end - start)),
  ];
  const boot = [...hotplug(kernel).blocks.values()].filter(({ isBoot, zone }) => isBoot && zone !== "Movable");
  return [...wanted, ...boot.flatMap((block) => kernelPagesOf(kernel, block, basePage))].filter(({ size }) => size > 0n);
}

const percent = 100n;

/**
 * The kernel's own pages in a block of a kernel zone, which come there as soon as it is online: slab from its start, page tables from its middle, half of the
 * share each (S79; INFERRED: observed.md, slab lands there).
 */
export function kernelShareOf(kernel: Kernel, block: MemoryBlock): NewRun[] {
  const { kernelShare } = kernel.settings;
  const half = (hotplug(kernel).blockSize * BigInt(kernelShare)) / percent / 2n;
  const pages = half / basePage > 0n ? (half / basePage) * basePage : basePage;
  return kernelShare === 0 ? [] : kernelPagesOf(kernel, block, pages);
}

/** `pages` bytes of slab from the start of a block and as many of page tables from its middle, where it is memory. */
function kernelPagesOf(kernel: Kernel, block: MemoryBlock, pages: bigint): NewRun[] {
  const owner = `memory${block.id}`;
  const start = blockStart(kernel, block);
  const middle = start + hotplug(kernel).blockSize / 2n;
  const inside = (run: NewRun): NewRun[] => memoryOf(kernel, block).flatMap((extent) => {
    const from = extent.start > run.start ? extent.start : run.start;
    const to = extent.end < run.start + run.size ? extent.end : run.start + run.size;
    return from < to ? [{ ...run, start: from, size: to - from }] : [];
  });
  return [kernelRun("slab", owner, start, pages), kernelRun("page-table", owner, middle, pages)].flatMap(inside);
}
