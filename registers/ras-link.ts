// RAS (capability id 2, CXL 3.2 8.2.4.17) and Link (id 4, 8.2.4.19).

import type { FieldDeclaration, StructureDeclaration } from "./schema.ts";

const uncorrectable = {
  cacheDataParity: 0, cacheAddressParity: 1, cacheByteEnableParity: 2, cacheDataEcc: 3, memoryDataParity: 4, memoryAddressParity: 5, memoryByteEnableParity: 6,
  memoryDataEcc: 7, reinitThreshold: 8, reservedEncodingViolation: 9, poisonReceived: 10, receiverOverflow: 11, internalError: 14, ideTransmitError: 15, ideReceiveError: 16,
} as const;
const correctable = { cacheDataEcc: 0, memoryDataEcc: 1, crcThreshold: 2, retryThreshold: 3, cachePoisonReceived: 4, memoryPoisonReceived: 5, physicalLayerError: 6 } as const;

type Fields<T> = { readonly [K in keyof T]: FieldDeclaration };

const words = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** One single-bit field per named error. */
function errorBits<T extends Readonly<Record<string, number>>>(bits: T, access: "RW1CS" | "RWS", reset: 0 | 1, meaning: string): Fields<T> {
  return Object.fromEntries(Object.entries(bits).map(([name, bit]) => [name, { bits: bit, access, reset, meaning: `${meaning} of ${words(name)}` }])) as Fields<T>;
}

/** Poison Enabled can be switched on root ports only; switch ports and devices have it hardwired. */
const rasOf = (isRootPort: boolean) => ({
  name: "ras",
  clause: "8.2.4.17",
  length: 0x58,
  identity: { list: "component", id: 2, version: 2 },
  widths: [4],
  registers: {
    uncorrectableStatus: { offset: 0x00, width: 32, clause: "8.2.4.17.1", meaning: "Uncorrectable errors", onWrite: "rasStatus", fields: errorBits(uncorrectable, "RW1CS", 0, "Status") },
    uncorrectableMask: { offset: 0x04, width: 32, clause: "8.2.4.17.2", meaning: "1 masks: neither status nor log nor signal", fields: errorBits(uncorrectable, "RWS", 1, "Mask") },
    uncorrectableSeverity: { offset: 0x08, width: 32, clause: "8.2.4.17.3", meaning: "1 fatal", fields: errorBits(uncorrectable, "RWS", 1, "Severity") },
    correctableStatus: { offset: 0x0c, width: 32, clause: "8.2.4.17.4", meaning: "Correctable errors", onWrite: "rasStatus", fields: errorBits(correctable, "RW1CS", 0, "Status") },
    correctableMask: { offset: 0x10, width: 32, clause: "8.2.4.17.5", meaning: "1 masks", fields: errorBits(correctable, "RWS", 1, "Mask") },
    control: {
      offset: 0x14, width: 32, clause: "8.2.4.17.6", meaning: "Error capabilities and control",
      fields: {
        firstErrorPointer: { bits: [5, 0], access: "ROS", meaning: "Bit number of the first uncorrectable error" },
        multipleHeaderRecording: { bits: 9, access: "RO", reset: 1, meaning: "More than one header can be recorded" },
        poisonEnabled: { bits: 13, access: isRootPort ? "RWS" : "RO", reset: 1, meaning: "1: received poison is correctable" },
      },
    },
    headerLog: { offset: 0x18, width: 32, clause: "8.2.4.17.7", meaning: "Header log", repeat: { count: 16, stride: 4 }, fields: { dword: { bits: [31, 0], access: "ROS", meaning: "Header dword" } } },
  },
} as const satisfies StructureDeclaration);

export const rasRootPort = rasOf(true);
export const ras = rasOf(false);

