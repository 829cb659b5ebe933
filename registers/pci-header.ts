// Headers of endpoints and bridges (PCIe 7.5.1).

import type { StructureDeclaration } from "./schema.ts";

const command = {
  offset: 0x04, width: 16, clause: "PCIe 7.5.1.1.3", meaning: "Command", onWrite: "command",
  fields: {
    ioSpaceEnable: { bits: 0, access: "RO", hardwired: true, meaning: "Answer I/O accesses: there is no I/O space" },
    memorySpaceEnable: { bits: 1, access: "RW", meaning: "Answer memory accesses" },
    busMasterEnable: { bits: 2, access: "RW", meaning: "May send requests, MSI among them" },
    parityErrorResponse: { bits: 6, access: "RW", meaning: "Parity error response", unmodelled: true },
    serrEnable: { bits: 8, access: "RW", meaning: "Report errors to the root" },
    interruptDisable: { bits: 10, access: "RW", meaning: "No INTx" },
  },
} as const;

const identification = (deviceId: number, classCode: number, headerType: number) => ({
  vendorId: { offset: 0x00, width: 16, clause: "PCIe 7.5.1.1.1", meaning: "Vendor", fields: { value: { bits: [15, 0], access: "RO", reset: 0x1e98, meaning: "Vendor id" } } },
  deviceId: { offset: 0x02, width: 16, clause: "PCIe 7.5.1.1.2", meaning: "Device", fields: { value: { bits: [15, 0], access: "RO", reset: deviceId, meaning: "Device id" } } },
  command,
  status: { offset: 0x06, width: 16, clause: "PCIe 7.5.1.1.4", meaning: "Status", fields: { capabilitiesList: { bits: 4, access: "RO", reset: 1, meaning: "Capability list present" } } },
  revisionId: { offset: 0x08, width: 8, clause: "PCIe 7.5.1.1.5", meaning: "Revision", fields: { value: { bits: [7, 0], access: "RO", reset: 1, meaning: "Revision" } } },
  classCode: {
    offset: 0x09, width: 8, clause: "PCIe 7.5.1.1.6", meaning: "Programming interface", fields: { programmingInterface: { bits: [7, 0], access: "RO", reset: classCode & 0xff, meaning: "Programming interface" } },
  },
  subClass: { offset: 0x0a, width: 16, clause: "PCIe 7.5.1.1.6", meaning: "Base class and sub-class", fields: { value: { bits: [15, 0], access: "RO", reset: classCode >> 8, meaning: "Base class 15:8, sub-class 7:0" } } },
  cacheLineSize: { offset: 0x0c, width: 8, clause: "PCIe 7.5.1.1.7", meaning: "No effect in PCIe", fields: { value: { bits: [7, 0], access: "RW", meaning: "Cache line size" } } },
  headerType: { offset: 0x0e, width: 8, clause: "PCIe 7.5.1.1.9", meaning: "Header layout", fields: { value: { bits: [6, 0], access: "RO", reset: headerType, meaning: "0 endpoint, 1 bridge" }, multiFunction: { bits: 7, access: "RO", meaning: "More functions" } } },
  bar0: {
    offset: 0x10, width: 32, clause: "PCIe 7.5.1.2.1", meaning: "Component and device registers", onWrite: "bar",
    fields: {
      type: { bits: [2, 1], access: "RO", reset: 2, meaning: "64-bit" },
      prefetchable: { bits: 3, access: "RO", reset: 1, meaning: "Prefetchable" },
      address31to16: { bits: [31, 16], access: "RW", meaning: "Address bits above the size" },
    },
  },
  bar1: { offset: 0x14, width: 32, clause: "PCIe 7.5.1.2.1", meaning: "Upper half", onWrite: "bar", fields: { address63to32: { bits: [31, 0], access: "RW", meaning: "Address bits 63:32" } } },
  capabilitiesPointer: { offset: 0x34, width: 8, clause: "PCIe 7.5.1.1.11", meaning: "First capability (filled in from the layout)", fields: { value: { bits: [7, 0], access: "RO", meaning: "Offset" } } },
  interruptLine: { offset: 0x3c, width: 8, clause: "PCIe 7.5.1.1.12", meaning: "Interrupt line", fields: { value: { bits: [7, 0], access: "RW", meaning: "For software" } } },
} as const);

