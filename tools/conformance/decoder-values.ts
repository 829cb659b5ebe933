// HDM decoders as software programs them, and the commit rules that QEMU does not check (CXL 8.2.4.20.12; component sheet, C2 and C11): when
// one of them is broken, our hardware refuses what QEMU takes.

import { hdmDecoderDevice, hdmDecoderPort } from "../../registers/hdm-decoder.ts";
import type { Registers } from "./bench.ts";
import type { Circumstance } from "./compare.ts";
import type { Declared } from "./structures.ts";

export interface DecoderValues {
  readonly base: bigint;
  readonly size: bigint;
  readonly control: number;
  readonly targets: bigint;
}

export interface DecoderLimits {
  readonly isDevice: boolean;
  readonly targetCount: number;
}

const { control } = hdmDecoderPort.registers;
const part = (value: number, bits: number | readonly [number, number]): number => {
  const [high, low] = typeof bits === "number" ? [bits, bits] : bits;
  return (value >>> low) & (2 ** (high - low + 1) - 1);
};
export const isCommitted = (value: number): boolean => part(value, control.fields.committed.bits) === 1;
export const asksForCommit = (value: number): boolean => part(value, control.fields.commit.bits) === 1;
export const locks = (value: number): boolean => part(value, control.fields.lockOnCommit.bits) === 1;

const mostGranularity = 6;
const portWays = 3;
const deviceWays = new Set([0, 1, 2, 3, 4, 8, 9, 10]);
const space = 1n << 64n;

/** Rule that a commit of decoder `index` breaks, or undefined. `all` are the decoders of its component as they stand. */
export function refusedBy(all: readonly DecoderValues[], index: number, { isDevice, targetCount }: DecoderLimits): string | undefined {
  const decoder = all[index];
  if (decoder === undefined) return undefined;
  const [granularity, ways] = [part(decoder.control, control.fields.interleaveGranularity.bits), part(decoder.control, control.fields.interleaveWays.bits)];
  if (granularity > mostGranularity) return "C11: reserved granularity";
  if (isDevice ? !deviceWays.has(ways) : ways > portWays) return "C11: reserved ways";
  if (!isDevice && 2 ** ways > targetCount) return "C11: more ways than targets";
  if (!locks(decoder.control)) return undefined;
  const before = all[index - 1];
  if (before !== undefined && index > 0) {
    if (!isCommitted(before.control) && !asksForCommit(before.control)) return "C2 (e): the decoder before is not committed";
    if (decoder.base < before.base + before.size) return "C2 (a): below the end of the decoder before";
  }
  if (decoder.base + decoder.size > space) return "C2 (b): wraps";
  if (ways >= 8 && decoder.size % 3n !== 0n) return "C2 (c): size is no multiple of 3";
  const targets = Array.from({ length: isDevice ? 0 : 2 ** ways }, (_, way) => (decoder.targets >> BigInt(8 * way)) & 0xffn);
  return new Set(targets).size < targets.length ? "C2 (d): one target twice" : undefined;
}

const { baseLow, sizeLow, targetListLow, targetListHigh } = hdmDecoderPort.registers;
const [firstDecoder, stride] = [baseLow.offset, baseLow.repeat.stride];
/** Bytes of a decoder's registers from its first. */
export const decoderOffsets = { base: 0, size: sizeLow.offset - firstDecoder, control: control.offset - firstDecoder, targets: targetListLow.offset - firstDecoder, reserved: targetListHigh.offset + 4 - firstDecoder } as const;
export const decoderAt = (index: number): number => firstDecoder + index * stride;

/** Decoder that a byte of the structure belongs to; -1: none. */
export const decoderOf = (inside: number): number => (inside < firstDecoder ? -1 : Math.floor((inside - firstDecoder) / stride));

export const isDecoderStructure = (name: string): boolean => name === hdmDecoderPort.name || name === hdmDecoderDevice.name;

const dword = 4;
const read64 = (registers: Registers, at: number): bigint => registers.read(at, dword) | (registers.read(at + dword, dword) << 32n);

/** A decoder as it stands in a structure that begins at `start`. */
function valuesAt(registers: Registers, start: number, index: number): DecoderValues {
  const at = start + decoderAt(index);
  return { base: read64(registers, at + decoderOffsets.base), size: read64(registers, at + decoderOffsets.size), control: Number(registers.read(at + decoderOffsets.control, dword)), targets: read64(registers, at + decoderOffsets.targets) };
}

export const limitsAt = (registers: Registers, start: number, isDevice: boolean): DecoderLimits => ({ isDevice, targetCount: part(Number(registers.read(start, dword)), hdmDecoderPort.registers.capability.fields.targetCount.bits) });

/** What holds for the decoder that byte `inside` of a structure, which begins at `start`, belongs to. */
export function circumstancesAt(registers: Registers, { structure }: Declared, start: number, inside: number): readonly Circumstance[] {
  const index = decoderOf(inside);
  if (!isDecoderStructure(structure.name) || index < 0) return [];
  const all = Array.from({ length: index + 1 }, (_, one) => valuesAt(registers, start, one));
  const value = all[index]?.control ?? 0;
  if (isCommitted(value) && locks(value)) return ["locked"];
  const isRefused = asksForCommit(value) && !isCommitted(value) && refusedBy(all, index, limitsAt(registers, start, structure.name === hdmDecoderDevice.name)) !== undefined;
  return isRefused ? ["commit refused"] : [];
}
