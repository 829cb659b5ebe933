// Faults of registers, commits and links as probe actions; XOR windows; back-invalidate commits; the CXL.cache half of isolation; security.

import { describe, expect, it } from "vitest";
import type { ProbeAction } from "../../src/hardware/probes.ts";
import { armProbe, probeEvidence } from "../../src/hardware/probes.ts";
import { GiB, MiB, defaultIsolation, deviceOf, machineOf, offsetOf, portOf } from "../support/machine.ts";
import type { Topology } from "../support/topology.ts";
import { bringUp, commitDecoder, downstreamOf, switchOf, windowBase } from "../support/topology.ts";

let nextProbe = 0;
function act(top: Topology, action: ProbeAction): void {
  const id = nextProbe++ % 32;
  armProbe(top.hardware, id, { match: { kind: "time", at: top.hardware.now + 1 }, action });
  top.hardware.advanceTo(top.hardware.now + 2);
  expect(probeEvidence(top.hardware, id).fired).toBe(1);
}

const region = { base: windowBase, size: 256n * MiB };
const control = offsetOf("deviceComponent", "hdmDecoderDevice", "control");

describe("registers that fail", () => {
  it("a stuck field keeps its value against software, hardware and resets, until it is released", () => {
    const top = bringUp(machineOf([portOf("rp0")]));
    const at = { entity: "rp0-dev", space: "component", offset: control, mask: 0x400 } as const;
    act(top, { kind: "stuckRegister", at, value: 0 });
    expect(commitDecoder(top.part("rp0-dev").registers, "device", 0, region) & 0xc00).toBe(0);
    commitDecoder(top.bridges.get("hb0") as never, "port", 0, region);
    expect(top.platform.memory.store(windowBase, 8, 1n)).toBe("dropped");
    act(top, { kind: "releaseRegister", at });
    top.part("rp0-dev").registers.write32(control, 0);
    expect(commitDecoder(top.part("rp0-dev").registers, "device", 0, region) & 0xc00).toBe(0x400);
    expect(top.platform.memory.store(windowBase, 8, 1n)).toBe("ok");
  });

  it("config space can stick too: a command register that will not open, a field that reads what it is told", () => {
    const top = bringUp(machineOf([portOf("rp0")]));
    const { address, registers } = top.part("rp0-dev");
    act(top, { kind: "stuckRegister", at: { entity: "rp0-dev", space: "config", offset: 4, mask: 2 }, value: 0 });
    expect([top.platform.config.read16(address, 4) & 6, registers.read32(0)]).toEqual([4, 0xffff_ffff]);
    top.platform.config.write16(address, 4, 6);
    expect(top.platform.config.read16(address, 4) & 6).toBe(4);
  });

  it("a corrupted register changes once, and what hangs on it follows", () => {
    const top = bringUp(machineOf([portOf("rp0")]));
    commitDecoder(top.bridges.get("hb0") as never, "port", 0, region);
    commitDecoder(top.part("rp0-dev").registers, "device", 0, region);
    expect(top.platform.memory.store(windowBase, 8, 1n)).toBe("ok");
    act(top, { kind: "corruptRegister", at: { entity: "rp0-dev", space: "component", offset: control, mask: 0x400 }, value: 0 });
    expect([top.platform.memory.store(windowBase, 8, 1n), top.part("rp0-dev").registers.read32(control) & 0x600]).toEqual(["dropped", 0x200]);
    top.part("rp0-dev").registers.write32(control, 0);
    expect(commitDecoder(top.part("rp0-dev").registers, "device", 0, region) & 0x400).toBe(0x400);
  });
});

describe("commits that fail", () => {
  it("[C1] [C8] a refused commit ends with Error Not Committed and can be tried again", () => {
    const top = bringUp(machineOf([portOf("rp0")]));
    act(top, { kind: "refuseCommit", function: "rp0-dev", count: 1 });
    expect(commitDecoder(top.part("rp0-dev").registers, "device", 0, region) & 0xc00).toBe(0x800);
    top.part("rp0-dev").registers.write32(control, 0);
    expect(top.part("rp0-dev").registers.read32(control) & 0xc00).toBe(0);
    expect(commitDecoder(top.part("rp0-dev").registers, "device", 0, region) & 0xc00).toBe(0x400);
  });

  it("[C7] a commit that never ends keeps both result bits 0 and refuses writes; a late one ends late", () => {
    const top = bringUp(machineOf([portOf("rp0")]));
    act(top, { kind: "neverCommit", function: "hb0", count: 1 });
    const bridge = top.bridges.get("hb0") as NonNullable<ReturnType<Topology["bridges"]["get"]>>;
    expect(commitDecoder(bridge, "port", 0, region) & 0xc00).toBe(0);
    top.hardware.advanceTo(top.hardware.now + 1_000_000_000);
    bridge.write32(control, 0);
    expect(bridge.read32(control) & 0xe00).toBe(0x200);
    act(top, { kind: "lateCommit", function: "rp0-dev", count: 1, by: 15_000_000 });
    const { registers } = top.part("rp0-dev");
    expect(commitDecoder(registers, "device", 0, region) & 0xc00).toBe(0);
    top.hardware.advanceTo(top.hardware.now + 14_000_000);
    expect(registers.read32(control) & 0xc00).toBe(0);
    top.hardware.advanceTo(top.hardware.now + 2_000_000);
    expect(registers.read32(control) & 0xc00).toBe(0x400);
  });
});

