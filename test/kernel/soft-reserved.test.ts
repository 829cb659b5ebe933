// Soft Reserved memory: its place in the memory map, and whether CXL or hmem gets it (region-assembly 9, seeds S27-S66; judged by the captures
// ok-nosr, ok-sr-region and fail-missing-sr of a running kernel, whose machine is built here).

import { describe, expect, it } from "vitest";
import type { Booted } from "../support/kernel.ts";
import { GiB, MiB, deviceOf, portOf } from "../support/machine.ts";
import type { Case } from "../support/soft-reserved.ts";
import { bootCase, bus, captured, daxOf, devices, hmemOf, policyOf, region, saying, start, whole, windowOf } from "../support/soft-reserved.ts";

describe("the three captured machines", () => {
  it("ok-nosr: no Soft Reserved, no hmem; the region's dax device comes", () => {
    const booted = bootCase({ softReserved: [] });
    expect(bus(booted, "platform")).toEqual(["ACPI0017:00"]);
    expect(saying(booted, /hmem|soft reserved/)).toEqual([]);
    expect(windowOf(booted)).toEqual(["4d0000000-5cfffffff : CXL Window 0", "  4d0000000-4efffffff : region0", "    4d0000000-4efffffff : dax0.0"]);
    expect(booted.files.readlink("/sys/bus/dax/devices/dax0.0")).toBe("../../../devices/platform/ACPI0017:00/root0/decoder0.0/region0/dax_region0/dax0.0");
  });

  it("[S56] ok-sr-region: CXL claims the range that one committed region holds, and its dax driver comes after the decision", () => {
    const booted = bootCase({});
    expect(saying(booted, /hmem_platform|alloc range/).map((line) => line.trim())).toEqual([
      "hmem_platform hmem_platform.0: await CXL initial probe: [mem 0x4d0000000-0x4efffffff flags 0x80000200]",
      "hmem_platform hmem_platform.0: CXL claims resource, dropping: [mem 0x4d0000000-0x4efffffff flags 0x80000200]",
      "dax0.0: alloc range[0]: 0x00000004d0000000:0x00000004efffffff",
    ]);
    expect(windowOf(booted)).toEqual(["4d0000000-5cfffffff : CXL Window 0", "  4d0000000-4efffffff : region0", "    4d0000000-4efffffff : dax0.0"]);
    expect([hmemOf(booted), booted.read(`${devices}/region0/commit`), booted.read("/sys/bus/dax/devices/dax0.0/target_node")]).toEqual([[], "1\n", "1\n"]);
  });

  it("[S1] [S7] [S25] [S38] fail-missing-sr: hmem takes the range of a region that stays partial, and nests below it", () => {
    const booted = bootCase({ machine: captured([true, false]) });
    expect(saying(booted, /hmem_platform/)).toEqual([
      "hmem_platform hmem_platform.0: await CXL initial probe: [mem 0x4d0000000-0x4efffffff flags 0x80000200]",
      "hmem_platform hmem_platform.0: CXL did not claim resource, registering: [mem 0x4d0000000-0x4efffffff flags 0x80000200]",
    ]);
    expect(windowOf(booted)).toEqual(["4d0000000-5cfffffff : CXL Window 0", "  4d0000000-4efffffff : region0", "    4d0000000-4efffffff : dax2.0"]);
    expect(booted.files.readlink("/sys/bus/dax/devices/dax2.0")).toBe("../../../devices/platform/hmem_platform.0/hmem.2/dax2.0");
    expect(["target_node", "numa_node", "memmap_on_memory", "align", "size"].map((name) => booted.read(`/sys/bus/dax/devices/dax2.0/${name}`).trim())).toEqual(["1", "0", "0", "2097152", "536870912"]);
    expect(["commit", "target0", "target1"].map((name) => booted.read(`${devices}/region0/${name}`).trim())).toEqual(["0", "decoder2.0", ""]);
  });

  it("fail-missing-sr, then delete_region: the dax device moves up to the window, the decoders stay committed", () => {
    const booted = bootCase({ machine: captured([true, false]) });
    booted.run(booted.files.write(`${devices}/decoder0.0/delete_region`, "region0"));
    expect(windowOf(booted)).toEqual(["4d0000000-5cfffffff : CXL Window 0", "  4d0000000-4efffffff : dax2.0"]);
    expect(["start", "size", "dpa_size"].map((name) => booted.read(`${devices}/decoder2.0/${name}`).trim())).toEqual(["0x0", "0x0", "0x0000000010000000"]);
    expect(["start", "size"].map((name) => booted.read(`${devices}/decoder1.0/${name}`).trim())).toEqual(["0x4d0000000", "0x20000000"]);
  });

  it("the memory map is printed as the captured kernel prints it, and nodes as the tables have them", () => {
    const booted = bootCase({});
    expect(saying(booted, /BIOS-e820|SRAT: Node/)).toEqual([
      "BIOS-e820: [mem 0x0000000000000000-0x000000003fffffff]  System RAM",
      "BIOS-e820: [gap 0x0000000040000000-0x00000004cfffffff]",
      "BIOS-e820: [mem 0x00000004d0000000-0x00000004efffffff]  soft reserved",
      "ACPI: SRAT: Node 0 PXM 0 [mem 0x00000000-0x3fffffff]",
    ]);
  });
});

