// Dax memory as System RAM: driver kmem, memory blocks, online and offline, removal (dax-memory 5 and 6; captures of a two-way ram region).

import { describe, expect, it } from "vitest";
import type { Errno } from "../../src/kernel/base/errno.ts";
import { SystemError } from "../../src/kernel/base/errno.ts";
import type { KernelPolicies } from "../../src/kernel/policy.ts";
import { hotplug } from "../../src/kernel/mm/memory-state.ts";
import { dropReference, dropReferenceLater, referencePages } from "../../src/kernel/mm/page-reference.ts";
import { step } from "../../src/sandbox/system.ts";
import { spawn } from "../../src/sim/task.ts";
import { trimToBlocks } from "../../src/kernel/dax/kmem.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { MiB, deviceOf, machineOf, portOf } from "../support/machine.ts";

const blocks = "/sys/devices/system/memory";
const nodes = "/sys/devices/system/node";
const drivers = "/sys/bus/dax/drivers";

/** A booted machine with two cards, not yet a region. */
function boot(policies: Partial<KernelPolicies> = {}): Booted {
  return bootMachine(machineOf([portOf("rp0", { slots: [deviceOf("d0", { serial: 1n })] }), portOf("rp1", { slots: [deviceOf("d1", { serial: 2n })] })]), { policies: { memoryUse: "system-ram-normal", onlineType: "offline", ...policies } });
}

/** The captured machine's region: 512 MiB over both cards. */
function bootRegion(policies: Partial<KernelPolicies> = {}): Booted {
  const booted = boot(policies);
  expect(booted.command("cxl create-region -d decoder0.0 -w 2 -m -t ram mem0 mem1").exitCode).toBe(0);
  return booted;
}

function store(booted: Booted, path: string, text: string): Errno | "ok" {
  try {
    booted.run(booted.files.write(path, text));
    return "ok";
  } catch (thrown) {
    if (thrown instanceof SystemError) return thrown.errno;
    throw thrown;
  }
}

const read = (booted: Booted, path: string): string => booted.read(path).trim();
const driverOf = (booted: Booted): string => booted.files.readlink("/sys/bus/dax/devices/dax0.0/driver").split("/").at(-1) ?? "";
/** Names of the blocks on node 1. */
const added = (booted: Booted): string[] => (booted.files.exists(`${nodes}/node1`) ? booted.files.list(`${nodes}/node1`).filter((name) => /^memory\d/.test(name)) : []);
const first = "memory128";
const kmemLines = (booted: Booted): string[] => booted.read("/proc/iomem").split("\n").filter((line) => /CXL Window|region0|dax|kmem/.test(line));
/** Everything that was logged while `action` ran. */
function logged(booted: Booted, action: () => void): string[] {
  const before = booted.dmesg().length;
  action();
  return booted.dmesg().slice(before);
}

