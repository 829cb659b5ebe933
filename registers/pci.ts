// Configuration space as the PCIe base specification has it, by one name; names of the fields as there.

import { extendedHeader } from "./capability-headers.ts";
import type { StructureDeclaration } from "./schema.ts";

export { aerEndpoint, aerRootPort } from "./aer.ts";
export { msi } from "./messages.ts";
export { bridgeHeader, downstreamPortHeader, endpointHeader, upstreamPortHeader } from "./pci-header.ts";
export { pcieDownstreamPort, pcieEndpoint, pcieRootPort, pcieUpstreamPort } from "./pcie.ts";

/** Device Serial Number (PCIe 7.9.3). */
export const serialNumber = {
  name: "serialNumber", clause: "PCIe 7.9.3", length: 0x0c, identity: { list: "extended", id: 0x0003, version: 1 }, widths: [1, 2, 4],
  registers: {
    header: extendedHeader,
    low: { offset: 0x04, width: 32, clause: "PCIe 7.9.3.2", meaning: "Serial number", fields: { value: { bits: [31, 0], access: "HwInit", key: "serialLow", meaning: "Bits 31:0" } } },
    high: { offset: 0x08, width: 32, clause: "PCIe 7.9.3.2", meaning: "Serial number", fields: { value: { bits: [31, 0], access: "HwInit", key: "serialHigh", meaning: "Bits 63:32" } } },
  },
} as const satisfies StructureDeclaration;
