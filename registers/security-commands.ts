// Security of persistent memory (CXL 3.2 8.2.10.9.6; mailbox.md 16).

import type { CommandDeclaration } from "./payload-schema.ts";

const none = { length: 0, fields: {} } as const;
const type = [0, 1, "Whose passphrase", { values: { master: 0, user: 1 } }] as const;

export const securityCommands = {
  getSecurityState: { opcode: 0x4500, meaning: "Get Security State", clause: "8.2.10.9.6.1", set: "security", input: none, output: { length: 4, fields: { state: [0, 4, "Security state", { bits: { userSet: 0, masterSet: 1, locked: 2, frozen: 3, userAttemptsUsedUp: 4, masterAttemptsUsedUp: 5 } }] } }, effects: [], returns: [] },
  setPassphrase: { opcode: 0x4501, meaning: "Set Passphrase", clause: "8.2.10.9.6.2", set: "security", input: { length: 0x60, fields: { type, current: [0x20, 32, "Current passphrase"], next: [0x40, 32, "New passphrase"] } }, output: none, effects: ["securityState"], returns: ["invalidInput", "invalidSecurityState", "incorrectPassphrase"] },
  disablePassphrase: { opcode: 0x4502, meaning: "Disable Passphrase", clause: "8.2.10.9.6.3", set: "security", input: { length: 0x40, fields: { type, current: [0x20, 32, "Current passphrase"] } }, output: none, effects: ["securityState"], returns: ["invalidInput", "invalidSecurityState", "incorrectPassphrase"] },
  unlock: { opcode: 0x4503, meaning: "Unlock", clause: "8.2.10.9.6.4", set: "security", input: { length: 0x20, fields: { current: [0, 32, "User passphrase"] } }, output: none, effects: ["securityState"], returns: ["invalidSecurityState", "incorrectPassphrase"] },
  freezeSecurityState: { opcode: 0x4504, meaning: "Freeze Security State", clause: "8.2.10.9.6.5", set: "security", input: none, output: none, effects: ["securityState"], returns: [] },
  passphraseErase: { opcode: 0x4505, meaning: "Passphrase Secure Erase", clause: "8.2.10.9.6.6", set: "security", input: { length: 0x40, fields: { type, current: [0x20, 32, "Passphrase"] } }, output: none, effects: ["immediateData", "securityState"], returns: ["invalidInput", "busy", "invalidSecurityState", "incorrectPassphrase"] },
} as const satisfies Readonly<Record<string, CommandDeclaration>>;
