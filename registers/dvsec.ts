// CXL DVSECs (CXL 3.2 8.1) by one name; here those of ports, GPF, logical devices and the register locator.

import { dvsecHeaders, unimplemented } from "./capability-headers.ts";
import type { Registers } from "./capability-headers.ts";
import { deviceBar } from "./constants.ts";
import type { StructureDeclaration } from "./schema.ts";

export { dvsecDevice } from "./dvsec-device.ts";
export { dvsecFlexBus, dvsecFlexBusPort } from "./dvsec-flex-bus.ts";

const timeScales = { 0: "1 us", 1: "10 us", 2: "100 us", 3: "1 ms", 4: "10 ms", 5: "100 ms", 6: "1 s", 7: "10 s" } as const;

const alternate = (at: number, clause: string, meaning: string) => ({ offset: at, width: 16, clause, clauseInferred: true, meaning, fields: { address31to20: { bits: [15, 4], access: "RW", meaning: "Address bits 31:20", unmodelled: true } } } as const);
const upperHalf = (at: number, clause: string, meaning: string) => ({ offset: at, width: 32, clause, clauseInferred: true, meaning, fields: { address63to32: { bits: [31, 0], access: "RW", meaning: "Address bits 63:32", unmodelled: true } } } as const);

const portStatus = {
  status: { offset: 0x0a, width: 16, clause: "8.1.5.1", clauseInferred: true, meaning: "Port status", fields: { powerManagementInitComplete: { bits: 0, access: "RO", meaning: "PM initialisation complete" }, viralStatus: { bits: 14, access: "RW1CS", meaning: "Viral" } } },
} as const satisfies Registers;

/** What acts on the link below the port, and what is forwarded to it. */
const belowPort = {
  control: {
    offset: 0x0c, width: 16, clause: "8.1.5.2", clauseInferred: true, meaning: "Port control", onWrite: "portControl",
    fields: {
      unmaskSecondaryBusReset: { bits: 0, access: "RW", meaning: "Secondary bus reset has effect in CXL mode" },
      unmaskLinkDisable: { bits: 1, access: "RW", meaning: "Link disable has effect in CXL mode" },
      alternateMemoryEnable: { bits: 2, access: "RW", meaning: "Alternate memory and id space", unmodelled: true },
      alternateBusMaster: { bits: 3, access: "RW", meaning: "Alternate bus master", unmodelled: true },
      uioToHdmEnable: { bits: 4, access: "RW", meaning: "Unordered I/O to HDM", unmodelled: true },
      viralEnable: { bits: 14, access: "RW", meaning: "Viral", unmodelled: true },
    },
  },
  alternateBus: { offset: 0x0e, width: 16, clause: "8.1.5.3", clauseInferred: true, meaning: "Alternate bus range", fields: { base: { bits: [7, 0], access: "RW", meaning: "First bus", unmodelled: true }, limit: { bits: [15, 8], access: "RW", meaning: "Last bus", unmodelled: true } } },
  alternateMemoryBase: alternate(0x10, "8.1.5.5", "Alternate memory window, base"),
  alternateMemoryLimit: alternate(0x12, "8.1.5.6", "Alternate memory window, limit"),
  alternatePrefetchableBase: alternate(0x14, "8.1.5.7", "Alternate prefetchable window, base"),
  alternatePrefetchableLimit: alternate(0x16, "8.1.5.8", "Alternate prefetchable window, limit"),
  alternatePrefetchableBaseHigh: upperHalf(0x18, "8.1.5.9", "Alternate prefetchable window, base"),
  alternatePrefetchableLimitHigh: upperHalf(0x1c, "8.1.5.10", "Alternate prefetchable window, limit"),
  rcrbBase: {
    offset: 0x20, width: 32, clause: "8.1.5.11", clauseInferred: true, meaning: "RCRB of a link that trains as CXL 1.1",
    fields: { enable: { bits: 0, access: "RW", meaning: "Base is valid", unmodelled: true }, address31to13: { bits: [31, 13], access: "RW", meaning: "Address bits 31:13", unmodelled: true } },
  },
  rcrbBaseHigh: upperHalf(0x24, "8.1.5.12", "RCRB of a link that trains as CXL 1.1"),
} as const satisfies Registers;

const portHeader = { name: "dvsecPort", clause: "8.1.5", length: 0x28, identity: { list: "dvsec", id: 3, revision: 0 }, widths: [1, 2, 4] } as const;

export const dvsecPort = { ...portHeader, registers: { ...dvsecHeaders, ...portStatus, ...belowPort } } as const satisfies StructureDeclaration;