describe("a link that flaps", () => {
  it("goes down and comes back by itself, with training after it", () => {
    const top = bringUp(machineOf([portOf("rp0")]));
    act(top, { kind: "flapLink", port: "rp0", time: 3000 });
    expect(top.hardware.port("rp0").link).toBe("down");
    top.hardware.advanceTo(top.hardware.now + 3000);
    expect(top.hardware.port("rp0").link).toBe("training");
    top.hardware.advanceTo(top.hardware.now + 100_000);
    expect(top.hardware.port("rp0").link).toBe("up");
  });

  it("a card pulled under load ends its requests as the port's isolation says", () => {
    const top = bringUp(machineOf([portOf("rp0")]));
    commitDecoder(top.bridges.get("hb0") as never, "port", 0, region);
    commitDecoder(top.part("rp0-dev").registers, "device", 0, region);
    top.part("rp0").registers.write32(offsetOf("rootPortComponent", "timeoutIsolation", "control"), 1 << 16);
    for (let i = 0; i < 4; i++) top.platform.memory.issue(i, i % 2 === 0 ? "read" : "write", windowBase + BigInt(i * 64), 1n);
    act(top, { kind: "unplug", port: "rp0" });
    top.hardware.advanceTo(top.hardware.now + 1000);
    const ends: string[] = [];
    for (let one = top.platform.memory.takeCompletion(); one !== undefined; one = top.platform.memory.takeCompletion()) ends.push(one.status);
    expect(ends).toEqual(["poison", "dropped", "poison", "dropped"]);
    expect(top.hardware.port("rp0").heldBy).toContain("empty slot");
  });
});

describe("XOR windows (cedt 5)", () => {
  /** Way of an address: parities of the maps, and for 6 and 12 ways the rest modulo 3. */
  function wayOf(address: bigint, ways: number, shift: bigint, maps: readonly bigint[]): number {
    let way = 0;
    for (const [bit, map] of maps.entries()) {
      let parity = 0;
      for (let rest = address & map; rest > 0n; rest >>= 1n) parity ^= Number(rest & 1n);
      way |= parity << bit;
    }
    return ways % 3 === 0 ? way + 2 ** maps.length * Number((address >> (shift + BigInt(maps.length))) % 3n) : way;
  }

  it.each([[2, [0x2020_8100n]], [4, [0x1_0100n, 0x2_0200n]], [6, [0x404_0100n]], [8, [0x1_0100n, 0x2_0200n, 0x4_0400n]], [12, [0x1_0100n, 0x2_0200n]], [3, []]] as const)("%i ways choose the bridge by the maps", (ways, maps) => {
    const bridges = Array.from({ length: ways }, (_, index) => ({ name: `hb${index}`, uid: index, segment: 0, busStart: index * 2, busEnd: index * 2 + 1, componentBase: 0xfe00_0000n + BigInt(index) * 0x1_0000n, decoders: 0, targetCount: 8, rootPorts: [portOf(`rp${index}`)] }));
    const base = machineOf([portOf("x")]);
    const top = bringUp({ ...base, hostBridges: bridges, windows: [{ base: windowBase, size: 3n * GiB, ways, granularity: 256, targets: bridges.map((_, index) => index), arithmetic: "xor", xorMaps: maps }] });
    for (let i = 0n; i < 300n; i++) {
      const address = windowBase + i * 0x1_2340n;
      const port = top.hardware.exports.routeOf(Number(address & 0xffff_ffffn), Number(address >> 32n));
      expect([i, port]).toEqual([i, wayOf(address, ways, 8n, maps)]);
    }
  });
});

