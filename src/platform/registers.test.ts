import { describe, expect, it } from "vitest";
import { blocks } from "../../registers/blocks.ts";
import { hdmDecoderPort } from "../../registers/hdm-decoder.ts";
import { bridgeHeader, endpointHeader, pcieRootPort } from "../../registers/pci.ts";
import { link } from "../../registers/ras-link.ts";
import type { StructureDeclaration } from "../../registers/schema.ts";
import { timeoutIsolation } from "../../registers/timeout-isolation.ts";
import type { RegisterBus } from "./registers.ts";
import { decode, encode, registerAt, structureAt } from "./registers.ts";

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

  it("what is refused is named by part, register and field where it was reached through them", () => {
    const { control } = structureAt(storage(), 0x20, hdmDecoderPort, "hb0");
    expect(() => control.at(1).write({ interleaveWays: 16 })).toThrow(/^hb0 hdmDecoderPort\.control\[1\]\.interleaveWays \(8\.2\.4\.20\.7\) is 0\.\.15, not 16$/);
    expect(() => control.get("ways" as "interleaveWays")).toThrow(/^hb0 hdmDecoderPort\.control\[0\]: .* has no field "ways"; it has interleaveGranularity,/);
    expect(() => control.modify({ ways: 1 } as object)).toThrow(/^hb0 hdmDecoderPort\.control\[0\]: /);
    expect(() => control.at(99)).toThrow(/^hb0 hdmDecoderPort\.control\[0\]: .* has instances 0\.\.\d+, not 99$/);
    expect(() => registerAt(storage(), 0, hdmDecoderPort.registers.control).write({ interleaveWays: 16 })).toThrow(/^interleaveWays /);
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

  it("a modify with a value too large touches nothing, not even by reading", () => {
    const bus = storage();
    expect(() => structureAt(bus, 0, timeoutIsolation).control.modify({ memoryTimeoutValue: 16 })).toThrow(RangeError);
    expect(bus.log).toEqual([]);
  });

  it("a read is one access of the register's width and names every field, 64-bit registers included", () => {
    const bus = storage();
    bus.view.setBigUint64(0x10, (0x3ffn << 50n) | (0x2aan << 30n) | 5n, true);
    expect(structureAt(bus, 0, link).receiveCreditControl.read()).toEqual({ cacheRequest: 5, cacheResponse: 0, cacheData: 0, memoryRequest: 0x2aa, memoryData: 0, backInvalidate: 0x3ff });
    bus.view.setUint8(0x19, 0xfe);
    expect(structureAt(bus, 0, bridgeHeader).secondaryBus.get("value")).toBe(0xfe);
    expect(bus.log).toEqual(["r64@10", "r8@19"]);
  });

  it("a field up to bit 31 reads unsigned", () => {
    const bus = storage();
    bus.view.setUint32(0, 0xffff_ffff, true);
    const { capability } = structureAt(bus, 0, timeoutIsolation);
    expect([capability.get("interruptMessage"), capability.read().interrupt, capability.readRaw()]).toEqual([31, 1, 0xffff_ffffn]);
    expect(structureAt(bus, 0, endpointHeader).bar1.get("address63to32")).toBe(0);
    bus.view.setUint32(0x14, 0xffff_ffff, true);
    expect(structureAt(bus, 0, endpointHeader).bar1.get("address63to32")).toBe(0xffff_ffff);
  });

  it("decode and encode are each other's inverse, over numbers and bigints alike", () => {
    const { control } = hdmDecoderPort.registers;
    for (const raw of [0, 0x0000_0702, 0x0fff_7fff]) {
      expect(decode(control, raw)).toEqual(decode(control, BigInt(raw)));
      expect(encode(control, decode(control, raw))).toBe(BigInt(raw));
    }
    expect(encode(control, { commit: 1 }, 0xffff_fdffn)).toBe(0xffff_ffffn);
  });

  it("every field of every declared register survives encode and decode at its largest value", () => {
    for (const block of Object.values(blocks)) {
      for (const { structure } of Object.values(block.placements) as { readonly structure: StructureDeclaration }[]) {
        for (const register of Object.values(structure.registers)) {
          for (const [name, field] of Object.entries(register.fields)) {
            const largest = typeof field.bits === "number" ? 1 : 2 ** (field.bits[0] - field.bits[1] + 1) - 1;
            const raw = encode(register, { [name]: largest });
            expect(decode(register, raw)).toEqual({ ...decode(register, 0), [name]: largest });
            expect(() => encode(register, { [name]: largest + 1 })).toThrow(RangeError);
          }
        }
      }
    }
  });

  it("names that every object has are no fields", () => {
    const access = structureAt(storage(), 0, timeoutIsolation);
    expect(() => access.control.get("constructor" as never)).toThrow(/no field "constructor"/);
    expect(() => access.control.write({ toString: 1 } as never)).toThrow(/no field "toString"/);
  });

  it("a register that does not repeat has instance 0 only, and instances are whole numbers", () => {
    expect(() => structureAt(storage(), 0, timeoutIsolation).control.at(1)).toThrow(/0\.\.0, not 1/);
    expect(() => structureAt(storage(), 0, hdmDecoderPort).control.at(1.5)).toThrow(/not 1\.5/);
  });
});
