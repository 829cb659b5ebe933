// CXL DVSECs (CXL 3.2 8.1): the device's, the port's, flex bus, GPF and the register locator.

import type { StructureDeclaration } from "./schema.ts";

const headers = {
  header: { offset: 0x00, width: 32, clause: "8.1.1", meaning: "Extended capability header (filled in from the layout)", fields: { id: { bits: [15, 0], access: "RO", meaning: "0x0023" }, version: { bits: [19, 16], access: "RO", meaning: "Version" }, next: { bits: [31, 20], access: "RO", meaning: "Next capability" } } },
  header1: { offset: 0x04, width: 32, clause: "8.1.1", meaning: "DVSEC header 1 (filled in from the layout)", fields: { vendor: { bits: [15, 0], access: "RO", meaning: "0x1e98" }, revision: { bits: [19, 16], access: "RO", meaning: "DVSEC revision" }, length: { bits: [31, 20], access: "RO", meaning: "Bytes" } } },
  header2: { offset: 0x08, width: 16, clause: "8.1.1", meaning: "DVSEC header 2 (filled in from the layout)", fields: { id: { bits: [15, 0], access: "RO", meaning: "DVSEC id" } } },
} as const;

const range = (at: number, sizeHigh: "range1SizeHigh" | null, sizeLow: "range1SizeLow" | null) => ({
  sizeHigh: { offset: at, width: 32, clause: "8.1.3.8.1", meaning: "Size", fields: { size63to32: { bits: [31, 0], ...(sizeHigh === null ? { access: "RO" as const } : { access: "HwInit" as const, key: sizeHigh }), meaning: "Size bits 63:32" } } },
  sizeLow: {
    offset: at + 4, width: 32, clause: "8.1.3.8.2", meaning: "Size and state",
    fields: {
      memoryInfoValid: { bits: 0, access: "RO", meaning: "Other fields are valid" },
      memoryActive: { bits: 1, access: "RO", meaning: "Memory is usable" },
      mediaType: { bits: [4, 2], access: "RO", reset: 2, meaning: "2: CDAT describes it" },
      memoryClass: { bits: [7, 5], access: "RO", reset: 2, meaning: "2: CDAT describes it" },
      desiredInterleave: { bits: [12, 8], access: "RO", meaning: "0: none" },
      memoryActiveTimeout: { bits: [15, 13], access: "RO", reset: 1, meaning: "1: 4 s" },
      size31to28: { bits: [31, 28], ...(sizeLow === null ? { access: "RO" as const } : { access: "HwInit" as const, key: sizeLow }), meaning: "Size bits 31:28" },
    },
  },
  baseHigh: { offset: at + 8, width: 32, clause: "8.1.3.8.3", meaning: "Base", onWrite: "deviceRange", fields: { base63to32: { bits: [31, 0], access: "RWL", meaning: "Base bits 63:32" } } },
  baseLow: { offset: at + 12, width: 32, clause: "8.1.3.8.4", meaning: "Base", onWrite: "deviceRange", fields: { base31to28: { bits: [31, 28], access: "RWL", meaning: "Base bits 31:28" } } },
} as const);

const range1 = range(0x18, "range1SizeHigh", "range1SizeLow");
const range2 = range(0x28, null, null);

