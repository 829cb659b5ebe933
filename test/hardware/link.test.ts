// The link of a root port and what software sees of it: causes of a link down, slot events, AER, MSI.

import { describe, expect, it } from "vitest";
import { armProbe } from "../../src/hardware/probes.ts";
import type { ProbeAction } from "../../src/hardware/probes.ts";
import type { Bench } from "../support/machine.ts";
import { configureDevice, deviceOf, machineOf, offsetOf, openMemory, portOf, setUp } from "../support/machine.ts";

const port = (structure: string, register: string): number => offsetOf("rootPortConfig", structure, register);
const linkControl = port("pcie", "linkControl");
const linkStatus = port("pcie", "linkStatus");
const slotControl = port("pcie", "slotControl");
const slotStatus = port("pcie", "slotStatus");
const bridgeControl = port("bridgeHeader", "bridgeControl");
const portControl = port("dvsecPort", "control");
const deviceControl = port("pcie", "deviceControl");
const deviceStatus = port("pcie", "deviceStatus");
const aer = (register: string): number => port("aer", register);
const isolationControl = offsetOf("rootPortComponent", "timeoutIsolation", "control");
const isolationStatus = offsetOf("rootPortComponent", "timeoutIsolation", "status");

const linkDisable = 1 << 4;
const busReset = 1 << 6;
const presenceChanged = 1 << 3;
const presence = 1 << 6;
const linkStateChanged = 1 << 8;
const allSlotEvents = (1 << 3) | (1 << 5) | (1 << 12);
const surpriseDown = 1 << 5;
const active = 1 << 13;
const bandwidthManagement = 1 << 14;
const training = 1 << 11;

const read = (bench: Bench, offset: number): number => bench.platform.config.read16(bench.portAddress(0), offset);
const write = (bench: Bench, offset: number, value: number): void => bench.platform.config.write16(bench.portAddress(0), offset, value);
const read32 = (bench: Bench, offset: number): number => bench.platform.config.read32(bench.portAddress(0), offset);
const write32 = (bench: Bench, offset: number, value: number): void => bench.platform.config.write32(bench.portAddress(0), offset, value);
const wait = (bench: Bench, time: number): void => bench.hardware.advanceTo(bench.hardware.now + time);

function act(bench: Bench, id: number, action: ProbeAction): void {
  armProbe(bench.hardware, id, { match: { kind: "time", at: bench.hardware.now }, action });
  wait(bench, 1);
}

const one = (overrides: Parameters<typeof portOf>[1] = {}, machine: Parameters<typeof machineOf>[1] = {}): Bench => setUp(machineOf([portOf("rp0", overrides)], machine));
const messages = (bench: Bench): number[] => {
  const data: number[] = [];
  for (let message = bench.platform.interrupts.take(); message !== undefined; message = bench.platform.interrupts.take()) data.push(message.data - 0x40);
  return data;
};

