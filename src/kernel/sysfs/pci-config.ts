// `config` of a PCI function: its 4096 bytes of config space, reached as drivers/pci/pci-sysfs.c does: a byte and a word up to the first whole
// dword, dwords, then what is left.

import { configSize } from "../../../registers/constants.ts";
import type { Device } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { pciFunctionOf } from "../pci/device.ts";
import type { Node } from "./node.ts";
import { binary } from "./node.ts";

/** The header, which everybody may read. */
const headerSize = 64;

type Width = 1 | 2 | 4;

/** Accesses that cover `length` bytes from `offset` on, none over a dword's end. */
function* accesses(offset: number, length: number): Generator<readonly [number, Width]> {
  const end = offset + length;
  for (let at = offset; at < end; ) {
    const left = end - at;
    const width: Width = (at & 1) !== 0 || left === 1 ? 1 : (at & 2) !== 0 || left < 4 ? 2 : 4;
    yield [at, width];
    at += width;
  }
}

/** A function that is known to be gone is not asked: all ones. */
function readOne(kernel: Kernel, device: Device, at: number, width: Width): number {
  const { address, isDisconnected } = pciFunctionOf(device);
  const { config } = kernel.platform;
  if (isDisconnected) return 0xffff_ffff;
  return width === 1 ? config.read8(address, at) : width === 2 ? config.read16(address, at) : config.read32(address, at);
}

function writeOne(kernel: Kernel, device: Device, at: number, width: Width, value: number): void {
  const { address, isDisconnected } = pciFunctionOf(device);
  const { config } = kernel.platform;
  if (isDisconnected) return;
  if (width === 1) config.write8(address, at, value);
  else if (width === 2) config.write16(address, at, value);
  else config.write32(address, at, value);
}

function readConfig(kernel: Kernel, device: Device, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (const [at, width] of accesses(offset, length)) {
    const value = readOne(kernel, device, at, width);
    for (let i = 0; i < width; i++) bytes[at - offset + i] = (value >>> (i * 8)) & 0xff;
  }
  return bytes;
}

function writeConfig(kernel: Kernel, device: Device, offset: number, bytes: Uint8Array): void {
  for (const [at, width] of accesses(offset, bytes.length)) {
    let value = 0;
    for (let i = 0; i < width; i++) value |= (bytes[at - offset + i] ?? 0) << (i * 8);
    writeOne(kernel, device, at, width, value >>> 0);
  }
}

export const configNode = (kernel: Kernel, device: Device): Node =>
  binary({
    size: configSize,
    forOthers: headerSize,
    readAt: (offset, length) => readConfig(kernel, device, Number(offset), length),
    writeAt: (offset, bytes) => writeConfig(kernel, device, Number(offset), bytes),
  });
