// Poison, media states, persistent capacity, and the resets of a device: conventional, function level, CXL, of its own accord.

import { describe, expect, it } from "vitest";
import type { ProbeAction } from "../../src/hardware/probes.ts";
import { ProbeError, armProbe } from "../../src/hardware/probes.ts";
import type { DeviceDescription } from "../../src/platform/description.ts";
import { MiB, deviceOf, machineOf, offsetOf, portOf } from "../support/machine.ts";
import type { Topology } from "../support/topology.ts";
import { bringUp, commitDecoder, windowBase } from "../support/topology.ts";

let nextProbe = 0;
function act(top: Topology, action: ProbeAction): void {
  armProbe(top.hardware, nextProbe++ % 32, { match: { kind: "time", at: top.hardware.now + 1 }, action });
  top.hardware.advanceTo(top.hardware.now + 2);
}

const config = (structure: string, register: string): number => offsetOf("deviceConfig", structure, register);
const control2 = config("dvsecDevice", "control2");
const status2 = config("dvsecDevice", "status2");

/** One device, all of its capacity at the start of the window. */
function open(device: Partial<DeviceDescription> = {}): Topology {
  const top = bringUp(machineOf([portOf("rp0", { slots: [deviceOf("d", device)] })]));
  remap(top);
  return top;
}

function remap(top: Topology): void {
  commitDecoder(top.bridges.get("hb0") as never, "port", 0, { base: windowBase, size: 1024n * MiB });
  commitDecoder(top.part("d").registers, "device", 0, { base: windowBase, size: 1024n * MiB });
}

describe("poison at a DPA", () => {
  it("loads of a poisoned line return poison; its neighbours do not; a partial store leaves it, a full line takes it away", () => {
    const top = open();
    const { memory } = top.platform;
    act(top, { kind: "poison", device: "d", dpa: 0x1040n, length: 128 });
    const states = (): string[] => [0x1000n, 0x1040n, 0x1078n, 0x1080n, 0x10c0n].map((at) => memory.load(windowBase + at, 8).status);
    expect(states()).toEqual(["ok", "poison", "poison", "poison", "ok"]);
    expect(memory.store(windowBase + 0x1040n, 8, 1n)).toBe("ok");
    expect(states()[1]).toBe("poison");
    memory.issue(1, "write", windowBase + 0x1040n, 9n);
    top.hardware.advanceTo(top.hardware.now + 1000);
    expect([...states(), memory.load(windowBase + 0x1078n, 8).value]).toEqual(["ok", "ok", "ok", "poison", "ok", 9n]);
    act(top, { kind: "clearPoison", device: "d", dpa: 0x1080n, length: 64 });
    expect(states()).toEqual(["ok", "ok", "ok", "ok", "ok"]);
  });

  it("requests of others see it too, and a hot reset takes it with volatile contents but not with persistent ones", () => {
    const top = open({ persistentCapacity: 256n * MiB });
    act(top, { kind: "poison", device: "d", dpa: 0n, length: 64 });
    act(top, { kind: "poison", device: "d", dpa: 256n * MiB, length: 64 });
    top.platform.memory.issue(3, "read", windowBase, 0n);
    top.hardware.advanceTo(top.hardware.now + 1000);
    expect(top.platform.memory.takeCompletion()).toMatchObject({ requester: 3, status: "poison" });
    act(top, { kind: "resetDevice", device: "d" });
    top.platform.config.write32(top.part("d").address, 0x10, Number(top.part("d").bar & 0xffff_ffffn));
    top.platform.config.write32(top.part("d").address, 0x14, Number(top.part("d").bar >> 32n));
    top.platform.config.write16(top.part("d").address, 4, 6);
    top.platform.config.write16(top.part("d").address, config("dvsecDevice", "control"), 4);
    remap(top);
    expect([0n, 256n * MiB].map((dpa) => top.platform.memory.load(windowBase + dpa, 8).status)).toEqual(["ok", "poison"]);
  });

  it("an address that is no line is refused", () => {
    const top = open();
    expect(() => act(top, { kind: "poison", device: "d", dpa: 1n, length: 64 })).toThrow(ProbeError);
    expect(() => act(top, { kind: "poison", device: "d", dpa: 0n, length: 65 })).toThrow(/multiples of 64/);
    expect(() => act(top, { kind: "poison", device: "rp0", dpa: 0n, length: 64 })).toThrow(/no device "rp0"/);
  });
});

