// Address ranges of a function as lspci shows them: BARs, expansion ROM, a bridge's windows. Sizes and assigned addresses are the operating system's
// where it says any (sysfs' `resource`); from a dump there is config space alone.

import { bits, bridge, headerTypeOf, headerTypes, hex, u16, u32, u8 } from "./config.ts";
import type { PciFunction, ResourceLine } from "./functions.ts";
import { rawBar } from "./functions.ts";
import { isIoOn, isMemoryOn, rawRom } from "./header.ts";

/** Kinds of resources as the kernel flags them (include/linux/ioport.h). */
const kernelFlags = { io: 0x100, memory: 0x200, prefetch: 0x2000, is64Bit: 0x10_0000 } as const;
/** Low bits of a BAR (PCIe 7.5.1.2.1). */
const barBits = { io: 1, typeMask: 6, is64Bit: 4, prefetch: 8 } as const;
const romEnable = 1;
const romMask = 0xffff_f800;
const lineOf = { rom: 6, windows: 13 } as const;
const allOnes = 0xffff_ffff;

/** ` [size=64K]`: the largest unit that divides it. */
export function sizeText(size: bigint): string {
  if (size === 0n) return "";
  let [rest, unit] = [size, 0];
  while (unit < 4 && rest % 1024n === 0n) [rest, unit] = [rest / 1024n, unit + 1];
  return ` [size=${BigInt.asUintN(32, rest)}${["", "K", "M", "G", "T"][unit]}]`;
}

/** Flags of the kernel as the low bits of a BAR. */
function lowBits(flags: number): number {
  if ((flags & kernelFlags.io) !== 0) return barBits.io;
  if ((flags & kernelFlags.memory) === 0) return 0;
  return ((flags & kernelFlags.is64Bit) !== 0 ? barBits.is64Bit : 0) + ((flags & kernelFlags.prefetch) !== 0 ? barBits.prefetch : 0);
}

interface Region {
  readonly index: number;
  readonly address: bigint;
  readonly size: bigint;
  /** Low bits as in a BAR. */
  readonly flags: number;
  /** What stands in config space, when somebody else says what was assigned. */
  readonly own: bigint;
  readonly isBroken: boolean;
}

function systemRegion(one: PciFunction, line: ResourceLine, index: number, count: number): Region {
  const flags = lowBits(line.flags);
  const raw = rawBar(one, index);
  const isWide = (flags & barBits.io) === 0 && (raw & barBits.io) === 0 && (line.flags & kernelFlags.memory) !== 0 && (raw & barBits.typeMask) === barBits.is64Bit;
  const isBroken = isWide && index >= count - 1;
  return { index, address: line.start, size: line.size, flags, own: BigInt(raw), isBroken };
}

/** BARs with their low bits by config space alone; a 64-bit one takes two registers, and cannot begin in the last. */
function dumpAddresses(one: PciFunction, count: number): bigint[] {
  const addresses: bigint[] = Array.from({ length: count }, () => 0n);
  for (let index = 0; index < count; index++) {
    const raw = rawBar(one, index);
    if (raw === 0 || raw === allOnes) continue;
    const isWide = (raw & barBits.io) === 0 && (raw & barBits.typeMask) === barBits.is64Bit;
    if (!isWide) addresses[index] = BigInt(raw);
    else if (index < count - 1) {
      addresses[index] = BigInt(raw) | (BigInt(rawBar(one, index + 1)) << 32n);
      index++;
    }
  }
  return addresses;
}

/** The upper register of a 64-bit BAR is still shown. */
function dumpRegions(one: PciFunction, count: number): Region[] {
  return dumpAddresses(one, count).map((address, index) => {
    const raw = rawBar(one, index);
    return { index, address, size: 0n, flags: raw === allOnes ? 0 : raw, own: 0n, isBroken: false };
  });
}

const barCount = (one: PciFunction): number => (headerTypeOf(one.config) === headerTypes.bridge ? 2 : 6);

/** Whether a BAR of memory has an address or a size. */
export function hasMemoryBar(one: PciFunction): boolean {
  const lines = one.system?.resources.slice(0, lineOf.rom);
  if (lines !== undefined) return lines.some(({ start, size, flags }) => (start !== 0n || size !== 0n) && (flags & kernelFlags.io) === 0);
  return dumpAddresses(one, barCount(one)).some((address) => address !== 0n && (address & BigInt(barBits.io)) === 0n);
}

