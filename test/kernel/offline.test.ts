// Taking System RAM offline with pages in use (dax-memory 6, 11; S79-S84): what moves, what stays, what waits, on a booted machine.

import { describe, expect, it } from "vitest";
import { SystemError } from "../../src/kernel/base/errno.ts";
import type { MemoryBlock } from "../../src/kernel/mm/memory-state.ts";
import { blocksIn } from "../../src/kernel/mm/memory-state.ts";
import { offlineAll } from "../../src/kernel/mm/offline.ts";
import { dropReference, dropReferenceLater, referencePages } from "../../src/kernel/mm/page-reference.ts";
import { basePage, hugePage } from "../../src/kernel/mm/page-types.ts";
import { allocatePages, freePages, pageAt, runsIn, runsOfProcess } from "../../src/kernel/mm/pages.ts";
import { isPoisoned, poisonPage } from "../../src/kernel/mm/poison.ts";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import type { KernelSettings } from "../../src/kernel/settings.ts";
import { signal, spawn } from "../../src/sim/task.ts";
import type { Task } from "../../src/sim/task.ts";
import type { Booted } from "../support/kernel.ts";
import { MiB } from "../support/machine.ts";
import { blockSize, blocks, bootRegion, first, freeOnNode0, inCxl, nodeOf, outcomeOf, pass, read, second, start, store } from "../support/system-ram.ts";
import { errnoOf } from "../support/errno.ts";

describe("moving", () => {
  it("movable pages of every kind go to the other node, in time; the block goes offline and the pages stay their owner's", () => {
    const booted = bootRegion();
    const { kernel } = booted;
    for (const kind of ["anon", "file-clean", "file-dirty", "shmem", "swap-clean", "swap-dirty"] as const) allocatePages(kernel, inCxl(kind, 16n * MiB));
    allocatePages(kernel, inCxl("hugetlb", 8n * MiB, { unit: hugePage }));
    const ids = runsOfProcess(kernel, 1000).map(({ id }) => id);
    const before = kernel.platform.clock.now;
    expect([store(booted, first, "offline"), read(booted, first)]).toEqual(["ok", "offline"]);
    expect(kernel.platform.clock.now - before).toBeGreaterThan(Number((104n * MiB) / 10n));
    const moved = runsOfProcess(kernel, 1000);
    expect([[...new Set(moved.map(({ id }) => id))].toSorted((a, b) => a - b), new Set(moved.map(nodeOf)), moved.reduce((sum, { size }) => sum + size, 0n)]).toEqual([ids.toSorted((a, b) => a - b), new Set([0]), 104n * MiB]);
    expect(moved.filter(({ kind }) => kind === "hugetlb").every((run) => run.unit === hugePage && run.start % hugePage === 0n)).toBe(true);
    expect(runsIn(kernel, start, blockSize)).toEqual([]);
  });

  it("free pages of the hugetlb pool are dissolved, nothing is copied", () => {
    const booted = bootRegion();
    allocatePages(booted.kernel, inCxl("hugetlb", 64n * MiB, { unit: hugePage, pid: 0, owner: "pool" }));
    expect(booted.read("/proc/meminfo")).toMatch(/HugePages_Total: +32\nHugePages_Free: +32\n/);
    expect(store(booted, first, "offline")).toBe("ok");
    expect(booted.read("/proc/meminfo")).toMatch(/HugePages_Total: +0\n/);
  });

  it("without room on another node it is tried again until there is some", () => {
    const booted = bootRegion();
    const { kernel } = booted;
    const free = freeOnNode0(booted);
    const hog = allocatePages(kernel, { kind: "anon", size: free - 4n * MiB, pid: 1001, owner: "hog", nodes: [0], isBound: true });
    allocatePages(kernel, inCxl("anon", 32n * MiB));
    spawn(booted.system.scheduler, "offline", booted.files.write(first, "offline"));
    pass(booted, 20 * second);
    expect([read(booted, first), runsOfProcess(kernel, 1000).filter((run) => nodeOf(run) === 1).length > 0]).toEqual(["going-offline", true]);
    freePages(kernel, hog);
    booted.settle();
    expect([read(booted, first), runsOfProcess(kernel, 1000).some((run) => nodeOf(run) === 1)]).toEqual(["offline", false]);
  });

  it("nothing is allocated from a block that is going", () => {
    const booted = bootRegion();
    referencePages(booted.kernel, "rdma", start, basePage);
    spawn(booted.system.scheduler, "offline", booted.files.write(first, "offline"));
    pass(booted, second);
    expect(allocatePages(booted.kernel, inCxl("anon", MiB))[0]?.start).toBe(start + blockSize);
  });

  it("a signal ends the walk with EINTR: the block stays online, what has moved stays where it is", () => {
    const booted = bootRegion();
    const { kernel, system } = booted;
    allocatePages(kernel, inCxl("anon", MiB));
    referencePages(kernel, "vfio", start + 64n * MiB, basePage);
    let ended = "";
    const id = spawn(system.scheduler, "offline", (function* (): Task<void> {
      try {
        yield* booted.files.write(first, "offline");
      } catch (thrown) {
        ended = thrown instanceof SystemError ? thrown.errno : "threw";
      }
    })());
    pass(booted, second);
    expect([ended, read(booted, first)]).toEqual(["", "going-offline"]);
    signal(system.scheduler, id);
    pass(booted, second);
    expect([ended, read(booted, first), runsOfProcess(kernel, 1000).map(nodeOf)]).toEqual(["EINTR", "online", [0]]);
  });
});

