// CXL capability header array (CXL 3.2 8.2.4.1): contents are filled in from the layout of the block.

import type { StructureDeclaration } from "./schema.ts";

export const componentHeader = {
  name: "componentHeader", clause: "8.2.4.1", length: 0x40, widths: [4],
  registers: {
    header: { offset: 0x00, width: 32, clause: "8.2.4.1", meaning: "CXL Capability Header", fields: { id: { bits: [15, 0], access: "RO", reset: 1, meaning: "Capability id of the array itself" }, version: { bits: [19, 16], access: "RO", reset: 1, meaning: "Version of the array" }, cacheMemoryVersion: { bits: [23, 20], access: "RO", reset: 1, meaning: "Version of the CXL.cache/mem range" }, arraySize: { bits: [31, 24], access: "RO", meaning: "Number of following headers" } } },
    entry: { offset: 0x04, width: 32, clause: "8.2.4.1", meaning: "Capability, in order of the array", repeat: { count: 15, stride: 4 }, fields: { id: { bits: [15, 0], access: "RO", meaning: "0: NULL, skip" }, version: { bits: [19, 16], access: "RO", meaning: "Version" }, pointer: { bits: [31, 20], access: "RO", meaning: "Bytes from the start of the CXL.cache/mem range" } } },
  },
} as const satisfies StructureDeclaration;
