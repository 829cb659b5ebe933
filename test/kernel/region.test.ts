// Regions made, committed and undone through sysfs on the real module (region-assembly 7; C15-C17; L1-L6).

import { describe, expect, it } from "vitest";
import type { MachineDescription } from "../../src/platform/description.ts";
import { isPort, portOf } from "../../src/kernel/cxl/types.ts";
import { accessesOf } from "../support/accesses.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { GiB, MiB, deviceOf, machineOf, offsetOf, portOf as rootPortOf } from "../support/machine.ts";
import { errnoOf, store as storeAt } from "../support/memdev.ts";
import { downstreamOf, switchOf } from "../support/topology.ts";

const devices = "/sys/bus/cxl/devices";

/** `bridges` host bridges with `ports` ports each, one window over all of them. */
function wideMachine(bridges: number, ports: number, granularity = 256): MachineDescription {
  const base = machineOf([]);
  const hostBridges = Array.from({ length: bridges }, (_, b) => ({
    name: `hb${b}`, uid: b, segment: 0, busStart: 16 * (b + 1), busEnd: 16 * (b + 1) + 15, componentBase: 0xfe00_0000n + BigInt(b) * 0x1_0000n, decoders: 4, targetCount: 8,
    rootPorts: Array.from({ length: ports }, (__, p) => rootPortOf(`rp${b}${p}`, { portNumber: p, slots: [deviceOf(`d${b}${p}`, { serial: BigInt(b * 16 + p) })] })),
  }));
  return { ...base, hostBridges, windows: [{ base: 16n * GiB, size: 8n * GiB, ways: bridges, granularity, targets: hostBridges.map((_, index) => index) }] };
}

const twoPorts = (): MachineDescription => machineOf([rootPortOf("rp0", { slots: [deviceOf("d0", { serial: 1n })] }), rootPortOf("rp1", { slots: [deviceOf("d1", { serial: 2n })] })]);

const store = (booted: Booted, path: string, text: string) => storeAt(booted, `${devices}/${path}`, text);
const read = (booted: Booted, path: string): string => booted.read(`${devices}/${path}`).trim();

/** region0 with ways and granularity, without a size. */
function newRegion(booted: Booted, ways = 2, granularity = 256): void {
  expect(store(booted, "decoder0.0/create_ram_region", "region0")).toBe("ok");
  expect(store(booted, "region0/interleave_granularity", String(granularity))).toBe("ok");
  expect(store(booted, "region0/interleave_ways", String(ways))).toBe("ok");
}

function fillTargets(booted: Booted, decoders: readonly string[], share = "0x10000000"): void {
  for (const [position, decoder] of decoders.entries()) {
    expect(store(booted, `${decoder}/mode`, "ram")).toBe("ok");
    expect(store(booted, `${decoder}/dpa_size`, share)).toBe("ok");
    expect([position, store(booted, `region0/target${position}`, decoder)]).toEqual([position, "ok"]);
  }
}

/** memdev names in order of serial numbers, with the id of their endpoint. */
function endpoints(booted: Booted): number[] {
  const all = booted.files.list(devices).filter((name) => /^mem\d/.test(name)).toSorted((a, b) => Number(BigInt(read(booted, `${a}/serial`)) - BigInt(read(booted, `${b}/serial`))));
  return all.map((name) => Number(booted.files.list(devices).filter((other) => other.startsWith("endpoint")).find((other) => booted.files.readlink(`${devices}/${other}/uport`).endsWith(`/${name}`))?.slice(8)));
}