describe("media state", () => {
  it("media that is not ready, in error or disabled gives all ones, takes nothing and shows it in Memory_Active", () => {
    const top = open();
    const { memory } = top.platform;
    expect(memory.store(windowBase, 8, 7n)).toBe("ok");
    const active = (): number => (top.platform.config.read32(top.part("d").address, config("dvsecDevice", "range1SizeLow")) >>> 1) & 1;
    for (const state of ["not-ready", "error", "disabled"] as const) {
      act(top, { kind: "mediaState", device: "d", state });
      expect([state, memory.load(windowBase, 8), memory.store(windowBase, 8, 8n), active()]).toEqual([state, { status: "ones", value: 0xffff_ffff_ffff_ffffn }, "dropped", 0]);
    }
    act(top, { kind: "mediaState", device: "d", state: "ready" });
    expect([memory.load(windowBase, 8), active()]).toEqual([{ status: "ok", value: 7n }, 1]);
  });
});

describe("volatile and persistent capacity", () => {
  it("DPAs hold the volatile part first; two DVSEC ranges show both, one range a device of one kind", () => {
    const sizes = (device: Partial<DeviceDescription>): number[] => {
      const top = open(device);
      const read = (register: string): number => top.platform.config.read32(top.part("d").address, config("dvsecDevice", register));
      const capability = top.platform.config.read16(top.part("d").address, config("dvsecDevice", "capability"));
      return [(capability >>> 4) & 3, read("range1SizeLow") >>> 28, read("range1SizeLow") & 3, read("range2SizeLow") >>> 28, read("range2SizeLow") & 3];
    };
    expect(sizes({ persistentCapacity: 512n * MiB })).toEqual([2, 1, 3, 2, 3]);
    expect(sizes({ volatileCapacity: 0n, persistentCapacity: 512n * MiB })).toEqual([1, 2, 3, 0, 0]);
    expect(sizes({})).toEqual([1, 1, 3, 0, 0]);
  });

  it("the GPF DVSEC is there with persistent capacity only; the list runs through to serial number and exchange either way", () => {
    const ids = (device: Partial<DeviceDescription>): number[] => {
      const top = open(device);
      const found: number[] = [];
      for (let at = 0x100; at !== 0; ) {
        const header = top.platform.config.read32(top.part("d").address, at);
        found.push((header & 0xffff) === 0x23 ? top.platform.config.read16(top.part("d").address, at + 8) : 0x100 + (header & 0xffff));
        at = header >>> 20;
      }
      return found;
    };
    expect(ids({ persistentCapacity: 256n * MiB })).toEqual([0x101, 0, 7, 8, 5, 0x103, 0x12e]);
    expect(ids({})).toEqual([0x101, 0, 7, 8, 0x103, 0x12e]);
  });

  it("[TB3] a hot reset loses volatile contents and keeps persistent ones", () => {
    const top = open({ persistentCapacity: 256n * MiB });
    const { memory } = top.platform;
    memory.store(windowBase, 8, 1n);
    memory.store(windowBase + 256n * MiB, 8, 2n);
    act(top, { kind: "linkDown", port: "rp0" });
    const media = (dpa: bigint): number => top.hardware.exports.peekMedia(0, Number(dpa), 0) >>> 0;
    expect([media(0n) === 1, media(256n * MiB)]).toEqual([false, 2]);
  });

  it("the second DVSEC range decodes behind the first one's capacity while HDM Decoder Enable is 0", () => {
    const top = bringUp(machineOf([portOf("rp0", { slots: [deviceOf("d", { persistentCapacity: 256n * MiB })] })]));
    commitDecoder(top.bridges.get("hb0") as never, "port", 0, { base: windowBase, size: 1024n * MiB });
    const { address } = top.part("d");
    const setBase = (range: 1 | 2, base: bigint): void => {
      top.platform.config.write32(address, config("dvsecDevice", `range${range}BaseHigh`), Number(base >> 32n));
      top.platform.config.write32(address, config("dvsecDevice", `range${range}BaseLow`), Number(base & 0xffff_ffffn));
    };
    setBase(1, windowBase + 512n * MiB);
    setBase(2, windowBase);
    expect([top.platform.memory.store(windowBase + 64n, 8, 5n), top.platform.memory.store(windowBase + 512n * MiB, 8, 6n), top.platform.memory.store(windowBase + 256n * MiB, 8, 7n)]).toEqual(["ok", "ok", "dropped"]);
    expect([256n * MiB + 64n, 0n].map((dpa) => top.hardware.exports.peekMedia(0, Number(dpa), 0))).toEqual([5, 6]);
  });
});

