// CXL Timeout and Isolation, capability id 9: root ports only (CXL 3.2 8.2.4.24, 12.3).

import type { StructureDeclaration } from "./schema.ts";

/** Timeout values (3.1 of the sheet, 8.2.4.24.2): range bit that makes a value legal, shortest and longest span in ns. Others behave as 0. */
export const timeoutSpans = {
  defaultSpan: { shortest: 50_000, longest: 10_000_000 },
  values: [
    { value: 1, range: 1, shortest: 50_000, longest: 100_000 },
    { value: 2, range: 1, shortest: 1_000_000, longest: 10_000_000 },
    { value: 5, range: 2, shortest: 16_000_000, longest: 55_000_000 },
    { value: 6, range: 2, shortest: 65_000_000, longest: 210_000_000 },
    { value: 9, range: 4, shortest: 260_000_000, longest: 900_000_000 },
    { value: 10, range: 4, shortest: 1_000_000_000, longest: 3_500_000_000 },
    { value: 13, range: 8, shortest: 4_000_000_000, longest: 13_000_000_000 },
    { value: 14, range: 8, shortest: 17_000_000_000, longest: 64_000_000_000 },
  ],
} as const;

const timeoutValues = {
  0: "50 us .. 10 ms (default)", 1: "50 us .. 100 us (A)", 2: "1 ms .. 10 ms (A)", 5: "16 ms .. 55 ms (B)", 6: "65 ms .. 210 ms (B)",
  9: "260 ms .. 900 ms (C)", 10: "1 s .. 3.5 s (C)", 13: "4 s .. 13 s (D)", 14: "17 s .. 64 s (D)",
} as const;

export const timeoutIsolation = {
  name: "timeoutIsolation",
  clause: "8.2.4.24",
  length: 0x10,
  identity: { list: "component", id: 9, version: 1 },
  widths: [4],
  registers: {
    capability: {
      offset: 0x00, width: 32, clause: "8.2.4.24.1", meaning: "What the port can do",
      fields: {
        memoryTimeoutRanges: { bits: [3, 0], access: "HwInit", key: "memoryTimeoutRanges", meaning: "Bitmap of timeout ranges A (bit 0) to D (bit 3); 0: fixed 50 us .. 10 ms" },
        memoryTimeout: { bits: 4, access: "HwInit", key: "memoryTimeout", meaning: "CXL.mem transaction timeout supported" },
        cacheTimeoutRanges: { bits: [11, 8], access: "HwInit", key: "cacheTimeoutRanges", meaning: "As for CXL.mem" },
        cacheTimeout: { bits: 12, access: "HwInit", key: "cacheTimeout", meaning: "CXL.cache transaction timeout supported" },
        memoryIsolation: { bits: 16, access: "HwInit", key: "memoryIsolation", meaning: "CXL.mem isolation supported" },
        memoryIsolationLinkDown: { bits: 17, access: "HwInit", key: "memoryIsolationLinkDown", meaning: "Port can force link down when CXL.mem enters isolation" },
        cacheIsolation: { bits: 18, access: "HwInit", key: "cacheIsolation", meaning: "CXL.cache isolation supported" },
        cacheIsolationLinkDown: { bits: 19, access: "HwInit", key: "cacheIsolationLinkDown", meaning: "As for CXL.mem" },
        errCorSignaling: { bits: 25, access: "HwInit", key: "isolationErrCor", meaning: "Port can send ERR_COR on entering isolation" },
        interrupt: { bits: 26, access: "HwInit", key: "isolationInterrupt", meaning: "Port can raise MSI or MSI-X on entering isolation" },
        interruptMessage: { bits: [31, 27], access: "HwInit", key: "isolationMessage", meaning: "Message number, valid with the bit before" },
      },
    },
    control: {
      offset: 0x08, width: 32, clause: "8.2.4.24.2", meaning: "What is enabled", onWrite: "isolationControl",
      fields: {
        memoryTimeoutValue: { bits: [3, 0], access: "RW", when: "capability.memoryTimeout", meaning: "Timeout span", values: timeoutValues },
        memoryTimeoutEnable: { bits: 4, access: "RW", when: "capability.memoryTimeout", meaning: "Detect CXL.mem transaction timeouts" },
        cacheTimeoutValue: { bits: [11, 8], access: "RW", when: "capability.cacheTimeout", meaning: "Timeout span", values: timeoutValues },
        cacheTimeoutEnable: { bits: 12, access: "RW", when: "capability.cacheTimeout", meaning: "Detect CXL.cache transaction timeouts" },
        memoryIsolationEnable: { bits: 16, access: "RW", when: "capability.memoryIsolation", meaning: "Isolate on a detected timeout or on link down; change only with CXL.mem quiesced" },
        memoryIsolationLinkDownEnable: { bits: 17, access: "RW", when: "capability.memoryIsolationLinkDown", meaning: "Force link down on entering isolation (reset value INFERRED)" },
        cacheIsolationEnable: { bits: 18, access: "RW", when: "capability.cacheIsolation", meaning: "As for CXL.mem" },
        cacheIsolationLinkDownEnable: { bits: 19, access: "RW", when: "capability.cacheIsolationLinkDown", meaning: "As for CXL.mem" },
        errCorEnable: { bits: 25, access: "RW", when: "capability.errCorSignaling", meaning: "Send ERR_COR on entering isolation" },
        interruptEnable: { bits: 26, access: "RW", when: "capability.interrupt", meaning: "Raise the interrupt on entering isolation" },
      },
    },
    status: {
      offset: 0x0c, width: 32, clause: "8.2.4.24.3", meaning: "What happened", onWrite: "isolationStatus",
      fields: {
        memoryTimeout: { bits: 0, access: "RW1CS", when: "capability.memoryTimeout", meaning: "A CXL.mem transaction timed out", clause: "TS1" },
        cacheTimeout: { bits: 4, access: "RW1CS", when: "capability.cacheTimeout", meaning: "A CXL.cache transaction timed out", clause: "TS3" },
        memoryIsolation: { bits: 8, access: "RW1CS", when: "capability.memoryIsolation", meaning: "CXL.mem is isolated; writing 1 leaves isolation", clause: "TS5" },
        memoryIsolationLinkDown: { bits: 9, access: "RW1CS", when: "capability.memoryIsolation", meaning: "The isolation was caused by link down", clause: "TS6" },
        cacheIsolation: { bits: 12, access: "RW1CS", when: "capability.cacheIsolation", meaning: "CXL.cache is isolated", clause: "TS8" },
        cacheIsolationLinkDown: { bits: 13, access: "RW1CS", when: "capability.cacheIsolation", meaning: "As for CXL.mem", clause: "TS9" },
        rootPortBusy: { bits: 14, access: "RO", meaning: "Port still has internal work; isolation status must not be cleared", clause: "TS10" },
      },
    },
  },
} as const satisfies StructureDeclaration;