describe("creation through sysfs", () => {
  it("(7.1) the name must be the one that is read, and window attributes say what can be made", () => {
    const booted = bootMachine(twoPorts());
    expect(read(booted, "decoder0.0/create_ram_region")).toBe("region0");
    expect(store(booted, "decoder0.0/create_ram_region", "region5")).toBe("EBUSY");
    expect(store(booted, "decoder0.0/create_ram_region", "other")).toBe("EINVAL");
    expect(booted.files.exists(`${devices}/decoder0.0/create_pmem_region`)).toBe(false);
    const pmemOnly = bootMachine(twoPorts(), { restrictions: { volatile: false, persistent: true } });
    expect(pmemOnly.files.exists(`${devices}/decoder0.0/create_ram_region`)).toBe(false);
  });

  it("(7.1) ids: every root decoder holds the next one, a freed one is used again first", () => {
    const booted = bootMachine(twoPorts());
    newRegion(booted);
    expect(read(booted, "decoder0.0/create_ram_region")).toBe("region1");
    expect(store(booted, "decoder0.0/delete_region", "region0")).toBe("ok");
    expect(read(booted, "decoder0.0/create_ram_region")).toBe("region0");
    expect(store(booted, "decoder0.0/delete_region", "region0")).toBe("ENODEV");
  });

  it("(7.1) ways and granularity: illegal values EINVAL, fixed once there is a size, size needs both (ENXIO)", () => {
    const booted = bootMachine(twoPorts());
    expect(store(booted, "decoder0.0/create_ram_region", "region0")).toBe("ok");
    expect(store(booted, "region0/size", "0x10000000")).toBe("ENXIO");
    for (const bad of ["128", "300", "32768", "many"]) expect([bad, store(booted, "region0/interleave_granularity", bad)]).toEqual([bad, "EINVAL"]);
    for (const bad of ["0", "5", "3", "32"]) expect([bad, store(booted, "region0/interleave_ways", bad)]).toEqual([bad, "EINVAL"]);
    expect(store(booted, "region0/interleave_granularity", "4096")).toBe("ok");
    expect(store(booted, "region0/interleave_ways", "2")).toBe("ok");
    expect(store(booted, "region0/size", "0x10000000")).toBe("EINVAL");
    expect(store(booted, "region0/size", "0x20000000")).toBe("ok");
    expect(store(booted, "region0/size", "0x40000000")).toBe("EBUSY");
    expect(store(booted, "region0/interleave_ways", "4")).toBe("EBUSY");
    expect(store(booted, "region0/interleave_granularity", "256")).toBe("EBUSY");
    expect(store(booted, "region0/size", "0")).toBe("ok");
    expect(store(booted, "region0/interleave_ways", "1")).toBe("ok");
  });

  it("[L1] below a window of more than one way only its granularity is taken", () => {
    const booted = bootMachine(wideMachine(2, 1, 512));
    expect(store(booted, "decoder0.0/create_ram_region", "region0")).toBe("ok");
    expect(store(booted, "region0/interleave_granularity", "256")).toBe("EINVAL");
    expect(store(booted, "region0/interleave_granularity", "512")).toBe("ok");
    expect(store(booted, "region0/interleave_ways", "1")).toBe("EINVAL");
    expect(store(booted, "region0/interleave_ways", "2")).toBe("ok");
  });

  it("[S30] a full window fails with ERANGE, and free space is taken from the lowest address", () => {
    const booted = bootMachine(machineOf([rootPortOf("rp0")], { windows: [{ base: 16n * GiB, size: 512n * MiB, ways: 1, granularity: 256, targets: [0] }] }));
    newRegion(booted, 1);
    expect(store(booted, "region0/size", "0x30000000")).toBe("ERANGE");
    expect(store(booted, "region0/size", "0x10000000")).toBe("ok");
    expect(read(booted, "region0/resource")).toBe("0x400000000");
    expect(booted.read("/proc/iomem")).toContain("400000000-41fffffff : CXL Window 0\n  400000000-40fffffff : region0\n");
  });

  it("(7.1) targets: unknown name, no endpoint decoder, taken slot, same memdev, no partition, wrong size", () => {
    const booted = bootMachine(twoPorts());
    const [a, b] = endpoints(booted);
    newRegion(booted);
    expect(store(booted, "region0/target0", `decoder${a}.0`)).toBe("ENODEV");
    expect(store(booted, `decoder${a}.0/mode`, "ram")).toBe("ok");
    expect(store(booted, "region0/target0", `decoder${a}.0`)).toBe("ENXIO");
    expect(store(booted, "region0/size", "0x20000000")).toBe("ok");
    expect(store(booted, "region0/target0", "decoder9.9")).toBe("ENODEV");
    expect(store(booted, "region0/target0", "decoder1.0")).toBe("EINVAL");
    expect(store(booted, "region0/target0", `decoder${a}.0`)).toBe("ENXIO");
    expect(store(booted, `decoder${a}.0/dpa_size`, "0x10000000")).toBe("ok");
    expect(store(booted, "region0/target0", `decoder${a}.0`)).toBe("ok");
    expect(store(booted, "region0/target0", `decoder${b}.0`)).toBe("ENODEV");
    expect(store(booted, "region0/target1", `decoder${a}.0`)).toBe("EBUSY");
    expect(store(booted, `decoder${a}.0/dpa_size`, "0")).toBe("EBUSY");
    expect(store(booted, "region0/commit", "1")).toBe("ENXIO");
  });

  it("(7.5) DPA: order of ids, capacity, mode first", () => {
    const booted = bootMachine(machineOf([rootPortOf("rp0", { slots: [deviceOf("d0", { volatileCapacity: 512n * MiB })] })]));
    const [a] = endpoints(booted);
    expect(store(booted, `decoder${a}.0/dpa_size`, "0x10000000")).toBe("EBUSY");
    expect(store(booted, `decoder${a}.0/mode`, "pmem")).toBe("EINVAL");
    for (const n of [0, 1]) expect(store(booted, `decoder${a}.${n}/mode`, "ram")).toBe("ok");
    expect(store(booted, `decoder${a}.1/dpa_size`, "0x10000000")).toBe("EBUSY");
    expect(store(booted, `decoder${a}.0/dpa_size`, "0x1000")).toBe("EINVAL");
    expect(store(booted, `decoder${a}.0/dpa_size`, "0x30000000")).toBe("ENOSPC");
    expect(store(booted, `decoder${a}.0/dpa_size`, "0x10000000")).toBe("ok");
    expect(store(booted, `decoder${a}.1/dpa_size`, "0x10000000")).toBe("ok");
    expect(read(booted, `decoder${a}.1/dpa_resource`)).toBe("0x10000000");
    expect(store(booted, `decoder${a}.0/dpa_size`, "0")).toBe("EBUSY");
    expect(store(booted, `decoder${a}.1/dpa_size`, "0")).toBe("ok");
  });
});

