// Regions that Linux assembles from decoders that firmware committed before it ran (region-assembly 6, L1-L6), on the real module.

import { describe, expect, it } from "vitest";
import type { FirmwareDecoder } from "../../src/platform/firmware-setup.ts";
import { defaultPolicies } from "../../src/kernel/policy.ts";
import { bootWith, decoderAt, devices, list, read, regionOver, saying, start, store, wideMachine } from "../support/firmware-regions.ts";
import type { Booted } from "../support/kernel.ts";
import { GiB, MiB, deviceOf, machineOf, portOf } from "../support/machine.ts";
import { downstreamOf, switchOf } from "../support/topology.ts";

/** Serial number of the card behind a region's target. */
function serialAt(booted: Booted, region: string, position: number): bigint {
  const endpoint = read(booted, `${region}/target${position}`).replace(/^decoder(\d+)\..*$/, "endpoint$1");
  return BigInt(booted.read(`${devices}/${booted.files.readlink(`${devices}/${endpoint}/uport`).split("/").at(-1) ?? ""}/serial`).trim());
}

const serialOf = (device: string): bigint => BigInt(Number(device[1]) * 16 + Number(device[2]) + 1);

/** Devices by position in a region over all of a wide machine: bridges alternate fastest. */
const positions = (bridges: number, ports: number): string[] => Array.from({ length: bridges * ports }, (_, p) => `d${p % bridges}${Math.floor(p / bridges)}`);

