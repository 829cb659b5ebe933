// Classes of quality of service: the window's is firmware's (QTG), a memdev's comes from firmware's method for the figures of its way, where the platform
// gives those of host bridges (user-interface 2, 4; region-assembly 4.3).

import { describe, expect, it } from "vitest";
import { deviceCdat, switchCdat } from "../../src/hardware/cdat.ts";
import { buildHmat, buildSrat } from "../../src/firmware/tables.ts";
import { coordinatesOf, parseHmat } from "../../src/kernel/acpi/hmat.ts";
import { numberNodes, parseSrat } from "../../src/kernel/acpi/srat.ts";
import { checksumHolds } from "../../src/kernel/acpi/tables.ts";
import type { ThrottlingGroup } from "../../src/platform/firmware-setup.ts";
import { noSetup } from "../../src/platform/firmware-setup.ts";
import type { AccessFigures } from "../../src/platform/platform.ts";
import type { Booted } from "../support/kernel.ts";
import { bootMachine } from "../support/kernel.ts";
import { GiB, MiB, deviceOf, machineOf, offsetOf, portOf } from "../support/machine.ts";
import { act } from "../support/memdev.ts";
import { shapeOf, spread, start } from "../support/regions.ts";
import { downstreamOf, switchOf } from "../support/topology.ts";

const boot = (qtg: number) => {
  const machine = spread(shapeOf(1, 2));
  return bootMachine({ ...machine, windows: machine.windows.map((window) => ({ ...window, qtg })) });
};

type Listed = readonly Record<string, unknown>[];

describe("without figures of host bridges, as in every capture", () => {
  it("the root decoder has its window's class, in sysfs and in cxl list", () => {
    const booted = boot(42);
    expect(booted.read("/sys/bus/cxl/devices/decoder0.0/qos_class")).toBe("42\n");
    expect((JSON.parse(booted.command("cxl list -D -d decoder0.0").stdout) as Listed)[0]?.["qos_class"]).toBe(42);
  });

  it("(4.3) an endpoint's port and a switch's read their CDAT and have it as a file; a host bridge's has none", () => {
    const card = deviceOf("d0", { volatileCapacity: 256n * MiB, persistentCapacity: 256n * MiB });
    const inner = switchOf("sw0", [downstreamOf("dsp0", 0, [card])]);
    const booted = bootMachine(machineOf([portOf("rp0", { slots: [inner] })]), { restrictions: { persistent: true } });
    const table = (port: string): number[] => [...booted.read(`/sys/bus/cxl/devices/${port}/CDAT`)].map((letter) => letter.codePointAt(0) ?? 0);
    expect([table("endpoint3"), table("port2"), booted.files.exists("/sys/bus/cxl/devices/port1/CDAT")]).toEqual([[...deviceCdat(card)], [...switchCdat(inner)], false]);
    // As captured (2a-one-volatile), but for the length.
    expect(booted.dmesg().filter((line) => /endpoint3: (CDAT|Failed)/.test(line))).toEqual([`cxl_port endpoint3: CDAT length ${deviceCdat(card).length}`, "cxl_port endpoint3: Failed to retrieve ep perf coordinates.", "cxl_port endpoint3: Failed to do perf coord calculations."]);
  });

  it("(4.3) a device whose mailbox reports an error, or never has an answer, comes up without its table", () => {
    const at = { entity: "d0_0_0", space: "config" as const, offset: offsetOf("deviceConfig", "doe", "status") };
    for (const broken of [{ mask: 0x4, value: 0x4 }, { mask: 0x8000_0000, value: 0 }]) {
      const booted = bootMachine(spread(shapeOf(1)));
      booted.command("cxl disable-memdev mem0");
      act(booted, { kind: "stuckRegister", at: { ...at, mask: broken.mask }, value: broken.value });
      const from = booted.dmesg().length;
      expect(booted.command("cxl enable-memdev mem0").exitCode).toBe(0);
      const said = booted.dmesg().slice(from).filter((line) => /CDAT|perf/.test(line));
      expect([said, booted.files.exists("/sys/bus/cxl/devices/endpoint2/CDAT")]).toEqual([["cxl_port endpoint2: Failed to read/validate CDAT."], false]);
    }
  });

  it("a memdev has none: no file, no key", () => {
    const booted = boot(42);
    expect(["ram", "pmem"].map((partition) => booted.files.exists(`/sys/bus/cxl/devices/mem0/${partition}/qos_class`))).toEqual([false, false]);
    expect(Object.keys((JSON.parse(booted.command("cxl list -M").stdout) as Listed)[0] ?? {}).filter((key) => key.includes("qos"))).toEqual([]);
  });

  it("a region says that the classes do not match; to insist on them (-Q) has nothing to refuse", () => {
    for (const flags of ["", "-Q "]) {
      const booted = boot(42);
      const made = booted.command(`cxl create-region ${flags}-d decoder0.0 -t ram -m mem0`);
      expect([flags, made.exitCode, (JSON.parse(made.stdout) as Record<string, unknown>)["qos_class_mismatch"]]).toEqual([flags, 0, true]);
    }
  });

  it("a region has no access0 and access1", () => {
    const booted = boot(0);
    expect(booted.command("cxl create-region -d decoder0.0 -t ram -m mem0").exitCode).toBe(0);
    expect(booted.files.list("/sys/bus/cxl/devices/region0").filter((name) => name.startsWith("access"))).toEqual([]);
  });
});

