// Structures of the CDAT as the kernel takes them, well formed and not.

import { describe, expect, it } from "vitest";
import { rangeFigures, switchFigures } from "./cdat-figures.ts";

const bytes = (value: number | bigint, size: number): number[] => Array.from({ length: size }, (_, index) => Number((BigInt(value) >> BigInt(8 * index)) & 0xffn));
const table = (...structures: readonly (readonly number[])[]): Uint8Array => Uint8Array.from([...bytes(0, 16), ...structures.flat()]);
const range = (handle: number, start: bigint, size: bigint, length = 24): number[] => [0, 0, ...bytes(length, 2), handle, 0, 0, 0, ...bytes(start, 8), ...bytes(size, 8)];
const figure = (handle: number, type: number, unit: number, entry: number, flags = 0): number[] => [1, 0, ...bytes(24, 2), handle, flags, type, 0, ...bytes(unit, 8), ...bytes(entry, 2), 0, 0, 0, 0, 0, 0];
const pairs = (type: number, unit: number, ...entries: readonly (readonly [number, number, number])[]): number[] => [5, 0, ...bytes(16 + 8 * entries.length, 2), type, 0, 0, 0, ...bytes(unit, 8), ...entries.flatMap(([x, y, value]) => [...bytes(x, 2), ...bytes(y, 2), ...bytes(value, 2), 0, 0])];

const none = { readLatency: 0, writeLatency: 0, readBandwidth: 0, writeBandwidth: 0 };

describe("ranges of a device", () => {
  it("come in order of their handles, each with its own figures of memory; picoseconds are rounded up", () => {
    const found = rangeFigures(table(range(3, 512n, 256n), range(1, 0n, 512n), figure(1, 1, 1, 250_001 % 65_536), figure(1, 4, 10, 2800), figure(3, 0, 1000, 90), figure(3, 3, 1, 7), figure(1, 5, 1, 9, 1), figure(2, 4, 1, 1)));
    expect(found).toEqual([
      { handle: 1, start: 0n, size: 512n, coordinates: { ...none, readLatency: Math.ceil((250_001 % 65_536) / 1000), readBandwidth: 28_000 } },
      { handle: 3, start: 512n, size: 256n, coordinates: { readLatency: 90, writeLatency: 90, readBandwidth: 7, writeBandwidth: 7 } },
    ]);
  });

  it("0, 0xFFFF, reserved types, and what 32 bits do not hold are no figures", () => {
    const found = rangeFigures(table(range(0, 0n, 1n), figure(0, 1, 1000, 0xffff), figure(0, 2, 1000, 0), figure(0, 4, 0x1_0000_0000, 1), figure(0, 5, 0xffff, 0xfffe), figure(0, 6, 1, 5)));
    expect(found).toMatchObject([{ coordinates: { ...none, writeBandwidth: 0xffff * 0xfffe } }]);
  });

  it("a table without ranges or figures, with a wrong length, or a handle twice is refused by its errno", () => {
    expect([table(), table(range(0, 0n, 1n)), table(figure(0, 1, 1, 1))].map(rangeFigures)).toEqual(["ENOENT", "ENOENT", "ENOENT"]);
    expect(rangeFigures(table(range(0, 0n, 1n, 20)))).toBe("EINVAL");
    expect(rangeFigures(table(figure(0, 1, 1, 1), range(0, 0n, 1n).slice(0, -1)))).toBe("EINVAL");
    expect(rangeFigures(table(range(4, 0n, 1n), range(4, 1n, 1n), figure(4, 1, 1, 1)))).toBe("EBUSY");
  });
});

describe("ports of a switch", () => {
  it("a pair names its downstream port on either side; any port means all of them, and the last that is said counts", () => {
    const bytesOfTable = table(pairs(3, 1, [0x100, 2, 500], [5, 0x100, 600], [0xffff, 7, 700], [0xffff, 0x100, 800]), pairs(0, 1000, [0xffff, 0xffff, 70], [0x100, 5, 75]));
    const [two, five, seven, eight] = [2, 5, 7, 8].map((port) => switchFigures(bytesOfTable, port));
    expect([two, five, seven, eight].map((one) => [one?.readBandwidth, one?.readLatency])).toEqual([[800, 70], [800, 75], [800, 70], [800, 70]]);
    expect(switchFigures(table(pairs(3, 1, [0x100, 2, 500], [5, 0x100, 600])), 5)).toEqual({ ...none, readBandwidth: 600, writeBandwidth: 600 });
  });

  it("without its table, or a pair of its own, a port has no figures", () => {
    expect([switchFigures(table(), 1), switchFigures(table(pairs(3, 1, [0x100, 2, 500])), 1)]).toEqual([none, none]);
  });
});
