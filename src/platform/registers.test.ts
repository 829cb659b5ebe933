import { describe, expect, it } from "vitest";
import { hdmDecoderPort } from "../../registers/hdm-decoder.ts";
import { timeoutIsolation } from "../../registers/timeout-isolation.ts";
import { pcieRootPort } from "../../registers/pci.ts";
import type { RegisterBus } from "./registers.ts";
import { registerAt, structureAt } from "./registers.ts";

/** Plain storage that counts accesses. */
function storage(): RegisterBus & { readonly log: string[]; readonly view: DataView } {
  const view = new DataView(new ArrayBuffer(4096));
  const log: string[] = [];
  const note = (what: string, offset: number): void => void log.push(`${what}@${offset.toString(16)}`);
  return {
    view, log,
    read8: (offset) => (note("r8", offset), view.getUint8(offset)),
    read16: (offset) => (note("r16", offset), view.getUint16(offset, true)),
    read32: (offset) => (note("r32", offset), view.getUint32(offset, true)),
    read64: (offset) => (note("r64", offset), view.getBigUint64(offset, true)),
    write8: (offset, value) => (note("w8", offset), view.setUint8(offset, value)),
    write16: (offset, value) => (note("w16", offset), view.setUint16(offset, value, true)),
    write32: (offset, value) => (note("w32", offset), view.setUint32(offset, value, true)),
    write64: (offset, value) => (note("w64", offset), view.setBigUint64(offset, value, true)),
  };
}

describe("registers by name", () => {
  it("a write is one access of the register's width and sends 0 for what is not named", () => {
    const bus = storage();
    bus.view.setUint32(0x28, 0xffff_ffff, true);
    structureAt(bus, 0x20, timeoutIsolation).control.write({ memoryTimeoutValue: 5, interruptEnable: 1 });
    expect(bus.log).toEqual(["w32@28"]);
    expect(bus.view.getUint32(0x28, true)).toBe((1 << 26) | 5);
  });

  it("modify is one read and one write, keeps other fields and sends 0 for write-1-to-clear fields not named", () => {
    const bus = storage();
    bus.view.setUint16(0x5a, 0x0108, true);
    structureAt(bus, 0x40, pcieRootPort).slotStatus.modify({ presenceChanged: 1 });
    expect(bus.log).toEqual(["r16@5a", "w16@5a"]);
    expect(bus.view.getUint16(0x5a, true)).toBe(0x0008);
    bus.view.setUint32(0x28, 0x0405, true);
    structureAt(bus, 0x20, timeoutIsolation).control.modify({ memoryTimeoutEnable: 1 });
    expect(bus.view.getUint32(0x28, true)).toBe(0x0415);
  });

  it("instances of a repeated register lie a stride apart and end at the count", () => {
    const bus = storage();
    const control = registerAt(bus, 0, hdmDecoderPort.registers.control);
    control.at(3).write({ commit: 1 });
    expect(bus.log).toEqual(["w32@80"]);
    expect(control.at(3).read().commit).toBe(1);
    expect(() => control.at(32)).toThrow(/0\.\.31/);
  });

  it("a value too large is refused with field, clause and range, and nothing is written", () => {
    const bus = storage();
    const access = structureAt(bus, 0, timeoutIsolation);
    expect(() => access.control.write({ memoryTimeoutValue: 16 })).toThrow(/memoryTimeoutValue \(8\.2\.4\.24\.2\) is 0\.\.15, not 16/);
    // @ts-expect-error a field that does not exist is a type error too
    expect(() => access.control.write({ memoryTimeout: 1 })).toThrow(/no field "memoryTimeout"/);
    expect(bus.log).toEqual([]);
  });
});
