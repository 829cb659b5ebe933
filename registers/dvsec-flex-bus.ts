// DVSEC of the flex bus port (CXL 3.2 8.2.1.3).

import { dvsecHeaders } from "./capability-headers.ts";
import type { StructureDeclaration } from "./schema.ts";

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

/** Flex bus port DVSEC: what is enabled can be written on ports only (config-space.md 7; on devices UNKNOWN, taken as RO). */
const flexBus = <A extends "RW" | "RO">(access: A) => {
  const kept = access === "RW" ? { unmodelled: true as const } : {};
  const own = access === "RW" ? 0 : 1;
  return {
    name: "dvsecFlexBus", clause: "8.2.1.3", length: 0x20, identity: { list: "dvsec", id: 7, revision: 2 }, widths: [1, 2, 4],
    registers: {
      ...dvsecHeaders,
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
          memory: { bits: 2, access, reset: own, meaning: "CXL.mem", ...kept },
          syncHeaderBypass: { bits: 3, access, meaning: "Sync header bypass", ...kept },
          driftBuffer: { bits: 4, access, meaning: "Drift buffer", ...kept },
          flit68AndVh: { bits: 5, access, reset: own, meaning: "68B flit and VH", ...kept },
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