describe("resets of a device", () => {
  const command = (top: Topology): number => top.platform.config.read16(top.part("d").address, 4);
  const decoder = (top: Topology): number => top.hardware.peekComponent(top.hardware.entities.devices.get("d")?.id ?? 0, offsetOf("deviceComponent", "hdmDecoderDevice", "control")) & 0x400;

  it("a function level reset clears BARs, command and MSI-X, and spares decoders, the device DVSEC and the link's state (sheet 14)", () => {
    const top = open();
    const { address } = top.part("d");
    const linkStatus = top.platform.config.read16(address, config("pcie", "linkStatus"));
    top.platform.config.write16(address, config("msix", "control"), 0x8000);
    top.platform.config.write16(address, config("pcie", "deviceControl"), 0x8000);
    expect([command(top), top.platform.config.read32(address, 0x10) >>> 16, top.platform.config.read16(address, config("msix", "control")) & 0x8000]).toEqual([0, 0, 0]);
    expect([decoder(top), top.platform.config.read16(address, config("dvsecDevice", "control")) & 4, top.platform.config.read16(address, config("pcie", "linkStatus"))]).toEqual([0x400, 4, linkStatus]);
    expect(top.platform.config.read16(address, config("pcie", "deviceControl"))).toBe(0);
    expect(top.platform.memory.store(windowBase, 8, 1n)).toBe("ok");
  });

  it("a CXL reset takes decoders and Mem_Enable, is over after its time, and clears memory when it was told to", () => {
    for (const clears of [false, true]) {
      const top = open({ resetTime: 50_000_000 });
      const { address } = top.part("d");
      expect(top.platform.config.read16(address, config("dvsecDevice", "capability")) & 0x0f80).toBe(0x0980);
      top.platform.memory.store(windowBase, 8, 3n);
      top.platform.config.write16(address, control2, 4 | (clears ? 8 : 0));
      expect([decoder(top), top.platform.config.read16(address, config("dvsecDevice", "control")) & 4, top.platform.config.read16(address, status2) & 6]).toEqual([0, 0, 0]);
      top.hardware.advanceTo(top.hardware.now + 50_000_000);
      expect(top.platform.config.read16(address, status2) & 6).toBe(2);
      expect(top.hardware.exports.peekMedia(0, 0, 0) === 3).toBe(!clears);
    }
  });

  it("a device without CXL reset ignores the command", () => {
    const top = open();
    top.platform.config.write16(top.part("d").address, control2, 4);
    expect([decoder(top), top.platform.config.read16(top.part("d").address, control2)]).toEqual([0x400, 0]);
  });

  it("a device that resets itself loses its programming while its link stays up, and its media comes back after its time", () => {
    const top = open({ mediaReadyTime: 5000 });
    top.hardware.advanceTo(top.hardware.now + 5000);
    act(top, { kind: "resetDevice", device: "d" });
    const active = (): number => (top.platform.config.read32(top.part("d").address, config("dvsecDevice", "range1SizeLow")) >>> 1) & 1;
    expect([top.hardware.port("rp0").link, command(top), decoder(top), active()]).toEqual(["up", 0, 0, 0]);
    top.hardware.advanceTo(top.hardware.now + 5000);
    expect(active()).toBe(1);
  });

  it("CONFIG_LOCK keeps Mem_Enable and ranges until a conventional reset, also over a function level reset", () => {
    const top = open();
    const { address } = top.part("d");
    top.platform.config.write16(address, config("dvsecDevice", "lock"), 1);
    top.platform.config.write16(address, config("dvsecDevice", "lock"), 0);
    top.platform.config.write16(address, config("dvsecDevice", "control"), 0);
    top.platform.config.write32(address, config("dvsecDevice", "range1BaseLow"), 0x1000_0000);
    top.platform.config.write16(address, config("pcie", "deviceControl"), 0x8000);
    expect([top.platform.config.read16(address, config("dvsecDevice", "control")) & 4, top.platform.config.read32(address, config("dvsecDevice", "range1BaseLow")), top.platform.config.read16(address, config("dvsecDevice", "lock"))]).toEqual([4, 0, 1]);
    act(top, { kind: "resetDevice", device: "d" });
    expect(top.platform.config.read16(address, config("dvsecDevice", "lock"))).toBe(0);
  });
});
