// What a real Linux 7.2 showed on this hardware (docs/linux.md) and no capture has: ranges that stay, an order that is kept, probes that fail, media that is not ready.

import { describe, expect, it } from "vitest";
import type { DeviceDescription } from "../../src/platform/description.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { MiB, deviceOf, machineOf, portOf } from "../support/machine.ts";
import { downstreamOf, switchOf } from "../support/topology.ts";
import { act, memdevs as devices, store, twoDevices } from "../support/memdev.ts";

const read = (booted: Booted, path: string): string => booted.read(`${devices}/${path}`).trimEnd();
const lastOf = (text: string): string[] => text.trimEnd().split("\n");
const one = (device: Partial<DeviceDescription> = {}): Booted => bootMachine(machineOf([portOf("rp0", { slots: [deviceOf("d0", { serial: 1n, ...device })] })]));
const create = (way: string): string => `cxl create-region -d decoder0.0 -t ram ${way}`;

describe("the range of a port's decoder after its region", () => {
  const sizes = (booted: Booted, names: readonly string[]): string[] => names.map((name) => read(booted, `${name}/size`));

  it("stays where the port led to one member, which was the first to go", () => {
    const booted = bootMachine(twoDevices());
    expect(booted.command(create("-w 1 -m mem0")).exitCode).toBe(0);
    expect(booted.command("cxl destroy-region -f region0").exitCode).toBe(0);
    expect([sizes(booted, ["decoder1.0", "decoder2.0"]), read(booted, "port1/decoders_committed")]).toEqual([["0x10000000", "0x0"], "0"]);
  });

  it("is forgotten where others were left when the first member went", () => {
    const booted = bootMachine(twoDevices());
    expect(booted.command(create("-w 2 -m mem0 mem1")).exitCode).toBe(0);
    expect(store(booted, `${devices}/region0/commit`, "0")).toBe("ok");
    expect(store(booted, `${devices}/region0/target0`, "\n")).toBe("ok");
    // Who stays keeps what it was given.
    expect(sizes(booted, ["decoder1.0", "decoder2.0", "decoder3.0"])).toEqual(["0x0", "0x0", "0x20000000"]);
  });

  it("is told at boot only of decoders that have registers", () => {
    const machine = machineOf([portOf("rp0", { slots: [deviceOf("d0", { serial: 1n })] })]);
    const alone = (decoders: number): string[] => bootMachine({ ...machine, hostBridges: machine.hostBridges.map((bridge) => ({ ...bridge, decoders })) }).dmesg().filter((line) => line.startsWith("cxl_port port1: decoder1.0: range"));
    expect([alone(0), alone(1).length]).toEqual([[], 1]);
  });
});

describe("cxl destroy-region", () => {
  it("refuses a region while a later decoder of one of its cards holds device memory, and touches nothing", () => {
    const booted = bootMachine(machineOf([portOf("rp0", { slots: [deviceOf("d0", { serial: 1n, volatileCapacity: 512n * MiB })] }), portOf("rp1", { portNumber: 1 })]));
    for (const line of [create("-w 1 -s 256M -m mem0"), create("-w 1 -s 256M -m mem0")]) expect([line, booted.command(line).exitCode]).toEqual([line, 0]);
    const refused = booted.command("cxl destroy-region -f region0");
    expect([refused.exitCode, lastOf(refused.stderr)]).toEqual([1, [
      "cxl region: region_destroy_validate_order: region0: destroy blocked, mem0 still has later active decoder decoder2.1",
      "cxl region: decoder_region_action: region0: failed: Device or resource busy",
      "cxl region: region_action: one or more failures, last failure: Device or resource busy",
      "cxl region: cmd_destroy_region: destroyed 0 regions",
    ]]);
    expect([read(booted, "region0/commit"), booted.files.exists(`${devices}/dax_region0`)]).toEqual(["1", true]);
    for (const region of ["region1", "region0"]) expect([region, booted.command(`cxl destroy-region -f ${region}`).exitCode]).toEqual([region, 0]);
  });
});

