// HDM decoders, capability id 5 (CXL 3.2 8.2.4.20): one structure for ports and host bridges, one for memory devices.

import type { StructureDeclaration } from "./schema.ts";

const granularities = { 0: "256 B", 1: "512 B", 2: "1 KiB", 3: "2 KiB", 4: "4 KiB", 5: "8 KiB", 6: "16 KiB" } as const;
const ways = { 0: "1", 1: "2", 2: "4", 3: "8", 4: "16", 8: "3", 9: "6", 10: "12" } as const;
const stride = 0x20;
const implementedBy = "decoderCount";

const capability = {
  offset: 0x00, width: 32, clause: "8.2.4.20.1", meaning: "What the decoders can do",
  fields: {
    decoderCount: { bits: [3, 0], access: "HwInit", key: "decoderCountCode", meaning: "Encoded: 0 is 1; 1..8 is 2n; 9..12 is 4(n-4)" },
    targetCount: { bits: [7, 4], access: "HwInit", key: "targetCount", meaning: "Targets per decoder: 1, 2, 4 or 8; ports and host bridges only" },
    interleaveA11to8: { bits: 8, access: "RO", reset: 1, meaning: "Address bits 11:8 can select the way" },
    interleaveA14to12: { bits: 9, access: "RO", reset: 1, meaning: "Address bits 14:12 can select the way" },
    poisonOnDecodeError: { bits: 10, access: "HwInit", key: "poisonOnDecodeError", meaning: "A read that no decoder claims can return poison" },
    interleave3612: { bits: 11, access: "HwInit", key: "ways3612", meaning: "3, 6 and 12 ways; devices only" },
    interleave16: { bits: 12, access: "HwInit", key: "ways16", meaning: "16 ways; devices only" },
    uioCapable: { bits: 13, access: "RO", meaning: "Unordered I/O to HDM" },
    uioDecoderCount: { bits: [19, 16], access: "RO", meaning: "Decoders that can have UIO, encoded as the decoder count; reserved on devices" },
    noExistingMemoryData: { bits: 20, access: "RO", meaning: "MemData-NXM capable: 1 on components of 256B flits" },
    coherencyModels: { bits: [22, 21], access: "HwInit", key: "coherencyModels", meaning: "Coherency models of a device", values: { 0: "unknown", 1: "device coherent", 2: "host-only coherent", 3: "both" } },
  },
} as const;

const poisonEnable = { bits: 0, access: "RW", when: "capability.poisonOnDecodeError", meaning: "Read not claimed by any decoder: 1 poison, 0 all ones" } as const;

/** Base and size of decoder n, the same on both kinds. */
const range = (count: number, isDevice: boolean) => ({
  baseLow: { offset: 0x10, width: 32, clause: "8.2.4.20.3", meaning: "HPA base", repeat: { count, stride, implementedBy }, onWrite: "hdmField", fields: { base31to28: { bits: [31, 28], access: "RWL", meaning: "HPA base bits 31:28" } } },
  baseHigh: { offset: 0x14, width: 32, clause: "8.2.4.20.4", meaning: "HPA base", repeat: { count, stride, implementedBy }, onWrite: "hdmField", fields: { base63to32: { bits: [31, 0], access: "RWL", meaning: "HPA base bits 63:32" } } },
  sizeLow: { offset: 0x18, width: 32, clause: "8.2.4.20.5", meaning: "Size", repeat: { count, stride, implementedBy }, onWrite: "hdmField", fields: { size31to28: { bits: [31, 28], access: "RWL", meaning: "Size bits 31:28" } } },
  sizeHigh: { offset: 0x1c, width: 32, clause: "8.2.4.20.6", meaning: "Size", repeat: { count, stride, implementedBy }, onWrite: "hdmField", fields: { size63to32: { bits: [31, 0], access: "RWL", meaning: "Size bits 63:32" } } },
  control: {
    offset: 0x20, width: 32, clause: "8.2.4.20.7", meaning: "Interleave, commit and lock", repeat: { count, stride, implementedBy }, onWrite: "hdmControl",
    fields: {
      interleaveGranularity: { bits: [3, 0], access: "RWL", meaning: "256 << n bytes; 7..15 reserved", values: granularities },
      interleaveWays: { bits: [7, 4], access: "RWL", meaning: "Encoded ways; ports accept 0..3", values: ways },
      lockOnCommit: { bits: 8, access: "RWL", meaning: "Check on commit (C2) and lock once committed (C9)" },
      commit: { bits: 9, access: "RWL", meaning: "0 to 1 starts a commit, 1 to 0 clears Committed (C1, C10)" },
      committed: { bits: 10, access: "RO", meaning: "Decoder is active" },
      errorNotCommitted: { bits: 11, access: "RO", meaning: "Programming error, decoder is not active" },
      targetRangeType: { bits: 12, access: "RWL", meaning: "1 host-only coherent (HDM-H), 0 device coherent" },
      backInvalidate: { bits: 13, access: "RWL", whenKey: "hasBackInvalidate", meaning: "BI: the device may back-invalidate this range" },
      uio: { bits: 14, access: "RO", meaning: "Unordered I/O: RWL where capability bit 13 is 1" },
      upstreamGranularity: { bits: [19, 16], access: "RO", meaning: "Interleave granularity above; RWL on UIO-capable ports" },
      upstreamWays: { bits: [23, 20], access: "RO", meaning: "Interleave ways above; RWL on UIO-capable ports" },
      interleaveSetPosition: { bits: [27, 24], ...(isDevice ? { access: "RWL" as const, whenKey: "hasBackInvalidate" as const } : { access: "RO" as const }), meaning: "Position in the set; RWL on back-invalidate capable devices and UIO-capable ports" },
    },
  },
} as const);

