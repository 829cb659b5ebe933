// Security (id 3, CXL 3.2 8.2.4.18), Extended Security (id 6, 8.2.4.21) and Snoop Filter (id 8, 8.2.4.23).

import type { StructureDeclaration } from "./schema.ts";

const trust = { 0: "trusted", 1: "trusted for device-attached memory only", 2: "untrusted: CXL.cache requests are aborted" } as const;

export const security = {
  name: "security", clause: "8.2.4.18", length: 0x04, identity: { list: "component", id: 3, version: 1 }, widths: [4],
  registers: { policy: { offset: 0x00, width: 32, clause: "8.2.4.18.1", meaning: "Trust in the device", fields: { trustLevel: { bits: [1, 0], access: "RW", reset: 2, meaning: "Device trust level", values: trust, unmodelled: true } } } },
} as const satisfies StructureDeclaration;

const rootPorts = { count: 32, stride: 8, implementedBy: "rootPortCount" } as const;

export const extendedSecurity = {
  name: "extendedSecurity", clause: "8.2.4.21", length: 0x04 + 32 * 8, identity: { list: "component", id: 6, version: 2 }, widths: [4],
  registers: {
    entryCount: { offset: 0x00, width: 32, clause: "8.2.4.21.1", meaning: "Root ports", fields: { rootPortCount: { bits: [7, 0], access: "HwInit", key: "rootPortCount", meaning: "Number of entries" } } },
    policy: { offset: 0x04, width: 32, clause: "8.2.4.21.2", meaning: "Trust in what is below a root port", repeat: rootPorts, fields: { trustLevel: { bits: [1, 0], access: "RW", reset: 2, meaning: "Trust level", values: trust, unmodelled: true } } },
    rootPortId: { offset: 0x08, width: 32, clause: "8.2.4.21.3", meaning: "Which root port", repeat: rootPorts, fields: { portNumber: { bits: [7, 0], access: "RO", meaning: "Port number" } } },
  },
} as const satisfies StructureDeclaration;

export const snoopFilter = {
  name: "snoopFilter", clause: "8.2.4.23", length: 0x08, identity: { list: "component", id: 8, version: 1 }, widths: [4],
  registers: {
    group: { offset: 0x00, width: 32, clause: "8.2.4.23.1", meaning: "Ports of one group share a filter", fields: { value: { bits: [15, 0], access: "HwInit", key: "snoopGroup", meaning: "Group id" } } },
    capacity: { offset: 0x04, width: 32, clause: "8.2.4.23.2", meaning: "Effective size", fields: { value: { bits: [31, 0], access: "HwInit", key: "snoopCapacity", meaning: "64 KiB units" } } },
  },
} as const satisfies StructureDeclaration;
