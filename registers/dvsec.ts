// CXL DVSECs (CXL 3.2 8.1): the device's, the port's, flex bus, GPF and the register locator.

import { deviceBar } from "./constants.ts";
import type { StructureDeclaration } from "./schema.ts";

const timeScales = { 0: "1 us", 1: "10 us", 2: "100 us", 3: "1 ms", 4: "10 ms", 5: "100 ms", 6: "1 s", 7: "10 s" } as const;

const headers = {
  header: { offset: 0x00, width: 32, clause: "8.1.1", meaning: "Extended capability header (filled in from the layout)", fields: { id: { bits: [15, 0], access: "RO", meaning: "0x0023" }, version: { bits: [19, 16], access: "RO", meaning: "Version" }, next: { bits: [31, 20], access: "RO", meaning: "Next capability" } } },
  header1: { offset: 0x04, width: 32, clause: "8.1.1", meaning: "DVSEC header 1 (filled in from the layout)", fields: { vendor: { bits: [15, 0], access: "RO", meaning: "0x1e98" }, revision: { bits: [19, 16], access: "RO", meaning: "DVSEC revision" }, length: { bits: [31, 20], access: "RO", meaning: "Bytes" } } },
  header2: { offset: 0x08, width: 16, clause: "8.1.1", meaning: "DVSEC header 2 (filled in from the layout)", fields: { id: { bits: [15, 0], access: "RO", meaning: "DVSEC id" } } },
} as const;

const range = (at: number, sizeHigh: "range1SizeHigh" | "range2SizeHigh", sizeLow: "range1SizeLow" | "range2SizeLow") => ({
  sizeHigh: { offset: at, width: 32, clause: "8.1.3.8.1", clauseInferred: true, meaning: "Size", fields: { size63to32: { bits: [31, 0], access: "HwInit", key: sizeHigh, meaning: "Size bits 63:32" } } },
  sizeLow: {
    offset: at + 4, width: 32, clause: "8.1.3.8.2", clauseInferred: true, meaning: "Size and state",
    fields: {
      memoryInfoValid: { bits: 0, access: "RO", meaning: "Other fields are valid" },
      memoryActive: { bits: 1, access: "RO", meaning: "Memory is usable" },
      mediaType: { bits: [4, 2], access: "RO", reset: 2, meaning: "2: CDAT describes it" },
      memoryClass: { bits: [7, 5], access: "RO", reset: 2, meaning: "2: CDAT describes it" },
      desiredInterleave: { bits: [12, 8], access: "RO", meaning: "Interleave granularity the device likes", values: { 0: "none", 1: "256 B", 2: "4 KiB", 3: "512 B", 4: "1 KiB", 5: "2 KiB", 6: "8 KiB", 7: "16 KiB" } },
      memoryActiveTimeout: { bits: [15, 13], access: "HwInit", key: "activeTimeoutCode", meaning: "Longest time until Memory_Active", values: { 0: "1 s", 1: "4 s", 2: "16 s", 3: "64 s", 4: "256 s" } },
      memoryActiveDegraded: { bits: 16, access: "RO", meaning: "Memory is usable but degraded" },
      size31to28: { bits: [31, 28], access: "HwInit", key: sizeLow, meaning: "Size bits 31:28" },
    },
  },
  baseHigh: { offset: at + 8, width: 32, clause: "8.1.3.8.3", clauseInferred: true, meaning: "Base", onWrite: "deviceRange", fields: { base63to32: { bits: [31, 0], access: "RWL", meaning: "Base bits 63:32" } } },
  baseLow: { offset: at + 12, width: 32, clause: "8.1.3.8.4", clauseInferred: true, meaning: "Base", onWrite: "deviceRange", fields: { base31to28: { bits: [31, 28], access: "RWL", meaning: "Base bits 31:28" } } },
} as const);

const range1 = range(0x18, "range1SizeHigh", "range1SizeLow");
const range2 = range(0x28, "range2SizeHigh", "range2SizeLow");

