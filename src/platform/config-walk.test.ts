import { describe, expect, it } from "vitest";
import { pciAddress } from "./pci-address.ts";
import { configBus, extendedCapabilities, findCapability, findComponentCapability, findDvsec, findExtended, findFirstExtended } from "./config-walk.ts";
import type { RegisterBus } from "./registers.ts";

/** 4 KiB of config space of which some dwords are set; the rest reads `empty`. Counts its reads. */
function busOf(dwords: Readonly<Record<number, number>>, empty = 0): RegisterBus & { readonly reads: number[] } {
  const reads: number[] = [];
  const read32 = (offset: number): number => dwords[offset & ~3] ?? empty;
  const part = (offset: number, mask: number): number => {
    reads.push(offset);
    return (read32(offset) >>> ((offset & 3) * 8)) & mask;
  };
  const none = (): void => undefined;
  return { reads, read8: (at) => part(at, 0xff), read16: (at) => part(at, 0xffff), read32: (at) => (reads.push(at), read32(at)), read64: (at) => BigInt(read32(at)), write8: none, write16: none, write32: none, write64: none };
}

const extended = (id: number, next: number): number => (((next << 20) | (1 << 16) | id) >>> 0);
const cxlVendor = 0x1e98;

describe("capability lists", () => {
  it("a capability is found by following pointers, whose two lowest bits do not count", () => {
    const bus = busOf({ 0x34: 0x43, 0x40: 0x5005, 0x50: 0x0010 });
    expect([findCapability(bus, 5), findCapability(bus, 0x10), findCapability(bus, 1)]).toEqual([0x40, 0x50, 0]);
  });

  it("all ones, in the pointer or in a header, are the end", () => {
    const dead = busOf({}, 0xffff_ffff);
    expect([findCapability(dead, 0xff), findCapability(dead, 5), [...extendedCapabilities(dead)], findDvsec(dead, 0)]).toEqual([0, 0, [], 0]);
    expect(dead.reads).toEqual([0x34, 0x34, 0x100, 0x100]);
    expect(findCapability(busOf({ 0x34: 0x40 }, 0xffff_ffff), 5)).toBe(0);
  });

  it("a list that bites its tail ends", () => {
    const ring = busOf({ 0x34: 0x40, 0x40: 0x4005, 0x100: extended(1, 0x100) });
    expect(findCapability(ring, 0x10)).toBe(0);
    expect(findExtended(ring, 1)).toHaveLength(480);
    expect(findFirstExtended(ring, 2)).toBe(0);
  });

  it("extended capabilities come in list order, each header read once; an empty one with a successor is passed", () => {
    const bus = busOf({ 0x100: extended(0, 0x140), 0x140: extended(3, 0x200), 0x200: extended(1, 0x180), 0x180: extended(3, 0) });
    expect([...extendedCapabilities(bus)]).toEqual([{ at: 0x100, id: 0 }, { at: 0x140, id: 3 }, { at: 0x200, id: 1 }, { at: 0x180, id: 3 }]);
    expect(bus.reads).toEqual([0x100, 0x140, 0x200, 0x180]);
    expect([findExtended(bus, 3), findFirstExtended(bus, 3), findFirstExtended(bus, 9)]).toEqual([[0x140, 0x180], 0x140, 0]);
  });

  it("a DVSEC is found by vendor and id; one of another vendor with the same id is not", () => {
    const bus = busOf({ 0x100: extended(0x23, 0x140), 0x104: 0x8086, 0x108: 8, 0x140: extended(0x23, 0x180), 0x144: cxlVendor, 0x148: 0, 0x180: extended(0x23, 0), 0x184: cxlVendor, 0x188: 8 });
    expect([findDvsec(bus, 8), findDvsec(bus, 0), findDvsec(bus, 3)]).toEqual([0x180, 0x140, 0]);
  });

  it("the list of component registers is as long as its header says, and empty where nothing answers", () => {
    const bus = busOf({ 0: (2 << 24) | 1, 4: (0x100 << 20) | 2, 8: ((0x200 << 20) | 5) >>> 0, 12: ((0x300 << 20) | 7) >>> 0 });
    expect([findComponentCapability(bus, 2), findComponentCapability(bus, 5), findComponentCapability(bus, 7), findComponentCapability(busOf({}, 0xffff_ffff), 0xffff)]).toEqual([0x100, 0x200, 0, 0]);
  });
});

describe("config space as a register bus", () => {
  it("reaches one function, and takes 64 bits apart, low half first", () => {
    const seen: string[] = [];
    const log = (what: string, value: number) => (address: number, offset: number, written?: number): number => (seen.push(`${what} ${address.toString(16)} ${offset.toString(16)}${written === undefined ? "" : ` ${written.toString(16)}`}`), value);
    const bus = configBus({ read8: log("r8", 1), read16: log("r16", 2), read32: log("r32", 3), write8: log("w8", 0), write16: log("w16", 0), write32: log("w32", 0) }, pciAddress(0, 1, 2, 0));
    expect([bus.read8(1), bus.read16(2), bus.read32(4), bus.read64(8)]).toEqual([1, 2, 3, 0x3_0000_0003n]);
    bus.write8(1, 5);
    bus.write16(2, 6);
    bus.write32(4, 7);
    bus.write64(8, 0x1_0000_0002n);
    const at = pciAddress(0, 1, 2, 0).toString(16);
    expect(seen).toEqual([`r8 ${at} 1`, `r16 ${at} 2`, `r32 ${at} 4`, `r32 ${at} 8`, `r32 ${at} c`, `w8 ${at} 1 5`, `w16 ${at} 2 6`, `w32 ${at} 4 7`, `w32 ${at} 8 2`, `w32 ${at} c 1`]);
  });
});