/** Two windows over one bridge, of class 1 and 2; the card at the second root port is slow. */
function twoClasses(groups?: readonly ThrottlingGroup[]): Booted {
  const machine = spread(shapeOf(1, 2), { card: (name) => ({ bandwidth: name === "d0_1_0" ? 5000 : 20_000, persistentCapacity: 512n * MiB }) });
  const windows = [1, 2].map((qtg, index) => ({ base: start + BigInt(index) * 8n * GiB, size: 8n * GiB, ways: 1, granularity: 256, targets: [0], qtg }));
  const performance: AccessFigures = { readLatency: 80, writeLatency: 80, readBandwidth: 100_000, writeBandwidth: 100_000 };
  const hostBridges = machine.hostBridges.map((bridge) => ({ ...bridge, performance }));
  return bootMachine({ ...machine, hostBridges, windows }, { restrictions: { persistent: true }, firmware: { setup: { ...noSetup, ...(groups === undefined ? {} : { throttlingGroups: groups }) } } });
}

const byBandwidth: readonly ThrottlingGroup[] = [{ id: 1, readBandwidth: 10_000 }, { id: 2 }];
const classFile = (booted: Booted, memdev: string, partition: string): string | undefined => {
  const path = `/sys/bus/cxl/devices/${memdev}/${partition}/qos_class`;
  return booted.files.exists(path) ? booted.read(path) : undefined;
};
const classes = (booted: Booted): (string | undefined)[] => ["mem0", "mem1"].flatMap((memdev) => ["ram", "pmem"].map((partition) => classFile(booted, memdev, partition)));

describe("with figures of host bridges", () => {
  it("each partition has the first class that firmware names for its figures, in sysfs and in cxl list", () => {
    const booted = twoClasses(byBandwidth);
    expect(classes(booted)).toEqual(["1\n", "1\n", "2\n", "2\n"]);
    const listed = JSON.parse(booted.command("cxl list -M").stdout) as Listed;
    expect(listed.map((memdev) => [memdev["ram_qos_class"], memdev["pmem_qos_class"]])).toEqual([[1, 1], [2, 2]]);
  });

  it("the log has the figures of every range: the card's and the way's", () => {
    const said = twoClasses(byBandwidth).dmesg().filter((line) => line.includes("DSMAS"));
    // 80 ns to the bridge, a flit's 17000, 300 and 200 ns of the card.
    expect(said).toEqual([["09", 1, 20_000], ["0a", 2, 5000]].flatMap(([bus, id, bandwidth]) => ["0x0000000000000000-0x000000001fffffff", "0x0000000020000000-0x000000003fffffff"].map((range) => `cxl_pci 0000:${bus}:00.0: DSMAS: dpa: [range ${range}] qos: ${id} read_bw: ${bandwidth} write_bw ${bandwidth} read_lat: 17380 write_lat: 17280`)));
  });

  it("a class that no window has is not shown", () => {
    expect(classes(twoClasses([{ id: 1, readBandwidth: 10_000 }, { id: 7 }]))).toEqual(["1\n", "1\n", undefined, undefined]);
  });

  it("memory that firmware names no class for has neither class nor figures; without the method the log says so", () => {
    const none = twoClasses([{ id: 1, readBandwidth: 90_000 }]);
    const noMethod = twoClasses([]);
    for (const booted of [none, noMethod]) {
      expect(classes(booted)).toEqual([undefined, undefined, undefined, undefined]);
      expect(booted.dmesg().filter((line) => /endpoint\d+: Failed/.test(line))).toEqual(["cxl_port endpoint2: Failed to do perf coord calculations.", "cxl_port endpoint3: Failed to do perf coord calculations."]);
    }
  });

  it("firmware that is told of no classes has those of its windows", () => {
    expect(classes(twoClasses())).toEqual(["1\n", "1\n", "1\n", "1\n"]);
  });

  it("bounds of latency are compared with picoseconds: Linux gives a number of nanoseconds, with a flit's picoseconds in it", () => {
    expect(classes(twoClasses([{ id: 1, readLatency: 17 }, { id: 2, readLatency: 18, writeLatency: 18 }]))).toEqual(["2\n", "2\n", "2\n", "2\n"]);
  });

  it("(user-interface 4) -Q takes a memdev of the window's class and refuses another before anything is made; without -Q the region says so", () => {
    const booted = twoClasses(byBandwidth);
    const refused = booted.command("cxl create-region -Q -d decoder0.1 -t ram -m mem0");
    expect([refused.exitCode, refused.stderr]).toEqual([1, "cxl region: create_region_validate_qos_class: decoder0.1 qos_class mismatch mem0\ncxl region: cmd_create_region: created 0 regions\n"]);
    const [matching, other] = ["-Q -d decoder0.1 -t ram -m mem1", "-d decoder0.1 -t ram -m mem0"].map((words) => booted.command(`cxl create-region ${words} -s 256M`));
    expect([matching, other].map((made) => (JSON.parse(made?.stdout ?? "") as Record<string, unknown>)["qos_class_mismatch"])).toEqual([undefined, true]);
  });
});