describe("back-invalidate structures (8.2.4.26, 8.2.4.27)", () => {
  const machine = machineOf([portOf("rp0", { backInvalidate: true, slots: [switchOf("sw0", [{ ...downstreamOf("dsp0", 0, [deviceOf("d", { backInvalidate: true })]), backInvalidate: true }], { backInvalidate: true })] })], { implementation: { ...machineOf([]).implementation, decoderCommitTime: 2_000_000 } });

  it("an explicit commit sets Committed after its time; taking it back clears it at once", () => {
    const top = bringUp(machine);
    for (const [name, block, structure, commit] of [["sw0", "upstreamPortComponent", "biRouteTable", 1], ["dsp0", "downstreamPortComponent", "biDecoder", 4]] as const) {
      const { registers } = top.part(name);
      const status = (): number => registers.read32(offsetOf(block, structure, "status")) & 3;
      registers.write32(offsetOf(block, structure, "control"), commit);
      expect(status()).toBe(0);
      top.hardware.advanceTo(top.hardware.now + 2_000_000);
      expect(status()).toBe(1);
      registers.write32(offsetOf(block, structure, "control"), 0);
      expect(status()).toBe(0);
    }
  });

  it("[C13] BI of a decoder and its set position can be written on capable components only", () => {
    const capable = bringUp(machine);
    const plain = bringUp(machineOf([portOf("rp0")]));
    const written = (top: Topology, name: string): number => {
      const { registers } = top.part(name);
      registers.write32(control, 0x0500_2000);
      return registers.read32(control);
    };
    expect([written(capable, "d"), written(capable, "sw0"), written(plain, "rp0-dev")]).toEqual([0x0500_2000, 0x2000, 0]);
    expect(plain.part("rp0-dev").registers.read32(0x0c) & 0xffff).toBe(0);
  });
});

describe("the CXL.cache half of isolation (12.3.1)", () => {
  const cache = { ...defaultIsolation, cache: true, cacheLinkDown: true, cacheTimeout: true, cacheTimeoutRanges: 1 };
  const status = offsetOf("rootPortComponent", "timeoutIsolation", "status");
  const isolationControl = offsetOf("rootPortComponent", "timeoutIsolation", "control");

  it("[TS8] [TS9] a link down enters both halves where they are enabled; each is left by its own bit", () => {
    const top = bringUp(machineOf([portOf("rp0", { isolation: cache })]));
    const { registers } = top.part("rp0");
    registers.write32(isolationControl, (1 << 16) | (1 << 18));
    act(top, { kind: "linkDown", port: "rp0" });
    expect(registers.read32(status)).toBe(0x3300);
    registers.write32(status, 0x1000);
    expect(registers.read32(status)).toBe(0x2300);
    registers.write32(status, 0x100);
    expect(registers.read32(status)).toBe(0x2200);
  });

  it("[TS3] [T10] a CXL.cache timeout sets its bit, isolates if it may, and holds the link down if it is told to", () => {
    const top = bringUp(machineOf([portOf("rp0", { isolation: cache })]));
    const { registers } = top.part("rp0");
    act(top, { kind: "cacheTimeout", port: "rp0" });
    expect(registers.read32(status)).toBe(0);
    registers.write32(isolationControl, 1 << 12);
    act(top, { kind: "cacheTimeout", port: "rp0" });
    expect(registers.read32(status)).toBe(0x10);
    registers.write32(isolationControl, (1 << 12) | (1 << 18) | (1 << 19));
    act(top, { kind: "cacheTimeout", port: "rp0" });
    expect([registers.read32(status), top.hardware.port("rp0").link]).toEqual([0x1010, "down"]);
    registers.write32(status, 0x1000);
    expect([registers.read32(status), top.hardware.port("rp0").link]).toEqual([0x10, "training"]);
  });

  it("without the capability nothing of it can be enabled", () => {
    const top = bringUp(machineOf([portOf("rp0")]));
    top.part("rp0").registers.write32(isolationControl, 0x000c_1f00);
    expect(top.part("rp0").registers.read32(isolationControl)).toBe(0);
  });
});

describe("security and snoop filter", () => {
  it("Extended Security has an untrusted policy and the port number for each root port, and nothing behind the last", () => {
    const base = machineOf([portOf("rp0"), portOf("rp1")]);
    const top = bringUp({ ...base, hostBridges: base.hostBridges.map((bridge) => ({ ...bridge, rootPorts: bridge.rootPorts.map((port, index) => ({ ...port, portNumber: index * 16 + 4 })) })) });
    const at = (register: string, k: number): number => offsetOf("hostBridgeComponent", "extendedSecurity", register, k);
    const bridge = top.bridges.get("hb0");
    expect([bridge?.read32(at("entryCount", 0)), bridge?.read32(at("policy", 1)), bridge?.read32(at("rootPortId", 0)), bridge?.read32(at("rootPortId", 1))]).toEqual([2, 2, 4, 20]);
    bridge?.write32(at("policy", 1), 1);
    bridge?.write32(at("policy", 2), 1);
    expect([bridge?.read32(at("policy", 1)), bridge?.read32(at("policy", 2)), bridge?.read32(at("rootPortId", 2))]).toEqual([1, 0, 0]);
  });

  it("a snoop filter shows its group and capacity where one is declared; without it its bytes are reserved", () => {
    const top = bringUp(machineOf([portOf("rp0", { snoopFilter: { group: 3, capacity: 1024 } }), portOf("rp1")]));
    const read = (name: string): (number | undefined)[] => ["group", "capacity"].map((register) => top.part(name).registers.read32(offsetOf("rootPortComponent", "snoopFilter", register)));
    expect([read("rp0"), read("rp1")]).toEqual([[3, 1024], [0, 0]]);
  });
});