describe("commit and reset", () => {
  const relative = (offset: number, block: "hostBridgeComponent" | "deviceComponent"): number => offset - offsetOf(block, block === "deviceComponent" ? "hdmDecoderDevice" : "hdmDecoderPort", "baseLow");

  it("[C15] [C17] writes base, size, list or skip, control; endpoint before host bridge; a shared decoder once", () => {
    const booted = bootMachine(twoPorts());
    const { hardware } = booted.system;
    const [a, b] = endpoints(booted);
    newRegion(booted);
    store(booted, "region0/size", "0x20000000");
    fillTargets(booted, [`decoder${b}.0`, `decoder${a}.0`]);
    const accesses = accessesOf(hardware, () => expect(store(booted, "region0/commit", "1")).toBe("ok"));
    const bridge = hardware.entities.bridges.get("hb0")?.id;
    const names = new Map([[hardware.entities.devices.get("d0")?.id, "d0"], [hardware.entities.devices.get("d1")?.id, "d1"], [bridge, "hb0"]]);
    const writes = accesses.filter((access) => access.kind === "write").map((access) => `${names.get(access.place)}+${relative(access.offset, access.place === bridge ? "hostBridgeComponent" : "deviceComponent").toString(16)}=${access.value.toString(16)}`);
    const decoder = (name: string, list: string): string[] => [`${name}+4=4`, `${name}+0=0`, `${name}+c=0`, `${name}+8=20000000`, `${name}+18=0`, `${name}+14=${list}`, `${name}+10=1210`];
    expect(writes).toEqual([...decoder("d1", "0"), ...decoder("hb0", "1"), ...decoder("d0", "0")]);
    expect(read(booted, "decoder1.0/target_list")).toBe("1,0");
  });

  it("[C16] reset goes from the highest position, host bridge first: commit cleared, then size and base zeroed", () => {
    const booted = bootMachine(twoPorts());
    const { hardware } = booted.system;
    booted.command("cxl create-region -d decoder0.0 -m -t ram mem0 mem1");
    const accesses = accessesOf(hardware, () => expect(store(booted, "region0/commit", "0")).toBe("ok"));
    const bridge = hardware.entities.bridges.get("hb0")?.id;
    const order = accesses.filter((access) => access.kind === "write").map((access) => [access.place, relative(access.offset, access.place === bridge ? "hostBridgeComponent" : "deviceComponent")]);
    const last = hardware.entities.devices.get("d1")?.id;
    const first = hardware.entities.devices.get("d0")?.id;
    expect(order).toEqual([bridge, last, first].flatMap((place) => [0x10, 0xc, 0x8, 0x4, 0x0].map((offset) => [place, offset])));
    expect(read(booted, "region0/commit")).toBe("0");
    expect(booted.files.exists(`${devices}/dax_region0`)).toBe(false);
  });

  it("(7.2) a decoder that never answers fails with ETIMEDOUT after 20 polls, and the others are rolled back", () => {
    const booted = bootMachine({ ...twoPorts(), implementation: { ...twoPorts().implementation, decoderCommitTime: 50_000_000 } });
    const result = booted.command("cxl create-region -d decoder0.0 -m -t ram mem0");
    expect(result.exitCode).toBe(1);
    expect(result.stderr).toContain("Connection timed out");
    expect(booted.files.list(devices).filter((name) => /^(port|endpoint)\d/.test(name)).map((port) => read(booted, `${port}/decoders_committed`))).toEqual(["0", "0", "0"]);
    expect(booted.files.exists(`${devices}/region0`)).toBe(false);
  });

  it("(7.2) a decoder that answers after 5 ms is waited for", () => {
    const booted = bootMachine({ ...twoPorts(), implementation: { ...twoPorts().implementation, decoderCommitTime: 5_000_000 } });
    expect(booted.command("cxl create-region -d decoder0.0 -m -t ram mem0 mem1").exitCode).toBe(0);
  });

  it("bind of a region that is not committed fails, of a committed one makes its dax region", () => {
    const booted = bootMachine(twoPorts());
    newRegion(booted);
    expect(errnoOf(() => booted.run(booted.files.write("/sys/bus/cxl/drivers/cxl_region/bind", "region0")))).toBe("ENXIO");
    const [a, b] = endpoints(booted);
    store(booted, "region0/size", "0x20000000");
    fillTargets(booted, [`decoder${a}.0`, `decoder${b}.0`]);
    expect(store(booted, "region0/commit", "1")).toBe("ok");
    booted.run(booted.files.write("/sys/bus/cxl/drivers/cxl_region/bind", "region0"));
    expect(booted.files.readlink(`${devices}/dax_region0`)).toBe("../../../devices/platform/ACPI0017:00/root0/decoder0.0/region0/dax_region0");
  });

  it("[POL-ISOREFUSE] a region below an isolated port is refused with EBUSY only when policy says so", () => {
    for (const [refuseIsolated, expected] of [[true, "EBUSY"], [false, "ok"]] as const) {
      const booted = bootMachine(twoPorts(), { policies: { refuseIsolated } });
      const [a] = endpoints(booted);
      newRegion(booted, 1);
      store(booted, "region0/size", "0x10000000");
      store(booted, `decoder${a}.0/mode`, "ram");
      store(booted, `decoder${a}.0/dpa_size`, "0x10000000");
      for (const device of booted.kernel.devices.values()) if (isPort(device)) for (const dport of portOf(device).dports) dport.isIsolated = true;
      expect(store(booted, "region0/target0", `decoder${a}.0`)).toBe(expected);
    }
  });
});