const credits = (access: "RWS" | "RO", reset: number) => ({
  cacheRequest: { bits: [9, 0], access, reset, meaning: "Cache request credits" },
  cacheResponse: { bits: [19, 10], access, reset, meaning: "Cache response credits" },
  cacheData: { bits: [29, 20], access, reset, meaning: "Cache data credits" },
  memoryRequest: { bits: [39, 30], access, reset, meaning: "Memory request or response credits" },
  memoryData: { bits: [49, 40], access, reset, meaning: "Memory data credits" },
  backInvalidate: { bits: [59, 50], access, reset, meaning: "Back-invalidate credits" },
} as const);

export const link = {
  name: "link",
  clause: "8.2.4.19",
  length: 0x38,
  identity: { list: "component", id: 4, version: 2 },
  widths: [8],
  registers: {
    capability: {
      offset: 0x00, width: 64, clause: "8.2.4.19.1", meaning: "Link layer capability",
      fields: {
        versionSupported: { bits: [3, 0], access: "RWS", reset: 2, meaning: "Link version supported" },
        versionReceived: { bits: [7, 4], access: "RO", reset: 2, meaning: "Link version received" },
        retryWrapSupported: { bits: [15, 8], access: "RWS", reset: 9, meaning: "LLR wrap supported" },
        retryWrapReceived: { bits: [23, 16], access: "RO", reset: 9, meaning: "LLR wrap received" },
        retryReceived: { bits: [28, 24], access: "RO", meaning: "NUM_Retry received" },
        reinitReceived: { bits: [33, 29], access: "RO", meaning: "NUM_Phy_Reinit received" },
        writePointerReceived: { bits: [41, 34], access: "RO", meaning: "Write pointer received" },
        echoSequenceReceived: { bits: [49, 42], access: "RO", meaning: "Echo sequence number received" },
        freeBuffersReceived: { bits: [57, 50], access: "RO", meaning: "Free retry buffers received" },
        noLinkLayerReset: { bits: 58, access: "RO", reset: 1, meaning: "Link layer reset is not supported" },
      },
    },
    controlStatus: {
      offset: 0x08, width: 64, clause: "8.2.4.19.2", meaning: "Control and status",
      fields: {
        linkLayerReset: { bits: 0, access: "RW", readsZero: true, meaning: "Resets the link layer; clears itself", unmodelled: true },
        initStall: { bits: 1, access: "RWS", meaning: "Stall initialisation", unmodelled: true },
        creditStall: { bits: 2, access: "RWS", meaning: "Stall credits", unmodelled: true },
        initState: { bits: [4, 3], access: "RO", meaning: "Initialisation", values: { 0: "not ready", 1: "parameter exchange", 2: "credit return stalled", 3: "done" } },
        retryBufferConsumed: { bits: [12, 5], access: "RO", meaning: "Retry buffers in use" },
      },
    },
    receiveCreditControl: { offset: 0x10, width: 64, clause: "8.2.4.19.3", meaning: "Receive credits offered", fields: credits("RWS", 64) },
    receiveCreditReturn: { offset: 0x18, width: 64, clause: "8.2.4.19.4", meaning: "Receive credits returned", fields: credits("RO", 64) },
    transmitCredit: { offset: 0x20, width: 64, clause: "8.2.4.19.5", meaning: "Transmit credits", fields: credits("RO", 64) },
    ackTimer: {
      offset: 0x28, width: 64, clause: "8.2.4.19.6", meaning: "Ack timer",
      fields: { forceThreshold: { bits: [7, 0], access: "RWS", reset: 0x10, meaning: "Ack force threshold" }, flushRetimer: { bits: [17, 8], access: "RWS", reset: 0x20, meaning: "Ack or credit flush retimer" } },
    },
    defeature: { offset: 0x30, width: 64, clause: "8.2.4.19.7", meaning: "Defeature", fields: { mdhDisable: { bits: 0, access: "RWS", meaning: "Takes effect after hot reset", unmodelled: true } } },
  },
} as const satisfies StructureDeclaration;