/** An upstream port has no link below it that the control and the windows of this DVSEC could act on: they read 0 (INFERRED). */
export const dvsecUpstreamPort = { ...portHeader, registers: { ...dvsecHeaders, ...portStatus, ...unimplemented(belowPort) } } as const satisfies StructureDeclaration;

export const dvsecGpfPort = {
  name: "dvsecGpfPort", clause: "8.1.6", length: 0x10, identity: { list: "dvsec", id: 4, revision: 0 }, widths: [1, 2, 4],
  registers: {
    ...dvsecHeaders,
    phase1: { offset: 0x0c, width: 16, clause: "8.1.6.1", meaning: "Phase 1 timeout", fields: { base: { bits: [3, 0], access: "RW", meaning: "Timeout in units of the scale", unmodelled: true }, scale: { bits: [11, 8], access: "RW", meaning: "Unit", values: timeScales, unmodelled: true } } },
    phase2: { offset: 0x0e, width: 16, clause: "8.1.6.2", meaning: "Phase 2 timeout", fields: { base: { bits: [3, 0], access: "RW", meaning: "Timeout in units of the scale", unmodelled: true }, scale: { bits: [11, 8], access: "RW", meaning: "Unit", values: timeScales, unmodelled: true } } },
  },
} as const satisfies StructureDeclaration;

export const dvsecGpfDevice = {
  name: "dvsecGpfDevice", clause: "8.1.7", length: 0x10, identity: { list: "dvsec", id: 5, revision: 0 }, widths: [1, 2, 4],
  registers: {
    ...dvsecHeaders,
    phase2Duration: { offset: 0x0a, width: 16, clause: "8.1.7.1", meaning: "Longest phase 2", fields: { base: { bits: [3, 0], access: "RO", reset: 3, meaning: "Duration in units of the scale" }, scale: { bits: [11, 8], access: "RO", reset: 6, meaning: "Unit", values: timeScales } } },
    phase2Power: { offset: 0x0c, width: 32, clause: "8.1.7.2", meaning: "Power drawn in phase 2", fields: { milliwatts: { bits: [31, 0], access: "RO", reset: 0x33, meaning: "mW" } } },
  },
} as const satisfies StructureDeclaration;

/** Multi-logical device: how many logical devices, and which of them a hot reset reaches. */
export const dvsecLogicalDevices = {
  name: "dvsecLogicalDevices", clause: "8.1.10", length: 0x10, identity: { list: "dvsec", id: 9, revision: 0 }, widths: [1, 2, 4],
  registers: {
    ...dvsecHeaders,
    supported: { offset: 0x0a, width: 16, clause: "8.1.10.1", meaning: "Number of logical devices", fields: { count: { bits: [15, 0], access: "HwInit", key: "logicalDevices", meaning: "Logical devices" } } },
    hotResetVector: { offset: 0x0c, width: 16, clause: "8.1.10.2", meaning: "LD-ID hot reset vector", fields: { value: { bits: [15, 0], access: "RW", meaning: "One bit per logical device", unmodelled: true } } },
  },
} as const satisfies StructureDeclaration;

const locatorEntry = (at: number, block: number, offset64K: number) => ({
  offset: at, width: 32, clause: "8.1.9.1", meaning: "Register block",
  fields: { barIndex: { bits: [2, 0], access: "RO", reset: 0, meaning: "BAR at 0x10 + 4n" }, block: { bits: [15, 8], access: "RO", reset: block, meaning: "Block id", values: { 1: "component", 3: "device" } }, offset31to16: { bits: [31, 16], access: "RO", reset: offset64K, meaning: "Offset bits 31:16" } },
} as const);
const locatorHigh = (at: number) => ({ offset: at, width: 32, clause: "8.1.9.1", meaning: "Register block", fields: { offset63to32: { bits: [31, 0], access: "RO", meaning: "Offset bits 63:32" } } } as const);

export const dvsecLocatorPort = { name: "dvsecLocatorPort", clause: "8.1.9", length: 0x14, identity: { list: "dvsec", id: 8, revision: 0 }, widths: [1, 2, 4], registers: { ...dvsecHeaders, entry0Low: locatorEntry(0x0c, 1, 0), entry0High: locatorHigh(0x10) } } as const satisfies StructureDeclaration;
export const dvsecLocatorDevice = { name: "dvsecLocatorDevice", clause: "8.1.9", length: 0x1c, identity: { list: "dvsec", id: 8, revision: 0 }, widths: [1, 2, 4], registers: { ...dvsecHeaders, entry0Low: locatorEntry(0x0c, 1, 0), entry0High: locatorHigh(0x10), entry1Low: locatorEntry(0x14, 3, deviceBar.device >>> 16), entry1High: locatorHigh(0x18) } } as const satisfies StructureDeclaration;