describe("link state", () => {
  it("Link Disable has effect only when DVSEC 3 unmasks it, holds the link down, and lets it train when cleared", () => {
    const bench = one();
    write(bench, linkControl, linkDisable);
    expect(read(bench, linkStatus) & active).toBe(active);
    write(bench, portControl, 2);
    expect([read(bench, linkStatus), bench.hardware.port("rp0")]).toMatchObject([0, { link: "down", heldBy: ["disabled"] }]);
    wait(bench, 10_000_000);
    expect(bench.hardware.port("rp0").link).toBe("down");
    write(bench, linkControl, 0);
    expect([read(bench, linkStatus) & (active | training), bench.hardware.port("rp0").link]).toEqual([training, "training"]);
    wait(bench, 99_000);
    expect(bench.hardware.port("rp0").link).toBe("training");
    wait(bench, 1_000);
    expect([read(bench, linkStatus) & 0x3fff, bench.hardware.port("rp0")]).toMatchObject([active | (8 << 4) | 5, { link: "up", heldBy: [], device: "rp0-dev" }]);
  });

  it("speed and width are the lower of both ends', which each says of itself; both ends show them, also after training anew", () => {
    const capabilities = port("pcie", "linkCapabilities");
    const speeds = port("pcie", "linkCapabilities2");
    for (const [ours, theirs, speed, width] of [[{ speed: 4, width: 16 }, { speed: 5, width: 4 }, 4, 4], [{ speed: 5, width: 2 }, { speed: 3, width: 8 }, 3, 2], [undefined, undefined, 5, 8], [{ speed: 3, width: 16 }, undefined, 3, 16], [undefined, { speed: 5, width: 16 }, 5, 8]] as const) {
      const card = deviceOf("card", theirs === undefined ? {} : { link: theirs });
      const bench = setUp(machineOf([portOf("rp0", { slots: [card], ...(ours === undefined ? {} : { link: ours }) })]));
      const ends = [bench.portAddress(0), bench.deviceAddress(0)];
      const shown = (): number[] => ends.map((address) => bench.platform.config.read16(address, linkStatus) & 0x3ff);
      expect(shown()).toEqual([speed | (width << 4), speed | (width << 4)]);
      const of = [ours ?? { speed: 5, width: 8 }, theirs ?? ours ?? { speed: 5, width: 8 }];
      expect(ends.map((address) => bench.platform.config.read32(address, capabilities) & 0x3ff)).toEqual(of.map((end) => end.speed | (end.width << 4)));
      expect(ends.map((address) => bench.platform.config.read32(address, speeds))).toEqual(of.map((end) => (2 ** end.speed - 1) << 1));
      write(bench, portControl, 2);
      write(bench, linkControl, linkDisable);
      expect(read(bench, linkStatus) & 0x3ff).toBe(0);
      write(bench, linkControl, 0);
      wait(bench, 100_000);
      expect(shown()).toEqual([speed | (width << 4), speed | (width << 4)]);
    }
  });

  it("a secondary bus reset has effect only when unmasked; the link trains after the bit is released", () => {
    const bench = one();
    write(bench, bridgeControl, busReset);
    expect(bench.hardware.port("rp0").link).toBe("up");
    write(bench, portControl, 1);
    expect(bench.hardware.port("rp0")).toMatchObject({ link: "down", heldBy: ["bus reset"] });
    write(bench, bridgeControl, 0);
    wait(bench, 100_000);
    expect(bench.hardware.port("rp0").link).toBe("up");
  });

  it("Retrain Link reads 0; on an active link it ends with Link Bandwidth Management Status, and its interrupt where enabled", () => {
    const bench = one();
    write(bench, linkControl, 1 << 5);
    expect([read(bench, linkControl), read(bench, linkStatus) & (bandwidthManagement | active), messages(bench)]).toEqual([0, bandwidthManagement | active, []]);
    write(bench, linkControl, 3 << 10);
    expect(messages(bench)).toEqual([0]);
    write(bench, linkControl, (3 << 10) | (1 << 5));
    expect(messages(bench)).toEqual([]);
    write(bench, linkStatus, bandwidthManagement);
    expect(read(bench, linkStatus) & bandwidthManagement).toBe(0);
    write(bench, linkControl, (3 << 10) | (1 << 5));
    expect([read(bench, linkControl), messages(bench)]).toEqual([3 << 10, [0]]);
  });

  it("a link that trains anew after it was down has no Link Bandwidth Management Status", () => {
    const bench = one();
    write(bench, portControl, 2);
    write(bench, linkControl, linkDisable);
    write(bench, linkControl, 1 << 5);
    wait(bench, 100_000);
    expect(read(bench, linkStatus) & (bandwidthManagement | active)).toBe(active);
  });

  it("[T12] a bus reset or Link Disable with isolation enabled isolates like any link down", () => {
    for (const [mask, offset, value] of [[1, bridgeControl, busReset], [2, linkControl, linkDisable]] as const) {
      const bench = one();
      openMemory(bench);
      bench.ports[0]?.write32(isolationControl, 1 << 16);
      write(bench, portControl, mask);
      write(bench, offset, value);
      expect((bench.ports[0]?.read32(isolationStatus) ?? 0) & 0x300).toBe(0x300);
    }
  });

  it("a device behind a link that is not up answers nothing, and forgets everything but sticky registers", () => {
    const bench = one();
    const device = bench.deviceAddress(0);
    const endpointAer = offsetOf("deviceConfig", "aer", "uncorrectableMask");
    bench.platform.config.write32(device, endpointAer, 1 << 20);
    bench.platform.config.write8(device, 0x3c, 0x55);
    write(bench, portControl, 2);
    write(bench, linkControl, linkDisable);
    expect([bench.platform.config.read32(device, 0), bench.devices[0]?.read32(0)]).toEqual([0xffff_ffff, 0xffff_ffff]);
    bench.platform.config.write8(device, 0x3c, 0x66);
    write(bench, linkControl, 0);
    expect(bench.platform.config.read32(device, 0)).toBe(0xffff_ffff);
    wait(bench, 100_000);
    expect([bench.platform.config.read8(device, 0x3c), bench.platform.config.read32(device, endpointAer), bench.platform.config.read16(device, 4)]).toEqual([0, 1 << 20, 0]);
    expect(bench.devices[0]?.read32(0)).toBe(0xffff_ffff);
    configureDevice(bench.platform, 0);
    expect((bench.devices[0]?.read32(0) ?? 0) & 0xffff).toBe(1);
  });

  it("Memory_Info_Valid is there with the link, Memory_Active after the media ready time of the device, also when that is long", () => {
    const bench = one({ slots: [deviceOf("d", { mediaReadyTime: 10_000_000_000 })] });
    const size = offsetOf("deviceConfig", "dvsecDevice", "range1SizeLow");
    bench.hardware.advanceTo(9_999_999_990);
    expect(bench.platform.config.read32(bench.deviceAddress(0), size) & 3).toBe(1);
    bench.hardware.advanceTo(10_000_000_000);
    expect(bench.platform.config.read32(bench.deviceAddress(0), size) & 3).toBe(3);
  });

  it("Flex Bus, port and link-layer status follow the link", () => {
    const bench = one();
    const shown = (): number[] => [read(bench, port("dvsecFlexBus", "status")) & 0x26, read(bench, port("dvsecPort", "status")) & 1, ((bench.ports[0]?.read64(offsetOf("rootPortComponent", "link", "controlStatus")) ?? 0n) & 0x18n) === 0x18n ? 3 : 0];
    expect(shown()).toEqual([0x26, 1, 3]);
    act(bench, 0, { kind: "linkDown", port: "rp0" });
    expect(shown()).toEqual([0, 0, 0]);
    act(bench, 1, { kind: "linkUp", port: "rp0" });
    wait(bench, 100_000);
    expect(shown()).toEqual([0x26, 1, 3]);
  });

  it("Retrain Link reads 0, does nothing to an active link, and cannot raise one that may not train", () => {
    const bench = one();
    write(bench, linkControl, 1 << 5);
    expect([read(bench, linkControl), bench.hardware.port("rp0").link]).toEqual([0, "up"]);
    act(bench, 0, { kind: "neverRetrain", port: "rp0" });
    act(bench, 1, { kind: "linkDown", port: "rp0" });
    expect(bench.hardware.port("rp0").heldBy).toEqual(["cable", "never retrains"]);
    write(bench, linkControl, 1 << 5);
    wait(bench, 1_000_000);
    expect(bench.hardware.port("rp0").link).toBe("down");
  });

  it("an empty slot stays down until a card is put in, and the card then shows up", () => {
    const bench = one({ present: false });
    expect([bench.hardware.port("rp0"), read(bench, slotStatus)]).toMatchObject([{ link: "down", heldBy: ["empty slot"], device: null }, 0]);
    act(bench, 0, { kind: "plug", port: "rp0", device: "rp0-dev" });
    expect(read(bench, slotStatus)).toBe(presence | presenceChanged);
    wait(bench, 100_000);
    expect([bench.hardware.port("rp0"), read(bench, slotStatus), bench.platform.config.read16(bench.deviceAddress(0), 0)]).toMatchObject([{ link: "up", device: "rp0-dev" }, presence | presenceChanged | linkStateChanged, 0x1e98]);
  });

  it("a card put into a running slot takes the link down first, and comes up from power-on, sticky registers too", () => {
    const bench = one({ slots: [deviceOf("old"), deviceOf("new", { serial: 5n })] });
    const endpointAer = offsetOf("deviceConfig", "aer", "uncorrectableMask");
    bench.platform.config.write32(bench.deviceAddress(0), endpointAer, 1 << 20);
    act(bench, 0, { kind: "plug", port: "rp0", device: "new" });
    expect(bench.hardware.port("rp0")).toMatchObject({ link: "training", device: null });
    wait(bench, 100_000);
    expect([bench.hardware.port("rp0").device, bench.platform.config.read32(bench.deviceAddress(0), offsetOf("deviceConfig", "serialNumber", "low"))]).toEqual(["new", 5]);
    act(bench, 1, { kind: "plug", port: "rp0", device: "old" });
    wait(bench, 100_000);
    expect(bench.platform.config.read32(bench.deviceAddress(0), endpointAer)).toBe(1 << 22);
  });
});