export const hdmDecoderPort = {
  name: "hdmDecoderPort",
  clause: "8.2.4.20",
  length: 0x10 + 32 * stride,
  identity: { list: "component", id: 5, version: 3 },
  widths: [4],
  registers: {
    capability,
    globalControl: { offset: 0x04, width: 32, clause: "8.2.4.20.2", meaning: "Ports and host bridges always use their decoders", onWrite: "hdmGlobalControl", fields: { poisonOnDecodeErrorEnable: poisonEnable } },
    ...range(32, false),
    targetListLow: {
      offset: 0x24, width: 32, clause: "8.2.4.20.8", meaning: "Port number per way", repeat: { count: 32, stride, implementedBy }, onWrite: "hdmField",
      fields: { way0: { bits: [7, 0], access: "RWL", meaning: "Way 0" }, way1: { bits: [15, 8], access: "RWL", meaning: "Way 1" }, way2: { bits: [23, 16], access: "RWL", meaning: "Way 2" }, way3: { bits: [31, 24], access: "RWL", meaning: "Way 3" } },
    },
    targetListHigh: {
      offset: 0x28, width: 32, clause: "8.2.4.20.9", meaning: "Port number per way", repeat: { count: 32, stride, implementedBy }, onWrite: "hdmField",
      fields: { way4: { bits: [7, 0], access: "RWL", meaning: "Way 4" }, way5: { bits: [15, 8], access: "RWL", meaning: "Way 5" }, way6: { bits: [23, 16], access: "RWL", meaning: "Way 6" }, way7: { bits: [31, 24], access: "RWL", meaning: "Way 7" } },
    },
  },
} as const satisfies StructureDeclaration;

export const hdmDecoderDevice = {
  name: "hdmDecoderDevice",
  clause: "8.2.4.20",
  length: 0x10 + 10 * stride,
  identity: { list: "component", id: 5, version: 3 },
  widths: [4],
  registers: {
    capability,
    globalControl: {
      offset: 0x04, width: 32, clause: "8.2.4.20.2", meaning: "Which decode is used", onWrite: "hdmGlobalControl",
      fields: { poisonOnDecodeErrorEnable: poisonEnable, decoderEnable: { bits: 1, access: "RW", meaning: "1 HDM decoders, 0 DVSEC ranges" } },
    },
    ...range(10, true),
    skipLow: { offset: 0x24, width: 32, clause: "8.2.4.20.10", meaning: "DPA skip", repeat: { count: 10, stride, implementedBy }, onWrite: "hdmField", fields: { skip31to28: { bits: [31, 28], access: "RWL", meaning: "DPA skip bits 31:28" } } },
    skipHigh: { offset: 0x28, width: 32, clause: "8.2.4.20.11", meaning: "DPA skip", repeat: { count: 10, stride, implementedBy }, onWrite: "hdmField", fields: { skip63to32: { bits: [31, 0], access: "RWL", meaning: "DPA skip bits 63:32" } } },
  },
} as const satisfies StructureDeclaration;
