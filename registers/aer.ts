// Advanced Error Reporting (PCIe 7.8.4).

import { extendedHeader, unimplemented } from "./capability-headers.ts";
import type { Registers } from "./capability-headers.ts";
import { messageNumbers } from "./constants.ts";
import type { FieldDeclaration, StructureDeclaration } from "./schema.ts";

const uncorrectableErrors = { dataLinkProtocol: 4, surpriseDown: 5, poisonedTlp: 12, flowControl: 13, completionTimeout: 14, completerAbort: 15, unexpectedCompletion: 16, receiverOverflow: 17, malformedTlp: 18, ecrc: 19, unsupportedRequest: 20, acsViolation: 21, uncorrectableInternal: 22, multicastBlocked: 23, atomicOperationBlocked: 24, tlpPrefixBlocked: 25, poisonedTlpEgressBlocked: 26 } as const;
const correctableErrors = { receiver: 0, badTlp: 6, badDllp: 7, replayRollover: 8, replayTimeout: 12, advisoryNonFatal: 13, correctedInternal: 14, headerLogOverflow: 15 } as const;

const words = (name: string): string => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

/** One field per error bit; `set` lists the bits that reset to 1. */
function errorBits<T extends Readonly<Record<string, number>>>(bits: T, what: string, access: "RW1CS" | "RWS", set: readonly number[]): { readonly [K in keyof T]: FieldDeclaration } {
  return Object.fromEntries(Object.entries(bits).map(([name, bit]) => [name, { bits: bit, access, reset: set.includes(bit) ? 1 : 0, meaning: `${what} of ${words(name)}` }])) as { readonly [K in keyof T]: FieldDeclaration };
}

const aerCommon = {
  header: extendedHeader,
  uncorrectableStatus: { offset: 0x04, width: 32, clause: "PCIe 7.8.4.2", meaning: "Uncorrectable errors", onWrite: "uncorrectableErrorStatus", fields: errorBits(uncorrectableErrors, "Status", "RW1CS", []) },
  uncorrectableMask: { offset: 0x08, width: 32, clause: "PCIe 7.8.4.3", meaning: "1 masks", fields: errorBits(uncorrectableErrors, "Mask", "RWS", [22]) },
  uncorrectableSeverity: { offset: 0x0c, width: 32, clause: "PCIe 7.8.4.4", meaning: "1 fatal", fields: errorBits(uncorrectableErrors, "Severity", "RWS", [4, 5, 13, 17, 18, 22]) },
  correctableStatus: { offset: 0x10, width: 32, clause: "PCIe 7.8.4.5", meaning: "Correctable errors", onWrite: "correctableErrorStatus", fields: errorBits(correctableErrors, "Status", "RW1CS", []) },
  correctableMask: { offset: 0x14, width: 32, clause: "PCIe 7.8.4.6", meaning: "1 masks", fields: errorBits(correctableErrors, "Mask", "RWS", [13, 14, 15]) },
  control: { offset: 0x18, width: 32, clause: "PCIe 7.8.4.7", meaning: "Capabilities and control", fields: { firstErrorPointer: { bits: [4, 0], access: "ROS", meaning: "First error" } } },
  headerLog: { offset: 0x1c, width: 32, clause: "PCIe 7.8.4.8", meaning: "Header log", repeat: { count: 4, stride: 4 }, fields: { dword: { bits: [31, 0], access: "ROS", meaning: "Header dword" } } },
} as const;

const rootErrors = {
  rootErrorCommand: { offset: 0x2c, width: 32, clause: "PCIe 7.8.4.9", meaning: "Interrupt on received messages", fields: { correctableEnable: { bits: 0, access: "RW", meaning: "ERR_COR" }, nonFatalEnable: { bits: 1, access: "RW", meaning: "ERR_NONFATAL" }, fatalEnable: { bits: 2, access: "RW", meaning: "ERR_FATAL" } } },
  rootErrorStatus: { offset: 0x30, width: 32, clause: "PCIe 7.8.4.10", meaning: "Messages received", onWrite: "rootErrorStatus", fields: { correctableReceived: { bits: 0, access: "RW1CS", meaning: "ERR_COR" }, multipleCorrectable: { bits: 1, access: "RW1CS", meaning: "More than one" }, uncorrectableReceived: { bits: 2, access: "RW1CS", meaning: "ERR_FATAL or ERR_NONFATAL" }, multipleUncorrectable: { bits: 3, access: "RW1CS", meaning: "More than one" }, firstFatal: { bits: 4, access: "RW1CS", meaning: "First uncorrectable was fatal" }, nonFatalReceived: { bits: 5, access: "RW1CS", meaning: "ERR_NONFATAL" }, fatalReceived: { bits: 6, access: "RW1CS", meaning: "ERR_FATAL" }, interruptMessage: { bits: [31, 27], access: "RO", reset: messageNumbers.aer, meaning: "Message number" } } },
  errorSource: { offset: 0x34, width: 32, clause: "PCIe 7.8.4.11", meaning: "Who sent the first message", fields: { correctable: { bits: [15, 0], access: "ROS", meaning: "Requester id of ERR_COR" }, uncorrectable: { bits: [31, 16], access: "ROS", meaning: "Requester id of ERR_FATAL or ERR_NONFATAL" } } },
} as const satisfies Registers;

const aer = (isRoot: boolean) => ({
  name: "aer", clause: "PCIe 7.8.4", length: 0x38, identity: { list: "extended", id: 0x0001, version: 2 }, widths: [1, 2, 4],
  registers: { ...aerCommon, ...(isRoot ? rootErrors : unimplemented(rootErrors)) },
} as const satisfies StructureDeclaration);

/** Devices and the ports of switches have no root registers. */
export const aerEndpoint = aer(false);
export const aerRootPort = aer(true);
