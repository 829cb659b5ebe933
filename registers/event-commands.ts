// Event commands (CXL 3.2 8.2.10.2; events.md 10 to 13).

import type { CommandDeclaration } from "./payload-schema.ts";

const none = { length: 0, fields: {} } as const;
const interrupt = { bits: { mode: [1, 0, { none: 0, message: 1, firmware: 2, reserved: 3 }], messageNumber: [7, 4] } } as const;
const policy = { informational: [0, 1, "How it interrupts", interrupt], warning: [1, 1, "How it interrupts", interrupt], failure: [2, 1, "How it interrupts", interrupt], fatal: [3, 1, "How it interrupts", interrupt], dynamicCapacity: [4, 1, "How it interrupts; with dynamic capacity only", interrupt] } as const;

export const getEventRecords = {
  opcode: 0x0100, meaning: "Get Event Records", clause: "8.2.10.2.2", set: "base", input: { length: 1, fields: { log: [0, 1, "0 informational, 1 warning, 2 failure, 3 fatal, 4 dynamic capacity"] } },
  output: { length: 0x20, fields: { flags: [0, 1, "Flags", { bits: { overflow: 0, moreRecords: 1 } }], overflowCount: [2, 2, "Records lost; saturates"], firstOverflow: [4, 8, "Timestamp of the first loss"], lastOverflow: [0x0c, 8, "Timestamp of the last loss"], count: [0x14, 2, "Records here"] }, items: { length: 0x80, fields: {} } },
  effects: ["secondaryMailbox"], returns: ["invalidInput"],
} as const satisfies CommandDeclaration;

export const clearEventRecords = {
  opcode: 0x0101, meaning: "Clear Event Records", clause: "8.2.10.2.3", set: "base", input: { length: 6, fields: { log: [0, 1, "Log number"], flags: [1, 1, "Flags", { bits: { clearAll: 0 } }], count: [2, 1, "Handles"] }, items: { length: 2, fields: { handle: [0, 2, "Handle"] } } },
  output: none, effects: ["immediateLog"], returns: ["invalidInput", "invalidHandle"],
} as const satisfies CommandDeclaration;

export const getEventInterruptPolicy = { opcode: 0x0102, meaning: "Get Event Interrupt Policy", clause: "8.2.10.2.4", set: "base", input: none, output: { length: 5, fields: policy }, effects: ["secondaryMailbox"], returns: [] } as const satisfies CommandDeclaration;
export const setEventInterruptPolicy = { opcode: 0x0103, meaning: "Set Event Interrupt Policy", clause: "8.2.10.2.5", set: "base", input: { length: 5, least: 4, fields: policy }, output: none, effects: ["immediatePolicy"], returns: ["invalidInput"] } as const satisfies CommandDeclaration;
