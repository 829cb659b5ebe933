// Poison list, injection, and scan media (CXL 3.2 8.2.10.9.4; mailbox.md 14).

import type { CommandDeclaration, PayloadLayout } from "./payload-schema.ts";

const none = { length: 0, fields: {} } as const;
const range = { address: [0, 8, "63:6 start DPA"], lines: [8, 8, "Lines of 64 bytes"] } as const;

export const mediaErrorRecord = { length: 0x10, fields: { address: [0, 8, "63:6 DPA", { bits: { source: [2, 0, { unknown: 0, external: 1, internal: 2, injected: 3, vendor: 7 }] } }], lines: [8, 4, "Lines of 64 bytes"] } } as const satisfies PayloadLayout;

export const poisonCommands = {
  getPoisonList: {
    opcode: 0x4300, meaning: "Get Poison List", clause: "8.2.10.9.4.1", set: "poison", input: { length: 0x10, fields: { address: [0, 8, "63:6 start DPA", { bits: { restart: 0 } }], lines: [8, 8, "Lines of 64 bytes"] } },
    output: { length: 0x20, fields: { flags: [0, 1, "Flags", { bits: { moreRecords: 0, listOverflow: 1, scanInProgress: 2, restartAcknowledged: 3 } }], overflowTimestamp: [2, 8, "When records were first lost"], count: [0x0a, 2, "Records here"] }, items: mediaErrorRecord },
    effects: [], needsMedia: true, returns: ["mediaDisabled", "invalidPhysicalAddress"],
  },
  injectPoison: { opcode: 0x4301, meaning: "Inject Poison", clause: "8.2.10.9.4.2", set: "poison", input: { length: 8, fields: { address: [0, 8, "DPA, multiple of 64"] } }, output: none, effects: ["immediateData"], needsMedia: true, returns: ["invalidInput", "internalError", "mediaDisabled", "invalidPhysicalAddress", "poisonLimitReached"] },
  clearPoison: { opcode: 0x4302, meaning: "Clear Poison", clause: "8.2.10.9.4.3", set: "poison", input: { length: 0x48, fields: { address: [0, 8, "DPA, multiple of 64"], data: [8, 64, "Written there"] } }, output: none, effects: ["immediateData"], needsMedia: true, returns: ["invalidInput", "internalError", "mediaDisabled", "invalidPhysicalAddress"] },
  getScanCapabilities: { opcode: 0x4303, meaning: "Get Scan Media Capabilities", clause: "8.2.10.9.4.4", set: "scan", input: { length: 0x10, fields: range }, output: { length: 4, fields: { time: [0, 4, "Estimate, ms"] } }, effects: [], needsMedia: true, returns: ["invalidInput", "mediaDisabled", "invalidPhysicalAddress"] },
  scanMedia: { opcode: 0x4304, meaning: "Scan Media", clause: "8.2.10.9.4.5", set: "scan", input: { length: 0x11, fields: { ...range, flags: [0x10, 1, "Flags", { bits: { noEventRecords: 0 } }] } }, output: none, effects: ["background", "abortable"], needsMedia: true, returns: ["backgroundStarted", "invalidInput", "busy", "mediaDisabled", "invalidPhysicalAddress"] },
  getScanResults: {
    opcode: 0x4305, meaning: "Get Scan Media Results", clause: "8.2.10.9.4.6", set: "scan", input: none,
    output: { length: 0x20, fields: { restartAddress: [0, 8, "DPA to go on at"], restartLines: [8, 8, "Lines left"], flags: [0x10, 1, "Flags", { bits: { moreRecords: 0, stoppedEarly: 1 } }], count: [0x12, 2, "Records here"] }, items: mediaErrorRecord },
    effects: [], needsMedia: true, returns: ["mediaDisabled"],
  },
} as const satisfies Readonly<Record<string, CommandDeclaration>>;
