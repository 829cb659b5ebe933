// /dev/mem: physical addresses as a CPU reaches them. As with CONFIG_STRICT_DEVMEM and without CONFIG_IO_STRICT_DEVMEM: no page of System RAM above
// the first MiB; registers, claimed by a driver or not, and device memory that is not System RAM.

import type { MemoryStatus } from "../../platform/platform.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { consumeAccess } from "../mce/machine-check.ts";
import { createProcess } from "../mm/process.ts";
import { iomem, lastAddress, overlaps, walkResources } from "../resource/resource.ts";
import type { FileNode } from "./node.ts";
import { binary } from "./node.ts";

const pageMask = 0xfffn;
/** Below it everything may be reached. */
const firstMebibyte = 0x10_0000n;
const largestRead = 4096;
const ramNames = ["System RAM", "System RAM (kmem)"];
const memoryNames = /^(System RAM|Reserved|Soft Reserved|CXL Window \d+)/;

type Width = 1 | 2 | 4 | 8;

/** @throws SystemError EPERM System RAM; EFAULT beyond the last address */
function checkAllowed(kernel: Kernel, address: bigint, length: number): void {
  if (address + BigInt(length) - 1n > lastAddress) throw new SystemError("EFAULT", `no address 0x${address.toString(16)}`);
  const pages = { start: address & ~pageMask, end: (address + BigInt(length) - 1n) | pageMask };
  const ram = walkResources(iomem(kernel)).find(({ resource }) => ramNames.includes(resource.name) && resource.end >= firstMebibyte && overlaps(resource, pages));
  if (ram !== undefined && pages.end >= firstMebibyte) throw new SystemError("EPERM", `0x${address.toString(16)} is ${ram.resource.name}`);
}

/** What a CPU's address decoder knows: memory here, registers or nothing there. */
function isMemory(kernel: Kernel, address: bigint): boolean {
  if (kernel.platform.memory.route(address) !== undefined) return true;
  return iomem(kernel).children.some((resource) => resource.start <= address && address <= resource.end && memoryNames.test(resource.name));
}

/** Naturally aligned accesses of up to 8 bytes that cover a range. */
function* accesses(address: bigint, length: number): Generator<readonly [number, Width]> {
  for (let at = 0; at < length; ) {
    const here = Number((address + BigInt(at)) & 7n);
    const width = ([8, 4, 2] as const).find((size) => here % size === 0 && length - at >= size) ?? 1;
    yield [at, width];
    at += width;
  }
}

/** A load that raises a machine check kills who made it. @throws SystemError EFAULT */
function checkLoad(kernel: Kernel, status: MemoryStatus, address: bigint): void {
  if (status !== "poison" && status !== "fatal") return;
  const process = createProcess(kernel, "devmem", 0);
  consumeAccess(kernel, { cpu: 0, path: "user-load", status, address, process, name: process.name });
  throw new SystemError("EFAULT", `machine check at 0x${address.toString(16)}`);
}

function loadOne(kernel: Kernel, address: bigint, width: Width): bigint {
  if (isMemory(kernel, address)) {
    const { status, value } = kernel.platform.memory.load(address, width);
    checkLoad(kernel, status, address);
    return status === "ok" ? value : 2n ** BigInt(8 * width) - 1n;
  }
  const handle = kernel.platform.ioremap(address, BigInt(width));
  const value = width === 8 ? handle.read64(0) : BigInt(width === 4 ? handle.read32(0) : width === 2 ? handle.read16(0) : handle.read8(0));
  handle.unmap();
  return value;
}

function storeOne(kernel: Kernel, address: bigint, width: Width, value: bigint): void {
  if (isMemory(kernel, address)) {
    kernel.platform.memory.store(address, width, value);
    return;
  }
  const handle = kernel.platform.ioremap(address, BigInt(width));
  if (width === 8) handle.write64(0, value);
  else if (width === 4) handle.write32(0, Number(value));
  else if (width === 2) handle.write16(0, Number(value));
  else handle.write8(0, Number(value));
  handle.unmap();
}

function readMemory(kernel: Kernel, address: bigint, wanted: number): Uint8Array {
  const length = Math.min(wanted, largestRead);
  checkAllowed(kernel, address, length);
  const bytes = new Uint8Array(length);
  for (const [at, width] of accesses(address, length)) {
    const value = loadOne(kernel, address + BigInt(at), width);
    for (let i = 0; i < width; i++) bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
  }
  return bytes;
}

function writeMemory(kernel: Kernel, address: bigint, bytes: Uint8Array): void {
  checkAllowed(kernel, address, bytes.length);
  for (const [at, width] of accesses(address, bytes.length)) {
    let value = 0n;
    for (let i = 0; i < width; i++) value |= BigInt(bytes[at + i] ?? 0) << BigInt(8 * i);
    storeOne(kernel, address + BigInt(at), width, value);
  }
}

export const memoryFile = (kernel: Kernel): FileNode =>
  binary({ size: null, forOthers: 0, readAt: (offset, length) => readMemory(kernel, offset, length), writeAt: (offset, bytes) => writeMemory(kernel, offset, bytes) });