describe("slot events", () => {
  it("a pulled cable is one message for link and presence; putting it back is two, for the card and for the link", () => {
    const bench = one();
    write(bench, slotControl, allSlotEvents);
    act(bench, 0, { kind: "linkDown", port: "rp0" });
    expect([read(bench, slotStatus), messages(bench)]).toEqual([presenceChanged | linkStateChanged, [0]]);
    write(bench, slotStatus, presenceChanged | linkStateChanged);
    act(bench, 1, { kind: "linkUp", port: "rp0" });
    expect([read(bench, slotStatus), messages(bench)]).toEqual([presence | presenceChanged, [0]]);
    write(bench, slotStatus, presenceChanged);
    wait(bench, 100_000);
    expect([read(bench, slotStatus), messages(bench)]).toEqual([presence | linkStateChanged, [0]]);
  });

  it("an event that comes while another is pending sends no second message (6.7.3.4)", () => {
    const bench = one();
    write(bench, slotControl, allSlotEvents);
    act(bench, 0, { kind: "linkDown", port: "rp0" });
    expect(messages(bench)).toEqual([0]);
    act(bench, 1, { kind: "linkUp", port: "rp0" });
    wait(bench, 100_000);
    expect(messages(bench)).toEqual([]);
  });

  it("enabling an event that is pending raises its message; without enable, MSI or bus mastering there is none", () => {
    for (const [offset, value] of [[port("msi", "control"), 0], [4, 2], [slotControl, 1 << 12]] as const) {
      const bench = one();
      write(bench, slotControl, allSlotEvents);
      write(bench, offset, value);
      act(bench, 0, { kind: "linkDown", port: "rp0" });
      expect(messages(bench)).toEqual([]);
    }
    const bench = one();
    act(bench, 0, { kind: "linkDown", port: "rp0" });
    write(bench, slotControl, (1 << 5) | (1 << 12));
    expect(messages(bench)).toEqual([0]);
  });

  it("the same message pending already is not queued twice", () => {
    const bench = one();
    write(bench, slotControl, allSlotEvents);
    act(bench, 0, { kind: "linkDown", port: "rp0" });
    write(bench, slotStatus, presenceChanged | linkStateChanged);
    act(bench, 1, { kind: "linkUp", port: "rp0" });
    expect(messages(bench)).toEqual([0]);
  });

  it("messageOrder decides which of isolation and hot-plug message is sent first", () => {
    for (const messageOrder of ["isolation-first", "hotplug-first"] as const) {
      const bench = one({}, { implementation: { isolationExit: "cxl-3.2", timeoutInstant: "earliest", decoderCommitTime: 0, isolationResponseTime: 50, messageOrder } });
      openMemory(bench);
      write(bench, slotControl, allSlotEvents);
      bench.ports[0]?.write32(isolationControl, (1 << 16) | (1 << 26));
      act(bench, 0, { kind: "linkDown", port: "rp0" });
      expect(messages(bench)).toEqual(messageOrder === "isolation-first" ? [3, 0] : [0, 3]);
    }
  });
});

