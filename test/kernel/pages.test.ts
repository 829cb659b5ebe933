// Pages of System RAM: allocation by zone and node, what is at an address, poison, struct pages, zones by ratio (S79, S80; dax-memory 5.3, 5.4, 6).

import { describe, expect, it } from "vitest";
import type { Kernel } from "../../src/kernel/base/kernel.ts";
import { addMemory, onlineBlock, removeMemory } from "../../src/kernel/mm/memory-block.ts";
import type { MemoryBlock } from "../../src/kernel/mm/memory-state.ts";
import { hotplug } from "../../src/kernel/mm/memory-state.ts";
import type { AllocationRequest, PageKind, PageRun } from "../../src/kernel/mm/page-types.ts";
import { basePage, gigaPage, hugePage, kernelPageKinds } from "../../src/kernel/mm/page-types.ts";
import { allocatePages, discardPages, freePages, freeProcessPages, isMovable, pageAt, pageGeneration, runsIn, runsOfOwner, runsOfProcess } from "../../src/kernel/mm/pages.ts";
import { corruptedBytes, countFailure, failuresOf, isPoisoned, poisonPage } from "../../src/kernel/mm/poison.ts";
import { usageOf } from "../../src/kernel/mm/usage.ts";
import { zoneFor } from "../../src/kernel/mm/zone-choice.ts";
import type { KernelSettings } from "../../src/kernel/settings.ts";
import { freshKernel } from "../support/checks.ts";
import { GiB, MiB } from "../support/machine.ts";
import { errnoOf } from "../support/errno.ts";

const cxl = 16n * GiB;
const block = 128n * MiB;

/** A kernel with `blocks` blocks of a device on node 1. */
function withDevice(blocks: number, type: "online_movable" | "online_kernel" | "online" | "offline", settings: Partial<KernelSettings> = {}, memmapOnMemory = false): Kernel {
  const kernel = freshKernel(settings);
  addMemory(kernel, 1, cxl, BigInt(blocks) * block, "System RAM (kmem)", { type, group: 7, memmapOnMemory });
  return kernel;
}

const ask = (kind: PageKind, size: bigint, more: Partial<AllocationRequest> = {}): AllocationRequest => ({ kind, size, pid: 1000, owner: "app", ...more });
const places = (kernel: Kernel, runs: readonly PageRun[]): string[] => [...new Set(runs.map((run) => {
  const at = pageAt(kernel, run.start);
  return at.is === "page" ? `${run.start >= cxl ? 1 : 0}:${at.zone}` : at.is;
}))];
const sizeOf = (runs: readonly PageRun[]): bigint => runs.reduce((sum, { size }) => sum + size, 0n);
const blockOf = (kernel: Kernel, index: number): MemoryBlock => hotplug(kernel).blocks.get(Number(cxl / block) + index) as MemoryBlock;