function regionsOf(one: PciFunction, count: number): Region[] {
  const lines = one.system?.resources;
  return lines === undefined ? dumpRegions(one, count) : lines.slice(0, count).map((line, index) => systemRegion(one, line, index, count));
}

function ioText(one: PciFunction, region: Region): string {
  const address = region.address & ~3n;
  const where = address !== 0n || isIoOn(one) ? hex(address, 4) : region.own !== 0n ? "<ignored>" : "<unassigned>";
  return `I/O ports at ${where}${isIoOn(one) ? "" : " [disabled]"}`;
}

const widths = ["32-bit", "low-1M", "64-bit", "type 3"];

function memoryText(one: PciFunction, region: Region): string {
  const address = region.address & ~15n;
  const isVirtual = region.address !== 0n && region.own === 0n && one.system !== undefined;
  const where = region.isBroken ? "<broken-64-bit-slot>" : address !== 0n ? hex(address, 8) : region.own !== 0n ? "<ignored>" : "<unassigned>";
  const kind = `${widths[bits(region.flags, 2, 1)]}, ${(region.flags & barBits.prefetch) !== 0 ? "" : "non-"}prefetchable`;
  return `Memory at ${where} (${kind})${isVirtual ? " [virtual]" : isMemoryOn(one) ? "" : " [disabled]"}`;
}

/** BARs that are there. */
export function regionLines(one: PciFunction, verbosity: number): string[] {
  const present = regionsOf(one, barCount(one)).filter(({ address, flags, size }) => address !== 0n || flags !== 0 || size !== 0n);
  return present.map((region) => `\t${verbosity > 1 ? `Region ${region.index}: ` : ""}${(region.flags & barBits.io) !== 0 ? ioText(one, region) : memoryText(one, region)}${sizeText(region.size)}`);
}

export function romLine(one: PciFunction): string[] {
  const line = one.system?.resources[lineOf.rom];
  const raw = rawRom(one);
  const start = one.system === undefined ? (raw === allOnes ? 0n : BigInt(raw)) : (line?.start ?? 0n);
  if (start === 0n && raw === 0 && (line?.size ?? 0n) === 0n) return [];
  const address = start & BigInt(romMask);
  const where = address !== 0n ? hex(address, 8) : (raw & romMask) !== 0 ? "<ignored>" : "<unassigned>";
  const state = (raw & romEnable) === 0 ? " [disabled]" : isMemoryOn(one) ? "" : " [disabled by cmd]";
  return [`\tExpansion ROM at ${where}${state}${sizeText(line?.size ?? 0n)}`];
}

interface Window {
  readonly name: string;
  readonly base: bigint;
  readonly limit: bigint;
  readonly width: 16 | 32 | 64;
  readonly isOff: boolean;
}

function windowText(window: Window, verbosity: number): string {
  const { base, limit, width } = window;
  const range = base <= limit || verbosity > 2 ? ` ${hex(base, width / 4)}-${hex(limit, width / 4)}` : "";
  return `\t${window.name} behind bridge:${range}${!window.isOff && base <= limit ? sizeText(limit - base + 1n) : " [disabled]"} [${width}-bit]`;
}

/** A function whose header cannot be read: what the operating system assigned, as it flags it. */
export function assignedLines(one: PciFunction, verbosity: number): string[] {
  const lines = one.system?.resources ?? [];
  const regions = lines.slice(0, lineOf.rom).flatMap(({ start, size, flags }, index) => {
    const low = lowBits(flags);
    if (start === 0n && low === 0 && size === 0n) return [];
    const kind = `${widths[bits(low, 2, 1)]}, ${(low & barBits.prefetch) !== 0 ? "" : "non-"}prefetchable`;
    return [`\t${verbosity > 1 ? `Region ${index}: ` : ""}Memory at ${start === 0n ? "<unassigned>" : hex(start, 8)} (${kind})${sizeText(size)}`];
  });
  const windows = lines.slice(lineOf.windows).filter(({ start }) => start !== 0n).map(({ start, size, flags }) => {
    const name = (flags & kernelFlags.io) !== 0 ? "I/O" : (flags & kernelFlags.prefetch) !== 0 ? "Prefetchable memory" : "Memory";
    return windowText({ name, base: start, limit: start + size - 1n, width: (flags & kernelFlags.is64Bit) !== 0 ? 64 : 32, isOff: false }, verbosity);
  });
  return [...regions, ...windows];
}

