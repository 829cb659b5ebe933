// Switches: config space by bus numbers, registers behind bridge windows, requests through decoders of every level, links and resets below.

import { describe, expect, it } from "vitest";
import type { MachineDescription } from "../../src/platform/description.ts";
import { armProbe } from "../../src/hardware/probes.ts";
import type { ProbeAction } from "../../src/hardware/probes.ts";
import { MiB, deviceOf, machineOf, offsetOf, portOf } from "../support/machine.ts";
import type { Topology } from "../support/topology.ts";
import { bringUp, commitDecoder, downstreamOf, switchMachine, switchOf, windowBase } from "../support/topology.ts";

const committed = 0x400;
const serialLow = offsetOf("deviceConfig", "serialNumber", "low");
const controlOffset = offsetOf("deviceConfig", "dvsecDevice", "control");

const act = (top: Topology, id: number, action: ProbeAction): void => {
  armProbe(top.hardware, id, { match: { kind: "time", at: top.hardware.now + 1 }, action });
  top.hardware.advanceTo(top.hardware.now + 2);
};

/** Two levels: rp0 - sw0 - (dsp0: dev; dsp1: sw1 - (leaf0, leaf1)). */
const twoLevels = (overrides: Partial<MachineDescription> = {}): MachineDescription =>
  machineOf([portOf("rp0", { slots: [switchOf("sw0", [downstreamOf("dsp0", 0), downstreamOf("dsp1", 1, [switchOf("sw1", [downstreamOf("leaf0", 4, [deviceOf("dev4", { serial: 4n })]), downstreamOf("leaf1", 5, [deviceOf("dev5", { serial: 5n })])], { latency: 30 })])])] })], overrides);

/** Two ways at 256 bytes over the leaves of the second switch. */
function openLeaves(top: Topology): void {
  const region = { base: windowBase, size: 512n * MiB };
  expect(commitDecoder(top.bridges.get("hb0") as never, "port", 0, region) & committed).toBe(committed);
  expect(commitDecoder(top.part("sw0").registers, "port", 0, { ...region, targets: 1n }) & committed).toBe(committed);
  expect(commitDecoder(top.part("sw1").registers, "port", 0, { ...region, ways: 1, targets: 0x0405n }) & committed).toBe(committed);
  for (const name of ["dev4", "dev5"]) expect(commitDecoder(top.part(name).registers, "device", 0, { ...region, ways: 1 }) & committed).toBe(committed);
}

describe("config space below switches", () => {
  it("every function of two levels answers at the bus numbers software gave, and nowhere else", () => {
    const top = bringUp(twoLevels());
    expect([...top.parts.keys()]).toEqual(["rp0", "sw0", "dsp0", "dsp0-dev", "dsp1", "sw1", "leaf0", "dev4", "leaf1", "dev5"]);
    expect(["dev4", "dev5"].map((name) => top.platform.config.read32(top.part(name).address, serialLow))).toEqual([4, 5]);
    const device = top.part("dev5").address;
    expect(top.platform.config.read32(device + 1, 0)).toBe(0xffff_ffff);
    expect(top.platform.config.read32(device + (1 << 3), 0)).toBe(0xffff_ffff);
    top.platform.config.write8(top.part("sw1").address, 0x1a, 0);
    expect(top.platform.config.read32(device, 0)).toBe(0xffff_ffff);
  });

  it("a bus is forwarded only within secondary and subordinate of every bridge on the way (PCIe 7.3.3)", () => {
    const top = bringUp(twoLevels());
    const device = top.part("dev4").address;
    for (const name of ["rp0", "sw0", "dsp1", "sw1", "leaf0"]) {
      const was = top.platform.config.read32(top.part(name).address, 0x18);
      top.platform.config.write32(top.part(name).address, 0x18, (was & 0xff) | 0x00e0_e000);
      expect([name, top.platform.config.read32(device, 0)]).toEqual([name, 0xffff_ffff]);
      top.platform.config.write32(top.part(name).address, 0x18, was);
      expect(top.platform.config.read32(device, 0)).not.toBe(0xffff_ffff);
    }
  });

  it("registers answer only while the windows and memory enables of all bridges above let them", () => {
    const top = bringUp(twoLevels());
    const { registers } = top.part("dev5");
    expect(registers.read32(0)).not.toBe(0xffff_ffff);
    for (const name of ["rp0", "sw0", "dsp1", "sw1", "leaf1"]) {
      top.platform.config.write16(top.part(name).address, 4, 4);
      expect([name, registers.read32(0)]).toEqual([name, 0xffff_ffff]);
      top.platform.config.write16(top.part(name).address, 4, 6);
      const limit = top.platform.config.read16(top.part(name).address, 0x26);
      top.platform.config.write16(top.part(name).address, 0x26, 0);
      expect([name, registers.read32(0)]).toEqual([name, 0xffff_ffff]);
      top.platform.config.write16(top.part(name).address, 0x26, limit);
      expect(registers.read32(0)).not.toBe(0xffff_ffff);
    }
  });

  it("what an alternate declares is off until it is plugged in; then its whole subtree comes up", () => {
    const top = bringUp(machineOf([portOf("rp0", { slots: [deviceOf("plain"), switchOf("late", [downstreamOf("late0", 0, [deviceOf("below", { serial: 9n })])])] })]));
    expect(top.hardware.port("late0").link).toBe("down");
    act(top, 0, { kind: "plug", port: "rp0", device: "late" });
    top.hardware.advanceTo(top.hardware.now + 100_000);
    expect([top.hardware.port("rp0").device, top.hardware.port("late0").link]).toEqual(["late", "training"]);
    top.hardware.advanceTo(top.hardware.now + 100_000);
    expect([top.hardware.port("late0").link, top.hardware.port("late0").device]).toEqual(["up", "below"]);
    act(top, 1, { kind: "unplug", port: "rp0" });
    expect([top.hardware.port("rp0").link, top.hardware.port("rp0").heldBy, top.hardware.port("late0").link]).toEqual(["down", ["empty slot"], "down"]);
  });
});

