// Named access to component registers: the one place of this folder that knows where declarations live and how structures are found.

import { cacheMemoryRange } from "../../../registers/blocks.ts";
import { componentHeader } from "../../../registers/component-header.ts";
import { dvsecDevice, dvsecLocatorPort } from "../../../registers/dvsec.ts";
import { hdmDecoderDevice, hdmDecoderPort } from "../../../registers/hdm-decoder.ts";
import { ras } from "../../../registers/ras-link.ts";
import { timeoutIsolation } from "../../../registers/timeout-isolation.ts";
import type { IoHandle } from "../../platform/platform.ts";
import { decode, encode, registerAt, structureAt } from "../../platform/registers.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { addressOf, barAddress, barSize, findDvsec } from "../pci/device.ts";
import { configBus, dvsecIds } from "../pci/registers.ts";

export const capabilityIds = { ras: ras.identity.id, hdmDecoder: hdmDecoderPort.identity.id, timeoutIsolation: timeoutIsolation.identity.id } as const;
const structureLengths: Readonly<Record<number, number>> = { [ras.identity.id]: ras.length };
const headerId = 1;

/** A mapped CXL.cache/mem range with its capability array read. */
export interface ComponentRegisters {
  /** Physical address of the range. */
  readonly base: bigint;
  readonly handle: IoHandle;
  readonly capabilities: readonly { readonly id: number; readonly offset: number }[];
}

const { entry0Low, entry0High } = dvsecLocatorPort.registers;
const locatorEntrySize = entry0High.offset + 4 - entry0Low.offset;

/** Kinds of register blocks in the register locator (8.1.9). */
export const blockIds = { component: 1, device: 3 } as const;

/** A register block of a function: its physical address, and the bytes from there to the end of its BAR. */
export interface RegisterBlock {
  readonly base: bigint;
  readonly size: bigint;
}

/** The register block of a kind that a function's register locator names, or undefined (region-assembly 4.1). */
export function findBlock(kernel: Kernel, device: Device, id: number): RegisterBlock | undefined {
  const at = findDvsec(kernel, device, dvsecIds.locator);
  if (at === undefined) return undefined;
  const bus = configBus(kernel, addressOf(device));
  const count = Math.floor((registerAt(bus, at, dvsecLocatorPort.registers.header1).get("length") - entry0Low.offset) / locatorEntrySize);
  for (let n = 0; n < count; n++) {
    const low = registerAt(bus, at + n * locatorEntrySize, entry0Low).read();
    if (low.block !== id) continue;
    const offset = (BigInt(low.offset31to16) << 16n) + (BigInt(registerAt(bus, at + n * locatorEntrySize, entry0High).get("offset63to32")) << 32n);
    return { base: barAddress(device, low.barIndex) + offset, size: barSize(device, low.barIndex) - offset };
  }
  return undefined;
}

/** Physical address of a function's component registers, or undefined. */
export const findComponentBlock = (kernel: Kernel, device: Device): bigint | undefined => findBlock(kernel, device, blockIds.component)?.base;

/**
 * Maps the component block at `block` and reads its capability array.
 * @throws SystemError ENODEV no component registers answer there
 */
export function mapComponents(kernel: Kernel, block: bigint): ComponentRegisters {
  const base = block + BigInt(cacheMemoryRange.offset);
  const handle = kernel.platform.ioremap(base, BigInt(cacheMemoryRange.size));
  const header = registerAt(handle, 0, componentHeader.registers.header).read();
  if (header.id !== headerId || header.version !== 1 || header.cacheMemoryVersion !== 1) {
    handle.unmap();
    throw new SystemError("ENODEV", `no CXL.cache/mem registers at 0x${base.toString(16)}`);
  }
  const capabilities = [];
  for (let n = 0; n < header.arraySize; n++) {
    const entry = registerAt(handle, 0, componentHeader.registers.entry, n).read();
    if (entry.id !== 0) capabilities.push({ id: entry.id, offset: entry.pointer });
  }
  return { base, handle, capabilities };
}

/** Offset of a capability from the start of the mapped range, or undefined. */
export const capabilityOffset = (components: ComponentRegisters, id: number): number | undefined => components.capabilities.find((capability) => capability.id === id)?.offset;

export interface HdmCapability {
  readonly decoderCount: number;
  readonly targetCount: number;
  readonly interleaveA11to8: boolean;
  readonly interleaveA14to12: boolean;
  readonly interleave3612: boolean;
  readonly interleave16: boolean;
}

/** The HDM decoder structure of a port or an endpoint. */
export interface HdmRegisters {
  readonly isEndpoint: boolean;
  readonly components: ComponentRegisters;
  readonly offset: number;
  readonly capability: HdmCapability;
}

/** Decoders by the code of 8.2.4.20.1 (6.2 of the sheet). */
export const decodeDecoderCount = (code: number): number => (code === 0 ? 1 : code <= 8 ? 2 * code : 4 * (code - 4));

export function openHdm(components: ComponentRegisters, isEndpoint: boolean): HdmRegisters | null {
  const offset = capabilityOffset(components, capabilityIds.hdmDecoder);
  if (offset === undefined) return null;
  const raw = registerAt(components.handle, offset, hdmDecoderPort.registers.capability).read();
  return {
    isEndpoint, components, offset,
    capability: {
      // A dead device answers with a count that is none.
      decoderCount: Math.min(decodeDecoderCount(raw.decoderCount), hdmDecoderPort.registers.baseLow.repeat.count), targetCount: raw.targetCount,
      interleaveA11to8: raw.interleaveA11to8 === 1, interleaveA14to12: raw.interleaveA14to12 === 1,
      interleave3612: raw.interleave3612 === 1, interleave16: raw.interleave16 === 1,
    },
  };
}