describe("AER of the root port", () => {
  it("a lost link is a Surprise Down: status, First Error Pointer, device status, root error status, source and one message", () => {
    const bench = one();
    write(bench, deviceControl, 1 << 2);
    write32(bench, aer("rootErrorCommand"), 4);
    act(bench, 0, { kind: "linkDown", port: "rp0" });
    expect([read32(bench, aer("uncorrectableStatus")), read32(bench, aer("control")) & 31, read(bench, deviceStatus) & 7, read32(bench, aer("rootErrorStatus")), read32(bench, aer("errorSource")) >>> 16]).toEqual([surpriseDown, 5, 4, (1 << 27) | 0x54, 12 << 8]);
    expect(messages(bench)).toEqual([1]);
    write32(bench, aer("rootErrorStatus"), 0x7f);
    write32(bench, aer("uncorrectableStatus"), surpriseDown);
    expect([read32(bench, aer("uncorrectableStatus")), read32(bench, aer("rootErrorStatus"))]).toEqual([0, 1 << 27]);
  });

  it("severity chooses the message, a second one before the first is cleared is a multiple", () => {
    const bench = one();
    write(bench, deviceControl, 3 << 1);
    write32(bench, aer("uncorrectableSeverity"), 0);
    act(bench, 0, { kind: "linkDown", port: "rp0" });
    expect([read32(bench, aer("rootErrorStatus")) & 0x7f, read(bench, deviceStatus) & 7]).toEqual([0x24, 2]);
    act(bench, 1, { kind: "linkUp", port: "rp0" });
    wait(bench, 100_000);
    act(bench, 2, { kind: "linkDown", port: "rp0" });
    expect(read32(bench, aer("rootErrorStatus")) & 0x7f).toBe(0x2c);
  });

  it("a masked error is recorded without pointer or message; one not enabled for reporting is not sent; SERR# enables it", () => {
    const masked = one();
    write(masked, deviceControl, 7);
    write32(masked, aer("uncorrectableMask"), surpriseDown);
    act(masked, 0, { kind: "linkDown", port: "rp0" });
    expect([read32(masked, aer("uncorrectableStatus")), read32(masked, aer("control")) & 31, read32(masked, aer("rootErrorStatus")) & 0x7f]).toEqual([surpriseDown, 0, 0]);
    for (const [command, status] of [[6, 0], [0x106, 0x54]] as const) {
      const bench = one();
      write(bench, 4, command);
      act(bench, 0, { kind: "linkDown", port: "rp0" });
      expect(read32(bench, aer("rootErrorStatus")) & 0x7f).toBe(status);
    }
  });

  it("Link Disable, bus reset and a link down that isolation forces are no surprise", () => {
    for (const [mask, offset, value] of [[2, linkControl, linkDisable], [1, bridgeControl, busReset]] as const) {
      const bench = one();
      write(bench, portControl, mask);
      write(bench, offset, value);
      expect([bench.hardware.port("rp0").link, read32(bench, aer("uncorrectableStatus"))]).toEqual(["down", 0]);
    }
    const forced = one();
    openMemory(forced);
    forced.ports[0]?.write32(isolationControl, (1 << 4) | (1 << 16) | (1 << 17));
    armProbe(forced.hardware, 0, { match: { kind: "request", port: "rp0", direction: "any" }, action: { kind: "dropResponse", port: "rp0", count: 1 } });
    forced.platform.memory.load(16n << 30n, 8);
    expect([forced.hardware.port("rp0"), read32(forced, aer("uncorrectableStatus"))]).toMatchObject([{ link: "down", heldBy: ["isolation"], isIsolated: true }, 0]);
  });

  it("[T5] [T6] message numbers are 0 until software grants more, and follow what it grants", () => {
    const bench = one();
    const capability = (): number => (bench.ports[0]?.read32(offsetOf("rootPortComponent", "timeoutIsolation", "capability")) ?? 0) >>> 27;
    for (const [granted, isolation, root] of [[0, 0, 0], [1, 1, 1], [2, 3, 1], [5, 3, 1], [7, 3, 1]] as const) {
      write(bench, port("msi", "control"), 1 | (granted << 4));
      expect([capability(), read32(bench, aer("rootErrorStatus")) >>> 27]).toEqual([isolation, root]);
    }
  });
});