describe("allocation", () => {
  it("by default the local node comes first, its zones from the highest, then the next node", () => {
    const kernel = withDevice(4, "online_movable");
    expect(places(kernel, allocatePages(kernel, ask("anon", 64n * MiB)))).toEqual(["0:DMA32"]);
    const rest = usageOf(kernel, 0).total - usageOf(kernel, 0).used - 1n * MiB;
    expect(places(kernel, allocatePages(kernel, ask("file-clean", rest + 32n * MiB)))).toEqual(["0:DMA32", "0:DMA", "1:Movable"]);
  });

  it("movable kinds go to ZONE_MOVABLE first, the kernel's never, a huge page of 1 GiB neither", () => {
    const kernel = withDevice(4, "online_movable");
    onlineBlock(kernel, blockOf(kernel, 0), "online_movable");
    for (const kind of ["anon", "file-clean", "file-dirty", "shmem", "swap-clean", "swap-dirty", "hugetlb"] as const) {
      expect([kind, isMovable(kind), places(kernel, allocatePages(kernel, ask(kind, 2n * MiB, { nodes: [1] })))]).toEqual([kind, true, ["1:Movable"]]);
    }
    for (const kind of kernelPageKinds) expect([kind, errnoOf(() => allocatePages(kernel, ask(kind, basePage, { nodes: [1], isBound: true })))]).toEqual([kind, "ENOMEM"]);
    expect(places(kernel, allocatePages(kernel, ask("slab", basePage, { nodes: [1] })))).toEqual(["0:DMA32"]);
  });

  it("a node that is preferred falls back, one that is bound does not", () => {
    const kernel = withDevice(1, "online_movable");
    expect(places(kernel, allocatePages(kernel, ask("anon", 192n * MiB, { nodes: [1] })))).toEqual(["1:Movable", "0:DMA32"]);
    expect(errnoOf(() => allocatePages(kernel, ask("anon", basePage, { nodes: [1], isBound: true })))).toBe("ENOMEM");
  });

  it("what does not fit takes nothing, and no page is given twice", () => {
    const kernel = withDevice(2, "online_movable");
    const before = usageOf(kernel, null).used;
    expect(errnoOf(() => allocatePages(kernel, ask("anon", 64n * GiB)))).toBe("ENOMEM");
    expect(usageOf(kernel, null).used).toBe(before);
    expect(errnoOf(() => allocatePages(kernel, ask("anon", 100n)))).toBe("EINVAL");
    const [a] = allocatePages(kernel, ask("anon", 100n * MiB, { nodes: [1] }));
    const [b] = allocatePages(kernel, ask("anon", 100n * MiB, { nodes: [1] }));
    expect([a?.start, b?.start]).toEqual([cxl, cxl + 100n * MiB]);
  });

  it("huge pages are aligned; transparent ones fall back to base pages, hugetlb does not", () => {
    const kernel = withDevice(1, "online_movable");
    allocatePages(kernel, ask("anon", basePage, { nodes: [1] }));
    const [huge] = allocatePages(kernel, ask("hugetlb", 4n * MiB, { nodes: [1], unit: hugePage, isBound: true }));
    expect([huge?.start, huge?.unit]).toEqual([cxl + hugePage, hugePage]);
    const left = block - 3n * hugePage;
    const thp = allocatePages(kernel, ask("anon", left, { nodes: [1], unit: hugePage, isBound: true }));
    expect(thp.map(({ unit }) => unit)).toEqual([hugePage]);
    expect(errnoOf(() => allocatePages(kernel, ask("hugetlb", hugePage, { nodes: [1], unit: hugePage, isBound: true })))).toBe("ENOMEM");
    freePages(kernel, [huge as PageRun]);
    poisonPage(kernel, cxl + 5n * MiB);
    allocatePages(kernel, ask("anon", hugePage + basePage, { nodes: [1], isBound: true }));
    expect(allocatePages(kernel, ask("anon", hugePage, { nodes: [1], unit: hugePage, isBound: true })).map(({ unit }) => unit)).toEqual([basePage]);
    expect(errnoOf(() => allocatePages(kernel, ask("hugetlb", gigaPage, { nodes: [1], unit: gigaPage })))).toBe("ENOMEM");
  });

  it("freed by run and by process; what a run is at an address", () => {
    const kernel = withDevice(1, "online_movable");
    const generation = pageGeneration(kernel);
    const runs = allocatePages(kernel, ask("anon", MiB, { nodes: [1] }));
    allocatePages(kernel, ask("shmem", MiB, { nodes: [1], pid: 1001, owner: "other" }));
    expect(pageGeneration(kernel)).toBeGreaterThan(generation);
    expect([runsOfProcess(kernel, 1000), runsOfOwner(kernel, "other").map(({ kind }) => kind)]).toEqual([runs, ["shmem"]]);
    expect(pageAt(kernel, cxl)).toMatchObject({ is: "page", zone: "Movable", isPinned: false, isPoisoned: false, run: { kind: "anon", pid: 1000 } });
    expect([pageAt(kernel, cxl + 3n * MiB), pageAt(kernel, 8n * GiB).is]).toEqual([{ is: "free", zone: "Movable" }, "outside"]);
    freePages(kernel, runs);
    expect(pageAt(kernel, cxl).is).toBe("free");
    freeProcessPages(kernel, 1001);
    expect(runsIn(kernel, cxl, block)).toEqual([]);
    freeProcessPages(kernel, 0);
    expect(pageAt(kernel, 0x100_0000n)).toMatchObject({ is: "page", run: { kind: "reserved" } });
  });

  it("boot leaves the same few runs each time, and an offline block has no pages", () => {
    const used = (): bigint => usageOf(freshKernel(), null).used;
    expect(used()).toBe(used());
    const kernel = withDevice(1, "offline");
    expect(pageAt(kernel, cxl)).toEqual({ is: "offline", block: 128 });
    // Firmware's first MiB, 64 KiB of tables inside it or behind, the kernel's 48 MiB, struct pages of 1 GiB.
    expect(usageOf(kernel, 0).byKind.get("reserved")).toBe(65n * MiB);
  });
});