/** Physical range of a capability's registers, for /proc/iomem. */
export function capabilityRange(components: ComponentRegisters, id: number, decoderCount = 0): { readonly start: bigint; readonly size: bigint } | undefined {
  const offset = capabilityOffset(components, id);
  if (offset === undefined) return undefined;
  const { baseLow } = hdmDecoderPort.registers;
  const length = structureLengths[id] ?? baseLow.offset + baseLow.repeat.stride * decoderCount;
  return { start: components.base + BigInt(offset), size: BigInt(length) };
}

const sharedOf = (hdm: HdmRegisters, n: number) => {
  const registers = hdmDecoderPort.registers;
  const at = <R extends (typeof registers)["baseLow" | "baseHigh" | "sizeLow" | "sizeHigh" | "control" | "targetListLow" | "targetListHigh"]>(register: R) => registerAt(hdm.components.handle, hdm.offset, register, n);
  return { baseLow: at(registers.baseLow), baseHigh: at(registers.baseHigh), sizeLow: at(registers.sizeLow), sizeHigh: at(registers.sizeHigh), control: at(registers.control), listLow: at(registers.targetListLow), listHigh: at(registers.targetListHigh) };
};

const allOnes = 0xffff_ffffn;
const both = (low: bigint, high: bigint): bigint => (high << 32n) | low;

/** Control of decoder `n`. `isDead`: everything reads as ones. */
export function readControl(hdm: HdmRegisters, n: number) {
  const register = sharedOf(hdm, n).control;
  const raw = register.readRaw();
  const fields = decode(hdmDecoderPort.registers.control, raw);
  return {
    raw, isDead: raw === allOnes,
    granularityCode: fields.interleaveGranularity, waysCode: fields.interleaveWays, isLocked: fields.lockOnCommit === 1,
    isCommitted: fields.committed === 1, hasError: fields.errorNotCommitted === 1, isHostOnly: fields.targetRangeType === 1,
  };
}

/** Base and size of decoder `n`, in the order Linux reads them. All ones when nothing answers. */
export function readRange(hdm: HdmRegisters, n: number): { readonly base: bigint; readonly size: bigint } {
  const registers = sharedOf(hdm, n);
  const base = both(registers.baseLow.readRaw(), registers.baseHigh.readRaw());
  const size = both(registers.sizeLow.readRaw(), registers.sizeHigh.readRaw());
  return { base, size };
}

/** Target ids of a port's decoder, or DPA skip of an endpoint's, as one 64-bit value. */
export function readTargets(hdm: HdmRegisters, n: number): bigint {
  const registers = sharedOf(hdm, n);
  return both(registers.listLow.readRaw(), registers.listHigh.readRaw());
}

/** Writes target type "host only" into an uncommitted decoder (region-assembly 4.4). */
export function writeHostOnly(hdm: HdmRegisters, n: number): void {
  sharedOf(hdm, n).control.modify({ targetRangeType: 1 });
}

/** Base, size, then target list or skip; high halves first (C17). */
export function writeDecoder(hdm: HdmRegisters, n: number, base: bigint, size: bigint, targetsOrSkip: bigint): void {
  const registers = sharedOf(hdm, n);
  registers.baseHigh.writeRaw(base >> 32n);
  registers.baseLow.writeRaw(base & allOnes);
  registers.sizeHigh.writeRaw(size >> 32n);
  registers.sizeLow.writeRaw(size & allOnes);
  registers.listHigh.writeRaw(targetsOrSkip >> 32n);
  registers.listLow.writeRaw(targetsOrSkip & allOnes);
}

/** Starts the commit: `raw` is what control read before. */
export function startCommit(hdm: HdmRegisters, n: number, raw: bigint, waysCode: number, granularityCode: number): void {
  const values = { interleaveWays: waysCode, interleaveGranularity: granularityCode, commit: 1, targetRangeType: 1 };
  sharedOf(hdm, n).control.writeRaw(encode(hdmDecoderPort.registers.control, values, raw));
}

/** Clears Commit alone. */
export function clearCommit(hdm: HdmRegisters, n: number, raw: bigint): void {
  sharedOf(hdm, n).control.writeRaw(encode(hdmDecoderPort.registers.control, { commit: 0 }, raw));
}

/** Clears Commit, then size and base, high halves first (C16). */
export function writeReset(hdm: HdmRegisters, n: number, raw: bigint): void {
  const registers = sharedOf(hdm, n);
  clearCommit(hdm, n, raw);
  registers.sizeHigh.writeRaw(0n);
  registers.sizeLow.writeRaw(0n);
  registers.baseHigh.writeRaw(0n);
  registers.baseLow.writeRaw(0n);
}

/** HDM Decoder Enable of an endpoint. */
export function hdmEnable(hdm: HdmRegisters) {
  const control = registerAt(hdm.components.handle, hdm.offset, hdmDecoderDevice.registers.globalControl);
  return { isOn: (): boolean => control.get("decoderEnable") === 1, set: (isOn: boolean): void => control.modify({ decoderEnable: isOn ? 1 : 0 }) };
}

/** The device DVSEC of a memory device by name, or undefined. */
export function deviceDvsec(kernel: Kernel, device: Device) {
  const at = findDvsec(kernel, device, dvsecIds.device);
  return at === undefined ? undefined : structureAt(configBus(kernel, addressOf(device)), at, dvsecDevice);
}
