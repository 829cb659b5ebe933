// Firmware update commands (CXL 3.2 8.2.10.3; mailbox.md 6).

import type { CommandDeclaration } from "./payload-schema.ts";

const none = { length: 0, fields: {} } as const;
const afterReset = ["configurationAfterColdReset", "background", "abortable", "resetEffectsValid", "configurationAfterConventionalReset", "configurationAfterCxlReset"] as const;

export const firmwareInfo = {
  opcode: 0x0200, meaning: "Get FW Info", clause: "8.2.10.3.1", set: "firmware", input: none,
  output: { length: 0x50, fields: { slots: [0, 1, "Slots: 2 to 4"], slot: [1, 1, "Slots in use; 0: none", { bits: { active: [2, 0], staged: [5, 3] } }], activation: [2, 1, "Activation without a reset", { bits: { online: 0, slotBitsValid: 1, slots: [5, 2] } }], revision1: [0x10, 16, "ASCII"], revision2: [0x20, 16, "ASCII"], revision3: [0x30, 16, "ASCII"], revision4: [0x40, 16, "ASCII"] } },
  effects: [], returns: [],
} as const satisfies CommandDeclaration;

export const transferFirmware = {
  opcode: 0x0201, meaning: "Transfer FW", clause: "8.2.10.3.2", set: "firmware", input: { length: 0x80, fields: { action: [0, 1, "Part of the package", { values: { full: 0, initiate: 1, continue: 2, end: 3, abort: 4 } }], slot: [1, 1, "Slot, for full and end"], offset: [4, 4, "Units of 128 bytes"] }, hasData: true },
  output: none, effects: afterReset, returns: ["backgroundStarted", "invalidInput", "busy", "firmwareTransferInProgress", "firmwareTransferOutOfOrder", "firmwareVerificationFailed", "invalidSlot"],
} as const satisfies CommandDeclaration;

export const activateFirmware = {
  opcode: 0x0202, meaning: "Activate FW", clause: "8.2.10.3.3", set: "firmware", input: { length: 2, fields: { action: [0, 1, "When", { values: { online: 0, nextColdReset: 1 } }], slot: [1, 1, "Slot"] } },
  output: none, effects: [...afterReset, "immediateConfiguration"], returns: ["backgroundStarted", "invalidInput", "busy", "invalidSlot", "activationFailedRolledBack", "activationFailedColdReset"],
} as const satisfies CommandDeclaration;