describe("interleave over host bridges", () => {
  for (const [bridges, ports] of [[1, 1], [1, 2], [1, 4], [1, 8], [2, 1], [2, 2], [2, 4], [4, 1], [4, 2], [8, 1]] as const) {
    it(`[L3] [L6] ${bridges} bridges x ${ports} ports: programmed so that every chunk is in a place of its own`, () => {
      const ways = bridges * ports;
      const booted = bootMachine(wideMachine(bridges, ports));
      const ids = endpoints(booted);
      newRegion(booted, ways);
      expect(store(booted, "region0/size", `0x${(256n * MiB * BigInt(ways)).toString(16)}`)).toBe("ok");
      // Positions alternate between bridges: position p is port p / bridges of bridge p mod bridges.
      fillTargets(booted, Array.from({ length: ways }, (_, p) => `decoder${ids[(p % bridges) * ports + Math.floor(p / bridges)]}.0`));
      expect(store(booted, "region0/commit", "1")).toBe("ok");
      const bridge = booted.files.list(devices).find((name) => /^port\d/.test(name)) ?? "";
      expect(read(booted, `decoder${bridge.slice(4)}.0/interleave_ways`)).toBe(String(ports));
      expect(read(booted, `decoder${bridge.slice(4)}.0/interleave_granularity`)).toBe(String(256 * bridges));
      const { memory } = booted.system.platform;
      const base = 16n * GiB;
      for (let chunk = 0n; chunk < BigInt(4 * ways); chunk++) expect(memory.store(base + chunk * 256n, 8, 0x1000n + chunk)).toBe("ok");
      for (let chunk = 0n; chunk < BigInt(4 * ways); chunk++) expect(memory.load(base + chunk * 256n, 8)).toEqual({ status: "ok", value: 0x1000n + chunk });
    });
  }

  it("[L2] region ways are the window's times a power of two: 3 and 6 of two bridges are refused, 2 and 4 are not", () => {
    const booted = bootMachine(wideMachine(2, 2));
    expect(store(booted, "decoder0.0/create_ram_region", "region0")).toBe("ok");
    for (const [ways, answer] of [["3", "EINVAL"], ["6", "EINVAL"], ["1", "EINVAL"], ["2", "ok"], ["4", "ok"]] as const) expect([ways, store(booted, "region0/interleave_ways", ways)]).toEqual([ways, answer]);
  });

  it("[L5] a level whose granularity would be above 16 KiB refuses the target", () => {
    for (const [granularity, answer] of [[16_384, "EINVAL"], [8192, "ok"]] as const) {
      const booted = bootMachine(wideMachine(2, 2, granularity));
      const ids = endpoints(booted);
      newRegion(booted, 4, granularity);
      expect(store(booted, "region0/size", "0x40000000")).toBe("ok");
      for (const id of ids) {
        store(booted, `decoder${id}.0/mode`, "ram");
        store(booted, `decoder${id}.0/dpa_size`, "0x10000000");
      }
      const answers = [0, 2, 1, 3].map((index, position) => store(booted, `region0/target${position}`, `decoder${ids[index]}.0`));
      expect([granularity, answers.includes(answer === "ok" ? "EINVAL" : answer)]).toEqual([granularity, answer !== "ok"]);
    }
  });

  it("[A16] a position that is not below the expected bridge is refused with ENXIO", () => {
    const booted = bootMachine(wideMachine(2, 2));
    const ids = endpoints(booted);
    newRegion(booted, 4);
    store(booted, "region0/size", "0x40000000");
    for (const id of ids) {
      store(booted, `decoder${id}.0/mode`, "ram");
      store(booted, `decoder${id}.0/dpa_size`, "0x10000000");
    }
    expect(store(booted, "region0/target0", `decoder${ids[0]}.0`)).toBe("ok");
    expect(store(booted, "region0/target1", `decoder${ids[1]}.0`)).toBe("ENXIO");
    expect(store(booted, "region0/target1", `decoder${ids[2]}.0`)).toBe("ok");
  });

  it("[C4] [A17] two regions on one bridge are committed in order; the older cannot go before the younger is gone without a trace of it", () => {
    const booted = bootMachine(twoPorts());
    expect(booted.command("cxl create-region -d decoder0.0 -m -t ram mem0").exitCode).toBe(0);
    expect(booted.command("cxl create-region -d decoder0.0 -m -t ram mem1").exitCode).toBe(0);
    expect(read(booted, "port1/decoders_committed")).toBe("2");
    expect(booted.command("cxl destroy-region -f region0").exitCode).toBe(0);
    expect(read(booted, "port1/decoders_committed")).toBe("2");
    expect(booted.command("cxl create-region -d decoder0.0 -m -t ram mem0").exitCode).toBe(1);
    expect(booted.command("cxl destroy-region -f region1").exitCode).toBe(0);
    expect(read(booted, "port1/decoders_committed")).toBe("0");
  });
});