describe("tables of figures", () => {
  const figures = (readLatency: number, readBandwidth: number): AccessFigures => ({ readLatency, writeLatency: readLatency + 10, readBandwidth, writeBandwidth: readBandwidth - 5 });

  it("SRAT and HMAT as firmware writes them say the same as the machine's description", () => {
    const ports = [{ uid: 7, proximityDomain: 1, figures: figures(80, 64_000) }, { uid: 12, proximityDomain: 2, figures: figures(120, 32_000) }];
    const [srat, hmat] = [buildSrat([], ports), buildHmat(0, ports)];
    expect([srat, hmat].map(checksumHolds)).toEqual([true, true]);
    expect(parseSrat(srat).genericPorts).toEqual([{ uid: 7, domain: 1 }, { uid: 12, domain: 2 }]);
    expect([1, 2].map((domain) => coordinatesOf(parseHmat(hmat), domain))).toEqual(ports.map((port) => port.figures));
  });

  it("a generic port becomes no node and moves none", () => {
    const srat = (ports: number) => parseSrat(buildSrat([{ base: 0n, size: GiB, proximityDomain: 0, isHotPluggable: false }], Array.from({ length: ports }, (_, index) => ({ uid: index, proximityDomain: 1 + index, figures: figures(80, 1000) }))));
    expect(numberNodes(srat(3), [{ base: start, size: GiB }])).toEqual(numberNodes(srat(0), [{ base: start, size: GiB }]));
  });

  it("a figure that 16 bits do not hold makes the unit larger for all of its kind", () => {
    const ports = [{ uid: 0, proximityDomain: 1, figures: figures(80, 256_000) }, { uid: 1, proximityDomain: 2, figures: figures(80, 1_000) }];
    const found = [1, 2].map((domain) => coordinatesOf(parseHmat(buildHmat(0, ports)), domain));
    expect(found.map(({ readBandwidth, writeBandwidth }) => [readBandwidth, writeBandwidth])).toEqual([[256_000, 256_000], [1000, 1000]]);
  });

  it("access figures serve reads and writes, unreachable targets have none, caches do not count, and a cut structure ends the reading", () => {
    const bytes = (value: number | bigint, size: number): number[] => Array.from({ length: size }, (_, index) => Number((BigInt(value) >> BigInt(8 * index)) & 0xffn));
    const locality = (type: number, unit: number, entries: readonly number[], flags = 0): number[] => {
      const body = [...bytes(flags, 1), ...bytes(type, 1), 0, 0, ...bytes(2, 4), ...bytes(1, 4), ...bytes(0, 4), ...bytes(unit, 8), ...bytes(0, 4), ...bytes(5, 4), ...bytes(9, 4), ...entries.flatMap((entry) => bytes(entry, 2))];
      return [...bytes(1, 2), 0, 0, ...bytes(8 + body.length, 4), ...body];
    };
    const table = (...structures: readonly (readonly number[])[]) => parseHmat(Uint8Array.from([...bytes(0, 40), ...structures.flat()]));
    // Initiators 0 and 5: the second is the nearer one, so that its bandwidth counts although the first has more.
    expect(coordinatesOf(table(locality(0, 1500, [100, 61]), locality(3, 10, [900, 700])), 9)).toEqual({ readLatency: 92, writeLatency: 92, readBandwidth: 7000, writeBandwidth: 7000 });
    expect(coordinatesOf(table(locality(0, 1000, [0xffff, 0]), locality(3, 1, [5, 5], 1)), 9)).toEqual({ readLatency: 0, writeLatency: 0, readBandwidth: 0, writeBandwidth: 0 });
    expect(table(locality(0, 1000, [1, 1]).slice(0, -2))).toEqual([]);
  });
});