export const dvsecDevice = {
  name: "dvsecDevice", clause: "8.1.3", length: 0x3c, identity: { list: "dvsec", id: 0, revision: 3 }, widths: [1, 2, 4],
  registers: {
    ...headers,
    capability: {
      offset: 0x0a, width: 16, clause: "8.1.3.1", clauseInferred: true, meaning: "CXL capability",
      fields: {
        cacheCapable: { bits: 0, access: "RO", meaning: "CXL.cache" },
        ioCapable: { bits: 1, access: "RO", reset: 1, meaning: "CXL.io" },
        memoryCapable: { bits: 2, access: "RO", reset: 1, meaning: "CXL.mem" },
        memoryHwInitMode: { bits: 3, access: "RO", reset: 1, meaning: "Device initialises memory by itself" },
        rangeCount: { bits: [5, 4], access: "HwInit", key: "rangeCount", meaning: "HDM_Count: 1 or 2" },
        cacheWritebackCapable: { bits: 6, access: "RO", meaning: "Cache writeback and invalidate" },
        resetCapable: { bits: 7, access: "HwInit", key: "resetCapable", meaning: "CXL reset" },
        resetTimeout: { bits: [10, 8], access: "HwInit", key: "resetTimeoutCode", meaning: "Longest CXL reset", values: { 0: "10 ms", 1: "100 ms", 2: "1 s", 3: "10 s", 4: "100 s" } },
        resetMemoryClearCapable: { bits: 11, access: "HwInit", key: "resetCapable", meaning: "CXL reset can clear memory" },
        trustedSecurityCapable: { bits: 12, access: "RO", meaning: "TSP" },
        multipleLogicalDevice: { bits: 13, access: "RO", meaning: "Multi-logical device" },
        viralCapable: { bits: 14, access: "RO", meaning: "Viral" },
        powerManagementInitReporting: { bits: 15, access: "RO", meaning: "Reports the end of PM initialisation" },
      },
    },
    control: {
      offset: 0x0c, width: 16, clause: "8.1.3.2", clauseInferred: true, meaning: "CXL control", onWrite: "deviceControl",
      fields: {
        cacheEnable: { bits: 0, access: "RWL", meaning: "CXL.cache", unmodelled: true },
        ioEnable: { bits: 1, access: "RO", reset: 1, meaning: "CXL.io" },
        memoryEnable: { bits: 2, access: "RWL", meaning: "CXL.mem accepted" },
        snoopFilterCoverage: { bits: [7, 3], access: "RWL", meaning: "Cache_SF_Coverage", unmodelled: true },
        snoopFilterGranularity: { bits: [10, 8], access: "RWL", meaning: "Cache_SF_Granularity", unmodelled: true },
        cacheCleanEviction: { bits: 11, access: "RWL", meaning: "Cache_Clean_Eviction", unmodelled: true },
        directPeerMemoryEnable: { bits: 12, access: "RWL", when: "capability3.directPeerMemoryCapable", meaning: "Direct peer-to-peer memory" },
        viralEnable: { bits: 14, access: "RWL", meaning: "Viral", unmodelled: true },
      },
    },
    status: { offset: 0x0e, width: 16, clause: "8.1.3.3", clauseInferred: true, meaning: "CXL status", fields: { viralStatus: { bits: 14, access: "RW1CS", meaning: "Viral" } } },
    control2: {
      offset: 0x10, width: 16, clause: "8.1.3.4", clauseInferred: true, meaning: "CXL control 2", onWrite: "deviceControl2",
      fields: {
        disableCaching: { bits: 0, access: "RW", meaning: "Disable caching", unmodelled: true },
        initiateCacheWriteback: { bits: 1, access: "RW", readsZero: true, meaning: "Starts cache writeback and invalidation", unmodelled: true },
        initiateReset: { bits: 2, access: "RW", readsZero: true, meaning: "Starts a CXL reset" },
        resetMemoryClearEnable: { bits: 3, access: "RW", meaning: "CXL reset clears memory" },
        desiredVolatileAfterHotReset: { bits: 4, access: "RWS", when: "capability3.volatileConfigurable", meaning: "Volatile contents wanted after a hot reset" },
        modifiedCompletionEnable: { bits: 5, access: "RW", when: "capability2.modifiedCompletionCapable", meaning: "Modified completion" },
      },
    },
    status2: {
      offset: 0x12, width: 16, clause: "8.1.3.5", clauseInferred: true, meaning: "CXL status 2",
      fields: {
        cacheInvalid: { bits: 0, access: "RO", meaning: "Cache invalid" },
        resetComplete: { bits: 1, access: "RO", meaning: "CXL reset complete" },
        resetError: { bits: 2, access: "RO", meaning: "CXL reset failed" },
        volatilePreservationError: { bits: 3, access: "RW1CS", meaning: "Volatile contents could not be preserved" },
        powerManagementInitComplete: { bits: 15, access: "RO", meaning: "PM initialisation complete" },
      },
    },
    lock: { offset: 0x14, width: 16, clause: "8.1.3.6", clauseInferred: true, meaning: "CXL lock", fields: { configLock: { bits: 0, access: "RWO", meaning: "Locks the RWL fields here until conventional reset" } } },
    capability2: {
      offset: 0x16, width: 16, clause: "8.1.3.7", clauseInferred: true, meaning: "CXL capability 2",
      fields: {
        cacheSizeUnit: { bits: [3, 0], access: "RO", meaning: "Unit of the cache size", values: { 0: "not reported", 1: "64 KiB", 2: "1 MiB" } },
        fallback: { bits: [5, 4], access: "RO", meaning: "What the device falls back to", values: { 0: "none", 1: "PCIe", 2: "type 1", 3: "type 3" } },
        modifiedCompletionCapable: { bits: 6, access: "RO", meaning: "Modified completion" },
        noCleanWriteback: { bits: 7, access: "RO", meaning: "No clean writebacks" },
        cacheSize: { bits: [15, 8], access: "RO", meaning: "Cache size in units" },
      },
    },
    range1SizeHigh: range1.sizeHigh, range1SizeLow: range1.sizeLow, range1BaseHigh: range1.baseHigh, range1BaseLow: range1.baseLow,
    range2SizeHigh: range2.sizeHigh, range2SizeLow: range2.sizeLow, range2BaseHigh: range2.baseHigh, range2BaseLow: range2.baseLow,
    capability3: {
      offset: 0x38, width: 32, clause: "8.1.3.9", clauseInferred: true, meaning: "CXL capability 3",
      fields: {
        volatileAfterColdReset: { bits: 0, access: "RO", meaning: "Default volatile HDM state after a cold reset" },
        volatileAfterWarmReset: { bits: 1, access: "RO", meaning: "Default volatile HDM state after a warm reset" },
        volatileAfterHotReset: { bits: 2, access: "HwInit", key: "volatilePreserved", meaning: "1: volatile contents survive hot reset" },
        volatileConfigurable: { bits: 3, access: "RO", meaning: "Control 2 can choose the state after a hot reset" },
        directPeerMemoryCapable: { bits: 4, access: "RO", meaning: "Direct peer-to-peer memory" },
      },
    },
  },
} as const satisfies StructureDeclaration;