describe("what a hardware refusal leaves", () => {
  const large = (): MachineDescription => machineOf(["0", "1"].map((n) => rootPortOf(`rp${n}`, { slots: [deviceOf(`d${n}`, { serial: BigInt(n) + 1n, volatileCapacity: 512n * MiB })] })));
  const decoderControl = { d: offsetOf("deviceComponent", "hdmDecoderDevice", "control"), hb: offsetOf("hostBridgeComponent", "hdmDecoderPort", "control") };
  const stride = 0x20;

  /** Uncommits decoder 0 behind the kernel's back and sets Lock On Commit in decoder 1, so that its commit fails by C2 (e). */
  function makeRefuse(booted: Booted, place: "hb" | "d", entity: string): void {
    const id = booted.system.hardware.entities[place === "hb" ? "bridges" : "devices"].get(entity)?.id ?? -1;
    const components = [...booted.kernel.devices.values()].filter(isPort).map((device) => portOf(device).components).filter((one) => one !== null);
    const found = components.find((one) => accessesOf(booted.system.hardware, () => void one.handle.read32(0)).some((access) => access.place === id));
    found?.handle.write32(decoderControl[place], 0);
    found?.handle.write32(decoderControl[place] + stride, 0x1100);
  }
  const committedAt = (booted: Booted, kind: "bridges" | "devices", name: string, n: number): number =>
    (booted.system.hardware.peekComponent(booted.system.hardware.entities[kind].get(name)?.id ?? 0, decoderControl[kind === "bridges" ? "hb" : "d"] + n * stride) >> 10) & 1;

  it("(7.2) the second endpoint refuses: EIO, and the first target and the shared bridge decoder are rolled back", () => {
    const booted = bootMachine(large());
    expect(booted.command("cxl create-region -d decoder0.0 -m -t ram -s 512M mem0 mem1").exitCode).toBe(0);
    makeRefuse(booted, "d", "d1");
    const result = booted.command("cxl create-region -d decoder0.0 -m -t ram -s 512M mem0 mem1");
    expect([result.exitCode, result.stderr.includes("Input/output error")]).toEqual([1, true]);
    expect([committedAt(booted, "devices", "d0", 1), committedAt(booted, "bridges", "hb0", 1), committedAt(booted, "devices", "d0", 0)]).toEqual([0, 0, 1]);
  });

  it("(7.2) the bridge refuses: the endpoint that was committed before it is reset", () => {
    const booted = bootMachine(large());
    expect(booted.command("cxl create-region -d decoder0.0 -m -t ram -s 256M mem0").exitCode).toBe(0);
    makeRefuse(booted, "hb", "hb0");
    const result = booted.command("cxl create-region -d decoder0.0 -m -t ram -s 256M mem0");
    expect([result.exitCode, result.stderr.includes("Input/output error")]).toEqual([1, true]);
    expect(committedAt(booted, "devices", "d0", 1)).toBe(0);
  });

  it("(7.3) while an older decoder was reset first, no further one is given out (EBUSY), even above all others", () => {
    const booted = bootMachine(large());
    expect(booted.command("cxl create-region -d decoder0.0 -m -t ram -s 256M mem0").exitCode).toBe(0);
    expect(booted.command("cxl create-region -d decoder0.0 -m -t ram -s 256M mem1").exitCode).toBe(0);
    expect(booted.command("cxl destroy-region -f region0").exitCode).toBe(0);
    const result = booted.command("cxl create-region -d decoder0.0 -m -t ram -s 512M mem0");
    expect([result.exitCode, result.stderr.includes("failed to set target0 to mem")]).toEqual([1, true]);
  });

  it("(4.4) enumeration writes target type host-only into every decoder that is not committed", () => {
    const booted = bootMachine(large());
    const { hardware } = booted.system;
    for (let n = 0; n < 4; n++) {
      expect((hardware.peekComponent(hardware.entities.bridges.get("hb0")?.id ?? 0, decoderControl.hb + n * stride) >> 12) & 1).toBe(1);
      expect((hardware.peekComponent(hardware.entities.devices.get("d1")?.id ?? 0, decoderControl.d + n * stride) >> 12) & 1).toBe(1);
    }
  });

  it("targets stored in any order are programmed by position", () => {
    const booted = bootMachine(twoPorts());
    const [a, b] = endpoints(booted);
    newRegion(booted);
    store(booted, "region0/size", "0x20000000");
    for (const id of [a, b]) {
      store(booted, `decoder${id}.0/mode`, "ram");
      store(booted, `decoder${id}.0/dpa_size`, "0x10000000");
    }
    expect([store(booted, "region0/target1", `decoder${a}.0`), store(booted, "region0/target0", `decoder${b}.0`)]).toEqual(["ok", "ok"]);
    expect(read(booted, "decoder1.0/target_list")).toBe("1,0");
  });
});

