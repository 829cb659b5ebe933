// Taking System RAM offline with pages in use (dax-memory 6, 6.1, 11; S79-S84): what moves, what stays, what waits, on a booted machine.

import { describe, expect, it } from "vitest";
import type { Errno } from "../../src/kernel/base/errno.ts";
import { SystemError } from "../../src/kernel/base/errno.ts";
import { pinLongTerm } from "../../src/kernel/mm/long-term.ts";
import { blocksIn } from "../../src/kernel/mm/memory-state.ts";
import { offlineAll } from "../../src/kernel/mm/offline.ts";
import { allReferences, dropReference, dropReferenceLater, holderName, referencePages } from "../../src/kernel/mm/page-reference.ts";
import type { AllocationRequest, PageKind, PageRun } from "../../src/kernel/mm/page-types.ts";
import { basePage, hugePage } from "../../src/kernel/mm/page-types.ts";
import { allocatePages, freePages, pageAt, runsIn, runsOfProcess } from "../../src/kernel/mm/pages.ts";
import { corruptedBytes, isPoisoned, poisonPage } from "../../src/kernel/mm/poison.ts";
import { createProcess } from "../../src/kernel/mm/process.ts";
import { pinPages } from "../../src/kernel/mm/pin.ts";
import { daxDeviceOf } from "../../src/kernel/dax/types.ts";
import { daxDeviceNamed } from "../../src/kernel/dax/attributes.ts";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import type { KernelSettings } from "../../src/kernel/settings.ts";
import { step } from "../../src/sandbox/system.ts";
import { signal, spawn } from "../../src/sim/task.ts";
import type { Task } from "../../src/sim/task.ts";
import { pinOwners } from "../../src/kernel/isolation/dax-plan.ts";
import { busDevices } from "../../src/kernel/base/device.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { GiB, MiB, deviceOf, machineOf, portOf } from "../support/machine.ts";

const second = 1_000_000_000;
const start = 16n * GiB;
const blockSize = 128n * MiB;
const blocks = "/sys/devices/system/memory";
const first = `${blocks}/memory128/state`;

/** 512 MiB of CXL memory, two ways, online as System RAM on node 1. */
function bootRegion(policies: Partial<KernelPolicies> = {}, settings: Partial<KernelSettings> = {}): Booted {
  const machine = machineOf([portOf("rp0", { slots: [deviceOf("d0", { serial: 1n })] }), portOf("rp1", { slots: [deviceOf("d1", { serial: 2n })] })]);
  const booted = bootMachine(machine, { policies: { memoryUse: "system-ram-normal", onlineType: "online_movable", ...policies }, settings });
  expect(booted.command("cxl create-region -d decoder0.0 -w 2 -m -t ram mem0 mem1").exitCode).toBe(0);
  return booted;
}

function outcomeOf<T>(booted: Booted, body: Task<T>): Errno | "ok" {
  try {
    booted.run(body);
    return "ok";
  } catch (thrown) {
    if (thrown instanceof SystemError) return thrown.errno;
    throw thrown;
  }
}
const store = (booted: Booted, path: string, text: string): Errno | "ok" => outcomeOf(booted, booted.files.write(path, text));
const read = (booted: Booted, path: string): string => booted.read(path).trim();
const inCxl = (kind: PageKind, size: bigint, more: Partial<AllocationRequest> = {}): AllocationRequest => ({ kind, size, pid: 1000, owner: "app", nodes: [1], isBound: true, ...more });
const nodeOf = (run: PageRun): number => (run.start >= start ? 1 : 0);
const errnoOf = (work: () => unknown): string => {
  try {
    work();
    return "ok";
  } catch (thrown) {
    if (thrown instanceof SystemError) return thrown.errno;
    throw thrown;
  }
};
/** Steps virtual time on, whatever goes on meanwhile. */
function pass(booted: Booted, time: number): void {
  const end = booted.system.hardware.now + time;
  while (booted.system.hardware.now < end && step(booted.system, end).kind === "progress");
}

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
    const free = BigInt(/MemFree: +(\d+)/.exec(booted.read("/sys/devices/system/node/node0/meminfo"))?.[1] ?? "0") * 1024n;
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
  const all = (booted: Booted) => blocksIn(booted.kernel, start, 4n * blockSize);
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

