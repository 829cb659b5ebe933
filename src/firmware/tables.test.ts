import { describe, expect, it } from "vitest";
import { buildCedt, buildSrat, placeTables, restrictionBits } from "./tables.ts";

const restrictions = restrictionBits({ deviceCoherent: true, hostOnlyCoherent: true, volatile: true, persistent: true, fixed: false });
const sum = (bytes: Uint8Array): number => bytes.reduce((total, byte) => (total + byte) & 0xff, 0);

describe("firmware tables", () => {
  it("a CEDT of one bridge and one window is byte for byte what the sheet lays out", () => {
    const table = buildCedt([{ uid: 12, componentBase: 0x4c0000000n }], [{ base: 0x4d0000000n, size: 0x100000000n, ways: 1, granularity: 256, restrictions, qosClass: 0, targets: [12] }]);
    const view = new DataView(table.buffer);
    expect(table.length).toBe(36 + 32 + 40);
    expect(view.getUint32(4, true)).toBe(table.length);
    expect(sum(table)).toBe(0);
    expect([table[36], view.getUint16(38, true), view.getUint32(40, true), view.getUint32(44, true)]).toEqual([0, 32, 12, 1]);
    expect([view.getBigUint64(52, true), view.getBigUint64(60, true)]).toEqual([0x4c0000000n, 0x10000n]);
    expect([table[68], view.getUint16(70, true)]).toEqual([1, 40]);
    expect([view.getBigUint64(76, true), view.getBigUint64(84, true)]).toEqual([0x4d0000000n, 0x100000000n]);
    expect([table[92], table[93], view.getUint32(96, true), view.getUint16(100, true), view.getUint32(104, true)]).toEqual([0, 0, 0, 15, 12]);
  });

  it("ways and granularity are encoded, and refused where no code exists", () => {
    const window = { base: 0n, size: 1n << 30n, ways: 12, granularity: 4096, restrictions, qosClass: 0, targets: Array.from({ length: 12 }, (_, i) => i) };
    const table = buildCedt([], [window]);
    expect([table[36 + 24], table[36 + 28]]).toEqual([10, 4]);
    expect(() => buildCedt([], [{ ...window, ways: 5 }])).toThrow(/5 ways/);
    expect(() => buildCedt([], [{ ...window, granularity: 300 }])).toThrow(/300 bytes/);
  });

  it("XOR windows say so, and one CXIMS per granularity holds the longest list of bitmaps (1.3)", () => {
    const window = (ways: number, granularity: number, xorMaps: readonly bigint[]) => ({ base: 0n, size: 1n << 30n, ways, granularity, restrictions: 0x26, qosClass: 7, targets: Array.from({ length: ways }, (_, i) => i), xorMaps });
    const table = buildCedt([], [window(2, 256, [0x2020_8100n]), window(4, 256, [0x2020_8100n, 0x4041_0200n]), window(2, 1024, [0x400n]), window(3, 512, [])]);
    const view = new DataView(table.buffer);
    const seen: (readonly number[])[] = [];
    const maps: bigint[][] = [];
    for (let at = 36; at < table.length; at += view.getUint16(at + 2, true)) {
      if (table[at] === 1) seen.push([table[at + 25] ?? -1, view.getUint16(at + 32, true), view.getUint16(at + 34, true)]);
      if (table[at] === 2) maps.push([BigInt(view.getUint16(at + 2, true)), BigInt(table[at + 6] ?? 0), BigInt(table[at + 7] ?? 0), ...Array.from({ length: table[at + 7] ?? 0 }, (_, i) => view.getBigUint64(at + 8 + 8 * i, true))]);
    }
    expect(seen).toEqual([[1, 0x26, 7], [1, 0x26, 7], [1, 0x26, 7], [1, 0x26, 7]]);
    expect(maps).toEqual([[24n, 0n, 2n, 0x2020_8100n, 0x4041_0200n], [16n, 2n, 1n, 0x400n]]);
    expect(sum(table)).toBe(0);
  });

  it("the XSDT points at every table and no table overlaps another", () => {
    const placed = placeTables(0xe0000n, [buildCedt([], []), buildSrat([{ base: 0n, size: 1n << 30n, proximityDomain: 0, isHotPluggable: false }])]);
    const xsdt = placed[0];
    if (xsdt === undefined) throw new Error("no XSDT");
    const view = new DataView(xsdt.bytes.buffer);
    expect([view.getBigUint64(36, true), view.getBigUint64(44, true)]).toEqual(placed.slice(1).map((table) => table.address));
    for (const [index, table] of placed.entries()) {
      expect(sum(table.bytes)).toBe(0);
      const next = placed[index + 1];
      if (next !== undefined) expect(next.address).toBeGreaterThanOrEqual(table.address + BigInt(table.bytes.length));
    }
  });
});
