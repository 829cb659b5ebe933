// Who holds pages of System RAM, which pages are out of use, and what user space reads of it (dax-memory 6.1; machine-check 5; S82).

import { describe, expect, it } from "vitest";
import { busDevices } from "../../src/kernel/base/device.ts";
import { daxDeviceNamed } from "../../src/kernel/dax/attributes.ts";
import { daxDeviceOf } from "../../src/kernel/dax/types.ts";
import { pinOwners } from "../../src/kernel/isolation/dax-plan.ts";
import { pinLongTerm } from "../../src/kernel/mm/long-term.ts";
import { allReferences, dropReference, holderName, referencePages } from "../../src/kernel/mm/page-reference.ts";
import { basePage, hugePage } from "../../src/kernel/mm/page-types.ts";
import { allocatePages, runsOfProcess } from "../../src/kernel/mm/pages.ts";
import { pinPages } from "../../src/kernel/mm/pin.ts";
import { corruptedBytes, isPoisoned, poisonPage } from "../../src/kernel/mm/poison.ts";
import { createProcess } from "../../src/kernel/mm/process.ts";
import { GiB, MiB } from "../support/machine.ts";
import { blocks, bootRegion, first, freeOnNode0, inCxl, outcomeOf, read, start, store } from "../support/system-ram.ts";

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
    const free = freeOnNode0(full);
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