describe("CXL.mem through switches", () => {
  it("way bits of every level lead to the device; DPAs follow from the device's own decoder", () => {
    const top = bringUp(twoLevels());
    openLeaves(top);
    const { memory } = top.platform;
    for (let chunk = 0n; chunk < 8n; chunk++) expect(memory.store(windowBase + chunk * 256n, 8, chunk + 1n)).toBe("ok");
    const at = (name: string, dpa: number): number => top.hardware.exports.peekMedia(top.hardware.entities.devices.get(name)?.index ?? 99, dpa, 0);
    // Way 0 goes to port number 5, way 1 to port number 4: the target list says so.
    expect([0, 1, 2, 3].map((n) => [at("dev5", n * 256), at("dev4", n * 256)])).toEqual([[1, 2], [3, 4], [5, 6], [7, 8]]);
    expect(memory.load(windowBase + 256n, 8)).toEqual({ status: "ok", value: 2n });
  });

  it.each([[2, 2], [1, 4], [4, 2], [2, 1]] as const)("[L4] granularity times ways from level to level: %i root ports x switches of %i give every chunk a place of its own", (rootPorts, downstream) => {
    const ports = Array.from({ length: rootPorts }, (_, r) => portOf(`rp${r}`, { portNumber: r, slots: [switchOf(`sw${r}`, Array.from({ length: downstream }, (__, d) => downstreamOf(`dsp${r}${d}`, d, [deviceOf(`dev${r}${d}`)])))] }));
    const top = bringUp(machineOf(ports));
    const ways = rootPorts * downstream;
    const region = { base: windowBase, size: 256n * MiB * BigInt(ways) };
    const list = (count: number): bigint => Array.from({ length: count }, (_, i) => BigInt(i) << BigInt(8 * i)).reduce((sum, one) => sum | one, 0n);
    commitDecoder(top.bridges.get("hb0") as never, "port", 0, { ...region, ways: Math.log2(rootPorts), targets: list(rootPorts) });
    for (let r = 0; r < rootPorts; r++) commitDecoder(top.part(`sw${r}`).registers, "port", 0, { ...region, ways: Math.log2(downstream), granularity: Math.log2(rootPorts), targets: list(downstream) });
    for (let r = 0; r < rootPorts; r++) for (let d = 0; d < downstream; d++) commitDecoder(top.part(`dev${r}${d}`).registers, "device", 0, { ...region, ways: Math.log2(ways) });
    const { memory } = top.platform;
    for (let chunk = 0n; chunk < BigInt(4 * ways); chunk++) expect(memory.store(windowBase + chunk * 256n, 8, 0x1000n + chunk)).toBe("ok");
    for (let chunk = 0; chunk < 4 * ways; chunk++) {
      const [r, d] = [chunk % rootPorts, Math.floor(chunk / rootPorts) % downstream];
      const device = top.hardware.entities.devices.get(`dev${r}${d}`)?.index ?? 99;
      expect([chunk, top.hardware.exports.peekMedia(device, Math.floor(chunk / ways) * 256, 0)]).toEqual([chunk, 0x1000 + chunk]);
    }
  });

  it("every switch on the way adds its latency", () => {
    const top = bringUp(twoLevels());
    openLeaves(top);
    const before = top.hardware.now;
    top.platform.memory.load(windowBase, 8);
    expect(top.hardware.now - before).toBe(300 + 100 + 30 + 1);
    expect(top.platform.memory.route(windowBase)).toMatchObject({ readLatency: 430, writeLatency: 330 });
  });

  it("[C5] a switch that no decoder claims answers all ones, or poison where its Global Control says so; writes are dropped", () => {
    const top = bringUp(switchMachine(2));
    commitDecoder(top.bridges.get("hb0") as never, "port", 0, { base: windowBase, size: 256n * MiB });
    expect([top.platform.memory.load(windowBase, 8).status, top.platform.memory.store(windowBase, 8, 1n)]).toEqual(["ones", "dropped"]);
    const poisonous = bringUp(machineOf([portOf("rp0", { slots: [switchOf("sw0", [downstreamOf("dsp0", 0)], { poisonOnDecodeError: true })] })]));
    commitDecoder(poisonous.bridges.get("hb0") as never, "port", 0, { base: windowBase, size: 256n * MiB });
    poisonous.part("sw0").registers.write32(offsetOf("upstreamPortComponent", "hdmDecoderPort", "globalControl"), 1);
    expect(poisonous.platform.memory.load(windowBase, 8).status).toBe("poison");
  });

  it("without decoders a bridge of one port and a switch of one port pass everything on", () => {
    const base = machineOf([portOf("rp0", { slots: [switchOf("sw0", [downstreamOf("dsp0", 0)], { decoders: 0 })] })]);
    const top = bringUp({ ...base, hostBridges: base.hostBridges.map((bridge) => ({ ...bridge, decoders: 0 })) });
    expect(top.bridges.get("hb0")?.read32(4)).toBe(0);
    commitDecoder(top.part("dsp0-dev").registers, "device", 0, { base: windowBase, size: 256n * MiB });
    expect([top.platform.memory.store(windowBase + 64n, 8, 5n), top.platform.memory.load(windowBase + 64n, 8)]).toEqual(["ok", { status: "ok", value: 5n }]);
  });

  it("[T2] [T3] a downstream port that is down gives no answer: the root port times out and isolates; or all ones, by choice", () => {
    const isolated = bringUp(twoLevels());
    openLeaves(isolated);
    isolated.part("rp0").registers.write32(offsetOf("rootPortComponent", "timeoutIsolation", "control"), (1 << 16) | (1 << 4) | 1);
    act(isolated, 0, { kind: "linkDown", port: "leaf1" });
    expect(isolated.platform.memory.load(windowBase, 8).status).toBe("poison");
    expect([isolated.hardware.port("rp0").isIsolated, isolated.hardware.port("rp0").link]).toEqual([true, "up"]);
    expect(isolated.part("rp0").registers.read32(offsetOf("rootPortComponent", "timeoutIsolation", "status")) & 0x301).toBe(0x101);
    const silent = bringUp(twoLevels({ implementation: { ...twoLevels().implementation, switchDeadPort: "all-ones" } }));
    openLeaves(silent);
    act(silent, 0, { kind: "linkDown", port: "leaf1" });
    expect([silent.platform.memory.load(windowBase, 8).status, silent.platform.memory.load(windowBase + 256n, 8).status]).toEqual(["ones", "ok"]);
  });

  it("a request on its way when a downstream port goes down is not answered any more", () => {
    const top = bringUp(twoLevels());
    openLeaves(top);
    top.part("rp0").registers.write32(offsetOf("rootPortComponent", "timeoutIsolation", "control"), (1 << 16) | (1 << 4) | 1);
    top.platform.memory.issue(1, "read", windowBase, 0n);
    top.platform.memory.issue(2, "read", windowBase + 256n, 0n);
    act(top, 0, { kind: "linkDown", port: "leaf1" });
    top.hardware.advanceTo(top.hardware.now + 1_000_000);
    const done = [top.platform.memory.takeCompletion(), top.platform.memory.takeCompletion()];
    expect(done.map((one) => [one?.requester, one?.status])).toEqual([[2, "ok"], [1, "poison"]]);
    expect((done[1]?.completedAt ?? 0) - (done[1]?.issuedAt ?? 0)).toBe(50_050);
  });
});