const alternate = (at: number, clause: string, meaning: string) => ({ offset: at, width: 16, clause, clauseInferred: true, meaning, fields: { address31to20: { bits: [15, 4], access: "RW", meaning: "Address bits 31:20", unmodelled: true } } } as const);
const upperHalf = (at: number, clause: string, meaning: string) => ({ offset: at, width: 32, clause, clauseInferred: true, meaning, fields: { address63to32: { bits: [31, 0], access: "RW", meaning: "Address bits 63:32", unmodelled: true } } } as const);

const flexBusStatus = {
  offset: 0x0e, width: 16, clause: "8.2.1.3.3", clauseInferred: true, meaning: "What the link trained to; 2:0 are 0 while it is down",
  fields: {
    cacheEnabled: { bits: 0, access: "RO", meaning: "CXL.cache" },
    ioEnabled: { bits: 1, access: "RO", meaning: "CXL.io" },
    memoryEnabled: { bits: 2, access: "RO", meaning: "CXL.mem" },
    syncHeaderBypass: { bits: 3, access: "RO", meaning: "Sync header bypass" },
    driftBuffer: { bits: 4, access: "RO", meaning: "Drift buffer" },
    flit68AndVh: { bits: 5, access: "RO", meaning: "68B flit and VH" },
    multipleLogicalDevice: { bits: 6, access: "RO", meaning: "Multi-logical device" },
    evenHalfFailed: { bits: 7, access: "RO", meaning: "Even half failed" },
    correctableFraming: { bits: 8, access: "RW1CS", meaning: "Correctable protocol id framing error" },
    uncorrectableFraming: { bits: 9, access: "RW1CS", meaning: "Uncorrectable protocol id framing error" },
    unexpectedProtocolDropped: { bits: 10, access: "RW1CS", meaning: "Unexpected protocol id dropped" },
    retimersMismatched: { bits: 11, access: "RW1CS", meaning: "Retimers present mismatched" },
    enableBitsMismatched: { bits: 12, access: "RW1CS", meaning: "Flex bus enable bits of phase 2 mismatched" },
    latencyOptimizedFlit: { bits: 13, access: "RO", meaning: "Latency optimized 256B flit" },
    portBasedRoutingFlit: { bits: 14, access: "RO", meaning: "PBR flit" },
    throttleRequired: { bits: 15, access: "RO", meaning: "CXL.io throttle required at 64 GT/s" },
  },
} as const;

