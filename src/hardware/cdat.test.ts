// Every field of the CDAT structures (CDAT 1.03), and that what comes out is well formed.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DeviceDescription, SwitchDescription } from "../platform/description.ts";
import { deviceCdat, switchCdat } from "./cdat.ts";

const MiB = 1n << 20n;

const device = (overrides: Partial<DeviceDescription> = {}): DeviceDescription => ({
  name: "card", volatileCapacity: 256n * MiB, serial: 1n, barSize: 262_144n, decoders: 4, readLatency: 150, writeLatency: 250, bandwidth: 16_000, interleave3612: false, interleave16: false, mediaReadyTime: 0, preservesVolatile: false, ...overrides,
});
const inner = (overrides: Partial<SwitchDescription> = {}): SwitchDescription => ({
  kind: "switch", name: "sw", serial: 2n, decoders: 4, targetCount: 8, latency: 70, bandwidth: 24_000,
  ports: [0, 1, 5].map((portNumber) => ({ name: `dsp${portNumber}`, portNumber, hotplug: true, linkTrainingTime: 1000, slots: [], present: false })), ...overrides,
});

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Entries by the lengths that they state. */
function entriesOf(bytes: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let at = 16; at < bytes.length; ) {
    const length = view(bytes).getUint16(at + 2, true);
    found.push(bytes.subarray(at, at + length));
    at += length;
  }
  return found;
}

const ofKind = (bytes: Uint8Array, kind: number): Uint8Array[] => entriesOf(bytes).filter((entry) => entry[0] === kind);

/** Handle, flags, type, then what unit and figure come to. */
const latencyOrBandwidth = (entry: Uint8Array): readonly [number, number, number, bigint] => [entry[4] ?? -1, entry[5] ?? -1, entry[6] ?? -1, view(entry).getBigUint64(8, true) * BigInt(view(entry).getUint16(16, true))];

describe("header", () => {
  it("length, revision 2, reserved bytes and sequence 0", () => {
    const bytes = deviceCdat(device());
    expect([view(bytes).getUint32(0, true), bytes[4], [...bytes.subarray(6, 16)]]).toEqual([bytes.length, 2, Array.from({ length: 10 }, () => 0)]);
  });

  it("the bytes of any table sum to 0, and its entries fill it to the last byte", () => {
    const capacity = fc.integer({ min: 0, max: 1 << 20 }).map((units) => BigInt(units) * 256n * MiB);
    const figures = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    fc.assert(fc.property(capacity, capacity, figures, figures, figures, (volatileCapacity, persistentCapacity, readLatency, writeLatency, bandwidth) => {
      const tables = [deviceCdat(device({ volatileCapacity, persistentCapacity, readLatency, writeLatency, bandwidth })), switchCdat(inner({ latency: readLatency, bandwidth }))];
      for (const bytes of tables) {
        expect([bytes.reduce((sum, byte) => sum + byte, 0) & 0xff, view(bytes).getUint32(0, true), 16 + entriesOf(bytes).reduce((sum, entry) => sum + entry.length, 0)]).toEqual([0, bytes.length, bytes.length]);
      }
    }));
  });
});

