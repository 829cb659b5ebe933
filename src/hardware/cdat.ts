// The Coherent Device Attribute Table that a device or switch answers with over DOE (CDAT 1.03). Pure.
// Figures come from the description: nanoseconds as units of 1000 ps, MB/s as units of 1. A figure that 16 bits do not hold gets a unit ten,
// a hundred ... times as large; 0 and 0xFFFF are no figures (HMAT).

import type { DeviceDescription, SwitchDescription } from "../platform/description.ts";
import { mailboxOf } from "../platform/description.ts";

const headerBytes = 16;
const kinds = { memory: 0, latencyBandwidth: 1, efiMemory: 4, switchLatencyBandwidth: 5 } as const;
/** HMAT data types of DSLBIS and SSLBIS. */
const dataTypes = { readLatency: 1, writeLatency: 2, readBandwidth: 4, writeBandwidth: 5 } as const;
const accessLatency = 0;
const accessBandwidth = 3;
/** DSMAS flags: the range is persistent; it is dynamic capacity. */
const nonVolatile = 1 << 2;
const dynamicCapacity = 1 << 5;
/** DSEMTS: EfiConventionalMemory with the specific-purpose attribute, or reserved (persistent memory is found through its own tables). */
const efiTypes = { volatile: 1, persistent: 2 } as const;
const latencyUnit = 1000n;
const bandwidthUnit = 1n;
const largestFigure = 0xfffe;
/** Ports of SSLBIS: the upstream port, and any port. */
const upstreamPort = 0x0100;

const defaultDeviceBandwidth = 32_000;
const defaultSwitchBandwidth = 64_000;

class Writer {
  readonly #bytes: number[] = [];

  u8(...values: number[]): this {
    this.#bytes.push(...values.map((value) => value & 0xff));
    return this;
  }

  u16(value: number): this {
    return this.u8(value, value >>> 8);
  }

  u32(value: number): this {
    return this.u16(value).u16(value >>> 16);
  }

  u64(value: bigint): this {
    return this.u32(Number(value & 0xffff_ffffn)).u32(Number((value >> 32n) & 0xffff_ffffn));
  }

  get bytes(): number[] {
    return this.#bytes;
  }
}

/** DSMAS: one partition of the device. */
const memoryRange = (handle: number, flags: number, base: bigint, size: bigint): number[] => new Writer().u8(kinds.memory, 0).u16(24).u8(handle, flags).u16(0).u64(base).u64(size).bytes;

/** `value` in units of `unit` as 16 bits and the unit that makes it fit; rounded to the nearest. */
function scaled(unit: bigint, value: number): { readonly unit: bigint; readonly figure: number } {
  let factor = 1;
  while (Math.round(value / factor) > largestFigure) factor *= 10;
  return { unit: unit * BigInt(factor), figure: Math.round(value / factor) };
}

/** DSLBIS: one figure of a partition; `value` ns or MB/s. */
function figure(handle: number, type: number, baseUnit: bigint, value: number): number[] {
  const { unit, figure: entry } = scaled(baseUnit, value);
  return new Writer().u8(kinds.latencyBandwidth, 0).u16(24).u8(handle, 0, type, 0).u64(unit).u16(entry).u16(0).u16(0).u16(0).bytes;
}

/** DSEMTS: what firmware should call a partition. */
const efiMemory = (handle: number, type: number, size: bigint): number[] => new Writer().u8(kinds.efiMemory, 0).u16(24).u8(handle, type).u16(0).u64(0n).u64(size).bytes;

function partition(handle: number, flags: number, base: bigint, size: bigint, device: DeviceDescription): number[][] {
  if (size === 0n) return [];
  const bandwidth = device.bandwidth ?? defaultDeviceBandwidth;
  return [
    memoryRange(handle, flags, base, size),
    figure(handle, dataTypes.readLatency, latencyUnit, device.readLatency),
    figure(handle, dataTypes.writeLatency, latencyUnit, device.writeLatency),
    figure(handle, dataTypes.readBandwidth, bandwidthUnit, bandwidth),
    figure(handle, dataTypes.writeBandwidth, bandwidthUnit, bandwidth),
    efiMemory(handle, flags === nonVolatile ? efiTypes.persistent : efiTypes.volatile, size),
  ];
}

/** Header with length and a checksum that makes all bytes sum to 0. */
function table(entries: readonly number[][]): Uint8Array<ArrayBuffer> {
  const body = entries.flat();
  const bytes = Uint8Array.from([...new Writer().u32(headerBytes + body.length).u8(2, 0, 0, 0, 0, 0, 0, 0).u32(0).bytes, ...body]);
  bytes[5] = -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;
  return bytes;
}

/** CDAT of a memory device: DSMAS, DSLBIS and DSEMTS of its volatile and persistent partition and its dynamic capacity regions; handles count them. */
export function deviceCdat(device: DeviceDescription): Uint8Array<ArrayBuffer> {
  const persistent = device.persistentCapacity ?? 0n;
  const first = device.volatileCapacity > 0n ? 1 : 0;
  const entries = [...partition(0, 0, 0n, device.volatileCapacity, device), ...partition(first, nonVolatile, device.volatileCapacity, persistent, device)];
  let base = device.volatileCapacity + persistent;
  for (const [index, region] of mailboxOf(device).dynamicRegions.entries()) {
    entries.push(...partition(first + (persistent > 0n ? 1 : 0) + index, dynamicCapacity, base, region.length, device));
    base += region.length;
  }
  return table(entries);
}

/** SSLBIS: one figure between the upstream port and each downstream port. */
function switchFigures(type: number, baseUnit: bigint, value: number, ports: readonly number[]): number[] {
  const { unit, figure: entry } = scaled(baseUnit, value);
  const writer = new Writer().u8(kinds.switchLatencyBandwidth, 0).u16(16 + ports.length * 8).u8(type, 0, 0, 0).u64(unit);
  for (const port of ports) writer.u16(upstreamPort).u16(port).u16(entry).u16(0);
  return writer.bytes;
}

/** CDAT of a switch: latency and bandwidth between its upstream port and its downstream ports. */
export function switchCdat(description: SwitchDescription): Uint8Array<ArrayBuffer> {
  const ports = description.ports.map((port) => port.portNumber);
  return table([switchFigures(accessLatency, latencyUnit, description.latency, ports), switchFigures(accessBandwidth, bandwidthUnit, description.bandwidth ?? defaultSwitchBandwidth, ports)]);
}
