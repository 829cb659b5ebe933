// What a booted kernel shows of the machine, and how functions go and come back (region-assembly 2-4, 8).

import { describe, expect, it } from "vitest";
import type { Device } from "../../src/kernel/base/device.ts";
import { regionOf, regionStates } from "../../src/kernel/cxl/types.ts";
import { devicesBelow, markDisconnected, removeBelow, rescan } from "../../src/kernel/pci/rescan.ts";
import { disableLink, enableLink, isLinkUp, waitForLink } from "../../src/kernel/pci/link.ts";
import { addressOf, portAbove } from "../../src/kernel/pci/device.ts";
import { armProbe } from "../../src/hardware/probes.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import { accessesOf } from "../support/accesses.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { GiB, MiB, deviceOf, machineOf, offsetOf, portOf } from "../support/machine.ts";

const devices = "/sys/bus/cxl/devices";
const replacement = deviceOf("other", { serial: 0x99n, barSize: 4n * MiB, volatileCapacity: 512n * MiB });
const twoPorts = (): MachineDescription => machineOf([portOf("rp0", { slots: [deviceOf("d0", { serial: 1n }), replacement] }), portOf("rp1", { slots: [deviceOf("d1", { serial: 2n })] })]);

function deviceNamed(booted: Booted, name: string): Device {
  const found = [...booted.kernel.devices.values()].find((device) => device.name === name);
  if (found === undefined) throw new Error(`no device ${name}`);
  return found;
}

const list = (booted: Booted, kind: string): string[] => booted.files.list(devices).filter((name) => name.startsWith(kind));

describe("a booted kernel", () => {
  it("shows bridges, functions, BARs and windows nested in /proc/iomem", () => {
    const booted = bootMachine(twoPorts());
    expect(booted.files.list("/sys/bus/pci/devices")).toEqual(["0000:0c:00.0", "0000:0c:01.0", "0000:0d:00.0", "0000:0e:00.0"]);
    expect(booted.files.realpath("/sys/bus/pci/devices/0000:0d:00.0")).toBe("/sys/devices/pci0000:0c/0000:0c:00.0/0000:0d:00.0");
    expect(booted.read("/sys/bus/pci/devices/0000:0d:00.0/class")).toBe("0x050210\n");
    expect(booted.read("/proc/iomem")).toMatch(/PCI Bus 0000:0c\n {2}[0-9a-f-]+ : PCI Bus 0000:0d\n {4}[0-9a-f-]+ : 0000:0d:00\.0\n {6}[0-9a-f-]+ : endpoint\d\n/);
    expect(booted.read("/proc/iomem")).toContain("400000000-4ffffffff : CXL Window 0\n");
    expect(booted.read("/proc/iomem")).toContain("00000000-3fffffff : System RAM\n");
  });

  it("has the attributes of the captured tree on every kind of device", () => {
    const booted = bootMachine(twoPorts());
    const read = (path: string): string => booted.read(`${devices}/${path}`).trim();
    expect(booted.files.list(`${devices}/decoder1.0`)).toEqual(["devtype", "interleave_granularity", "interleave_ways", "locked", "modalias", "region", "size", "start", "subsystem", "target_list", "target_type", "uevent"]);
    expect(booted.files.list(`${devices}/decoder2.0`)).toEqual(["devtype", "dpa_resource", "dpa_size", "interleave_granularity", "interleave_ways", "locked", "modalias", "mode", "region", "size", "start", "subsystem", "target_type", "uevent"]);
    expect(["devtype", "modalias", "mode", "dpa_resource", "dpa_size", "size", "target_type"].map((name) => read(`decoder2.0/${name}`))).toEqual(["cxl_decoder_endpoint", "cxl:t0", "none", "0xffffffffffffffff", "0x0000000000000000", "0x0", "expander"]);
    expect(["cap_ram", "cap_pmem", "cap_type2", "cap_type3", "target_list", "start", "size"].map((name) => read(`decoder0.0/${name}`))).toEqual(["1", "0", "1", "1", "0", "0x400000000", "0x100000000"]);
    expect(["devtype", "modalias", "decoders_committed"].map((name) => read(`endpoint2/${name}`))).toEqual(["cxl_port", "cxl:t3", "0"]);
    expect(read("root0/modalias")).toBe("cxl:t4");
    expect(["serial", "ram/size", "pmem/size", "numa_node"].map((name) => read(`mem0/${name}`))).toEqual(["0x1", "0x10000000", "0x0", "-1"]);
    expect(booted.files.readlink(`${devices}/endpoint2/uport`)).toBe("../../../../../pci0000:0c/0000:0c:00.0/0000:0d:00.0/mem0");
    expect(booted.files.readlink(`${devices}/port1/dport0`)).toBe("../../../../pci0000:0c/0000:0c:00.0");
    expect(booted.files.readlink(`${devices}/mem0/driver`)).toBe("../../../../../bus/cxl/drivers/cxl_mem");
  });

  it("[rule 8] races of probing change names, never what is there", () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 12; seed++) {
      const booted = bootMachine(twoPorts(), { seed });
      expect([list(booted, "mem"), list(booted, "endpoint"), list(booted, "decoder").length]).toEqual([["mem0", "mem1"], ["endpoint2", "endpoint3"], 13]);
      seen.add(booted.read(`${devices}/mem0/serial`));
    }
    expect(seen).toEqual(new Set(["0x1\n", "0x2\n"]));
  });

  it("every window has a line of its own in /proc/iomem", () => {
    const machine = twoPorts();
    const window = machine.windows[0];
    if (window === undefined) throw new Error("no window");
    const booted = bootMachine({ ...machine, windows: [window, { ...window, base: 32n * GiB }] });
    expect(booted.read("/proc/iomem")).toContain("800000000-8ffffffff : CXL Window 1\n");
  });
});