describe("binding", () => {
  it("a region's device comes up with kmem, four blocks offline on node 1, lines nested as captured", () => {
    const booted = bootRegion();
    expect(driverOf(booted)).toBe("kmem");
    expect(kmemLines(booted)).toEqual(["400000000-4ffffffff : CXL Window 0", "  400000000-41fffffff : region0", "    400000000-41fffffff : dax0.0", "      400000000-41fffffff : System RAM (kmem)"]);
    expect(added(booted)).toEqual(["memory128", "memory129", "memory130", "memory131"]);
    expect(read(booted, `${blocks}/block_size_bytes`)).toBe("8000000");
    expect(read(booted, `${blocks}/auto_online_blocks`)).toBe("offline");
    const block = Object.fromEntries(["online", "phys_index", "removable", "state", "valid_zones"].map((name) => [name, read(booted, `${blocks}/${first}/${name}`)]));
    expect(block).toEqual({ online: "0", phys_index: "00000080", removable: "1", state: "offline", valid_zones: "Normal Movable" });
    expect(booted.files.realpath(`${nodes}/node1/${first}`)).toBe(`${blocks}/${first}`);
    expect(booted.files.realpath(`/sys/bus/memory/devices/${first}/node1`)).toBe(`${nodes}/node1`);
    expect(booted.read(`${nodes}/node1/meminfo`)).toContain("Node 1 MemTotal:              0 kB\n");
    expect(booted.dmesg()).toContain("Fallback order for Node 1: 0 ");
    // The node is the device's, whichever driver has it (as captured).
    expect(booted.files.status("/dev/dax0.0")).toEqual({ kind: "file", isReadable: true, isWritable: false, device: { major: 251, minor: 0 } });
  });

  it("[S84] policy that keeps the memory out of System RAM gives the device to device_dax", () => {
    expect(driverOf(bootRegion({ memoryUse: "device-dax-only" }))).toBe("device_dax");
  });

  it("(5.1) ranges are trimmed inward to whole blocks", () => {
    expect(trimToBlocks({ start: 130n * MiB, size: 300n * MiB, fileOffset: 0n }, 128n * MiB)).toEqual({ start: 256n * MiB, end: 384n * MiB });
    expect(trimToBlocks({ start: 130n * MiB, size: 200n * MiB, fileOffset: 0n }, 128n * MiB)).toBeUndefined();
  });

  it("(5.1) a device without a whole block is refused, one that is cut says by how much", () => {
    const refused = boot();
    hotplug(refused.kernel).blockSize = 2048n * MiB;
    refused.command("cxl create-region -d decoder0.0 -w 2 -m -t ram mem0 mem1");
    expect(refused.files.exists("/sys/bus/dax/devices/dax0.0/driver")).toBe(false);
    expect(refused.dmesg()).toContain("kmem dax0.0: mapping0: 0x400000000-0x41fffffff too small after alignment");
    expect(refused.dmesg()).toContain("kmem dax0.0: rejecting DAX region without any memory after alignment");
    const cut = bootRegion();
    store(cut, `${drivers}/kmem/unbind`, "dax0.0");
    expect(store(cut, "/sys/bus/dax/devices/dax0.0/size", String(130n * MiB))).toBe("ok");
    expect(store(cut, `${drivers}/kmem/bind`, "dax0.0")).toBe("ok");
    expect(cut.dmesg()).toContain("kmem dax0.0: DAX region truncated by 2.00 MiB due to alignment");
    expect(added(cut)).toEqual([first]);
  });
});