describe("a probe that fails", () => {
  const rebind = "/sys/bus/pci/drivers/cxl_pci";
  const host = "0000:0d:00.0";
  const linesOf = (booted: Booted): string[] => booted.kernel.log.filter(({ text }) => text.includes(": probe with driver")).map(({ level, text }) => `${level} ${text}`);

  it("is told at level err, but at level debug where the driver says that the device is not for it", () => {
    const booted = one();
    for (const [fault, value, errno] of [["truncate", 3, "EIO"], ["return-code", 0x04, "ENXIO"]] as const) {
      expect(store(booted, `${rebind}/unbind`, host)).toBe("ok");
      act(booted, { kind: "mailboxFault", device: "d0", fault, value, opcode: 0x4000, count: 1 });
      expect(store(booted, `${rebind}/bind`, host)).toBe(errno);
      expect(store(booted, `${rebind}/bind`, host)).toBe("ok");
    }
    expect(linesOf(booted)).toEqual([`err cxl_pci ${host}: probe with driver cxl_pci failed with error -5`, `debug cxl_pci ${host}: probe with driver cxl_pci rejects match -6`]);
  });
});

describe("a memdev whose media does not become ready", () => {
  const booted = one({ mediaReadyTime: 3_600_000_000_000 });

  it("is not asked who it is, and has the one byte of class 0 that a partition nobody made reads as", () => {
    expect(booted.dmesg().filter((line) => line.endsWith("Sending command: 0x4000"))).toEqual([]);
    expect(["firmware_version", "ram/size", "ram/qos_class", "pmem/size"].map((name) => read(booted, `mem0/${name}`))).toEqual(["", "0x1", "0", "0x0"]);
  });

  it("has no endpoint, which the driver core tells; cxl list has it apart, and its library complains where it would read media errors", () => {
    expect(booted.dmesg()).toContain("cxl_mem mem0: probe with driver cxl_mem failed with error -16");
    const listed = booted.command("cxl list -vvvi");
    expect(lastOf(listed.stderr)).toEqual(["libcxl: cxl_memdev_trigger_poison_list: mem0: trigger_poison_list unsupported by device"]);
    expect((JSON.parse(listed.stdout) as readonly Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>>[])[0]?.["anon memdevs"]?.[0]).toMatchObject({ memdev: "mem0", ram_size: 1, ram_qos_class: 0, state: "disabled" });
  });

  it("leaves its port without downstream ports, which cxl list does not count", () => {
    expect(booted.command("cxl list -PT").stdout).not.toContain("nr_dports");
  });
});

describe("a poison list that a device refuses", () => {
  it("is a complaint of libcxl for each time that it was wanted, the region's first", () => {
    const booted = bootMachine(twoDevices());
    expect(booted.command(create("-w 1 -m mem0")).exitCode).toBe(0);
    act(booted, { kind: "mailboxFault", device: "d0", fault: "return-code", value: 0x04, opcode: 0x4300, count: 2 });
    const { stderr, stdout } = booted.command("cxl list -RML");
    expect(lastOf(stderr)).toEqual(["libcxl: cxl_memdev_trigger_poison_list: mem0: Failed trigger_poison_list", "libcxl: cxl_memdev_trigger_poison_list: mem0: Failed trigger_poison_list"]);
    expect(stdout).not.toContain("media_errors");
  });
});

describe("RAS registers in /proc/iomem", () => {
  it("of a switch's upstream port belong to its port", () => {
    const booted = bootMachine(machineOf([portOf("rp0", { slots: [switchOf("sw", [downstreamOf("dsp", 0, [deviceOf("d0", { serial: 1n })])])] })]));
    const port = booted.files.list(devices).find((name) => name.startsWith("port") && booted.files.readlink(`${devices}/${name}/uport`).endsWith("0000:0d:00.0")) ?? "";
    expect(booted.read("/proc/iomem").split("\n").filter((line) => line.trim().endsWith(`: ${port}`)).length).toBeGreaterThanOrEqual(2);
  });
});
