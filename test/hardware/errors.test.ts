// RAS errors with their headers, escalation to AER, containment (DPC).

import { describe, expect, it } from "vitest";
import type { ProbeAction } from "../../src/hardware/probes.ts";
import { ProbeError, armProbe } from "../../src/hardware/probes.ts";
import { machineOf, offsetOf, portOf } from "../support/machine.ts";
import type { Topology } from "../support/topology.ts";
import { bringUp, switchMachine } from "../support/topology.ts";

const ras = (register: string, instance = 0): number => offsetOf("deviceComponent", "ras", register, instance);
const aer = (register: string): number => offsetOf("rootPortConfig", "aer", register);
const dpcControl = offsetOf("rootPortConfig", "dpc", "control");
const dpcStatus = offsetOf("rootPortConfig", "dpc", "status");

let nextProbe = 0;
function act(top: Topology, action: ProbeAction): void {
  armProbe(top.hardware, nextProbe++ % 32, { match: { kind: "time", at: top.hardware.now + 1 }, action });
  top.hardware.advanceTo(top.hardware.now + 2);
}

const header = (seed: number): number[] => Array.from({ length: 16 }, (_, i) => seed * 0x100 + i);
const logOf = (top: Topology, name: string): number[] => Array.from({ length: 16 }, (_, i) => top.part(name).registers.read32(ras("headerLog", i)));
const pointerOf = (top: Topology, name: string): number => top.part(name).registers.read32(ras("control")) & 0x3f;

/** A device that unmasks everything and reports all kinds of errors. */
function loud(): Topology {
  nextProbe = 0;
  const top = bringUp(machineOf([portOf("rp0")]));
  const { address, registers } = top.part("rp0-dev");
  registers.write32(ras("uncorrectableMask"), 0);
  registers.write32(ras("correctableMask"), 0);
  top.platform.config.write32(address, offsetOf("deviceConfig", "aer", "uncorrectableMask"), 0);
  top.platform.config.write32(address, offsetOf("deviceConfig", "aer", "correctableMask"), 0);
  top.platform.config.write16(address, offsetOf("deviceConfig", "pcie", "deviceControl"), 7);
  top.platform.config.write16(top.part("rp0").address, 0x3e, 2);
  return top;
}