describe("online and offline", () => {
  it("online_movable puts blocks into ZONE_MOVABLE, and the log is the captured one", () => {
    const booted = bootRegion();
    const lines = logged(booted, () => expect(store(booted, `${blocks}/${first}/state`, "online_movable\n")).toBe("ok"));
    const without = lines.map((line) => line.replace(/pages: \d+/, "pages: n"));
    expect(without).toEqual(["Fallback order for Node 0: 0 1 ", "Fallback order for Node 1: 1 0 ", "Built 2 zonelists, mobility grouping on.  Total pages: n", without[3], "Demotion targets for Node 0: preferred: 1, fallback: 1", "Demotion targets for Node 1: null"]);
    expect(without[3]).toMatch(/^Policy zone: /);
    expect(logged(booted, () => store(booted, `${blocks}/memory129/state`, "online_movable"))).toEqual([]);
    expect([read(booted, `${blocks}/${first}/valid_zones`), read(booted, `${blocks}/${first}/online`)]).toEqual(["Movable", "1"]);
    expect(booted.read(`${nodes}/node1/meminfo`)).toContain("Node 1 MemTotal:         262144 kB\n");
    expect(read(booted, `${nodes}/has_memory`)).toBe("0-1");
  });

  it("the last block that goes offline leaves the node without memory, with the captured log", () => {
    const booted = bootRegion({ onlineType: "online_movable" });
    for (const name of added(booted).slice(1)) expect(logged(booted, () => expect(store(booted, `${blocks}/${name}/state`, "offline")).toBe("ok"))).toEqual([]);
    const lines = logged(booted, () => store(booted, `${blocks}/${first}/state`, "offline"));
    expect(lines.filter((line) => !/^(Built|Policy)/.test(line))).toEqual(["Fallback order for Node 0: 0 ", "Fallback order for Node 1: 0 ", "Demotion targets for Node 0: null"]);
    expect(read(booted, `${nodes}/online`)).toBe("0-1");
  });

  it("`state` fails with EINVAL on what is so already or is no word of its; `online` does not mind", () => {
    const booted = bootRegion();
    expect(store(booted, `${blocks}/${first}/state`, "offline")).toBe("EINVAL");
    expect(store(booted, `${blocks}/${first}/state`, "removable")).toBe("EINVAL");
    expect(store(booted, `${blocks}/${first}/online`, "0")).toBe("ok");
    expect(store(booted, `${blocks}/${first}/online`, "2")).toBe("EINVAL");
    expect(store(booted, `${blocks}/${first}/online`, "1")).toBe("ok");
    expect(store(booted, `${blocks}/${first}/state`, "online_movable")).toBe("EINVAL");
    expect(store(booted, `${blocks}/memory999/state`, "online")).toBe("ENOENT");
    expect(store(booted, `${blocks}/auto_online_blocks`, "always")).toBe("EINVAL");
  });

  it("(5.2) a block between movable ones goes there by default, another one to the kernel's zone", () => {
    const booted = bootRegion();
    store(booted, `${blocks}/memory128/state`, "online_movable");
    expect(read(booted, `${blocks}/memory129/valid_zones`)).toBe("Normal Movable");
    store(booted, `${blocks}/memory130/state`, "online_movable");
    expect(read(booted, `${blocks}/memory129/valid_zones`)).toBe("Movable Normal");
    store(booted, `${blocks}/memory129/state`, "online");
    store(booted, `${blocks}/memory131/state`, "online");
    expect(["memory129", "memory131"].map((name) => read(booted, `${blocks}/${name}/valid_zones`))).toEqual(["Movable", "Normal"]);
  });

  it("each default online type decides the zone, and auto_online_blocks changes it for what comes later", () => {
    for (const [onlineType, zone] of [["online", "Normal"], ["online_kernel", "Normal"], ["online_movable", "Movable"]] as const) {
      expect([onlineType, read(bootRegion({ onlineType }), `${blocks}/${first}/valid_zones`)]).toEqual([onlineType, zone]);
    }
    expect(read(bootRegion({ onlineType: "online", memoryUse: "system-ram-movable" }), `${blocks}/${first}/valid_zones`)).toBe("Movable");
    const booted = boot();
    expect(store(booted, `${blocks}/auto_online_blocks`, "online_movable")).toBe("ok");
    booted.command("cxl create-region -d decoder0.0 -w 2 -m -t ram mem0 mem1");
    expect(read(booted, `${blocks}/${first}/state`)).toBe("online");
  });

  it("a block in a kernel zone holds kernel pages and stays: EBUSY", () => {
    const booted = bootRegion({ onlineType: "online" });
    const lines = logged(booted, () => expect(store(booted, `${blocks}/${first}/state`, "offline")).toBe("EBUSY"));
    expect(lines).toContain("memory offlining [mem 0x400000000-0x407ffffff] failed due to unmovable page");
    expect(read(booted, `${blocks}/${first}/state`)).toBe("online");
  });
});