describe("a region of firmware's decoders", () => {
  it("is made at the first endpoint decoder, completed by the last, and gets its driver and dax region", () => {
    const booted = bootWith(wideMachine(1, 2), { regions: [regionOver(["d01", "d00"])] });
    expect(["commit", "size", "resource", "interleave_ways", "interleave_granularity", "locked"].map((name) => read(booted, `region0/${name}`))).toEqual(["1", "0x20000000", "0x400000000", "2", "256", "0"]);
    expect([serialAt(booted, "region0", 0), serialAt(booted, "region0", 1)]).toEqual([2n, 1n]);
    expect(booted.files.readlink(`${devices}/region0/driver`)).toMatch(/cxl_region$/);
    expect(booted.files.exists(`${devices}/dax_region0`)).toBe(true);
    expect(booted.read("/proc/iomem")).toContain("400000000-5ffffffff : CXL Window 0\n  400000000-41fffffff : region0\n    400000000-41fffffff : dax0.0\n");
    expect([read(booted, "decoder1.0/region"), read(booted, "decoder2.0/region"), read(booted, "decoder1.0/target_list")]).toEqual(["region0", "region0", "1,0"]);
  });

  it("says what the captured kernel says", () => {
    const booted = bootWith(wideMachine(1, 2), { regions: [regionOver(["d01", "d00"])] });
    const [first, second] = [["mem0", "endpoint2", "0000:11:00.0"], ["mem1", "endpoint3", "0000:12:00.0"]] as const;
    expect(saying(booted, /region0/).map((line) => line.trim())).toEqual([
      "cxl_region region0: config state: 0",
      "cxl_region region0: probe: -6",
      "cxl_acpi ACPI0017:00: decoder0.0: created region0",
      `cxl_pci ${first[2]}: ${first[0]}:decoder2.0: __construct_region region0 res: [mem 0x400000000-0x41fffffff flags 0x200] iw: 2 ig: 256`,
      "cxl region0: region sort successful",
      `cxl region0: ${second[0]}:endpoint3 decoder3.0 add: ${second[0]}:decoder3.0 @ 0 next: none nr_eps: 1 nr_targets: 1`,
      `cxl region0: pci0000:10:port1 decoder1.0 add: ${second[0]}:decoder3.0 @ 0 next: ${second[0]} nr_eps: 1 nr_targets: 1`,
      `cxl region0: ${first[0]}:endpoint2 decoder2.0 add: ${first[0]}:decoder2.0 @ 1 next: none nr_eps: 1 nr_targets: 1`,
      `cxl region0: pci0000:10:port1 decoder1.0 add: ${first[0]}:decoder2.0 @ 1 next: ${first[0]} nr_eps: 2 nr_targets: 2`,
      "cxl region0: pci0000:10:port1 iw: 2 ig: 256",
      `cxl region0: pci0000:10:port1 target[0] = 0000:10:01.0 for ${second[0]}:decoder3.0 @ 0`,
      `cxl region0: pci0000:10:port1 target[1] = 0000:10:00.0 for ${first[0]}:decoder2.0 @ 1`,
      "cxl_region region0: region0: register dax_region0",
    ]);
    expect(saying(booted, /pos:/)).toEqual([
      `cxl_mem ${first[0]}: decoder:decoder2.0 parent:${first[2]} port:endpoint2 range:0x400000000-0x41fffffff pos:1`,
      `cxl_mem ${second[0]}: decoder:decoder3.0 parent:${second[2]} port:endpoint3 range:0x400000000-0x41fffffff pos:0`,
    ]);
  });

  for (const [bridges, ports] of [[1, 1], [1, 2], [1, 4], [2, 1], [2, 2], [2, 4], [4, 2], [3, 1], [3, 2]] as const) {
    it(`[A14] [A15] [A18] [A19] [L3] [L6] ${bridges} bridges x ${ports} ports: members stand where hardware routes to`, () => {
      const order = positions(bridges, ports);
      const booted = bootWith(wideMachine(bridges, ports), { regions: [regionOver(order)] });
      expect(read(booted, "region0/commit")).toBe("1");
      expect(order.map((_, position) => serialAt(booted, "region0", position))).toEqual(order.map(serialOf));
    });
  }

  it("[A12] [A13] [A15] any order of arrival gives the same region", () => {
    const order = positions(2, 2);
    for (let seed = 1; seed <= 12; seed++) {
      const booted = bootWith(wideMachine(2, 2), { regions: [regionOver(order)] }, { seed });
      expect([seed, read(booted, "region0/commit"), ...order.map((_, position) => serialAt(booted, "region0", position))]).toEqual([seed, "1", ...order.map(serialOf)]);
      expect(list(booted, "region")).toEqual(["region0"]);
    }
  });

  it("[L4] below a switch the host bridge and the switch each multiply the granularity of the level above", () => {
    const below = (n: number) => switchOf(`sw${n}`, [0, 1].map((p) => downstreamOf(`dsp${n}${p}`, p, [deviceOf(`d${n}${p}`, { serial: BigInt(n * 16 + p + 1) })])));
    const machine = machineOf([portOf("rp0", { slots: [below(0)] }), portOf("rp1", { portNumber: 1, slots: [below(1)] })]);
    const order = ["d00", "d10", "d01", "d11"];
    const booted = bootWith(machine, { regions: [regionOver(order)] });
    expect(read(booted, "region0/commit")).toBe("1");
    expect(order.map((_, position) => serialAt(booted, "region0", position))).toEqual(order.map(serialOf));
    const switches = list(booted, "port").filter((port) => port !== "port1");
    expect(switches.map((port) => [read(booted, `decoder${port.slice(4)}.0/interleave_ways`), read(booted, `decoder${port.slice(4)}.0/interleave_granularity`)])).toEqual([["2", "512"], ["2", "512"]]);
  });

  it("[L1] takes the granularity of the endpoint decoders, unchecked against the window's, where the ports agree with it", () => {
    const booted = bootWith(wideMachine(2, 1, 1024), { regions: [regionOver(["d00", "d10"])] });
    expect([read(booted, "region0/commit"), read(booted, "region0/interleave_granularity")]).toEqual(["1", "256"]);
  });

  it("several regions below one bridge: one per range, in order of decoder ids", () => {
    const booted = bootWith(wideMachine(1, 2), { regions: [regionOver(["d00"]), regionOver(["d01", "d00"], { base: start + 256n * MiB })] });
    expect(["region0", "region1"].map((region) => [read(booted, `${region}/commit`), read(booted, `${region}/interleave_ways`)])).toEqual([["1", "1"], ["1", "2"]]);
    expect(booted.read("/proc/iomem")).toMatch(/40fffffff : region\d\n(.|\n)* {2}410000000-42fffffff : region\d\n/);
  });

  it("an endpoint comes back after its memdev was unbound", () => {
    const booted = bootWith(wideMachine(1, 1), { regions: [regionOver(["d00"])] });
    store(booted, "../drivers/cxl_mem/unbind", "mem0");
    store(booted, "../drivers/cxl_mem/bind", "mem0");
    expect(list(booted, "endpoint")).toHaveLength(1);
  });
});