describe("poison", () => {
  it("a poisoned page is never handed out, also when its owner has let go of it", () => {
    const kernel = withDevice(1, "online_movable");
    const runs = allocatePages(kernel, ask("anon", block, { nodes: [1], isBound: true }));
    poisonPage(kernel, cxl + 5n * basePage + 17n);
    expect(pageAt(kernel, cxl + 5n * basePage)).toMatchObject({ is: "page", isPoisoned: true });
    freePages(kernel, runs);
    expect(errnoOf(() => allocatePages(kernel, ask("anon", block, { nodes: [1], isBound: true })))).toBe("ENOMEM");
    const left = allocatePages(kernel, ask("anon", block - basePage, { nodes: [1], isBound: true }));
    expect(left.map(({ start, size }) => [start - cxl, size])).toEqual([[0n, 5n * basePage], [6n * basePage, block - 6n * basePage]]);
    expect(errnoOf(() => allocatePages(kernel, ask("hugetlb", hugePage, { nodes: [1], isBound: true, unit: hugePage })))).toBe("ENOMEM");
  });

  it("neighbours and repetitions are one set; discarding takes a page out of its run", () => {
    const kernel = withDevice(1, "online_movable");
    allocatePages(kernel, ask("file-clean", MiB, { nodes: [1] }));
    for (const page of [3n, 1n, 2n, 2n, 9n]) poisonPage(kernel, cxl + page * basePage);
    expect([0n, 1n, 2n, 3n, 4n, 9n].map((page) => isPoisoned(kernel, cxl + page * basePage))).toEqual([false, true, true, true, false, true]);
    expect(discardPages(kernel, cxl + basePage, basePage).map(({ size }) => size)).toEqual([basePage]);
    expect(runsIn(kernel, cxl, block).map(({ start, size }) => [start - cxl, size])).toEqual([[0n, basePage], [2n * basePage, MiB - 2n * basePage]]);
    expect(pageAt(kernel, cxl + basePage).is).toBe("free");
  });

  it("[S80] every action counts on its node and in HardwareCorrupted; a block that is removed takes its part with it, and its pages are good when it comes again", () => {
    const kernel = withDevice(2, "offline");
    for (const result of ["recovered", "failed", "recovered", "ignored"] as const) countFailure(kernel, cxl, result);
    countFailure(kernel, 0x200_0000n, "delayed", 3);
    poisonPage(kernel, cxl);
    expect([failuresOf(kernel, 1), failuresOf(kernel, 0)]).toEqual([{ ignored: 1, failed: 1, delayed: 0, recovered: 2 }, { ignored: 0, failed: 0, delayed: 3, recovered: 0 }]);
    expect(corruptedBytes(kernel)).toBe(7n * basePage);
    expect([errnoOf(() => onlineBlock(kernel, blockOf(kernel, 0), "online_movable")), errnoOf(() => onlineBlock(kernel, blockOf(kernel, 1), "online_movable"))]).toEqual(["EHWPOISON", "ok"]);
    const again = withDevice(1, "offline");
    poisonPage(again, cxl);
    countFailure(again, cxl, "failed");
    removeMemory(again, cxl, block);
    expect([corruptedBytes(again), isPoisoned(again, cxl)]).toEqual([0n, false]);
    addMemory(again, 1, cxl, block, "System RAM (kmem)", { type: "online_movable" });
    expect(blockOf(again, 0).isOnline).toBe(true);
  });
});