describe("the same as System RAM", () => {
  const kmem = (change: Case): Booted => bootCase({ ...change, policies: { memoryUse: "system-ram-normal", onlineType: "online_movable" } });

  it("every line of the captured windows, System RAM (kmem) below the dax device", () => {
    const tail = (name: string): string[] => ["4d0000000-5cfffffff : CXL Window 0", "  4d0000000-4efffffff : region0", `    4d0000000-4efffffff : ${name}`, "      4d0000000-4efffffff : System RAM (kmem)"];
    expect(windowOf(kmem({ softReserved: [] }))).toEqual(tail("dax0.0"));
    expect(windowOf(kmem({}))).toEqual(tail("dax0.0"));
    const missing = kmem({ machine: captured([true, false]) });
    expect(windowOf(missing)).toEqual(tail("dax2.0"));
    missing.run(missing.files.write(`${devices}/decoder0.0/delete_region`, "region0"));
    expect(windowOf(missing)).toEqual(["4d0000000-5cfffffff : CXL Window 0", "  4d0000000-4efffffff : dax2.0", "    4d0000000-4efffffff : System RAM (kmem)"]);
  });

  it("[S54] on a range that straddles a smaller region kmem cannot reserve it", () => {
    const booted = kmem({ softReserved: [{ base: start, size: GiB }] });
    expect(saying(booted, /could not reserve region/)).toHaveLength(1);
    expect(booted.files.exists("/sys/bus/dax/devices/dax2.0/driver")).toBe(false);
  });
});

describe("who gets a range", () => {
  it("[S63] outside every window: hmem, at once", () => {
    const booted = bootCase({ regions: [], softReserved: [{ base: 64n * GiB, size: 256n * MiB }] });
    expect([hmemOf(booted), daxOf(booted), saying(booted, /await|claim/)]).toEqual([["hmem.1"], ["dax1.0"], []]);
  });

  it("no region in the window: hmem, below the window alone", () => {
    const booted = bootCase({ regions: [] });
    expect([hmemOf(booted), windowOf(booted)]).toEqual([["hmem.1"], ["4d0000000-5cfffffff : CXL Window 0", "  4d0000000-4efffffff : dax1.0"]]);
  });

  it("several ranges inside one region: CXL, for each", () => {
    const booted = bootCase({ softReserved: [{ base: start, size: 256n * MiB }, { base: start + 256n * MiB, size: 256n * MiB }] });
    expect([hmemOf(booted), daxOf(booted), saying(booted, /dropping/).length]).toEqual([[], ["dax0.0"], 2]);
  });

  it("[S27] [S28] [S54] a range larger than the region: hmem registers all of it, nobody can have it, and both leave their devices", () => {
    const booted = bootCase({ softReserved: [{ base: start, size: GiB }] });
    expect([hmemOf(booted), daxOf(booted)]).toEqual([["hmem.2"], ["dax2.0"]]);
    expect(booted.files.exists("/sys/bus/dax/devices/dax2.0/driver")).toBe(false);
    expect(saying(booted, /could not reserve/)).toHaveLength(1);
    expect([booted.files.exists(`${devices}/dax_region0`), booted.files.exists(`${devices}/dax_region0/driver`), booted.files.exists(`${devices}/region0/driver`)]).toEqual([true, false, true]);
    expect(saying(booted, /dax_region resource conflict/)).toHaveLength(1);
  });

  it("[S33] [S56] two ranges, one region fails: one dax device each way", () => {
    const both = captured([true, false], 512n * MiB);
    const machine = { ...both, hostBridges: both.hostBridges.map((bridge) => ({ ...bridge, rootPorts: [...bridge.rootPorts, portOf("rp2", { portNumber: 2, slots: [deviceOf("mem2", { serial: 3n })] })] })) };
    const regions = [region(), region({ base: start + 512n * MiB, size: 256n * MiB, targets: ["mem2"] })];
    const booted = bootCase({ machine, regions, softReserved: [whole, { base: start + 512n * MiB, size: 256n * MiB }] });
    expect([hmemOf(booted).length, daxOf(booted).length, saying(booted, /dropping/).length]).toEqual([1, 2, 1]);
  });

  it("[S30] [S44] a region in the window of memory that hmem has: no room, ERANGE", () => {
    const machine = captured();
    const booted = bootCase({ machine: { ...machine, windows: machine.windows.map((window) => ({ ...window, size: 512n * MiB })) }, regions: [] });
    const made = booted.command("cxl create-region -d decoder0.0 -m -t ram mem0");
    expect([made.exitCode, made.stderr.includes("created 0 regions"), saying(booted, /HPA allocation error/).length]).toEqual([1, true, 1]);
  });

  it("[S51] the decision is final: hmem bound again defers the range to CXL and registers nothing", () => {
    const booted = bootCase({ machine: captured([true, false]) });
    booted.run(booted.files.write("/sys/bus/platform/drivers/hmem_platform/unbind", "hmem_platform.0"));
    expect([hmemOf(booted), daxOf(booted)]).toEqual([[], []]);
    booted.run(booted.files.write("/sys/bus/platform/drivers/hmem_platform/bind", "hmem_platform.0"));
    expect([hmemOf(booted), saying(booted, /deferring range to CXL/).length]).toEqual([[], 1]);
  });

  it("[S32] [S43] once hmem lets go, the region can go and its addresses are free", () => {
    const booted = bootCase({ machine: captured([true, false]) });
    booted.run(booted.files.write("/sys/bus/platform/drivers/hmem/unbind", "hmem.2"));
    expect(daxOf(booted)).toEqual([]);
    booted.run(booted.files.write(`${devices}/decoder0.0/delete_region`, "region0"));
    expect(windowOf(booted)).toEqual(["4d0000000-5cfffffff : CXL Window 0"]);
  });
});