describe("unbinding", () => {
  it("with every block offline the memory and its lines go, and device_dax takes the device by new_id and back", () => {
    const booted = bootRegion();
    expect(store(booted, `${drivers}/kmem/unbind`, "dax0.0")).toBe("ok");
    expect(added(booted)).toEqual([]);
    expect(kmemLines(booted)).toHaveLength(2);
    expect(store(booted, `${drivers}/device_dax/bind`, "dax0.0")).toBe("ENODEV");
    expect(store(booted, `${drivers}/device_dax/new_id`, "dax0.0")).toBe("ok");
    expect([driverOf(booted), kmemLines(booted).at(-1)]).toEqual(["device_dax", "    400000000-41fffffff : dax0.0"]);
    expect(store(booted, `${drivers}/device_dax/unbind`, "dax0.0")).toBe("ok");
    expect(store(booted, `${drivers}/device_dax/remove_id`, "dax0.0")).toBe("ok");
    expect(store(booted, `${drivers}/kmem/bind`, "dax0.0")).toBe("ok");
    expect(added(booted)).toHaveLength(4);
    expect(store(booted, `${drivers}/kmem/new_id`, "dax")).toBe("EINVAL");
  });

  it("(5.6) with a block online unbinding succeeds and leaves memory and lines until the next boot", () => {
    const booted = bootRegion();
    store(booted, `${blocks}/memory130/state`, "online_movable");
    const lines = logged(booted, () => expect(store(booted, `${drivers}/kmem/unbind`, "dax0.0")).toBe("ok"));
    expect(lines).toContain("removing memory fails, because memory [0x0000000410000000-0x0000000417ffffff] is onlined");
    expect(lines).toContain("kmem dax0.0: mapping0: 0x400000000-0x41fffffff cannot be hotremoved until the next reboot");
    expect([added(booted).length, kmemLines(booted).length]).toEqual([4, 4]);
    store(booted, `${drivers}/kmem/bind`, "dax0.0");
    expect(booted.dmesg()).toContain("kmem dax0.0: mapping0: 0x400000000-0x41fffffff could not reserve region");
    expect(store(booted, `${drivers}/device_dax/new_id`, "dax0.0")).toBe("ok");
    expect(booted.files.exists("/sys/bus/dax/devices/dax0.0/driver")).toBe(false);
  });

  it("(5.6) a region that goes away under online memory strands it below the window", () => {
    const booted = bootRegion({ onlineType: "online_movable" });
    booted.run(booted.files.write("/sys/bus/cxl/devices/decoder0.0/delete_region", "region0"));
    expect(kmemLines(booted)).toEqual(["400000000-4ffffffff : CXL Window 0", "  400000000-41fffffff : dax0.0", "    400000000-41fffffff : System RAM (kmem)"]);
    expect(read(booted, `${blocks}/${first}/state`)).toBe("online");
  });

  it("`mapping` takes a free range of the user's choice, and the mappings log as captured", () => {
    const booted = bootRegion();
    const device = "/sys/bus/dax/devices/dax0.0";
    store(booted, `${drivers}/kmem/unbind`, "dax0.0");
    const lines = logged(booted, () => expect([store(booted, `${device}/size`, "0"), store(booted, `${device}/mapping`, "410000000-417ffffff")]).toEqual(["ok", "ok"]));
    expect(lines).toEqual([" mapping0: unregister_dax_mapping", "dax dax0.0: delete range[0]: 0x400000000:0x41fffffff", "dax dax0.0: alloc range[0]: 0x0000000410000000:0x0000000417ffffff"]);
    expect(store(booted, `${device}/mapping`, "414000000-41bffffff")).toBe("ENOMEM");
    expect(store(booted, `${device}/mapping`, "418000000-418000fff")).toBe("ENXIO");
    expect(store(booted, `${device}/mapping`, "418000000")).toBe("EINVAL");
    expect(store(booted, `${drivers}/kmem/bind`, "dax0.0")).toBe("ok");
    expect(added(booted)).toEqual(["memory130"]);
  });

  it("two devices of one region, each told to device_dax by name, lie as captured; a region enabled again is kmem's", () => {
    const booted = bootRegion();
    const region = "/sys/bus/cxl/devices/dax_region0/dax_region";
    store(booted, `${drivers}/kmem/unbind`, "dax0.0");
    expect(store(booted, `${drivers}/device_dax/new_id`, "dax0.0")).toBe("ok");
    store(booted, `${drivers}/device_dax/unbind`, "dax0.0");
    store(booted, "/sys/bus/dax/devices/dax0.0/size", "0");
    for (const [name, size] of [["dax0.1", 128n * MiB], ["dax0.2", 384n * MiB]] as const) {
      expect([store(booted, `${region}/create`, "1"), store(booted, `/sys/bus/dax/devices/${name}/size`, String(size)), store(booted, `${drivers}/device_dax/new_id`, name)]).toEqual(["ok", "ok", "ok"]);
    }
    expect(kmemLines(booted).slice(2)).toEqual(["    400000000-407ffffff : dax0.1", "    408000000-41fffffff : dax0.2"]);
    store(booted, "/sys/bus/cxl/drivers/cxl_region/unbind", "region0");
    expect(store(booted, "/sys/bus/cxl/drivers/cxl_region/bind", "region0")).toBe("ok");
    expect(driverOf(booted)).toBe("kmem");
  });

  it("memmap_on_memory and size are fixed while kmem has the device", () => {
    const booted = bootRegion();
    expect(store(booted, "/sys/bus/dax/devices/dax0.0/memmap_on_memory", "0")).toBe("EBUSY");
    expect(store(booted, "/sys/bus/dax/devices/dax0.0/size", "0")).toBe("EBUSY");
  });
});

