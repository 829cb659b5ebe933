// DVSEC of CXL devices (CXL 3.2 8.1.3).

import { dvsecHeaders } from "./capability-headers.ts";
import type { StructureDeclaration } from "./schema.ts";

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
    ...dvsecHeaders,
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