describe("regions through switches", () => {
  const below = (name: string, first: number): ReturnType<typeof switchOf> => switchOf(name, [0, 1].map((place) => downstreamOf(`${name}-${place}`, place, [deviceOf(`${name}-d${place}`, { serial: BigInt(first + place) })])));
  const twoSwitches = (): MachineDescription => machineOf([rootPortOf("rp0", { slots: [below("sw0", 1)] }), rootPortOf("rp1", { slots: [below("sw1", 3)] })]);
  const deep = (): MachineDescription => machineOf([rootPortOf("rp0", { slots: [switchOf("upper", [downstreamOf("upper-0", 0, [below("lower", 1)])])] })]);

  it("every switch has a port between its host bridge's and the endpoints, named after its upstream function", () => {
    const booted = bootMachine(deep());
    expect(booted.files.list(devices).filter((name) => /^(port|endpoint|mem)\d/.test(name)).map((name) => name.replace(/\d+$/, "")).toSorted()).toEqual(["endpoint", "endpoint", "mem", "mem", "port", "port", "port"]);
    const depthOf = (name: string): number => booted.files.realpath(`${devices}/${name}`).split("/").filter((part) => /^(root|port|endpoint)\d+$/.test(part)).length;
    expect(booted.files.list(devices).filter((name) => name.startsWith("endpoint")).map(depthOf)).toEqual([5, 5]);
    const ports = booted.files.list(devices).filter((name) => name.startsWith("port")).toSorted((a, b) => depthOf(a) - depthOf(b));
    expect(ports.map((name) => booted.files.readlink(`${devices}/${name}/uport`).split("/").at(-1))).toEqual(["pci0000:0c", "0000:0d:00.0", "0000:0f:00.0"]);
  });

  it("four ways over two switches: every level is programmed, and each line reaches its device", () => {
    const booted = bootMachine(twoSwitches());
    const [a, b, c, d] = endpoints(booted);
    newRegion(booted, 4, 256);
    expect(store(booted, "region0/size", "0x40000000")).toBe("ok");
    fillTargets(booted, [a, c, b, d].map((id) => `decoder${id}.0`));
    expect(store(booted, "region0/commit", "1")).toBe("ok");
    const programmed = booted.files.list(devices).filter((name) => /^decoder[1-9]\d*\.0$/.test(name) && read(booted, `${name}/region`) === "region0" && read(booted, `${name}/devtype`) === "cxl_decoder_switch");
    expect(programmed.map((name) => [read(booted, `${name}/interleave_ways`), read(booted, `${name}/interleave_granularity`)]).toSorted()).toEqual([["2", "256"], ["2", "512"], ["2", "512"]]);
    for (let line = 0; line < 8; line++) expect(booted.system.platform.memory.store(16n * GiB + BigInt(line * 256), 8, BigInt(0x100 + line))).toBe("ok");
    for (let line = 0; line < 8; line++) expect(booted.system.platform.memory.load(16n * GiB + BigInt(line * 256), 8)).toMatchObject({ status: "ok", value: BigInt(0x100 + line) });
  });
});