describe("long-term pins (dax-memory 6.1)", () => {
  it("pages in ZONE_MOVABLE move out before they are pinned, so that their block can go; in a kernel zone they are pinned in place", () => {
    const booted = bootRegion();
    const { kernel } = booted;
    const runs = allocatePages(kernel, inCxl("anon", 8n * MiB));
    const taken = booted.run(pinLongTerm(kernel, { owner: "rdma", pid: 1000 }, runs));
    expect(taken.map((one) => [holderName(one), one.kind, one.start < start])).toEqual([["rdma:1000", "long", true]]);
    expect(store(booted, first, "offline")).toBe("ok");
    const normal = bootRegion({ onlineType: "online_kernel" }, { kernelShare: 0 });
    const stay = allocatePages(normal.kernel, inCxl("anon", MiB));
    expect(normal.run(pinLongTerm(normal.kernel, { owner: "rdma", pid: 1000 }, stay)).map((one) => one.start)).toEqual([start]);
  });

  it("where pages cannot leave ZONE_MOVABLE the pin fails and holds nothing", () => {
    const booted = bootRegion();
    const { kernel } = booted;
    const runs = allocatePages(kernel, inCxl("anon", MiB));
    const dma = referencePages(kernel, "nvme", start, basePage);
    expect(outcomeOf(booted, pinLongTerm(kernel, { owner: "vfio", pid: 1000 }, runs))).toBe("ENOMEM");
    dropReference(kernel, dma.id);
    const full = bootRegion();
    const some = allocatePages(full.kernel, inCxl("anon", 64n * MiB));
    const free = BigInt(/MemFree: +(\d+)/.exec(full.read("/sys/devices/system/node/node0/meminfo"))?.[1] ?? "0") * 1024n;
    allocatePages(full.kernel, { kind: "anon", size: free, pid: 1, owner: "hog", nodes: [0], isBound: true });
    expect(outcomeOf(full, pinLongTerm(full.kernel, { owner: "vfio", pid: 1000 }, some))).toBe("ENOMEM");
    expect(allReferences(full.kernel)).toEqual([]);
    poisonPage(kernel, runsOfProcess(kernel, 1000)[0]?.start ?? 0n);
    expect(outcomeOf(booted, pinLongTerm(kernel, { owner: "vfio", pid: 1000 }, runs))).toBe("EHWPOISON");
  });

  it("holders of pins are told by name and pid", () => {
    const booted = bootRegion({ memoryUse: "device-dax-only" });
    const { kernel } = booted;
    const process = createProcess(kernel, "qemu", 1);
    const file = daxDeviceOf(daxDeviceNamed(kernel, "dax0.0"));
    pinPages(kernel, "vfio", file, 0n, hugePage, { pid: process.pid });
    pinPages(kernel, "kernel", file, 0n, hugePage);
    expect(pinOwners(kernel, busDevices(kernel, "cxl").filter(({ name }) => name === "region0"))).toEqual([`vfio:${process.pid}`, "kernel"]);
  });
});

describe("soft and hard offline by sysfs", () => {
  const soft = `${blocks}/soft_offline_page`;
  const hex = (address: bigint): string => `0x${address.toString(16)}`;

  it("a page in use moves and its old place is never used again; a clean file page is dropped; a free one is taken", () => {
    const booted = bootRegion();
    const { kernel } = booted;
    allocatePages(kernel, inCxl("anon", 2n * basePage));
    allocatePages(kernel, inCxl("file-clean", basePage, { pid: 1001 }));
    for (const page of [0n, 2n, 9n]) expect(store(booted, soft, hex(start + page * basePage))).toBe("ok");
    expect(runsOfProcess(kernel, 1000).map((run) => [run.start - start, run.size])).toEqual([[basePage, basePage], [3n * basePage, basePage]]);
    expect([runsOfProcess(kernel, 1001), [0n, 1n, 2n, 9n].map((page) => isPoisoned(kernel, start + page * basePage)), corruptedBytes(kernel)]).toEqual([[], [true, false, true, true], 3n * basePage]);
    expect(booted.read("/proc/meminfo")).toMatch(/HardwareCorrupted: +12 kB\n/);
    expect(store(booted, soft, hex(start))).toBe("ok");
    expect(booted.dmesg()).toContain(`soft_offline: ${hex(start / basePage)} page already poisoned`);
  });

  it("the kernel's own page, one that is held, one that is gone, and all with the setting off are refused", () => {
    const booted = bootRegion();
    allocatePages(booted.kernel, inCxl("anon", basePage));
    const pin = referencePages(booted.kernel, "nvme", start, basePage);
    expect([store(booted, soft, hex(start)), store(booted, soft, "0x1000000"), store(booted, soft, hex(8n * GiB)), store(booted, soft, "here")]).toEqual(["EBUSY", "EIO", "EIO", "EINVAL"]);
    dropReference(booted.kernel, pin.id);
    const off = bootRegion({}, { softOffline: false });
    expect([store(off, soft, hex(start)), read(off, "/proc/sys/vm/enable_soft_offline")]).toEqual(["EOPNOTSUPP", "0"]);
  });

  it("hard offline is a memory failure that nobody has met: counted on its node", () => {
    const booted = bootRegion();
    const { kernel } = booted;
    allocatePages(kernel, inCxl("file-clean", basePage));
    expect(store(booted, `${blocks}/hard_offline_page`, hex(start))).toBe("ok");
    expect(["total", "recovered", "failed"].map((name) => read(booted, `/sys/devices/system/node/node1/memory_failure/${name}`))).toEqual(["1", "1", "0"]);
    expect([runsOfProcess(kernel, 1000), isPoisoned(kernel, start)]).toEqual([[], true]);
  });
});

describe("what user space reads", () => {
  it("meminfo of the system and of nodes follows the pages", () => {
    const booted = bootRegion();
    const value = (path: string, name: string): number => Number(new RegExp(`${name}: +(\\d+)`).exec(booted.read(path))?.[1]);
    const node = "/sys/devices/system/node/node1/meminfo";
    const before = value("/proc/meminfo", "MemFree");
    allocatePages(booted.kernel, inCxl("anon", 64n * MiB, { unit: hugePage }));
    allocatePages(booted.kernel, inCxl("file-dirty", 4n * MiB));
    allocatePages(booted.kernel, inCxl("file-clean", 8n * MiB));
    expect(["MemTotal", "MemUsed", "MemFree", "FilePages", "Dirty", "AnonPages", "AnonHugePages"].map((name) => value(node, name) / 1024)).toEqual([512, 76, 436, 12, 4, 64, 64]);
    expect([before - value("/proc/meminfo", "MemFree"), value("/proc/meminfo", "MemAvailable") - value("/proc/meminfo", "MemFree")].map((kibibytes) => kibibytes / 1024)).toEqual([76, 8]);
    expect(booted.files.list("/proc/sys/vm")).toEqual(["enable_soft_offline", "memory_failure_early_kill", "memory_failure_recovery", "nr_hugepages"]);
    expect(bootRegion({ version: "7.3" }, { panicOnUnrecoverable: true }).read("/proc/sys/vm/panic_on_unrecoverable_memory_failure")).toBe("1\n");
  });
});