describe("pages that somebody holds", () => {
  const second = 1_000_000_000;
  const start = 128n * 128n * MiB;
  const movable = (offlining: KernelPolicies["offlining"]): Booted => bootRegion({ onlineType: "online_movable", offlining });

  it("[S82] [S83] [POL-OFFLINE] retry: a pinned movable page holds offlining up until the pin drops", () => {
    const booted = movable("retry");
    const before = booted.kernel.platform.clock.now;
    dropReferenceLater(booted.kernel, referencePages(booted.kernel, "vfio", start + 4096n, 4096n), 5 * second);
    expect(store(booted, `${blocks}/${first}/state`, "offline")).toBe("ok");
    expect([read(booted, `${blocks}/${first}/state`), booted.kernel.platform.clock.now - before >= 5 * second]).toEqual(["offline", true]);
  });

  it("[S82] a pin that never drops: going offline without end, other blocks go, a second writer waits too", () => {
    const booted = movable("retry");
    const pin = referencePages(booted.kernel, "rdma", start, 4096n);
    for (const name of ["one", "two"]) spawn(booted.system.scheduler, name, booted.files.write(`${blocks}/${first}/state`, "offline"));
    for (let at = 0; at < 100; at++) step(booted.system, booted.system.hardware.now + second);
    expect([read(booted, `${blocks}/${first}/state`), read(booted, `${blocks}/${first}/online`)]).toEqual(["going-offline", "1"]);
    expect(store(booted, `${blocks}/memory129/state`, "offline")).toBe("ok");
    dropReference(booted.kernel, pin.id);
    booted.settle();
    expect(read(booted, `${blocks}/${first}/state`)).toBe("offline");
  });

  it("[S83] [POL-OFFLINE] abort: the first page with a raised reference count ends it with EBUSY; without one it goes at once", () => {
    const booted = movable("abort");
    const pin = referencePages(booted.kernel, "vfio", start, 4096n);
    expect([store(booted, `${blocks}/${first}/state`, "offline"), read(booted, `${blocks}/${first}/state`)]).toEqual(["EBUSY", "online"]);
    dropReference(booted.kernel, pin.id);
    expect(store(booted, `${blocks}/${first}/state`, "offline")).toBe("ok");
  });

  it("[S83] a reserved page, and a pinned one in a kernel zone: EBUSY at once under either policy", () => {
    for (const offlining of ["abort", "retry"] as const) {
      const reserved = movable(offlining);
      referencePages(reserved.kernel, "memmap", start, 4096n, { isReserved: true });
      expect(store(reserved, `${blocks}/${first}/state`, "offline")).toBe("EBUSY");
      const normal = bootRegion({ onlineType: "online", offlining });
      referencePages(normal.kernel, "vfio", start, 4096n);
      expect(store(normal, `${blocks}/${first}/state`, "offline")).toBe("EBUSY");
    }
  });

  it("only online memory can be referenced", () => {
    const booted = bootRegion();
    expect(() => referencePages(booted.kernel, "vfio", start, 4096n)).toThrow("not online");
    expect(() => referencePages(movable("retry").kernel, "vfio", start + 511n * MiB, 2n * MiB)).toThrow("not online");
  });
});