describe("locked decoders", () => {
  it("(7.4) make the region locked: no reset by commit, and what firmware decodes is found again after the memdev comes back", () => {
    const booted = bootWith(wideMachine(1, 2), { regions: [regionOver(["d00", "d01"], { isLocked: true })] });
    expect([read(booted, "region0/locked"), read(booted, "decoder1.0/locked"), read(booted, "decoder2.0/locked")]).toEqual(["1", "1", "1"]);
    expect(() => store(booted, "region0/commit", "0")).toThrow();
    store(booted, "decoder0.0/delete_region", "region0");
    expect(list(booted, "region")).toEqual([]);
    expect([read(booted, "decoder1.0/size"), read(booted, "decoder2.0/size")]).toEqual(["0x20000000", "0x0"]);
    for (const memdev of ["mem0", "mem1"]) {
      store(booted, "../drivers/cxl_mem/unbind", memdev);
      store(booted, "../drivers/cxl_mem/bind", memdev);
    }
    expect(list(booted, "region").map((region) => read(booted, `${region}/commit`))).toEqual(["1"]);
  });
});

describe("a region that stays incomplete", () => {
  const partial = (): Booted => bootWith(wideMachine(1, 2, 256, ["d01"]), { regions: [regionOver(["d01", "d00"])] });

  it("[S1] [S2] [A13] keeps its object, its addresses and the member that came, without a word of warning", () => {
    const booted = partial();
    expect(["commit", "size", "target0", "target1"].map((name) => read(booted, `region0/${name}`))).toEqual(["0", "0x20000000", "decoder2.0", ""]);
    expect([booted.files.exists(`${devices}/region0/driver`), booted.files.exists(`${devices}/dax_region0`)]).toEqual([false, false]);
    expect(booted.read("/proc/iomem")).toContain("  400000000-41fffffff : region0\n");
    expect(booted.kernel.log.filter((line) => line.level === "warn" || line.level === "err").filter((line) => line.text.includes("region"))).toEqual([]);
    expect([read(booted, "decoder1.0/region"), read(booted, "decoder2.0/region"), read(booted, "decoder1.0/size")]).toEqual(["", "", "0x20000000"]);
  });

  it("(7.7) commit=0 does nothing, commit=1 and dpa_size are refused, delete frees the addresses and no decoder", () => {
    const booted = partial();
    store(booted, "region0/commit", "0");
    expect(() => store(booted, "region0/commit", "1")).toThrow(/targets are missing/);
    expect(() => store(booted, "decoder2.0/dpa_size", "0")).toThrow();
    store(booted, "decoder0.0/delete_region", "region0");
    expect(booted.read("/proc/iomem")).not.toContain("region0");
    expect(["start", "size", "dpa_size"].map((name) => read(booted, `decoder2.0/${name}`))).toEqual(["0x0", "0x0", "0x0000000010000000"]);
    expect(read(booted, "decoder1.0/size")).toBe("0x20000000");
    expect(() => store(booted, "decoder2.0/dpa_size", "0")).toThrow();
  });

  it("[A11] a slot that userspace emptied cannot be filled again: no position is taken in a region that firmware made", () => {
    const booted = partial();
    store(booted, "region0/target0", "");
    expect(read(booted, "region0/target0")).toBe("");
    expect(() => store(booted, "region0/target0", "decoder2.0")).toThrow();
  });

  it("(6.4) a member that leaves frees its slot, and takes it again when it comes back", () => {
    const booted = partial();
    store(booted, "../drivers/cxl_mem/unbind", "mem0");
    expect([read(booted, "region0/target0"), read(booted, "region0/target1")]).toEqual(["", ""]);
    store(booted, "../drivers/cxl_mem/bind", "mem0");
    expect([read(booted, "region0/target0"), list(booted, "region")]).toEqual(["decoder2.0", ["region0"]]);
  });

  it("[S2] no new region fits where it lies", () => {
    const machine = wideMachine(1, 2, 256, ["d01"]);
    const booted = bootWith({ ...machine, windows: machine.windows.map((window) => ({ ...window, size: 512n * MiB })) }, { regions: [regionOver(["d01", "d00"])] });
    store(booted, "decoder0.0/create_ram_region", "region1");
    store(booted, "region1/interleave_granularity", "256");
    store(booted, "region1/interleave_ways", "1");
    expect(() => store(booted, "region1/size", "0x10000000")).toThrow(/no 268435456 bytes free/);
  });

  it("[POL-HPAHOLD] after-assembly: a region that waits holds no addresses", () => {
    const booted = bootWith(wideMachine(1, 2, 256, ["d01"]), { regions: [regionOver(["d01", "d00"])] }, { policies: { assembly: { ...defaultPolicies.assembly, hpaHold: "after-assembly" } } });
    expect(booted.read("/proc/iomem")).not.toContain("region0");
    const whole = bootWith(wideMachine(1, 2), { regions: [regionOver(["d01", "d00"])] }, { policies: { assembly: { ...defaultPolicies.assembly, hpaHold: "after-assembly" } } });
    expect(whole.read("/proc/iomem")).toContain("  400000000-41fffffff : region0\n");
  });
});