describe("what does not move", () => {
  it("[S79] [S81] a kernel page in a kernel zone: EBUSY at once, memory is stuck when the driver goes; without one (share 0) a block of a kernel zone goes", () => {
    const kept = bootRegion({ onlineType: "online_kernel" });
    expect([store(kept, first, "offline"), store(kept, "/sys/bus/dax/drivers/kmem/unbind", "dax0.0")]).toEqual(["EBUSY", "ok"]);
    expect(kept.dmesg()).toContain("kmem dax0.0: mapping0: 0x400000000-0x41fffffff cannot be hotremoved until the next reboot");
    const free = bootRegion({ onlineType: "online_kernel" }, { kernelShare: 0 });
    allocatePages(free.kernel, inCxl("anon", MiB));
    expect([store(free, first, "offline"), read(free, first)]).toEqual(["ok", "offline"]);
    allocatePages(free.kernel, inCxl("slab", basePage, { pid: 0, owner: "dentry" }));
    expect(store(free, `${blocks}/memory129/state`, "offline")).toBe("EBUSY");
  });

  it("[S83] [POL-OFFLINE] pinned movable, pinned normal and reserved page under both policies", () => {
    for (const offlining of ["abort", "retry"] as const) {
      const outcomes = (["online_movable", "online_kernel"] as const).map((onlineType) => {
        const booted = bootRegion({ onlineType, offlining }, { kernelShare: 0 });
        allocatePages(booted.kernel, inCxl("anon", MiB));
        dropReferenceLater(booted.kernel, referencePages(booted.kernel, "nvme", start, basePage), second);
        const before = booted.kernel.platform.clock.now;
        return [store(booted, first, "offline"), booted.kernel.platform.clock.now - before >= second];
      });
      expect(outcomes).toEqual(offlining === "abort" ? [["EBUSY", false], ["EBUSY", false]] : [["ok", true], ["ok", true]]);
      const reserved = bootRegion({ offlining });
      referencePages(reserved.kernel, "firmware", start, basePage, { isReserved: true });
      expect(store(reserved, first, "offline")).toBe("EBUSY");
    }
  });

  it("[S82] a pin keeps its page in place while those beside it move; when it drops the rest goes", () => {
    const booted = bootRegion();
    const { kernel } = booted;
    allocatePages(kernel, inCxl("anon", MiB));
    const pin = referencePages(kernel, "rdma", start + 5n * basePage, basePage);
    spawn(booted.system.scheduler, "offline", booted.files.write(first, "offline"));
    pass(booted, 5 * second);
    expect(runsIn(kernel, start, blockSize).map((run) => [run.start - start, run.size])).toEqual([[5n * basePage, basePage]]);
    expect(booted.dmesg()).toContain(`migrating pfn ${((start + 5n * basePage) / basePage).toString(16)} failed ret:1`);
    dropReference(kernel, pin.id);
    booted.settle();
    expect([read(booted, first), runsOfProcess(kernel, 1000).map(nodeOf).every((node) => node === 0)]).toEqual(["offline", true]);
  });

  it("pages that cannot be read stay, and no copy of them panics: offlining after the loss goes round and round (dax-memory 7); abort gives up", () => {
    const poisoned = (offlining: KernelPolicies["offlining"]): Booted => {
      const booted = bootRegion({ offlining });
      expect(store(booted, "/sys/kernel/debug/cxl/mem1/inject_poison", "0x0")).toBe("ok");
      allocatePages(booted.kernel, inCxl("anon", 16n * basePage));
      return booted;
    };
    const booted = poisoned("retry");
    const { kernel } = booted;
    spawn(booted.system.scheduler, "offline", booted.files.write(first, "offline"));
    pass(booted, 30 * second);
    expect([kernel.panic, read(booted, first), runsIn(kernel, start, blockSize).map((run) => [run.start - start, run.size])]).toEqual([null, "going-offline", [[0n, basePage]]]);
    expect(booted.dmesg()).toContain("mce: [Hardware Error]: Machine check events logged");
    expect(booted.dmesg().filter((text) => text.startsWith("migrating pfn")).length).toBeGreaterThan(3);
    poisonPage(kernel, start);
    booted.settle();
    expect(read(booted, first)).toBe("offline");
    expect([store(booted, first, "online_movable"), read(booted, first)]).toEqual(["EHWPOISON", "offline"]);
    expect(store(poisoned("abort"), first, "offline")).toBe("EBUSY");
  });

  it("a poisoned page does not hold offlining up, also a kernel's own", () => {
    const booted = bootRegion();
    allocatePages(booted.kernel, inCxl("anon", MiB));
    poisonPage(booted.kernel, start + 3n * basePage);
    expect(store(booted, first, "offline")).toBe("ok");
    expect([isPoisoned(booted.kernel, start + 3n * basePage), runsOfProcess(booted.kernel, 1000).reduce((sum, { size }) => sum + size, 0n)]).toEqual([true, MiB - basePage]);
  });
});

