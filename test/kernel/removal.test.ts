// A card leaves under load: what becomes of its region, its memory and who uses it, by request and by surprise (error-recovery 4.3 and 5).

import { describe, expect, it } from "vitest";
import { busDevices } from "../../src/kernel/base/device.ts";
import { daxDeviceOf } from "../../src/kernel/dax/types.ts";
import { mapFile, translate } from "../../src/kernel/mm/mapping.ts";
import type { MappableFile, Mapping } from "../../src/kernel/mm/mapping.ts";
import { pinPages, unpin } from "../../src/kernel/mm/pin.ts";
import type { Pin } from "../../src/kernel/mm/pin.ts";
import { createProcess } from "../../src/kernel/mm/process.ts";
import { pciFunctionOf } from "../../src/kernel/pci/device.ts";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import { defaultPolicies } from "../../src/kernel/policy.ts";
import { isRunning, spawn } from "../../src/sim/task.ts";
import { bootWith, regionOver, wideMachine } from "../support/firmware-regions.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { act, memdevs, pass, store, twoDevices } from "../support/memdev.ts";
import { linesSince } from "../support/protocol-errors.ts";

const second = 1_000_000_000;
const slot = "/sys/bus/pci/slots/2/power";
const ways = ["safe", "surprise"] as const;
type Way = (typeof ways)[number];

/** Two cards, in a region of two ways unless told otherwise. */
function bootRegion(policies: Partial<KernelPolicies>, hasRegion = true): Booted {
  const booted = bootMachine(twoDevices(), { policies: { ...defaultPolicies, ...policies } });
  if (hasRegion) expect(booted.command("cxl create-region -d decoder0.0 -m mem0 mem1 -w 2 -t ram").exitCode).toBe(0);
  return booted;
}

const asDevice = { onlineType: "offline", memoryUse: "device-dax-only" } as const;
const fileOf = (booted: Booted): MappableFile => {
  const device = busDevices(booted.kernel, "dax").at(-1);
  if (device === undefined) throw new Error("no dax device");
  return daxDeviceOf(device);
};

/** Sets the second card's departure going. Returns whether somebody still waits for it to end. */
function leave(booted: Booted, way: Way): () => boolean {
  const { scheduler } = booted.system;
  if (way === "surprise") {
    act(booted, { kind: "unplug", port: "rp1" });
    pass(booted, 2 * second);
    return () => booted.files.exists("/sys/bus/pci/devices/0000:0e:00.0");
  }
  const id = spawn(scheduler, "power", booted.files.write(slot, "0"));
  pass(booted, 2 * second);
  return () => isRunning(scheduler, id);
}

const gone = (booted: Booted): boolean => !booted.files.exists(`${memdevs}/mem1`) && !booted.files.exists("/sys/bus/pci/devices/0000:0e:00.0");
const region = (booted: Booted): string[] => ["commit", "target0", "target1"].map((name) => booted.read(`${memdevs}/region0/${name}`).trim());
const memory = "/sys/devices/system/memory";
const addedStates = (booted: Booted): string[] => booted.files.list(memory).filter((name) => /^memory\d+$/.test(name)).map((name) => booted.read(`${memory}/${name}/state`).trim()).slice(-4);

