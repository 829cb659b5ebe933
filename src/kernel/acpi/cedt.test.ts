import { describe, expect, it } from "vitest";
import { parseCedt } from "./cedt.ts";
import { checksumHolds } from "./tables.ts";

const MiB = 1n << 20n;

function number(value: bigint | number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, index) => Number((BigInt(value) >> BigInt(8 * index)) & 0xffn));
}

const hostBridge = (uid: number, version = 1): number[] => [0, 0, ...number(32, 2), ...number(uid, 4), ...number(version, 4), ...number(0, 4), ...number(0xfe00_0000, 8), ...number(0x1_0000, 8)];

interface WindowBytes {
  base?: bigint;
  size?: bigint;
  ways?: number;
  arithmetic?: number;
  granularity?: number;
  restrictions?: number;
  targets?: number[];
  length?: number;
}

function windowOf(values: WindowBytes = {}): number[] {
  const { base = 1024n * MiB, size = 512n * MiB, ways = 1, arithmetic = 0, granularity = 4, restrictions = 6, targets = [7, 8] } = values;
  const list = targets.flatMap((target) => number(target, 4));
  return [1, 0, ...number(values.length ?? 36 + list.length, 2), ...number(0, 4), ...number(base, 8), ...number(size, 8), ways, arithmetic, 0, 0, ...number(granularity, 4), ...number(restrictions, 2), ...number(42, 2), ...list];
}

const table = (...structures: readonly (readonly number[])[]): Uint8Array => Uint8Array.from([...number(0, 36), ...structures.flat()]);

describe("CEDT", () => {
  it("host bridges and windows come with all their fields", () => {
    const cedt = parseCedt(table(hostBridge(7), windowOf(), [9, 0, ...number(8, 2), 0, 0, 0, 0], hostBridge(8, 0)));
    expect(cedt.hostBridges).toEqual([{ uid: 7, version: 1, base: 0xfe00_0000n, length: 0x1_0000n }, { uid: 8, version: 0, base: 0xfe00_0000n, length: 0x1_0000n }]);
    expect(cedt.windows).toEqual([{ base: 1024n * MiB, size: 512n * MiB, ways: 2, granularity: 4096, isXor: false, restrictions: { type2: false, type3: true, ram: true, pmem: false, isFixed: false, backInvalidate: false }, qosClass: 42, targets: [7, 8] }]);
    expect(cedt.isTruncated).toBe(false);
  });

  it("a window of one way advertises 256 bytes, and one longer than needed is taken", () => {
    const [window] = parseCedt(table(windowOf({ ways: 0, targets: [7, 8] }))).windows;
    expect([window?.ways, window?.granularity, window?.targets]).toEqual([1, 256, [7]]);
  });

  it("Linux's refusals, each named, and the windows after it are still read", () => {
    const cases: [WindowBytes, string][] = [
      [{ arithmetic: 2 }, "CFMWS Unknown Interleave Arithmetic: 2"],
      [{ base: 1n * MiB }, "CFMWS Base HPA not 256MB aligned"],
      [{ size: 1n * MiB }, "CFMWS Window Size not 256MB aligned"],
      [{ ways: 5 }, "CFMWS Interleave Ways (5) invalid"],
      [{ ways: 2 }, "CFMWS length 44 less than expected 52"],
    ];
    for (const [values, reason] of cases) {
      const cedt = parseCedt(table(windowOf(values), windowOf()));
      expect(cedt.rejected.map((rejected) => rejected.reason)).toEqual([reason]);
      expect(cedt.windows).toHaveLength(1);
    }
  });

  it("XOR windows take the bitmaps of their granularity, as many as they need, wherever the CXIMS stands; with too few they have none", () => {
    const math = (granularity: number, maps: readonly bigint[]): number[] => [2, 0, ...number(8 + 8 * maps.length, 2), 0, 0, granularity, maps.length, ...maps.flatMap((map) => number(map, 8))];
    const xor = { arithmetic: 1, base: 0n };
    const { windows } = parseCedt(table(windowOf({ ...xor, ways: 1 }), math(4, [0x1000n, 0x2000n]), windowOf({ ...xor, ways: 2, targets: [1, 2, 3, 4] }), windowOf({ ...xor, ways: 3, targets: [1, 2, 3, 4, 5, 6, 7, 8] }), windowOf({ ...xor, ways: 1, granularity: 1 }), windowOf()));
    expect(windows.map((window) => window.xorMaps)).toEqual([[0x1000n], [0x1000n, 0x2000n], undefined, undefined, undefined]);
  });

  it("a structure that cannot be ends the walk instead of looping", () => {
    expect(parseCedt(table([1, 0, 0, 0], windowOf())).isTruncated).toBe(true);
    expect(parseCedt(table(windowOf({ length: 400 }))).isTruncated).toBe(true);
  });

  it("every byte counts for the checksum", () => {
    const bytes = Uint8Array.from([1, 2, 253]);
    expect(checksumHolds(bytes)).toBe(true);
    bytes[1] = 3;
    expect(checksumHolds(bytes)).toBe(false);
  });
});