describe("resets below a switch", () => {
  it("a link that goes down resets everything below it, decoders of inner switches too; above nothing changes (sheet 14)", () => {
    const top = bringUp(twoLevels());
    openLeaves(top);
    const control = offsetOf("hostBridgeComponent", "hdmDecoderPort", "control");
    act(top, 0, { kind: "linkDown", port: "dsp1" });
    act(top, 1, { kind: "linkUp", port: "dsp1" });
    top.hardware.advanceTo(top.hardware.now + 300_000);
    expect(["dsp1", "leaf0", "leaf1"].map((name) => top.hardware.port(name).link)).toEqual(["up", "up", "up"]);
    const peek = (name: string, kind: "switches" | "devices"): number => top.hardware.peekComponent(top.hardware.entities[kind].get(name)?.id ?? 0, control) & committed;
    expect([peek("sw0", "switches"), peek("sw1", "switches"), peek("dev4", "devices")]).toEqual([committed, 0, 0]);
    expect(top.platform.config.read32(top.part("sw1").address, 0)).not.toBe(0xffff_ffff);
    expect(top.platform.config.read32(top.part("dev4").address, 0)).toBe(0xffff_ffff);
  });

  it("a switch between does not forward errors or messages it may not: SERR# and bus master of every bridge count", () => {
    const top = bringUp(switchMachine(1));
    const rootStatus = offsetOf("rootPortConfig", "aer", "rootErrorStatus");
    const device = top.part("dsp0-dev").address;
    top.platform.config.write32(device, offsetOf("deviceConfig", "aer", "uncorrectableMask"), 0);
    top.platform.config.write16(device, offsetOf("deviceConfig", "pcie", "deviceControl"), 7);
    top.part("dsp0-dev").registers.write32(offsetOf("deviceComponent", "ras", "uncorrectableMask"), 0);
    const bridges = ["dsp0", "sw0", "rp0"];
    for (const [index, name] of bridges.entries()) {
      act(top, index, { kind: "uncorrectableError", function: "dsp0-dev", bit: 14 });
      expect([name, top.platform.config.read32(top.part("rp0").address, rootStatus) & 0x7f]).toEqual([name, 0]);
      top.platform.config.write16(top.part(name).address, 0x3e, 2);
    }
    act(top, 9, { kind: "uncorrectableError", function: "dsp0-dev", bit: 14 });
    expect(top.platform.config.read32(top.part("rp0").address, rootStatus) & 0x7f).toBe(0x54);
    expect(top.platform.config.read32(top.part("rp0").address, offsetOf("rootPortConfig", "aer", "errorSource")) >>> 16).toBe((device & 0xffff) >>> 0);
  });

  it("Secondary Bus Reset of an upstream port holds its downstream ports in reset, silently; the switch itself stays (PCIe 7.5.1.3.13)", () => {
    const top = bringUp(twoLevels());
    openLeaves(top);
    const bridgeControl = offsetOf("upstreamPortConfig", "bridgeHeader", "bridgeControl");
    const slotStatus = offsetOf("downstreamPortConfig", "pcie", "slotStatus");
    const { address } = top.part("sw1");
    top.platform.memory.issue(1, "read", windowBase, 0n);
    top.platform.config.write16(address, bridgeControl, 1 << 6);
    expect(["dsp1", "leaf0", "leaf1"].map((name) => top.hardware.port(name))).toMatchObject([{ link: "up", heldBy: [] }, { link: "down", heldBy: ["bus reset"] }, { link: "down", heldBy: ["bus reset"] }]);
    expect(top.part("sw1").registers.read32(offsetOf("upstreamPortComponent", "hdmDecoderPort", "control")) & committed).toBe(committed);
    expect([top.platform.config.read16(top.part("leaf0").address, slotStatus), top.platform.config.read32(top.part("dev4").address, 0)]).toEqual([1 << 6, 0xffff_ffff]);
    expect(top.platform.memory.takeCompletion()).toBeUndefined();
    top.platform.config.write16(address, bridgeControl, 0);
    top.hardware.advanceTo(top.hardware.now + 300_000);
    expect(["leaf0", "leaf1"].map((name) => top.hardware.port(name).link)).toEqual(["up", "up"]);
    expect(top.platform.config.read16(top.part("leaf0").address, slotStatus)).toBe((1 << 6) | (1 << 8));
  });

  it("Mem_Enable and memory space belong to each device by itself", () => {
    const top = bringUp(switchMachine(2));
    top.platform.config.write16(top.part("dsp0-dev").address, controlOffset, 0);
    expect(["dsp0-dev", "dsp1-dev"].map((name) => top.platform.config.read16(top.part(name).address, controlOffset) & 4)).toEqual([0, 4]);
  });
});