export const endpointHeader = {
  name: "endpointHeader", clause: "PCIe 7.5.1.2", length: 0x40, widths: [1, 2, 4],
  registers: {
    ...identification(0x0c03, 0x050210, 0),
    subsystemId: { offset: 0x2c, width: 32, clause: "PCIe 7.5.1.2.3", meaning: "Subsystem", fields: { value: { bits: [31, 0], access: "RO", reset: 0x0001_1e98, meaning: "Subsystem id and vendor" } } },
  },
} as const satisfies StructureDeclaration;

const bridge = (deviceId: number) => ({
  name: "bridgeHeader", clause: "PCIe 7.5.1.3", length: 0x40, widths: [1, 2, 4],
  registers: {
    ...identification(deviceId, 0x060400, 1),
    primaryBus: { offset: 0x18, width: 8, clause: "PCIe 7.5.1.3.2", meaning: "Bus above", onWrite: "busNumbers", fields: { value: { bits: [7, 0], access: "RW", meaning: "Bus number" } } },
    secondaryBus: { offset: 0x19, width: 8, clause: "PCIe 7.5.1.3.3", meaning: "Bus below", onWrite: "busNumbers", fields: { value: { bits: [7, 0], access: "RW", meaning: "Bus number" } } },
    subordinateBus: { offset: 0x1a, width: 8, clause: "PCIe 7.5.1.3.4", meaning: "Last bus below", onWrite: "busNumbers", fields: { value: { bits: [7, 0], access: "RW", meaning: "Bus number" } } },
    memoryBase: { offset: 0x20, width: 16, clause: "PCIe 7.5.1.3.8", meaning: "Memory window", onWrite: "bridgeWindow", fields: { address31to20: { bits: [15, 4], access: "RW", meaning: "Address bits 31:20" } } },
    memoryLimit: { offset: 0x22, width: 16, clause: "PCIe 7.5.1.3.8", meaning: "Memory window", onWrite: "bridgeWindow", fields: { address31to20: { bits: [15, 4], access: "RW", meaning: "Address bits 31:20" } } },
    prefetchableBase: { offset: 0x24, width: 16, clause: "PCIe 7.5.1.3.9", meaning: "Prefetchable window", onWrite: "bridgeWindow", fields: { is64Bit: { bits: [3, 0], access: "RO", reset: 1, meaning: "64-bit" }, address31to20: { bits: [15, 4], access: "RW", meaning: "Address bits 31:20" } } },
    prefetchableLimit: { offset: 0x26, width: 16, clause: "PCIe 7.5.1.3.9", meaning: "Prefetchable window", onWrite: "bridgeWindow", fields: { is64Bit: { bits: [3, 0], access: "RO", reset: 1, meaning: "64-bit" }, address31to20: { bits: [15, 4], access: "RW", meaning: "Address bits 31:20" } } },
    prefetchableBaseHigh: { offset: 0x28, width: 32, clause: "PCIe 7.5.1.3.10", meaning: "Upper half", onWrite: "bridgeWindow", fields: { address63to32: { bits: [31, 0], access: "RW", meaning: "Address bits 63:32" } } },
    prefetchableLimitHigh: { offset: 0x2c, width: 32, clause: "PCIe 7.5.1.3.10", meaning: "Upper half", onWrite: "bridgeWindow", fields: { address63to32: { bits: [31, 0], access: "RW", meaning: "Address bits 63:32" } } },
    bridgeControl: { offset: 0x3e, width: 16, clause: "PCIe 7.5.1.3.13", meaning: "Bridge control", onWrite: "bridgeControl", fields: { serrEnable: { bits: 1, access: "RW", meaning: "Forward errors" }, secondaryBusReset: { bits: 6, access: "RW", meaning: "Resets everything below, if unmasked" } } },
  },
} as const satisfies StructureDeclaration);

export const bridgeHeader = bridge(0x0c01);
export const upstreamPortHeader = bridge(0x0c04);
export const downstreamPortHeader = bridge(0x0c05);