describe("policies", () => {
  const failing = captured([true, false]);

  it("[S39] [S45] [POL-SRPUB] always: a line of its own from boot on, below the region of the same range, which is inserted later", () => {
    const booted = bootCase({ policies: policyOf({ publication: "always" }) });
    expect(windowOf(booted)).toEqual(["4d0000000-5cfffffff : CXL Window 0", "  4d0000000-4efffffff : region0", "    4d0000000-4efffffff : Soft Reserved", "      4d0000000-4efffffff : dax0.0"]);
  });

  it("[S39] [S64] [POL-SRPUB] late: the line is there while hmem has the range", () => {
    const booted = bootCase({ machine: failing, policies: policyOf({ publication: "late" }) });
    expect(windowOf(booted)).toContain("  4d0000000-4efffffff : Soft Reserved");
    booted.run(booted.files.write("/sys/bus/platform/drivers/hmem_platform/unbind", "hmem_platform.0"));
    expect(windowOf(booted).join()).not.toContain("Soft Reserved");
    expect(windowOf(bootCase({ policies: policyOf({ publication: "late" }) })).join()).not.toContain("Soft Reserved");
  });

  it("[S40] the same dax devices whether Soft Reserved is published or not", () => {
    for (const machine of [captured(), failing]) expect(daxOf(bootCase({ machine, policies: policyOf({ publication: "always" }) }))).toEqual(daxOf(bootCase({ machine })));
  });

  it("[S7] [POL-FAILOVER] off: the memory of a failed assembly is nobody's", () => {
    const booted = bootCase({ machine: failing, policies: policyOf({ failover: false }) });
    expect([hmemOf(booted), daxOf(booted)]).toEqual([[], []]);
  });

  it("[POL-OWN] none: what lies over a window is left to CXL", () => {
    expect([daxOf(bootCase({ policies: policyOf({ owner: "none" }) })), daxOf(bootCase({ machine: failing, policies: policyOf({ owner: "none" }) }))]).toEqual([["dax0.0"], []]);
  });

  it("[S36] [POL-OWN] global-teardown: one range that is not claimed takes every region away", () => {
    const booted = bootCase({ softReserved: [whole, { base: start + GiB, size: 256n * MiB }], policies: policyOf({ owner: "global-teardown", blast: "global" }) });
    expect(booted.files.list(devices).filter((name) => name.startsWith("region"))).toEqual([]);
    expect(hmemOf(booted)).toHaveLength(2);
  });

  it("[S29] [POL-OWN] mode-variable: without any Soft Reserved cxl's dax driver waits for ever", () => {
    const stuck = bootCase({ softReserved: [], policies: policyOf({ owner: "mode-variable" }) });
    expect([stuck.read(`${devices}/region0/commit`), daxOf(stuck)]).toEqual(["1\n", []]);
    expect(daxOf(bootCase({ policies: policyOf({ owner: "mode-variable" }) }))).toEqual(["dax0.0"]);
  });
});