export const dvsecDevice = {
  name: "dvsecDevice", clause: "8.1.3", length: 0x3c, identity: { list: "dvsec", id: 0, revision: 3 }, widths: [1, 2, 4],
  registers: {
    ...headers,
    capability: {
      offset: 0x0a, width: 16, clause: "8.1.3.1", meaning: "CXL capability",
      fields: {
        cacheCapable: { bits: 0, access: "RO", meaning: "CXL.cache" }, ioCapable: { bits: 1, access: "RO", reset: 1, meaning: "CXL.io" }, memoryCapable: { bits: 2, access: "RO", reset: 1, meaning: "CXL.mem" },
        memoryHwInitMode: { bits: 3, access: "RO", reset: 1, meaning: "Device initialises memory by itself" }, rangeCount: { bits: [5, 4], access: "HwInit", key: "rangeCount", meaning: "HDM_Count: 1 or 2" },
      },
    },
    control: {
      offset: 0x0c, width: 16, clause: "8.1.3.2", meaning: "CXL control", onWrite: "deviceControl",
      fields: {
        cacheEnable: { bits: 0, access: "RWL", meaning: "CXL.cache", unmodelled: true }, ioEnable: { bits: 1, access: "RO", reset: 1, meaning: "CXL.io" }, memoryEnable: { bits: 2, access: "RWL", meaning: "CXL.mem accepted" },
        snoopFilterCoverage: { bits: [7, 3], access: "RWL", meaning: "Cache_SF_Coverage", unmodelled: true }, snoopFilterGranularity: { bits: [10, 8], access: "RWL", meaning: "Cache_SF_Granularity", unmodelled: true },
        cacheCleanEviction: { bits: 11, access: "RWL", meaning: "Cache_Clean_Eviction", unmodelled: true }, viralEnable: { bits: 14, access: "RWL", meaning: "Viral", unmodelled: true },
      },
    },
    status: { offset: 0x0e, width: 16, clause: "8.1.3.3", meaning: "CXL status", fields: { viralStatus: { bits: 14, access: "RW1CS", meaning: "Viral" } } },
    control2: { offset: 0x10, width: 16, clause: "8.1.3.4", meaning: "CXL control 2", fields: { disableCaching: { bits: 0, access: "RW", meaning: "Disable caching", unmodelled: true }, resetMemoryClearEnable: { bits: 3, access: "RW", meaning: "CXL reset clears memory", unmodelled: true } } },
    status2: { offset: 0x12, width: 16, clause: "8.1.3.5", meaning: "CXL status 2", fields: { cacheInvalid: { bits: 0, access: "RO", meaning: "Cache invalid" }, powerManagementInitComplete: { bits: 15, access: "RO", meaning: "PM initialisation complete" } } },
    lock: { offset: 0x14, width: 16, clause: "8.1.3.6", meaning: "CXL lock", onWrite: "deviceControl2", fields: { configLock: { bits: 0, access: "RWO", meaning: "Locks the RWL fields here until conventional reset" } } },
    capability2: { offset: 0x16, width: 16, clause: "8.1.3.7", meaning: "CXL capability 2", fields: { cacheSizeUnit: { bits: [3, 0], access: "RO", meaning: "0: not reported" } } },
    range1SizeHigh: range1.sizeHigh, range1SizeLow: range1.sizeLow, range1BaseHigh: range1.baseHigh, range1BaseLow: range1.baseLow,
    range2SizeHigh: range2.sizeHigh, range2SizeLow: range2.sizeLow, range2BaseHigh: range2.baseHigh, range2BaseLow: range2.baseLow,
    capability3: { offset: 0x38, width: 32, clause: "8.1.3.9", meaning: "CXL capability 3", fields: { volatileAfterColdReset: { bits: 0, access: "RO", meaning: "Default volatile HDM state" }, volatileAfterWarmReset: { bits: 1, access: "RO", meaning: "Default volatile HDM state" }, volatileAfterHotReset: { bits: 2, access: "HwInit", key: "volatilePreserved", meaning: "1: volatile contents survive hot reset" } } },
  },
} as const satisfies StructureDeclaration;

export const dvsecPort = {
  name: "dvsecPort", clause: "8.1.5", length: 0x28, identity: { list: "dvsec", id: 3, revision: 0 }, widths: [1, 2, 4],
  registers: {
    ...headers,
    status: { offset: 0x0a, width: 16, clause: "8.1.5.1", meaning: "Port status", fields: { powerManagementInitComplete: { bits: 0, access: "RO", meaning: "PM initialisation complete" }, viralStatus: { bits: 14, access: "RW1CS", meaning: "Viral" } } },
    control: {
      offset: 0x0c, width: 16, clause: "8.1.5.2", meaning: "Port control", onWrite: "portControl",
      fields: { unmaskSecondaryBusReset: { bits: 0, access: "RW", meaning: "Secondary bus reset has effect in CXL mode" }, unmaskLinkDisable: { bits: 1, access: "RW", meaning: "Link disable has effect in CXL mode" }, alternateMemoryEnable: { bits: 2, access: "RW", meaning: "Alternate memory and id space", unmodelled: true }, alternateBusMaster: { bits: 3, access: "RW", meaning: "Alternate bus master", unmodelled: true }, viralEnable: { bits: 14, access: "RW", meaning: "Viral", unmodelled: true } },
    },
    alternateBus: { offset: 0x0e, width: 16, clause: "8.1.5.3", meaning: "Alternate bus range", fields: { base: { bits: [7, 0], access: "RW", meaning: "Base", unmodelled: true }, limit: { bits: [15, 8], access: "RW", meaning: "Limit", unmodelled: true } } },
    alternateMemory: { offset: 0x10, width: 32, clause: "8.1.5.5", meaning: "Alternate memory window", fields: { base: { bits: [15, 4], access: "RW", meaning: "Base bits 31:20", unmodelled: true }, limit: { bits: [31, 20], access: "RW", meaning: "Limit bits 31:20", unmodelled: true } } },
  },
} as const satisfies StructureDeclaration;