export const dvsecPort = {
  name: "dvsecPort", clause: "8.1.5", length: 0x28, identity: { list: "dvsec", id: 3, revision: 0 }, widths: [1, 2, 4],
  registers: {
    ...headers,
    status: { offset: 0x0a, width: 16, clause: "8.1.5.1", clauseInferred: true, meaning: "Port status", fields: { powerManagementInitComplete: { bits: 0, access: "RO", meaning: "PM initialisation complete" }, viralStatus: { bits: 14, access: "RW1CS", meaning: "Viral" } } },
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
  },
} as const satisfies StructureDeclaration;

/** Flex bus port DVSEC: what is enabled can be written on ports only (config-space.md 7; on devices UNKNOWN, taken as RO). */
const flexBus = <A extends "RW" | "RO">(access: A) => {
  const kept = access === "RW" ? { unmodelled: true as const } : {};
  return {
    name: "dvsecFlexBus", clause: "8.2.1.3", length: 0x20, identity: { list: "dvsec", id: 7, revision: 2 }, widths: [1, 2, 4],
    registers: {
      ...headers,
      capability: {
        offset: 0x0a, width: 16, clause: "8.2.1.3.1", clauseInferred: true, meaning: "Flex bus capability",
        fields: {
          cache: { bits: 0, access: "RO", meaning: "CXL.cache" },
          io: { bits: 1, access: "RO", reset: 1, meaning: "CXL.io" },
          memory: { bits: 2, access: "RO", reset: 1, meaning: "CXL.mem" },
          flit68AndVh: { bits: 5, access: "RO", reset: 1, meaning: "68B flit and VH" },
          multipleLogicalDevice: { bits: 6, access: "RO", meaning: "Multi-logical device" },
          latencyOptimizedFlit: { bits: 13, access: "RO", meaning: "Latency optimized 256B flit" },
          portBasedRoutingFlit: { bits: 14, access: "RO", meaning: "PBR flit" },
        },
      },
      control: {
        offset: 0x0c, width: 16, clause: "8.2.1.3.2", clauseInferred: true, meaning: "What the next training may use",
        fields: {
          cache: { bits: 0, access, meaning: "CXL.cache", ...kept },
          io: { bits: 1, access, reset: 1, meaning: "CXL.io", ...kept },
          memory: { bits: 2, access, reset: 1, meaning: "CXL.mem", ...kept },
          syncHeaderBypass: { bits: 3, access, meaning: "Sync header bypass", ...kept },
          driftBuffer: { bits: 4, access, meaning: "Drift buffer", ...kept },
          flit68AndVh: { bits: 5, access, reset: 1, meaning: "68B flit and VH", ...kept },
          multipleLogicalDevice: { bits: 6, access, meaning: "Multi-logical device", ...kept },
          disableRestrictedTraining: { bits: 7, access, meaning: "No training as restricted CXL device", ...kept },
          retimer1: { bits: 8, access, meaning: "Retimer 1 present", ...kept },
          retimer2: { bits: 9, access, meaning: "Retimer 2 present", ...kept },
          latencyOptimizedFlit: { bits: 13, access, meaning: "Latency optimized 256B flit", ...kept },
          portBasedRoutingFlit: { bits: 14, access, meaning: "PBR flit", ...kept },
        },
      },
      status: flexBusStatus,
      receivedTrainingData: { offset: 0x10, width: 32, clause: "8.2.1.3.4", clauseInferred: true, meaning: "Received modified TS data, phase 1", fields: { value: { bits: [23, 0], access: "RO", meaning: "As received" } } },
      capability2: { offset: 0x14, width: 32, clause: "8.2.1.3.5", clauseInferred: true, meaning: "Flex bus capability 2", fields: { nopHint: { bits: 0, access: "RO", meaning: "NOP hint" } } },
      control2: { offset: 0x18, width: 32, clause: "8.2.1.3.6", clauseInferred: true, meaning: "Flex bus control 2", fields: { nopHintEnable: { bits: 0, access: "RW", when: "capability2.nopHint", meaning: "NOP hint" } } },
      status2: { offset: 0x1c, width: 32, clause: "8.2.1.3.7", clauseInferred: true, meaning: "Flex bus status 2", fields: { nopHintInfo: { bits: [1, 0], access: "RO", meaning: "NOP hint" } } },
    },
  } as const satisfies StructureDeclaration;
};