describe("a function that goes and comes back", () => {
  const takeDown = (booted: Booted, port: Device): void => {
    disableLink(booted.kernel, port);
    expect(booted.run(waitForLink(booted.kernel, port, false))).toBe(true);
    markDisconnected(port);
    booted.run(removeBelow(booted.kernel, port));
  };
  const bringUp = (booted: Booted, port: Device): readonly Device[] => {
    enableLink(booted.kernel, port);
    expect(booted.run(waitForLink(booted.kernel, port, true))).toBe(true);
    return booted.run(rescan(booted.kernel, port));
  };

  it("(8) removal from a committed region decommits every member, keeps the region without its target, takes dax away", () => {
    const booted = bootMachine(twoPorts(), { policies: { isolationAction: "none" } });
    expect(booted.command("cxl create-region -d decoder0.0 -m -t ram mem0 mem1").exitCode).toBe(0);
    const region = deviceNamed(booted, "region0");
    takeDown(booted, deviceNamed(booted, "0000:0c:00.0"));
    expect(regionOf(region).state).toBe(regionStates.interleaveActive);
    expect([booted.read(`${devices}/region0/target0`), booted.read(`${devices}/region0/target1`), booted.read(`${devices}/region0/commit`)]).toEqual(["\n", "decoder3.0\n", "0\n"]);
    expect(booted.read(`${devices}/port1/decoders_committed`)).toBe("0\n");
    expect(list(booted, "dax_region")).toEqual([]);
    expect(list(booted, "mem")).toEqual(["mem1"]);
    expect([booted.read(`${devices}/decoder1.0/size`), booted.read(`${devices}/decoder3.0/size`)]).toEqual(["0x0\n", "0x20000000\n"]);
    expect(booted.command("cxl destroy-region -f region0").stderr).toContain("error locating decoder for target0");
  });

  it("[S70] after link-up BARs, memory enable, HDM enable and Mem_Enable are written anew and a region can be made again", () => {
    const booted = bootMachine(twoPorts(), { policies: { isolationAction: "none" } });
    const port = deviceNamed(booted, "0000:0c:00.0");
    takeDown(booted, port);
    expect(isLinkUp(booted.kernel, port)).toBe(false);
    const function0 = addressOf(port);
    let found: readonly Device[] = [];
    const accesses = accessesOf(booted.system.hardware, () => void (found = bringUp(booted, port)));
    const address = found[0] === undefined ? 0 : addressOf(found[0]);
    const configWrites = accesses.filter((access) => access.kind === "config-write" && access.place === address).map((access) => access.offset);
    for (const register of ["bar0", "bar1", "command"]) expect([register, configWrites.includes(offsetOf("deviceConfig", "endpointHeader", register))]).toEqual([register, true]);
    expect(configWrites).toContain(offsetOf("deviceConfig", "dvsecDevice", "control"));
    const enable = offsetOf("deviceComponent", "hdmDecoderDevice", "globalControl");
    expect(accesses.some((access) => access.kind === "write" && access.offset === enable && access.value === 2)).toBe(true);
    expect(function0).not.toBe(address);
    expect(booted.command("cxl create-region -d decoder0.0 -m -t ram mem0 mem1").exitCode).toBe(0);
  });

  it("a replacement with other serial, BAR size and capacity shows its own values; nothing from before is reachable", () => {
    const booted = bootMachine(twoPorts(), { policies: { isolationAction: "none" } });
    const port = deviceNamed(booted, "0000:0c:00.0");
    const before = new Set(devicesBelow(port));
    takeDown(booted, port);
    armProbe(booted.system.hardware, 0, { match: { kind: "time", at: booted.system.hardware.now + 1 }, action: { kind: "plug", port: "rp0", device: "other" } });
    booted.system.hardware.advanceTo(booted.system.hardware.now + 10);
    const [found] = bringUp(booted, port);
    expect(found).toBeDefined();
    expect([...booted.kernel.devices.values()].filter((device) => before.has(device))).toEqual([]);
    expect(booted.read(`${devices}/mem0/serial`)).toBe("0x99\n");
    expect(booted.read(`${devices}/mem0/ram/size`)).toBe("0x20000000\n");
    const bar = /([0-9a-f]+)-([0-9a-f]+) : 0000:0d:00\.0/.exec(booted.read("/proc/iomem"));
    expect(BigInt(`0x${bar?.[2]}`) - BigInt(`0x${bar?.[1]}`) + 1n).toBe(4n * MiB);
    expect(found === undefined ? undefined : portAbove(found)).toBe(port);
  });

  it("reads all ones from a dead device end its endpoint with ENXIO and leave the memdev unbound", () => {
    const booted = bootMachine(twoPorts(), { policies: { isolationAction: "none" } });
    booted.run(booted.files.write("/sys/bus/cxl/drivers/cxl_mem/unbind", "mem0"));
    expect(list(booted, "endpoint")).toEqual(["endpoint3"]);
    disableLink(booted.kernel, deviceNamed(booted, "0000:0c:00.0"));
    expect(() => booted.run(booted.files.write("/sys/bus/cxl/drivers/cxl_mem/bind", "mem0"))).toThrow();
    expect(list(booted, "endpoint")).toEqual(["endpoint3"]);
    expect(booted.files.exists(`${devices}/mem0/driver`)).toBe(false);
  });

  it("unbind and bind of a memdev bring its endpoint back with the lowest free number", () => {
    const booted = bootMachine(twoPorts(), { policies: { isolationAction: "none" } });
    booted.run(booted.files.write("/sys/bus/cxl/drivers/cxl_mem/unbind", "mem0"));
    booted.run(booted.files.write("/sys/bus/cxl/drivers/cxl_mem/bind", "mem0"));
    expect(list(booted, "endpoint")).toEqual(["endpoint2", "endpoint3"]);
    expect(booted.read(`${devices}/endpoint2/decoders_committed`)).toBe("0\n");
  });
});
