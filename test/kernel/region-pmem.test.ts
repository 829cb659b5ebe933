// Regions of persistent memory, and what stands for them and their memdevs on the way to libnvdimm (region-assembly 3, 4.2, 6.5, 7.1).

import { describe, expect, it } from "vitest";
import type { MachineDescription } from "../../src/platform/description.ts";
import type { FirmwareRegion } from "../../src/platform/firmware-setup.ts";
import { noSetup } from "../../src/platform/firmware-setup.ts";
import type { BootOptions, Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { GiB, MiB, deviceOf, machineOf, portOf } from "../support/machine.ts";
import { errnoOf, memdevs as devices, store as storeAt } from "../support/memdev.ts";

const start = 16n * GiB;
const persistent = { restrictions: { persistent: true } } as const;

/** Ports with a card each: 512 MiB volatile, then 512 MiB persistent. */
const cards = (count: number, serials: readonly bigint[] = [1n, 2n, 3n, 4n]): MachineDescription =>
  machineOf(Array.from({ length: count }, (_, n) => portOf(`rp${n}`, { slots: [deviceOf(`d${n}`, { serial: serials[n] ?? 0n, volatileCapacity: 512n * MiB, persistentCapacity: 512n * MiB, interleave16: true })] })));

const boot = (count = 2, options: BootOptions = persistent): Booted => bootMachine(cards(count), options);
const read = (booted: Booted, path: string): string => booted.read(`${devices}/${path}`).trim();
const store = (booted: Booted, path: string, text: string) => storeAt(booted, `${devices}/${path}`, text);
const list = (booted: Booted, prefix: string): string[] => booted.files.list(devices).filter((name) => name.startsWith(prefix)).toSorted();

const first = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0";
const second = "11111111-2222-3333-4444-555555555555";
const noUuid = "00000000-0000-0000-0000-000000000000";

/** A region below decoder0.0 with granularity and ways, and no UUID yet. */
function newRegion(booted: Booted, name = "region0", ways = 1): void {
  expect(store(booted, "decoder0.0/create_pmem_region", name)).toBe("ok");
  expect(store(booted, `${name}/interleave_granularity`, "256")).toBe("ok");
  expect(store(booted, `${name}/interleave_ways`, String(ways))).toBe("ok");
}

describe("creation of a region of persistent memory", () => {
  it("(7.1) each kind has its file where the window takes it; delete_region is there for either", () => {
    const files = (restrictions: NonNullable<BootOptions["restrictions"]>): boolean[] => {
      const booted = bootMachine(machineOf([portOf("rp0")]), { restrictions });
      return ["create_pmem_region", "create_ram_region", "delete_region"].map((name) => booted.files.exists(`${devices}/decoder0.0/${name}`));
    };
    expect(files({ persistent: true, volatile: true })).toEqual([true, true, true]);
    expect(files({ persistent: true, volatile: false })).toEqual([true, false, true]);
    expect(files({ persistent: false, volatile: true })).toEqual([false, true, true]);
    expect(files({ persistent: true, volatile: true, hostOnlyCoherent: false })).toEqual([false, false, false]);
  });

  it("(7.1) both kinds give out the same next name, and the region says its kind", () => {
    const booted = boot();
    expect([read(booted, "decoder0.0/create_pmem_region"), read(booted, "decoder0.0/create_ram_region")]).toEqual(["region0", "region0"]);
    expect(store(booted, "decoder0.0/create_pmem_region", "region1")).toBe("EBUSY");
    newRegion(booted);
    expect([read(booted, "region0/mode"), read(booted, "region0/uuid"), read(booted, "decoder0.0/create_ram_region")]).toEqual(["pmem", noUuid, "region1"]);
  });

  it("(7.1) the UUID has 36 characters and is not null; the size needs it (ENXIO)", () => {
    const booted = boot();
    newRegion(booted);
    expect(store(booted, "region0/size", "0x10000000")).toBe("ENXIO");
    for (const bad of ["", "x", first.slice(1), `${first}0`, first.replaceAll("-", ""), first.replace("f", "g"), noUuid]) expect([bad, store(booted, "region0/uuid", bad)]).toEqual([bad, "EINVAL"]);
    expect(store(booted, "region0/uuid", `${first.toUpperCase()}\n`)).toBe("ok");
    expect(read(booted, "region0/uuid")).toBe(first);
    expect(store(booted, "region0/size", "0x10000000")).toBe("ok");
  });

  it("(7.1) a UUID belongs to one region (EBUSY); the same again is no change", () => {
    const booted = boot();
    newRegion(booted, "region0");
    newRegion(booted, "region1");
    expect(store(booted, "region0/uuid", first)).toBe("ok");
    expect(store(booted, "region1/uuid", first)).toBe("EBUSY");
    expect(store(booted, "region0/uuid", first)).toBe("ok");
    expect([read(booted, "region1/uuid"), store(booted, "region1/uuid", second)]).toEqual([noUuid, "ok"]);
  });

  it("(7.1) and stays once the targets are complete", () => {
    const booted = boot();
    expect(booted.command(`cxl create-region -d decoder0.0 -t pmem -U ${first} -m mem0`).exitCode).toBe(0);
    expect([store(booted, "region0/uuid", second), store(booted, "region0/uuid", first), read(booted, "region0/uuid")]).toEqual(["EBUSY", "ok", first]);
    store(booted, "region0/commit", "0");
    expect(store(booted, "region0/uuid", second)).toBe("EBUSY");
    store(booted, "region0/target0", "");
    expect(store(booted, "region0/uuid", second)).toBe("ok");
  });

  it("a region of volatile memory has an empty UUID that cannot be written", () => {
    const booted = boot();
    expect(store(booted, "decoder0.0/create_ram_region", "region0")).toBe("ok");
    expect([booted.read(`${devices}/region0/uuid`), store(booted, "region0/uuid", first)]).toEqual(["\n", "EACCES"]);
  });

  it("[A3] a decoder of the other partition is no target (EINVAL), and nothing of the region changes", () => {
    for (const [kind, other] of [["pmem", "ram"], ["ram", "pmem"]] as const) {
      const booted = boot();
      expect(store(booted, `decoder0.0/create_${kind}_region`, "region0")).toBe("ok");
      for (const [name, value] of [["interleave_granularity", "256"], ["interleave_ways", "1"], ...(kind === "pmem" ? [["uuid", first]] as const : []), ["size", "0x10000000"]] as const) expect(store(booted, `region0/${name}`, value)).toBe("ok");
      expect([store(booted, "decoder2.0/mode", other), store(booted, "decoder2.0/dpa_size", "0x10000000")]).toEqual(["ok", "ok"]);
      expect(store(booted, "region0/target0", "decoder2.0")).toBe("EINVAL");
      expect([read(booted, "region0/target0"), read(booted, "decoder2.0/region"), read(booted, "decoder2.0/size"), store(booted, "decoder2.0/dpa_size", "0")]).toEqual(["", "", "0x0", "ok"]);
    }
  });

  it("(7.5) the volatile partition below is skipped, in the register too, and memory is reached behind it", () => {
    const booted = boot();
    expect(booted.command(`cxl create-region -d decoder0.0 -t pmem -U ${first} -s 512M -m mem0 mem1`).exitCode).toBe(0);
    expect(["decoder2.0", "decoder3.0"].map((decoder) => [read(booted, `${decoder}/mode`), read(booted, `${decoder}/dpa_resource`), read(booted, `${decoder}/dpa_size`)])).toEqual([["pmem", "0x20000000", "0x0000000010000000"], ["pmem", "0x20000000", "0x0000000010000000"]]);
    const { memory } = booted.system.platform;
    expect(memory.store(start, 8, 0x1234n)).toBe("ok");
    expect(memory.store(start + 256n, 8, 0x5678n)).toBe("ok");
    expect([memory.load(start, 8), memory.load(start + 256n, 8)]).toEqual([{ status: "ok", value: 0x1234n }, { status: "ok", value: 0x5678n }]);
  });

  it("(7.5) volatile capacity is out of reach once a persistent decoder is set up above it (ENOSPC)", () => {
    const booted = boot();
    expect(booted.command(`cxl create-region -d decoder0.0 -t pmem -s 256M -m mem0`).exitCode).toBe(0);
    expect([store(booted, "decoder2.1/mode", "ram"), store(booted, "decoder2.1/dpa_size", "0x10000000")]).toEqual(["ok", "ENOSPC"]);
  });
});

describe("the region's driver", () => {
  const made = (count = 2): Booted => {
    const booted = boot(count);
    expect(booted.command(`cxl create-region -d decoder0.0 -t pmem -U ${first} -m`).exitCode).toBe(0);
    return booted;
  };

  it("(6.5) gives a region of persistent memory its pmem_region and no dax region", () => {
    const booted = made();
    expect(booted.files.realpath(`${devices}/pmem_region0`)).toBe("/sys/devices/platform/ACPI0017:00/root0/decoder0.0/region0/pmem_region0");
    expect(["devtype", "modalias"].map((name) => read(booted, `pmem_region0/${name}`))).toEqual(["cxl_pmem_region", "cxl:t7"]);
    expect(booted.files.realpath(`${devices}/pmem_region0/driver`)).toBe("/sys/bus/cxl/drivers/cxl_pmem_region");
    expect(list(booted, "dax_region")).toEqual([]);
    expect(booted.dmesg()).toContain("cxl_region region0: region0: register pmem_region0");
    expect(booted.read("/proc/iomem")).toContain("  400000000-43fffffff : Persistent Memory\n    400000000-43fffffff : region0\n");
  });

  it("takes them away when it lets go, and gives them again", () => {
    const booted = made();
    expect(booted.command("cxl disable-region region0").exitCode).toBe(0);
    expect([list(booted, "pmem_region"), read(booted, "region0/commit")]).toEqual([[], "1"]);
    expect(booted.read("/proc/iomem")).toContain("CXL Window 0\n  400000000-43fffffff : region0\n");
    expect(booted.command("cxl enable-region region0").exitCode).toBe(0);
    expect(list(booted, "pmem_region")).toEqual(["pmem_region0"]);
    expect(booted.command("cxl destroy-region -f region0").exitCode).toBe(0);
    expect([list(booted, "region"), list(booted, "pmem_region"), booted.read("/proc/iomem").includes("Persistent Memory")]).toEqual([[], [], false]);
    expect(["decoder2.0", "decoder3.0"].map((decoder) => read(booted, `${decoder}/dpa_size`))).toEqual(["0x0000000000000000", "0x0000000000000000"]);
  });

  it("a member without a serial number: the region is bound, its pmem_region is not", () => {
    const booted = bootMachine(cards(2, [1n, 0n]), persistent);
    booted.command(`cxl create-region -d decoder0.0 -t pmem -U ${first} -m`);
    expect([booted.files.exists(`${devices}/region0/driver`), booted.files.exists(`${devices}/pmem_region0`), booted.files.exists(`${devices}/pmem_region0/driver`)]).toEqual([true, true, false]);
    expect(booted.dmesg()).toContain("cxl_pmem_region pmem_region0: mem1: invalid or missing serial number");
    expect(booted.read("/proc/iomem")).not.toContain("Persistent Memory");
  });

  it("cxl lists it by its type; -t pmem without a UUID gives it one of its own", () => {
    const booted = boot();
    for (const memdev of ["mem0", "mem1"]) expect(booted.command(`cxl create-region -d decoder0.0 -t pmem -m ${memdev}`).exitCode).toBe(0);
    const listed = JSON.parse(booted.command("cxl list -R").stdout) as readonly Record<string, unknown>[];
    expect(listed.map((region) => [region["region"], region["type"], region["size"], "daxregion" in region])).toEqual([["region0", "pmem", 536870912, false], ["region1", "pmem", 536870912, false]]);
    expect(read(booted, "region0/uuid")).not.toBe(read(booted, "region1/uuid"));
    const decoders = JSON.parse(booted.command("cxl list -D -d endpoint").stdout) as readonly Record<string, unknown>[];
    expect(decoders.map((decoder) => [decoder["mode"], decoder["dpa_resource"]])).toEqual([["pmem", 536870912], ["pmem", 536870912]]);
  });

  it("without a type the tool makes persistent memory where the window takes it", () => {
    const booted = boot();
    expect(booted.command("cxl create-region -d decoder0.0 -m mem0").exitCode).toBe(0);
    expect(read(booted, "region0/mode")).toBe("pmem");
    expect(booted.command("cxl create-region -d decoder0.0 -t ram -U 11111111-2222-3333-4444-555555555555 -m mem1").exitCode).not.toBe(0);
  });
});

describe("a memdev's nvdimm", () => {
  it("stands below every memdev with persistent capacity, with its driver", () => {
    const booted = boot(1);
    expect(booted.files.realpath(`${devices}/pmem0`)).toMatch(/\/mem0\/pmem0$/);
    expect(["devtype", "modalias"].map((name) => read(booted, `pmem0/${name}`))).toEqual(["cxl_nvdimm", "cxl:t2"]);
    expect(booted.files.realpath(`${devices}/pmem0/driver`)).toBe("/sys/bus/cxl/drivers/cxl_nvdimm");
    expect(booted.dmesg()).toContain("cxl_mem mem0: register pmem0");
    expect(list(bootMachine(machineOf([portOf("rp0")]), persistent), "pmem")).toEqual([]);
  });

  it("comes and goes with the memdev's driver, and with the root's", () => {
    const booted = boot(2);
    expect(booted.command("cxl disable-memdev mem0").exitCode).toBe(0);
    expect(list(booted, "pmem")).toEqual(["pmem1"]);
    expect(booted.command("cxl enable-memdev mem0").exitCode).toBe(0);
    expect(list(booted, "pmem")).toEqual(["pmem0", "pmem1"]);
    expect(storeAt(booted, "/sys/bus/platform/drivers/cxl_acpi/unbind", "ACPI0017:00")).toBe("ok");
    expect(list(booted, "pmem")).toEqual([]);
  });

  it("keeps the shutdown state and the labels to itself (EBUSY), and says that the device is in use", () => {
    const booted = bootMachine(machineOf([portOf("rp0", { slots: [deviceOf("d0", { persistentCapacity: 256n * MiB, labelArea: 4096n })] })]), persistent);
    const send = (name: string, input: readonly number[], room: number) => errnoOf(() => booted.run(booted.files.send("/dev/cxl/mem0", name, Uint8Array.from(input), room)));
    expect([send("setShutdown", [0], 0), send("setLabels", [0, 0, 0, 0, 0, 0, 0, 0, 1], 0)]).toEqual(["EBUSY", "EBUSY"]);
    expect(booted.run(booted.files.send("/dev/cxl/mem0", "getShutdown", new Uint8Array(0), 1)).output[0]).toBe(1);
    booted.command("cxl disable-memdev mem0");
    expect(send("setShutdown", [0], 0)).toBe("ok");
  });

  it("(4.2) where no window takes persistent memory the platform has it disabled: ENODEV, the memdev stays without a driver", () => {
    const booted = boot(1, {});
    expect(booted.dmesg()).toContain("cxl_mem mem0: PMEM disabled by platform");
    expect([booted.files.exists(`${devices}/mem0`), booted.files.exists(`${devices}/mem0/driver`), list(booted, "endpoint"), list(booted, "pmem")]).toEqual([true, false, [], []]);
    expect(storeAt(booted, "/sys/bus/cxl/drivers/cxl_mem/bind", "mem0")).toBe("ENODEV");
  });
});

describe("a region of firmware's decoders over persistent partitions", () => {
  const region = (targets: readonly string[], values: Partial<FirmwareRegion>): FirmwareRegion => ({ window: 0, base: start, size: 256n * MiB * BigInt(targets.length), granularity: 256, targets, isLocked: false, ...values });

  it("(6.2) is made as one of volatile memory is: its kind is the partition's, it has no UUID", () => {
    const only = machineOf(["0", "1"].map((n) => portOf(`rp${n}`, { slots: [deviceOf(`d${n}`, { serial: BigInt(n) + 1n, volatileCapacity: 0n, persistentCapacity: 512n * MiB })] })));
    const booted = bootMachine(only, { ...persistent, firmware: { setup: { ...noSetup, regions: [region(["d1", "d0"], {})] } } });
    expect(["commit", "mode", "uuid", "interleave_ways", "target0", "target1"].map((name) => read(booted, `region0/${name}`))).toEqual(["1", "pmem", noUuid, "2", "decoder3.0", "decoder2.0"]);
    expect([list(booted, "pmem_region"), list(booted, "dax_region"), booted.files.exists(`${devices}/pmem_region0/driver`)]).toEqual([["pmem_region0"], [], true]);
  });

  it("[A3] members of both partitions over one range: the first arrival's kind is the region's, the other is left out", () => {
    const mixed = machineOf([portOf("rp0", { slots: [deviceOf("d0", { serial: 1n })] }), portOf("rp1", { slots: [deviceOf("d1", { serial: 2n, volatileCapacity: 0n, persistentCapacity: 256n * MiB })] })]);
    const booted = bootMachine(mixed, { ...persistent, firmware: { setup: { ...noSetup, regions: [region(["d0", "d1"], {})] } } });
    expect(["commit", "mode", "target0", "target1"].map((name) => read(booted, `region0/${name}`))).toEqual(["0", "ram", "decoder2.0", ""]);
    expect(booted.dmesg().filter((line) => line.includes("failed to attach"))).toEqual(["cxl_port endpoint3: failed to attach decoder3.0 to region0: -22"]);
    expect([read(booted, "decoder3.0/mode"), read(booted, "decoder3.0/size"), list(booted, "region")]).toEqual(["pmem", "0x20000000", ["region0"]]);
  });
});