describe.each(ways)("a card leaves, %s", (way) => {
  it("without a region: clean", () => {
    const booted = bootRegion(asDevice, false);
    expect(leave(booted, way)()).toBe(false);
    expect(gone(booted)).toBe(true);
  });

  it("from an idle region: clean, the region is partial, reset, and keeps its addresses", () => {
    const booted = bootRegion(asDevice);
    expect(booted.command("cxl disable-region region0").exitCode).toBe(0);
    const resource = booted.read(`${memdevs}/region0/resource`);
    leave(booted, way);
    expect([gone(booted), region(booted), booted.read(`${memdevs}/region0/resource`)]).toEqual([true, ["0", "decoder2.0", ""], resource]);
    expect(booted.read(`${memdevs}/endpoint2/decoders_committed`).trim()).toBe("0");
  });

  it("under a dax device that nobody maps: the device goes", () => {
    const booted = bootRegion(asDevice);
    const file = fileOf(booted);
    leave(booted, way);
    expect([gone(booted), file.isAlive, busDevices(booted.kernel, "dax").length]).toEqual([true, false, 0]);
  });

  it("under a dax device that a process maps: its mapping is revoked", () => {
    const booted = bootRegion(asDevice);
    const file = fileOf(booted);
    const mapping: Mapping = mapFile(booted.kernel, createProcess(booted.kernel, "vm", 1), file, { offset: 0n, length: file.align * 4n, isShared: true });
    expect(translate(booted.kernel, mapping, 0n)).toBe(file.ranges[0]?.start);
    leave(booted, way);
    expect([gone(booted), translate(booted.kernel, mapping, 0n), mapping.leaves.size]).toEqual([true, undefined, 0]);
  });

  it("under pages that are pinned: whoever removes it waits until they are not, whatever time passes", () => {
    const booted = bootRegion(asDevice);
    const file = fileOf(booted);
    const pin: Pin = pinPages(booted.kernel, "vfio", file, 0n, file.align);
    const waits = leave(booted, way);
    pass(booted, 100 * second);
    expect([waits(), gone(booted)]).toEqual([true, false]);
    unpin(booted.kernel, pin.id);
    pass(booted, 2 * second);
    expect([waits(), gone(booted)]).toEqual([false, true]);
  });

  it("after its memory went offline: clean", () => {
    const booted = bootRegion({ onlineType: "online_movable", memoryUse: "system-ram-movable" });
    expect(booted.command("daxctl offline-memory dax0.0").exitCode).toBe(0);
    expect(booted.command("daxctl reconfigure-device -m devdax -f dax0.0").exitCode).toBe(0);
    leave(booted, way);
    expect([gone(booted), linesSince(booted, 0, /stuck online|hotremoved/)]).toEqual([true, []]);
  });

  it("under System RAM in a movable zone: the card goes all the same, the memory stays online and is stranded, its decode reset", () => {
    const booted = bootRegion({ onlineType: "online_movable", memoryUse: "system-ram-movable" });
    const iomem = booted.read("/proc/iomem");
    leave(booted, way);
    expect([gone(booted), region(booted)]).toEqual([true, ["0", "decoder2.0", ""]]);
    expect(addedStates(booted)).toEqual(["online", "online", "online", "online"]);
    expect(booted.read("/proc/iomem").includes("System RAM (kmem)")).toBe(iomem.includes("System RAM (kmem)"));
    expect(linesSince(booted, 0, /stuck online|hotremoved/)).not.toEqual([]);
  });

  it("under System RAM in a kernel zone: the kernel does not survive its own pages", () => {
    const booted = bootRegion({ onlineType: "online", memoryUse: "system-ram-normal" });
    expect(() => leave(booted, way)).toThrow(/panic|reset/);
  });

  it("under a region that firmware locked: decode stays, and so does the region object with its addresses", () => {
    const booted = bootWith(wideMachine(1, 2), { regions: [regionOver(["d00", "d01"], { isLocked: true })] }, { policies: { ...defaultPolicies, ...asDevice } });
    if (way === "safe") expect(store(booted, slot, "0")).toBe("ok");
    else act(booted, { kind: "unplug", port: "rp01" });
    pass(booted, 2 * second);
    expect(booted.files.list("/sys/bus/pci/devices")).toHaveLength(3);
    expect([booted.read(`${memdevs}/port1/decoders_committed`).trim(), booted.read(`${memdevs}/region0/resource`).trim()]).toEqual(["1", "0x400000000"]);
  });
});

describe("managed removal", () => {
  it("turns a slot off and on: the card is enumerated again, and what is so already is refused (ENODEV)", () => {
    const booted = bootRegion(asDevice, false);
    expect([store(booted, slot, "1"), store(booted, slot, "2"), store(booted, slot, "x")]).toEqual(["ENODEV", "EINVAL", "EINVAL"]);
    expect([store(booted, slot, "0"), gone(booted), store(booted, slot, "0")]).toEqual(["ok", true, "ENODEV"]);
    expect(store(booted, slot, "1")).toBe("ok");
    booted.settle();
    expect(booted.read(`${memdevs}/mem1/serial`).trim()).toBe("0x2");
    expect(["address", "adapter", "power"].map((name) => booted.read(`/sys/bus/pci/slots/2/${name}`).trim())).toEqual(["0000:0e:00", "1", "1"]);
  });

  it("[POL-REMOVEVETO] on: memory that cannot go offline fails the request, and all stays", () => {
    const booted = bootRegion({ onlineType: "online", memoryUse: "system-ram-normal", isRemovalVetoed: true });
    expect([store(booted, slot, "0"), gone(booted), region(booted)[0]]).toEqual(["EBUSY", false, "1"]);
  });

  it("marks nothing as disconnected: drivers let go of a card that still answers", () => {
    const booted = bootRegion(asDevice, false);
    const device = booted.kernel.devices.get([...booted.kernel.devices.values()].find(({ name }) => name === "0000:0e:00.0")?.id ?? 0);
    if (device === undefined) throw new Error("no card");
    expect(store(booted, slot, "0")).toBe("ok");
    expect(pciFunctionOf(device).isDisconnected).toBe(false);
  });
});

describe("surprise", () => {
  it("says what was lost, and marks functions as disconnected before drivers let go", () => {
    const booted = bootRegion(asDevice, false);
    const device = [...booted.kernel.devices.values()].find(({ name }) => name === "0000:0e:00.0");
    const from = booted.kernel.log.length;
    leave(booted, "surprise");
    expect(device !== undefined && pciFunctionOf(device).isDisconnected).toBe(true);
    expect(linesSince(booted, from, /pciehp|DPC|AER/)).toEqual(["pcieport 0000:0c:01.0: pciehp: Slot(2): Link Down", "pcieport 0000:0c:01.0: pciehp: Slot(2): Card not present"]);
  });

  it("a link that comes back at once brings the card back as a new one, with its decoders free", () => {
    const booted = bootRegion(asDevice);
    act(booted, { kind: "flapLink", port: "rp1", time: 1_000_000 });
    pass(booted, 3 * second);
    booted.settle();
    expect(linesSince(booted, 0, /pciehp/).map((line) => line.replace(/.*: /, ""))).toEqual(["Link Down", "Card not present", "Card present", "Link Up"]);
    expect([booted.read(`${memdevs}/mem1/serial`).trim(), region(booted)]).toEqual(["0x2", ["0", "decoder2.0", ""]]);
  });
});