describe("RAS of a function (8.2.4.17, 12.2.1)", () => {
  it("a masked error leaves no trace: no status, no header, no message; masks are all ones after reset", () => {
    const top = bringUp(machineOf([portOf("rp0")]));
    act(top, { kind: "uncorrectableError", function: "rp0-dev", bit: 4, header: header(1) });
    act(top, { kind: "correctableError", function: "rp0-dev", bit: 1 });
    const { registers, address } = top.part("rp0-dev");
    expect([registers.read32(ras("uncorrectableStatus")), registers.read32(ras("correctableStatus")), logOf(top, "rp0-dev").every((dword) => dword === 0)]).toEqual([0, 0, true]);
    expect([top.platform.config.read32(address, aer("uncorrectableStatus")), top.platform.config.read32(address, aer("correctableStatus"))]).toEqual([0, 0]);
  });

  it("an uncorrectable error sets its bit, its header and the pointer, and is an Uncorrectable Internal Error of AER", () => {
    const top = loud();
    act(top, { kind: "uncorrectableError", function: "rp0-dev", bit: 7, header: header(1) });
    const { registers, address } = top.part("rp0-dev");
    expect([registers.read32(ras("uncorrectableStatus")), pointerOf(top, "rp0-dev"), logOf(top, "rp0-dev")]).toEqual([1 << 7, 7, header(1)]);
    expect([top.platform.config.read32(address, aer("uncorrectableStatus")), top.platform.config.read32(address, aer("control")) & 0x1f]).toEqual([1 << 22, 22]);
    expect(top.platform.config.read32(top.part("rp0").address, aer("rootErrorStatus")) & 0x7f).toBe(0x54);
  });

  it.each([[1, 0x54, 4], [0, 0x24, 2]] as const)("RAS severity %i decides between ERR_FATAL and ERR_NONFATAL", (severity, status, deviceStatus) => {
    const top = loud();
    const { registers, address } = top.part("rp0-dev");
    registers.write32(ras("uncorrectableSeverity"), severity << 14);
    act(top, { kind: "uncorrectableError", function: "rp0-dev", bit: 14 });
    expect(top.platform.config.read32(top.part("rp0").address, aer("rootErrorStatus")) & 0x7f).toBe(status);
    expect(top.platform.config.read16(address, offsetOf("deviceConfig", "pcie", "deviceStatus")) & 7).toBe(deviceStatus);
  });

  it("clearing the pointed bit brings the next recorded header; after the last one the pointer names no error", () => {
    const top = loud();
    for (const [seed, bit] of [[1, 0], [2, 5], [3, 9]] as const) act(top, { kind: "uncorrectableError", function: "rp0-dev", bit, header: header(seed) });
    const { registers } = top.part("rp0-dev");
    expect([registers.read32(ras("uncorrectableStatus")), pointerOf(top, "rp0-dev"), logOf(top, "rp0-dev")]).toEqual([0x221, 0, header(1)]);
    registers.write32(ras("uncorrectableStatus"), 1);
    expect([registers.read32(ras("uncorrectableStatus")), pointerOf(top, "rp0-dev"), logOf(top, "rp0-dev")]).toEqual([0x220, 5, header(2)]);
    registers.write32(ras("uncorrectableStatus"), 0x20);
    expect([pointerOf(top, "rp0-dev"), logOf(top, "rp0-dev")]).toEqual([9, header(3)]);
    registers.write32(ras("uncorrectableStatus"), 0x200);
    expect([registers.read32(ras("uncorrectableStatus")), pointerOf(top, "rp0-dev") >= 32]).toEqual([0, true]);
  });

  it("when eight headers are recorded a further error still sets its bit", () => {
    const top = loud();
    for (const bit of [0, 1, 2, 3, 4, 5, 6, 7, 9]) act(top, { kind: "uncorrectableError", function: "rp0-dev", bit, header: header(bit) });
    const { registers } = top.part("rp0-dev");
    expect(registers.read32(ras("uncorrectableStatus"))).toBe(0x2ff);
    registers.write32(ras("uncorrectableStatus"), 0xff);
    expect(pointerOf(top, "rp0-dev") >= 32).toBe(true);
  });

  it("status and header survive a hot reset and are gone after a card was pulled and put back", () => {
    const top = loud();
    act(top, { kind: "uncorrectableError", function: "rp0-dev", bit: 3, header: header(4) });
    const id = top.hardware.entities.devices.get("rp0-dev")?.id ?? 0;
    const status = (): number[] => [top.hardware.peekComponent(id, ras("uncorrectableStatus")), top.hardware.peekComponent(id, ras("headerLog", 1))];
    act(top, { kind: "linkDown", port: "rp0" });
    act(top, { kind: "linkUp", port: "rp0" });
    top.hardware.advanceTo(top.hardware.now + 200_000);
    expect(status()).toEqual([1 << 3, 0x401]);
    act(top, { kind: "plug", port: "rp0", device: "rp0-dev" });
    top.hardware.advanceTo(top.hardware.now + 200_000);
    expect(status()).toEqual([0, 0]);
  });

  it("a correctable error sets its bit and is a Corrected Internal Error; ports and switches have errors too", () => {
    const top = loud();
    act(top, { kind: "correctableError", function: "rp0-dev", bit: 2 });
    expect(top.part("rp0-dev").registers.read32(ras("correctableStatus"))).toBe(4);
    expect(top.platform.config.read32(top.part("rp0-dev").address, aer("correctableStatus"))).toBe(1 << 14);
    expect(top.platform.config.read32(top.part("rp0").address, aer("rootErrorStatus")) & 0x7f).toBe(1);
    const tree = bringUp(switchMachine(1));
    for (const name of ["rp0", "sw0", "dsp0"]) {
      tree.part(name).registers.write32(ras("uncorrectableMask"), 0);
      act(tree, { kind: "uncorrectableError", function: name, bit: 11, header: [7] });
      expect([name, tree.part(name).registers.read32(ras("uncorrectableStatus")), logOf(tree, name)[0]]).toEqual([name, 1 << 11, 7]);
    }
  });

  it("an error bit or header that does not fit is refused", () => {
    const top = loud();
    expect(() => act(top, { kind: "uncorrectableError", function: "rp0-dev", bit: 32 })).toThrow(ProbeError);
    expect(() => act(top, { kind: "uncorrectableError", function: "rp0-dev", bit: 1, header: header(0).concat(1) })).toThrow(/16 dwords/);
    expect(() => act(top, { kind: "uncorrectableError", function: "nobody", bit: 1 })).toThrow(/no function "nobody"/);
  });
});