describe("a device", () => {
  const mixed = deviceCdat(device({ persistentCapacity: 512n * MiB }));

  it("has DSMAS, four DSLBIS and DSEMTS of 24 bytes each for every partition, and nothing for one that is empty", () => {
    expect(entriesOf(mixed).map((entry) => [entry[0], entry[1], entry.length])).toEqual([0, 1, 1, 1, 1, 4, 0, 1, 1, 1, 1, 4].map((kind) => [kind, 0, 24]));
    expect(entriesOf(deviceCdat(device())).map((entry) => entry[0])).toEqual([0, 1, 1, 1, 1, 4]);
    expect(entriesOf(deviceCdat(device({ volatileCapacity: 0n, persistentCapacity: 256n * MiB }))).map((entry) => entry[0])).toEqual([0, 1, 1, 1, 1, 4]);
  });

  it("DSMAS: handle, flags (bit 2 non-volatile), reserved 0, DPA base and length; the persistent partition follows the volatile one", () => {
    const fields = (entry: Uint8Array) => [entry[4], entry[5], view(entry).getUint16(6, true), view(entry).getBigUint64(8, true), view(entry).getBigUint64(16, true)];
    expect(ofKind(mixed, 0).map(fields)).toEqual([[0, 0, 0, 0n, 256n * MiB], [1, 4, 0, 256n * MiB, 512n * MiB]]);
    expect(ofKind(deviceCdat(device({ volatileCapacity: 0n, persistentCapacity: 256n * MiB })), 0).map(fields)).toEqual([[0, 4, 0, 0n, 256n * MiB]]);
  });

  it("DSLBIS: read and write latency in ps, read and write bandwidth in MB/s, of memory (flags 0)", () => {
    const ofHandle = (handle: number) => [[handle, 0, 1, 150_000n], [handle, 0, 2, 250_000n], [handle, 0, 4, 16_000n], [handle, 0, 5, 16_000n]];
    expect(ofKind(mixed, 1).map(latencyOrBandwidth)).toEqual([...ofHandle(0), ...ofHandle(1)]);
    expect(ofKind(mixed, 1).map((entry) => [entry[7], ...entry.subarray(18, 24)])).toEqual(Array.from({ length: 8 }, () => [0, 0, 0, 0, 0, 0, 0]));
  });

  it("DSEMTS: the handle of its DSMAS, specific-purpose or reserved memory, the whole partition", () => {
    expect(ofKind(mixed, 4).map((entry) => [entry[4], entry[5], view(entry).getUint16(6, true), view(entry).getBigUint64(8, true), view(entry).getBigUint64(16, true)])).toEqual([[0, 1, 0, 0n, 256n * MiB], [1, 2, 0, 0n, 512n * MiB]]);
  });

  it("32000 MB/s if the description gives no bandwidth", () => {
    const { bandwidth: _, ...without } = device();
    expect(ofKind(deviceCdat(without), 1).map((entry) => latencyOrBandwidth(entry)[3]).slice(2)).toEqual([32_000n, 32_000n]);
  });

  it("a figure that 16 bits do not hold gets a larger unit; 0xFFFF is never one (unreachable)", () => {
    const figures = (value: number) => ofKind(deviceCdat(device({ readLatency: value })), 1).slice(0, 1).map((entry) => [view(entry).getBigUint64(8, true), view(entry).getUint16(16, true)]);
    expect([65_534, 65_535, 100_000, 655_340, 655_350, 1_234_567, 4_294_967_295].map((value) => figures(value)[0])).toEqual([[1000n, 65_534], [10_000n, 6554], [10_000n, 10_000], [10_000n, 65_534], [100_000n, 6554], [100_000n, 12_346], [100_000_000n, 42_950]]);
  });

  it("what unit and figure come to is within half a thousandth of what the description says, whatever it says", () => {
    fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 32 - 1 }), (readLatency) => {
      const told = Number(latencyOrBandwidth(ofKind(deviceCdat(device({ readLatency })), 1)[0] ?? new Uint8Array(24))[3]) / 1000;
      expect(Math.abs(told - readLatency) / readLatency).toBeLessThan(0.0005);
    }));
  });
});

describe("a switch", () => {
  const bytes = switchCdat(inner());
  const pairs = (entry: Uint8Array) => Array.from({ length: (entry.length - 16) / 8 }, (_, index) => [0, 2, 4, 6].map((at) => view(entry).getUint16(16 + index * 8 + at, true)));

  it("has two SSLBIS of 16 bytes and 8 a port: access latency, then access bandwidth", () => {
    expect(entriesOf(bytes).map((entry) => [entry[0], entry[1], entry.length, entry[4], [...entry.subarray(5, 8)]])).toEqual([[5, 0, 40, 0, [0, 0, 0]], [5, 0, 40, 3, [0, 0, 0]]]);
  });

  it("a pair is the upstream port (0x100) and a downstream port by its port number, with the figure and a reserved 0", () => {
    expect(entriesOf(bytes).map((entry) => [view(entry).getBigUint64(8, true), pairs(entry)])).toEqual([
      [1000n, [[0x100, 0, 70, 0], [0x100, 1, 70, 0], [0x100, 5, 70, 0]]],
      [1n, [[0x100, 0, 24_000, 0], [0x100, 1, 24_000, 0], [0x100, 5, 24_000, 0]]],
    ]);
  });

  it("figures that 16 bits do not hold get a larger unit, and the same one for all pairs", () => {
    expect(entriesOf(switchCdat(inner({ bandwidth: 256_000 }))).map((entry) => [view(entry).getBigUint64(8, true), pairs(entry)[0]])[1]).toEqual([10n, [0x100, 0, 25_600, 0]]);
  });
});

describe("dynamic capacity", () => {
  it("every region has DSMAS with flag 5, figures and DSEMTS, behind the static partitions", () => {
    const entries = entriesOf(deviceCdat(device({ persistentCapacity: 256n * MiB, mailbox: { dynamicRegions: [{ length: 512n * MiB, blockSize: 2n * MiB }, { length: 256n * MiB, blockSize: 64n }] } })));
    const ranges = entries.filter((entry) => entry[0] === 0).map((entry) => [entry[4], entry[5], view(entry).getBigUint64(8, true), view(entry).getBigUint64(16, true)]);
    expect(ranges).toEqual([[0, 0, 0n, 256n * MiB], [1, 4, 256n * MiB, 256n * MiB], [2, 0x20, 512n * MiB, 512n * MiB], [3, 0x20, 1024n * MiB, 256n * MiB]]);
    expect(entries.filter((entry) => entry[0] === 4).map((entry) => [entry[4], entry[5]])).toEqual([[0, 1], [1, 2], [2, 1], [3, 1]]);
    expect(entries.length).toBe(4 * 6);
  });
});
