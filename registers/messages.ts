// Messages: MSI of a port, or of a device instead of MSI-X (PCIe 7.7.1); MSI-X of a device (7.7.2), the capability and the table with its pending bits
// in BAR 0.

import { capabilityHeader } from "./capability-headers.ts";
import { deviceBar } from "./constants.ts";
import type { FieldDeclaration, RegisterDeclaration, StructureDeclaration } from "./schema.ts";

const messageControl = <C extends FieldDeclaration>(multipleCapable: C) => ({
  offset: 0x02, width: 16, clause: "PCIe 7.7.1.2", meaning: "Message control", onWrite: "msi",
  fields: { enable: { bits: 0, access: "RW", meaning: "MSI enable" }, multipleCapable, multipleEnable: { bits: [6, 4], access: "RW", meaning: "2^n messages granted" }, is64Bit: { bits: 7, access: "RO", reset: 1, meaning: "64-bit address" } },
} as const satisfies RegisterDeclaration);

const msiWith = <C extends FieldDeclaration>(multipleCapable: C) => ({
  name: "msi", clause: "PCIe 7.7.1", length: 0x10, identity: { list: "capability", id: 0x05 }, widths: [1, 2, 4],
  registers: {
    header: capabilityHeader,
    control: messageControl(multipleCapable),
    addressLow: { offset: 0x04, width: 32, clause: "PCIe 7.7.1.3", meaning: "Message address", fields: { value: { bits: [31, 2], access: "RW", meaning: "Address bits 31:2" } } },
    addressHigh: { offset: 0x08, width: 32, clause: "PCIe 7.7.1.4", meaning: "Message address", fields: { value: { bits: [31, 0], access: "RW", meaning: "Address bits 63:32" } } },
    data: { offset: 0x0c, width: 16, clause: "PCIe 7.7.1.5", meaning: "Message data of message 0", fields: { value: { bits: [15, 0], access: "RW", meaning: "Data" } } },
  },
} as const satisfies StructureDeclaration);

export const msi = msiWith({ bits: [3, 1], access: "RO", reset: 5, meaning: "32 messages" });
export const msiDevice = msiWith({ bits: [3, 1], access: "HwInit", key: "messagesCode", meaning: "2^n messages asked for" });

const vectors = 32;
/** Bytes from the start of the table to its pending bits. */
const pendingOffset = 0x200;

const place = (offset: number, clause: string, meaning: string, at: number) => ({
  offset, width: 32, clause, meaning,
  fields: { barIndex: { bits: [2, 0], access: "RO", meaning: "BAR at 0x10 + 4n" }, offset31to3: { bits: [31, 3], access: "RO", reset: at >>> 3, meaning: "Offset bits 31:3" } },
} as const);

export const msix = {
  name: "msix", clause: "PCIe 7.7.2", length: 0x0c, identity: { list: "capability", id: 0x11 }, widths: [1, 2, 4],
  registers: {
    header: capabilityHeader,
    control: {
      offset: 0x02, width: 16, clause: "PCIe 7.7.2.2", meaning: "Message control", onWrite: "msixControl",
      fields: { tableSize: { bits: [10, 0], access: "HwInit", key: "lastVector", meaning: "Vectors less one" }, functionMask: { bits: 14, access: "RW", meaning: "Masks all vectors" }, enable: { bits: 15, access: "RW", meaning: "MSI-X enable" } },
    },
    table: place(0x04, "PCIe 7.7.2.3", "Where the table lies", deviceBar.messages),
    pending: place(0x08, "PCIe 7.7.2.4", "Where the pending bits lie", deviceBar.messages + pendingOffset),
  },
} as const satisfies StructureDeclaration;

const repeat = { count: vectors, stride: 16, implementedBy: "vectors" } as const;

export const msixTable = {
  name: "msixTable", clause: "PCIe 7.7.2", length: pendingOffset + 8, widths: [4, 8],
  registers: {
    addressLow: { offset: 0x00, width: 32, clause: "PCIe 7.7.2.5", meaning: "Message address", repeat, fields: { value: { bits: [31, 2], access: "RW", meaning: "Address bits 31:2" } } },
    addressHigh: { offset: 0x04, width: 32, clause: "PCIe 7.7.2.6", meaning: "Message address", repeat, fields: { value: { bits: [31, 0], access: "RW", meaning: "Address bits 63:32" } } },
    data: { offset: 0x08, width: 32, clause: "PCIe 7.7.2.7", meaning: "Message data", repeat, fields: { value: { bits: [31, 0], access: "RW", meaning: "Data" } } },
    vectorControl: { offset: 0x0c, width: 32, clause: "PCIe 7.7.2.8", meaning: "Vector control", repeat, onWrite: "msixVector", fields: { mask: { bits: 0, access: "RW", reset: 1, meaning: "The vector is masked" } } },
    pending: { offset: pendingOffset, width: 64, clause: "PCIe 7.7.2.9", meaning: "Pending bits", fields: { low: { bits: [31, 0], access: "RO", meaning: "Vectors 31:0" }, high: { bits: [63, 32], access: "RO", meaning: "Vectors 63:32" } } },
  },
} as const satisfies StructureDeclaration;