/** A window that the operating system assigned; null: it says that there is none, undefined: it says nothing. */
function assigned(one: PciFunction, index: number): ResourceLine | null | undefined {
  const lines = one.system?.resources;
  if (lines === undefined || lines.length <= lineOf.windows) return undefined;
  const line = lines[lineOf.windows + index];
  return line === undefined || line.size === 0n ? null : line;
}

/** The low bits of the address stand for the width, which an address of a resource has not: 16 and 32 bits, as the tool shows it. */
const assignedWindow = (name: string, line: ResourceLine, width: 16 | 32): Window => ({ name, base: line.start & ~15n, limit: (line.start & ~15n) + line.size - 1n, width, isOff: false });

function ioWindow(one: PciFunction, verbosity: number): string[] {
  const line = assigned(one, 0);
  if (line != null) return [windowText(assignedWindow("I/O", line, 16), verbosity)];
  const [base, limit] = [u8(one.config, bridge.ioBase), u8(one.config, bridge.ioLimit)];
  const kind = base & 15;
  if (kind !== (limit & 15) || kind > 1) return [`\t!!! Unknown I/O range types ${hex(base, 1)}/${hex(limit, 1)}`];
  const high = (at: number): bigint => (kind === 1 ? BigInt(u16(one.config, at)) << 16n : 0n);
  const from = BigInt((base & 0xf0) << 8) | high(bridge.ioBaseHigh);
  const to = BigInt((limit & 0xf0) << 8) | high(bridge.ioLimitHigh);
  if (from === 0n && to === 0n && line === null) return [];
  return [windowText({ name: "I/O", base: from, limit: BigInt.asUintN(32, to + 0xfffn), width: kind === 1 ? 32 : 16, isOff: line === null }, verbosity)];
}

function memoryWindow(one: PciFunction, verbosity: number): string[] {
  const line = assigned(one, 1);
  if (line != null) return [windowText(assignedWindow("Memory", line, 32), verbosity)];
  const [base, limit] = [u16(one.config, bridge.memoryBase), u16(one.config, bridge.memoryLimit)];
  if ((base & 15) !== (limit & 15) || (base & 15) !== 0) return [`\t!!! Unknown memory range types ${hex(base, 1)}/${hex(limit, 1)}`];
  return [windowText({ name: "Memory", base: BigInt(base & 0xfff0) << 16n, limit: BigInt.asUintN(32, (BigInt(limit & 0xfff0) << 16n) + 0xf_ffffn), width: 32, isOff: line === null }, verbosity)];
}

function prefetchableWindow(one: PciFunction, verbosity: number): string[] {
  const name = "Prefetchable memory";
  const line = assigned(one, 2);
  if (line != null) return [windowText(assignedWindow(name, line, 32), verbosity)];
  const [base, limit] = [u16(one.config, bridge.prefetchableBase), u16(one.config, bridge.prefetchableLimit)];
  const kind = base & 15;
  if (kind !== (limit & 15) || kind > 1) return [`\t!!! Unknown prefetchable memory range types ${hex(base, 1)}/${hex(limit, 1)}`];
  const high = (at: number): bigint => (kind === 1 ? BigInt(u32(one.config, at)) << 32n : 0n);
  const from = (BigInt(base & 0xfff0) << 16n) | high(bridge.prefetchableBaseHigh);
  const to = (BigInt(limit & 0xfff0) << 16n) | high(bridge.prefetchableLimitHigh);
  if (from === 0n && to === 0n && line === null) return [];
  return [windowText({ name, base: from, limit: BigInt.asUintN(64, to + 0xf_ffffn), width: kind === 1 ? 64 : 32, isOff: line === null }, verbosity)];
}

export const windowLines = (one: PciFunction, verbosity: number): string[] => [...ioWindow(one, verbosity), ...memoryWindow(one, verbosity), ...prefetchableWindow(one, verbosity)];