describe("kernel pages of added memory", () => {
  it("[S79] a block in a kernel zone holds the share that the kernel takes, at places that are always the same; a movable one holds none", () => {
    const kinds = (kernel: Kernel): [PageKind, bigint][] => runsIn(kernel, cxl, block).map(({ kind, size }) => [kind, size]);
    const kernel = withDevice(1, "online_kernel", { kernelShare: 10 });
    expect(kinds(kernel).map(([kind]) => kind)).toEqual(["slab", "page-table"]);
    expect(sizeOf(runsIn(kernel, cxl, block))).toBeLessThanOrEqual(block / 10n);
    expect(kinds(withDevice(1, "online_kernel", { kernelShare: 10 }))).toEqual(kinds(kernel));
    expect([kinds(withDevice(1, "online_kernel", { kernelShare: 0 })), kinds(withDevice(1, "online_movable"))]).toEqual([[], []]);
    expect(sizeOf(runsIn(withDevice(1, "online_kernel", { kernelShare: 100 }), cxl, block))).toBe(block);
  });

  it("[S80] struct pages of added memory come from DRAM, and go back with it; without room the memory is refused", () => {
    const free = (kernel: Kernel): bigint => usageOf(kernel, 0).total - usageOf(kernel, 0).used;
    const before = free(freshKernel());
    const kernel = withDevice(8, "online_movable");
    expect(before - free(kernel)).toBe(16n * MiB);
    expect(errnoOf(() => addMemory(kernel, 1, 32n * GiB, 256n * GiB, "System RAM (kmem)"))).toBe("ENOMEM");
    expect([hotplug(kernel).blocks.has(256), free(kernel)]).toEqual([false, before - 16n * MiB]);
    addMemory(kernel, 1, 32n * GiB, GiB, "System RAM (kmem)", { type: "offline" });
    removeMemory(kernel, 32n * GiB, GiB);
    expect(free(kernel)).toBe(before - 16n * MiB);
  });

  it("[S80] memmap_on_memory needs the kernel's setting and the device's; then movable memory has kernel data at the start of each block, and DRAM has all of its own", () => {
    for (const [isGlobal, isDevice] of [[true, true], [true, false], [false, true]] as const) {
      const kernel = withDevice(2, "online_movable", { memmapOnMemory: isGlobal }, isDevice);
      const own = [cxl, cxl + block].map((start) => runsIn(kernel, start, block).map(({ kind, size }) => [kind, size]));
      expect(own).toEqual(isGlobal && isDevice ? [[["memmap", 2n * MiB]], [["memmap", 2n * MiB]]] : [[], []]);
      expect(sizeOf(runsOfOwner(kernel, "struct pages"))).toBe(isGlobal && isDevice ? 0n : 4n * MiB);
    }
  });
});

describe("auto-movable (dax-memory 5.3)", () => {
  const auto = { onlinePolicy: "auto-movable", kernelShare: 0 } as const;
  const zones = (blocks: number, settings: Partial<KernelSettings>): string[] => {
    const kernel = withDevice(blocks, "online", { ...auto, ...settings });
    return [...new Set(Array.from({ length: blocks }, (_one, index) => String(blockOf(kernel, index).zone)))];
  };

  it("(11, hook 6) a device that is larger than the ratio allows goes to the kernel's zone as a whole, one that fits is movable", () => {
    // 1 GiB of boot memory, 301 %: 3.01 GiB.
    expect([zones(24, { autoMovableNumaAware: false }), zones(25, { autoMovableNumaAware: false })]).toEqual([["Movable"], ["Normal"]]);
    expect(zones(25, { autoMovableNumaAware: false, autoMovableRatio: 400 })).toEqual(["Movable"]);
  });

  it("with numa_aware a node without kernel memory since boot takes none as movable", () => {
    expect(zones(1, {})).toEqual(["Normal"]);
  });

  it("once a block of a device is the kernel's, the rest follows; contig-zones stays the default", () => {
    const kernel = withDevice(3, "offline", { ...auto, autoMovableNumaAware: false });
    expect(zoneFor(kernel, blockOf(kernel, 1), "online")).toBe("Movable");
    onlineBlock(kernel, blockOf(kernel, 0), "online_kernel");
    expect(zoneFor(kernel, blockOf(kernel, 1), "online")).toBe("Normal");
    expect(zoneFor(withDevice(1, "offline"), blockOf(withDevice(1, "offline"), 0), "online")).toBe("Normal");
  });
});