describe("decoders that do not agree", () => {
  const two = (decoders: readonly FirmwareDecoder[], machine = wideMachine(1, 2)): Booted => bootWith(machine, { regions: [regionOver(["d00", "d01"])], decoders });
  const failed = (booted: Booted, errno = 6): void => {
    expect([read(booted, "region0/commit"), read(booted, "region0/target0") === "", read(booted, "region0/target1") === ""]).toEqual(["0", false, false]);
    expect(saying(booted, /failed to attach/)).toEqual([`cxl_port endpoint3: failed to attach decoder3.0 to region0: -${errno}`]);
  };

  it("(6.1) a range in no window is said on the PCI function, and makes no region", () => {
    const booted = bootWith(wideMachine(1, 1), { decoders: [decoderAt("d00", { base: 64n * GiB, size: 256n * MiB, ways: 1 })] });
    expect(list(booted, "region")).toEqual([]);
    expect(saying(booted, /no CXL window/)).toEqual(["cxl_pci 0000:11:00.0: mem0:decoder2.0 no CXL window for range 0x1000000000:0x100fffffff"]);
    expect(list(booted, "endpoint")).toEqual(["endpoint2"]);
  });

  it("(6.6) an endpoint with another range makes a second region; both wait", () => {
    const booted = two([decoderAt("d01", { base: start + 512n * MiB })]);
    expect(list(booted, "region").map((region) => [read(booted, `${region}/commit`), read(booted, `${region}/target1`)])).toEqual([["0", ""], ["0", ""]]);
  });

  it("[A14] no decoder of the host bridge for the range: said once per member, the slots stay full", () => {
    const booted = two([decoderAt("hb0", { isCommitted: false })]);
    expect(saying(booted, /failed to find decoder mapping/)).toEqual(["cxl_mem mem0: failed to find decoder mapping 0x400000000-0x41fffffff", "cxl_mem mem1: failed to find decoder mapping 0x400000000-0x41fffffff"]);
    expect(saying(booted, /region sort/)).toEqual(["cxl region0: region sort failed"]);
    failed(booted);
  });

  it("[A14] a target list that names another port", () => {
    const booted = two([decoderAt("hb0", { targets: [0, 2], granularity: 256 })]);
    expect(saying(booted, /in target list/)).toEqual(["cxl_mem mem1: failed to find endpoint3:0000:10:01.0 in target list of decoder1.0"]);
    failed(booted);
  });

  it("[A15] a target list that is swapped as a whole only swaps the positions", () => {
    const booted = two([decoderAt("hb0", { targets: [1, 0] })]);
    expect([serialAt(booted, "region0", 0), serialAt(booted, "region0", 1)]).toEqual([2n, 1n]);
    expect(read(booted, "region0/commit")).toBe("1");
  });

  it("[A18] ways or granularity of a port that are not what the members ask for: expected and got are logged", () => {
    const order = positions(2, 2);
    const booted = bootWith(wideMachine(2, 2), { regions: [regionOver(order)], decoders: [decoderAt("hb0", { size: 1024n * MiB, granularity: 256, targets: [0, 1] })] });
    expect(read(booted, "region0/commit")).toBe("0");
    expect(saying(booted, /cxl_port_setup_targets/)).toEqual([
      "cxl region0: pci0000:10:port1 cxl_port_setup_targets expected iw: 2 ig: 512 [mem 0x400000000-0x43fffffff flags 0x200]",
      "cxl region0: pci0000:10:port1 cxl_port_setup_targets got iw: 2 ig: 256 state: enabled 0x400000000:0x43fffffff",
    ]);
  });

  it("[L5] [A18] a granularity that the levels below cannot have is refused", () => {
    const order = positions(2, 2);
    const decoders = ["hb0", "hb1"].map((place) => decoderAt(place, { size: 1024n * MiB, granularity: 16384, targets: [0, 1] }));
    const booted = bootWith(wideMachine(2, 2), { regions: [regionOver(order, { granularity: 16384 })], decoders });
    expect(read(booted, "region0/commit")).toBe("0");
    expect(saying(booted, /invalid granularity calculation/)).toEqual(["cxl region0: root0: invalid granularity calculation (16384 * 2)"]);
    expect(saying(booted, /failed to attach .* -22$/)).toHaveLength(1);
  });

  it("[A14] a host bridge that decodes to one port only: the member below the other has no position", () => {
    const decoders = [decoderAt("hb1", { size: 1024n * MiB, ways: 1, granularity: 512, targets: [0] }), decoderAt("d11", { base: start, size: 1024n * MiB, ways: 4 })];
    const booted = bootWith(wideMachine(2, 2), { regions: [regionOver(positions(2, 2))], decoders });
    expect(read(booted, "region0/commit")).toBe("0");
    expect(saying(booted, /in target list of/)).toHaveLength(1);
  });

  it("[A10] [L6] a member whose share is not the region's is left out", () => {
    const booted = two([decoderAt("d01", { size: 512n * MiB, ways: 1 })]);
    expect([read(booted, "region0/commit"), read(booted, "region0/target1")]).toEqual(["0", ""]);
    expect(saying(booted, /failed to attach/)).toEqual(["cxl_port endpoint3: failed to attach decoder3.0 to region0: -22"]);
  });

  it("[A6] a third member finds no room", () => {
    const booted = bootWith(wideMachine(1, 3), { regions: [regionOver(["d00", "d01"])], decoders: [decoderAt("hb0", { isCommitted: false }), decoderAt("d02")] });
    expect(saying(booted, /already has 2 endpoints/)).toEqual(["cxl region0: region already has 2 endpoints"]);
    expect(saying(booted, /failed to attach decoder4.0/)).toEqual(["cxl_port endpoint4: failed to attach decoder4.0 to region0: -22"]);
  });

  it("[A4] and once the region runs, it is busy", () => {
    const booted = bootWith(wideMachine(1, 3), { regions: [regionOver(["d00", "d01"])], decoders: [decoderAt("d02")] });
    expect(read(booted, "region0/commit")).toBe("1");
    expect(saying(booted, /failed to attach/)).toEqual(["cxl_port endpoint4: failed to attach decoder4.0 to region0: -16"]);
  });

  it("(6.6) a member whose hardware refuses the ways is not committed: the region waits for it", () => {
    const machine = wideMachine(3, 1);
    const without = { ...machine, hostBridges: machine.hostBridges.map((bridge, b) => (b === 2 ? { ...bridge, rootPorts: [portOf("rp20", { slots: [deviceOf("d20", { serial: 33n })] })] } : bridge)) };
    const booted = bootWith(without, { regions: [regionOver(["d00", "d10", "d20"])] });
    expect(list(booted, "region").map((region) => read(booted, `${region}/commit`))).not.toContain("1");
  });

  it("[A14] below a passthrough bridge there is no decoder of the range (INFERRED)", () => {
    const machine = wideMachine(1, 1);
    const booted = bootWith({ ...machine, hostBridges: machine.hostBridges.map((bridge) => ({ ...bridge, decoders: 0 })) }, { regions: [regionOver(["d00"])] });
    expect(saying(booted, /failed to find decoder mapping/)).toHaveLength(1);
    expect(read(booted, "region0/commit")).toBe("0");
  });

  it("(6.2) [A2] a decoder over the border of two partitions belongs to none: no region is made of it", () => {
    const machine = machineOf([portOf("rp00", { slots: [deviceOf("d00", { volatileCapacity: 256n * MiB, persistentCapacity: 256n * MiB })] })]);
    const booted = bootWith(machine, { regions: [regionOver(["d00"], { size: 512n * MiB })] }, { restrictions: { persistent: true } });
    expect([list(booted, "region"), read(booted, "decoder2.0/mode"), list(booted, "endpoint")]).toEqual([[], "none", ["endpoint2"]]);
    expect(saying(booted, /no region of partition/)).toEqual(["cxl_pci 0000:0d:00.0: mem0:decoder2.0: no region of partition none"]);
  });

  it("(4.3) a decoder that firmware wrote and did not commit makes no region", () => {
    const booted = bootWith(wideMachine(1, 1), { decoders: [decoderAt("d00", { index: 0, isCommitted: false, size: 256n * MiB, ways: 1 }), decoderAt("hb0", { size: 256n * MiB, ways: 1, targets: [0] })] });
    expect(list(booted, "region")).toEqual([]);
    expect(list(booted, "endpoint")).toEqual(["endpoint2"]);
  });
});