export const dvsecFlexBus = {
  name: "dvsecFlexBus", clause: "8.2.1.3", length: 0x20, identity: { list: "dvsec", id: 7, revision: 2 }, widths: [1, 2, 4],
  registers: {
    ...headers,
    capability: { offset: 0x0a, width: 16, clause: "8.2.1.3.1", meaning: "Flex bus capability", fields: { cache: { bits: 0, access: "RO", meaning: "CXL.cache" }, io: { bits: 1, access: "RO", reset: 1, meaning: "CXL.io" }, memory: { bits: 2, access: "RO", reset: 1, meaning: "CXL.mem" }, flit68AndVh: { bits: 5, access: "RO", reset: 1, meaning: "68B flit and VH" } } },
    control: { offset: 0x0c, width: 16, clause: "8.2.1.3.2", meaning: "Flex bus control", fields: { io: { bits: 1, access: "RO", reset: 1, meaning: "CXL.io" }, memory: { bits: 2, access: "RO", reset: 1, meaning: "CXL.mem" }, flit68AndVh: { bits: 5, access: "RO", reset: 1, meaning: "68B flit and VH" } } },
    status: { offset: 0x0e, width: 16, clause: "8.2.1.3.3", meaning: "What the link trained to; 0 while it is down", fields: { cacheEnabled: { bits: 0, access: "RO", meaning: "CXL.cache" }, ioEnabled: { bits: 1, access: "RO", meaning: "CXL.io" }, memoryEnabled: { bits: 2, access: "RO", meaning: "CXL.mem" }, flit68AndVh: { bits: 5, access: "RO", meaning: "68B flit and VH" } } },
  },
} as const satisfies StructureDeclaration;

export const dvsecGpfPort = {
  name: "dvsecGpfPort", clause: "8.1.6", length: 0x10, identity: { list: "dvsec", id: 4, revision: 0 }, widths: [1, 2, 4],
  registers: {
    ...headers,
    phase1: { offset: 0x0c, width: 16, clause: "8.1.6.1", meaning: "Phase 1 timeout", fields: { base: { bits: [3, 0], access: "RW", meaning: "Base", unmodelled: true }, scale: { bits: [11, 8], access: "RW", meaning: "Scale", unmodelled: true } } },
    phase2: { offset: 0x0e, width: 16, clause: "8.1.6.2", meaning: "Phase 2 timeout", fields: { base: { bits: [3, 0], access: "RW", meaning: "Base", unmodelled: true }, scale: { bits: [11, 8], access: "RW", meaning: "Scale", unmodelled: true } } },
  },
} as const satisfies StructureDeclaration;

const locatorEntry = (at: number, block: number, offset64K: number) => ({
  offset: at, width: 32, clause: "8.1.9.1", meaning: "Register block",
  fields: { barIndex: { bits: [2, 0], access: "RO", reset: 0, meaning: "BAR at 0x10 + 4n" }, block: { bits: [15, 8], access: "RO", reset: block, meaning: "Block id", values: { 1: "component", 3: "device" } }, offset31to16: { bits: [31, 16], access: "RO", reset: offset64K, meaning: "Offset bits 31:16" } },
} as const);
const locatorHigh = (at: number) => ({ offset: at, width: 32, clause: "8.1.9.1", meaning: "Register block", fields: { offset63to32: { bits: [31, 0], access: "RO", meaning: "Offset bits 63:32" } } } as const);

export const dvsecLocatorPort = { name: "dvsecLocatorPort", clause: "8.1.9", length: 0x14, identity: { list: "dvsec", id: 8, revision: 0 }, widths: [1, 2, 4], registers: { ...headers, entry0Low: locatorEntry(0x0c, 1, 0), entry0High: locatorHigh(0x10) } } as const satisfies StructureDeclaration;
export const dvsecLocatorDevice = { name: "dvsecLocatorDevice", clause: "8.1.9", length: 0x1c, identity: { list: "dvsec", id: 8, revision: 0 }, widths: [1, 2, 4], registers: { ...headers, entry0Low: locatorEntry(0x0c, 1, 0), entry0High: locatorHigh(0x10), entry1Low: locatorEntry(0x14, 3, 1), entry1High: locatorHigh(0x18) } } as const satisfies StructureDeclaration;
