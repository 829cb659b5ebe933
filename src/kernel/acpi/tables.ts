// ACPI tables in physical memory: XSDT entries, headers, checksums (ACPI 5.2).

import type { Kernel } from "../base/kernel.ts";
import { SystemError } from "../base/errno.ts";
import { defineState, printk } from "../base/kernel.ts";

export const headerBytes = 36;
const largestTable = 1 << 20;

export interface AcpiTable {
  readonly signature: string;
  readonly address: bigint;
  /** Whole table with its header. */
  readonly bytes: Uint8Array;
}

const tablesState = defineState("acpi.tables", () => ({ tables: [] as AcpiTable[] }));

function readBytes(kernel: Kernel, address: bigint, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; ) {
    const width = length - at >= 8 ? 8 : length - at >= 4 ? 4 : 1;
    const answer = kernel.platform.memory.load(address + BigInt(at), width);
    if (answer.status !== "ok") throw new SystemError("EIO", `ACPI table at 0x${address.toString(16)}: memory answers ${answer.status}`);
    for (let i = 0; i < width; i++) bytes[at + i] = Number((answer.value >> BigInt(8 * i)) & 0xffn);
    at += width;
  }
  return bytes;
}

const text = (bytes: Uint8Array, from: number, length: number): string => String.fromCharCode(...bytes.subarray(from, from + length));
export const read16 = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
export const read32 = (bytes: Uint8Array, at: number): number => (read16(bytes, at) | (read16(bytes, at + 2) << 16)) >>> 0;
export const read64 = (bytes: Uint8Array, at: number): bigint => BigInt(read32(bytes, at)) | (BigInt(read32(bytes, at + 4)) << 32n);

/** All bytes of a table add up to 0 modulo 256. */
export const checksumHolds = (bytes: Uint8Array): boolean => (bytes.reduce((sum, byte) => sum + byte, 0) & 0xff) === 0;

function describe(table: AcpiTable): string {
  const { bytes } = table;
  const hex = (value: bigint | number, digits: number): string => value.toString(16).toUpperCase().padStart(digits, "0");
  return `ACPI: ${table.signature} 0x${hex(table.address, 16)} ${hex(bytes.length, 6)} (v${String(bytes[8] ?? 0).padStart(2, "0")} ${text(bytes, 10, 6)} ${text(bytes, 16, 8)} ${hex(read32(bytes, 24), 8)} ${text(bytes, 28, 4)} ${hex(read32(bytes, 32), 8)})`;
}

/** Reads one table. A bad length or checksum is logged; undefined then. */
function readTable(kernel: Kernel, address: bigint): AcpiTable | undefined {
  const header = readBytes(kernel, address, headerBytes);
  const signature = text(header, 0, 4);
  const length = read32(header, 4);
  if (length < headerBytes || length > largestTable) {
    printk(kernel, "err", `ACPI BIOS Error (bug): Invalid length 0x${length.toString(16)} in table [${signature}]`);
    return undefined;
  }
  const table: AcpiTable = { signature, address, bytes: readBytes(kernel, address, length) };
  printk(kernel, "info", describe(table));
  if (checksumHolds(table.bytes)) return table;
  printk(kernel, "warn", `ACPI BIOS Warning (bug): Incorrect checksum in table [${signature}]`);
  return undefined;
}

/** Reads the XSDT and every table it names. */
export function loadTables(kernel: Kernel): void {
  const state = tablesState(kernel);
  const xsdt = readTable(kernel, kernel.platform.firmware.xsdt);
  if (xsdt === undefined || xsdt.signature !== "XSDT") {
    printk(kernel, "err", "ACPI: Unable to load the System Description Tables");
    return;
  }
  for (let at = headerBytes; at + 8 <= xsdt.bytes.length; at += 8) {
    const table = readTable(kernel, read64(xsdt.bytes, at));
    if (table !== undefined) state.tables.push(table);
  }
}

/** First table by this signature, or undefined. */
export const findTable = (kernel: Kernel, signature: string): AcpiTable | undefined => tablesState(kernel).tables.find((table) => table.signature === signature);