describe("Downstream Port Containment (PCIe 6.2.11)", () => {
  it("[T11] an ERR_FATAL from below takes the link down and keeps the message; clearing the trigger lets it train", () => {
    const top = loud();
    const port = top.part("rp0").address;
    top.platform.config.write16(port, dpcControl, 1);
    act(top, { kind: "uncorrectableError", function: "rp0-dev", bit: 0 });
    expect([top.hardware.port("rp0").link, top.hardware.port("rp0").heldBy]).toEqual(["down", ["containment"]]);
    expect(top.platform.config.read16(port, dpcStatus) & 0x1f).toBe(0b101);
    expect(top.platform.config.read16(port, dpcStatus + 2)).toBe(13 << 8);
    expect(top.platform.config.read32(port, aer("rootErrorStatus")) & 0x7f).toBe(0);
    top.platform.config.write16(port, dpcStatus, 1);
    expect(top.hardware.port("rp0").link).toBe("training");
  });

  it("[T1] [T11] a triggered containment is a link down for isolation", () => {
    const top = loud();
    top.part("rp0").registers.write32(offsetOf("rootPortComponent", "timeoutIsolation", "control"), 1 << 16);
    top.platform.config.write16(top.part("rp0").address, dpcControl, 1);
    act(top, { kind: "uncorrectableError", function: "rp0-dev", bit: 0 });
    expect(top.part("rp0").registers.read32(offsetOf("rootPortComponent", "timeoutIsolation", "status")) & 0x300).toBe(0x300);
  });

  it("trigger enable 1 waits for ERR_FATAL, 2 takes ERR_NONFATAL too; 0 passes everything on", () => {
    for (const [enable, link] of [[0, "up"], [1, "up"], [2, "down"]] as const) {
      const top = loud();
      top.part("rp0-dev").registers.write32(ras("uncorrectableSeverity"), 0);
      top.platform.config.write16(top.part("rp0").address, dpcControl, enable);
      act(top, { kind: "uncorrectableError", function: "rp0-dev", bit: 0 });
      expect([enable, top.hardware.port("rp0").link, (top.platform.config.read16(top.part("rp0").address, dpcStatus) >>> 1) & 3]).toEqual([enable, link, enable === 2 ? 1 : 0]);
    }
  });

  it("software can trigger it, with its reason, only while it is enabled; the command reads 0", () => {
    const top = loud();
    const port = top.part("rp0").address;
    top.platform.config.write16(port, dpcControl, 1 << 6);
    expect(top.hardware.port("rp0").link).toBe("up");
    top.platform.config.write16(port, dpcControl, 1 | (1 << 3) | (1 << 6));
    expect([top.hardware.port("rp0").link, top.platform.config.read16(port, dpcControl), top.platform.config.read16(port, dpcStatus) & 0x6f]).toEqual(["down", 9, 0x2f]);
  });

  it("contains the port's own uncorrectable errors, and a switch's downstream port contains what is below it alone", () => {
    const top = bringUp(switchMachine(2));
    const port = top.part("dsp1").address;
    top.platform.config.write16(port, dpcControl, 2);
    top.platform.config.write32(port, aer("uncorrectableMask"), 0);
    top.part("dsp1").registers.write32(ras("uncorrectableMask"), 0);
    act(top, { kind: "uncorrectableError", function: "dsp1", bit: 14 });
    expect([top.hardware.port("dsp0").link, top.hardware.port("dsp1").link, top.platform.config.read16(port, dpcStatus) & 7]).toEqual(["up", "down", 1]);
  });

  it("raises its own message when the interrupt is enabled", () => {
    const top = loud();
    const port = top.part("rp0").address;
    top.platform.config.write32(port, 0x84, 0xfee0_0000);
    top.platform.config.write16(port, 0x8c, 0x40);
    top.platform.config.write16(port, 0x82, 1 | (5 << 4));
    top.platform.config.write16(port, dpcControl, 1 | (1 << 3));
    act(top, { kind: "uncorrectableError", function: "rp0-dev", bit: 0 });
    expect(top.platform.interrupts.take()).toEqual({ address: 0xfee0_0000, data: 0x42 });
  });
});