export const dvsecFlexBus = flexBus("RO");
export const dvsecFlexBusPort = flexBus("RW");

export const dvsecGpfPort = {
  name: "dvsecGpfPort", clause: "8.1.6", length: 0x10, identity: { list: "dvsec", id: 4, revision: 0 }, widths: [1, 2, 4],
  registers: {
    ...headers,
    phase1: { offset: 0x0c, width: 16, clause: "8.1.6.1", meaning: "Phase 1 timeout", fields: { base: { bits: [3, 0], access: "RW", meaning: "Timeout in units of the scale", unmodelled: true }, scale: { bits: [11, 8], access: "RW", meaning: "Unit", values: timeScales, unmodelled: true } } },
    phase2: { offset: 0x0e, width: 16, clause: "8.1.6.2", meaning: "Phase 2 timeout", fields: { base: { bits: [3, 0], access: "RW", meaning: "Timeout in units of the scale", unmodelled: true }, scale: { bits: [11, 8], access: "RW", meaning: "Unit", values: timeScales, unmodelled: true } } },
  },
} as const satisfies StructureDeclaration;

export const dvsecGpfDevice = {
  name: "dvsecGpfDevice", clause: "8.1.7", length: 0x10, identity: { list: "dvsec", id: 5, revision: 0 }, widths: [1, 2, 4],
  registers: {
    ...headers,
    phase2Duration: { offset: 0x0a, width: 16, clause: "8.1.7.1", meaning: "Longest phase 2", fields: { base: { bits: [3, 0], access: "RO", reset: 3, meaning: "Duration in units of the scale" }, scale: { bits: [11, 8], access: "RO", reset: 6, meaning: "Unit", values: timeScales } } },
    phase2Power: { offset: 0x0c, width: 32, clause: "8.1.7.2", meaning: "Power drawn in phase 2", fields: { milliwatts: { bits: [31, 0], access: "RO", reset: 0x33, meaning: "mW" } } },
  },
} as const satisfies StructureDeclaration;

/** Multi-logical device: how many logical devices, and which of them a hot reset reaches. */
export const dvsecLogicalDevices = {
  name: "dvsecLogicalDevices", clause: "8.1.10", length: 0x10, identity: { list: "dvsec", id: 9, revision: 0 }, widths: [1, 2, 4],
  registers: {
    ...headers,
    supported: { offset: 0x0a, width: 16, clause: "8.1.10.1", meaning: "Number of logical devices", fields: { count: { bits: [15, 0], access: "HwInit", key: "logicalDevices", meaning: "Logical devices" } } },
    hotResetVector: { offset: 0x0c, width: 16, clause: "8.1.10.2", meaning: "LD-ID hot reset vector", fields: { value: { bits: [15, 0], access: "RW", meaning: "One bit per logical device", unmodelled: true } } },
  },
} as const satisfies StructureDeclaration;

const locatorEntry = (at: number, block: number, offset64K: number) => ({
  offset: at, width: 32, clause: "8.1.9.1", meaning: "Register block",
  fields: { barIndex: { bits: [2, 0], access: "RO", reset: 0, meaning: "BAR at 0x10 + 4n" }, block: { bits: [15, 8], access: "RO", reset: block, meaning: "Block id", values: { 1: "component", 3: "device" } }, offset31to16: { bits: [31, 16], access: "RO", reset: offset64K, meaning: "Offset bits 31:16" } },
} as const);
const locatorHigh = (at: number) => ({ offset: at, width: 32, clause: "8.1.9.1", meaning: "Register block", fields: { offset63to32: { bits: [31, 0], access: "RO", meaning: "Offset bits 63:32" } } } as const);

export const dvsecLocatorPort = { name: "dvsecLocatorPort", clause: "8.1.9", length: 0x14, identity: { list: "dvsec", id: 8, revision: 0 }, widths: [1, 2, 4], registers: { ...headers, entry0Low: locatorEntry(0x0c, 1, 0), entry0High: locatorHigh(0x10) } } as const satisfies StructureDeclaration;
export const dvsecLocatorDevice = { name: "dvsecLocatorDevice", clause: "8.1.9", length: 0x1c, identity: { list: "dvsec", id: 8, revision: 0 }, widths: [1, 2, 4], registers: { ...headers, entry0Low: locatorEntry(0x0c, 1, 0), entry0High: locatorHigh(0x10), entry1Low: locatorEntry(0x14, 3, deviceBar.device >>> 16), entry1High: locatorHigh(0x18) } } as const satisfies StructureDeclaration;