describe("all or none", () => {
  const all = (booted: Booted): MemoryBlock[] => blocksIn(booted.kernel, start, 4n * blockSize);
  const states = (booted: Booted): string[] => [128, 129, 130, 131].map((id) => `${read(booted, `${blocks}/memory${id}/state`)} ${read(booted, `${blocks}/memory${id}/valid_zones`)}`);

  it("(11, hook 3) four blocks, the third unmovable: all four online again with their zones, their pages moved", () => {
    const booted = bootRegion();
    const { kernel } = booted;
    allocatePages(kernel, inCxl("anon", MiB));
    referencePages(kernel, "firmware", start + 2n * blockSize, basePage, { isReserved: true });
    expect(outcomeOf(booted, offlineAll(kernel, all(booted)))).toBe("EBUSY");
    expect([states(booted), runsOfProcess(kernel, 1000).map(nodeOf)]).toEqual([Array.from({ length: 4 }, () => "online Movable"), [0]]);
  });

  it("(11, hook 1) pins with times of release, and with `auto-movable` and struct pages on the memory itself everything goes and comes back", () => {
    const booted = bootRegion({ version: "7.3" }, { memmapOnMemory: true });
    const { kernel } = booted;
    expect(runsIn(kernel, start, blockSize).map(({ kind, size }) => [kind, size])).toEqual([["memmap", 2n * MiB]]);
    for (const [index, time] of [3, 1, 2].entries()) dropReferenceLater(kernel, referencePages(kernel, "nvme", start + BigInt(index) * blockSize + 4n * MiB, basePage), time * second);
    const before = kernel.platform.clock.now;
    expect(store(booted, "/sys/bus/dax/devices/dax0.0/state", "unplugged")).toBe("ok");
    const took = kernel.platform.clock.now - before;
    expect([took >= 3 * second, took < 4 * second, booted.files.exists("/sys/devices/system/node/node1"), runsIn(kernel, start, 4n * blockSize)]).toEqual([true, true, false, []]);
    expect(store(booted, "/sys/bus/dax/devices/dax0.0/state", "online_movable")).toBe("ok");
    expect(states(booted)).toEqual(Array.from({ length: 4 }, () => "online Movable"));
  });

  it("[S84] with the memory as a device nothing of it is System RAM: no block, no page, no kernel data", () => {
    const booted = bootRegion({ memoryUse: "device-dax-only" });
    expect([blocksIn(booted.kernel, start, 4n * blockSize), pageAt(booted.kernel, start).is]).toEqual([[], "outside"]);
    expect(errnoOf(() => allocatePages(booted.kernel, inCxl("anon", basePage)))).toBe("ENOMEM");
  });
});

describe("the kernel's own pages", () => {
  it("[S79] memory in a kernel zone that is lost: the kernel reads its pages there within its period, and panics; movable memory harms nobody", () => {
    const lose = (onlineType: KernelPolicies["onlineType"], settings: Partial<KernelSettings> = {}): [string | undefined, number] => {
      const booted = bootRegion({ onlineType }, settings);
      const before = booted.kernel.platform.clock.now;
      store(booted, "/sys/kernel/debug/cxl/mem0/inject_poison", "0x0");
      pass(booted, second);
      return [booted.kernel.panic?.message, (booted.kernel.panic?.at ?? 0) - before];
    };
    const [message, after] = lose("online_kernel");
    expect([message, after > 0 && after < 5_000_000]).toEqual(["Fatal local machine check", true]);
    expect([lose("online_movable")[0], lose("online_kernel", { kernelShare: 0 })[0]]).toEqual([undefined, undefined]);
    expect(lose("online_kernel", { kernelTouchPeriod: 100_000_000 })[1]).toBeGreaterThan(100_000_000);
  });

  it("[S80] movable memory with its struct pages on itself is no safer: the loss reaches kernel data", () => {
    const lost = (memmapOnMemory: boolean): string | undefined => {
      const booted = bootRegion({}, { memmapOnMemory });
      store(booted, "/sys/kernel/debug/cxl/mem0/inject_poison", "0x0");
      pass(booted, second);
      return booted.kernel.panic?.message;
    };
    expect([lost(true), lost(false)]).toEqual(["Fatal local machine check", undefined]);
  });
});