describe("the state of a whole device", () => {
  const file = "/sys/bus/dax/devices/dax0.0/state";
  const newer = (onlineType: KernelPolicies["onlineType"]): Booted => bootRegion({ version: "7.3", onlineType });
  const onlineOf = (booted: Booted): string[] => added(booted).map((name) => `${read(booted, `${blocks}/${name}/state`)} ${read(booted, `${blocks}/${name}/valid_zones`)}`);

  it("(5.5) [POL-KERNEL] a file of 7.3, there while kmem has the device; 7.2 has none", () => {
    expect([bootRegion().files.exists(file), newer("offline").files.exists(file), bootRegion({ version: "7.3", memoryUse: "device-dax-only" }).files.exists(file)]).toEqual([false, true, false]);
    expect(["offline", "online_movable"].map((type) => read(newer(type as "offline"), file))).toEqual(["offline", "online_movable"]);
  });

  it("(5.5) unplugged takes every block offline and the memory away; online only from there; the same again succeeds", () => {
    const booted = newer("online_movable");
    expect([store(booted, file, "online"), store(booted, file, "online_movable"), store(booted, file, "offline")]).toEqual(["EBUSY", "ok", "EINVAL"]);
    expect([store(booted, file, "unplugged"), read(booted, file), added(booted), kmemLines(booted).at(-1)]).toEqual(["ok", "unplugged", [], "    400000000-41fffffff : dax0.0"]);
    expect([store(booted, file, "online_kernel"), read(booted, file), onlineOf(booted)]).toEqual(["ok", "online_kernel", Array.from({ length: 4 }, () => "online Normal")]);
  });

  it("(5.5) atomic: the third of four blocks does not go, so all four are online in their zones again", () => {
    const booted = newer("online_movable");
    referencePages(booted.kernel, "memmap", 128n * 130n * MiB, 4096n, { isReserved: true });
    const lines = logged(booted, () => expect(store(booted, file, "unplugged")).toBe("EBUSY"));
    expect(lines).toContain("kmem dax0.0: hotremove failed, device left online");
    expect([read(booted, file), onlineOf(booted)]).toEqual(["online_movable", Array.from({ length: 4 }, () => "online Movable")]);
  });

  it("(5.6) [POL-KERNEL] what stays online when the driver goes is said in the words of the version", () => {
    const said = (version: KernelPolicies["version"]): string[] => {
      const booted = bootRegion({ version, onlineType: "online" });
      return logged(booted, () => store(booted, `${drivers}/kmem/unbind`, "dax0.0")).filter((line) => line.includes("mapping0"));
    };
    expect([said("7.2"), said("7.3")]).toEqual([["kmem dax0.0: mapping0: 0x400000000-0x41fffffff cannot be hotremoved until the next reboot"], ["kmem dax0.0: mapping0: 0x400000000-0x41fffffff stuck online until reboot"]]);
  });

  it("(5.6) unplugged, the device can be unbound and leaves nothing", () => {
    const booted = newer("online_movable");
    store(booted, file, "unplugged");
    expect([store(booted, `${drivers}/kmem/unbind`, "dax0.0"), kmemLines(booted).length]).toEqual(["ok", 2]);
  });
});
