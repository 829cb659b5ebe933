// Features (CXL 3.2 8.2.10.6; mailbox.md 9), and the logs of Get Log (mailbox.md 2). Order is the index of a feature.

import type { PayloadFields } from "./payload-schema.ts";

/** A feature of Get Feature and Set Feature. */
export interface FeatureDeclaration {
  readonly uuid: string;
  readonly meaning: string;
  /** Readable and writable bytes. */
  readonly readable: { readonly length: number; readonly fields: PayloadFields };
  readonly writable: { readonly length: number; readonly fields: PayloadFields };
  /** Readable data after a reset, by field; 0 where not named. */
  readonly initial: Readonly<Record<string, number>>;
  /** Fields of the readable data that a write of the writable field of the name sets, with the bits taken. */
  readonly takes: Readonly<Record<string, { readonly field: string; readonly mask: number }>>;
  readonly version: number;
  /** Command effects of Set Feature, as bits. */
  readonly effects: number;
}

/** Immediate configuration change, CEL[11:10] valid. */
const policyEffects = 0x0200 | 0x0002;

const repairHeader = { latency: [0, 1, "Maximum operation latency"], capabilities: [1, 2, "Bit 0: device initiated"], mode: [3, 2, "Bit 0: device initiated"], class: [5, 1, "Maintenance class"], subclass: [6, 1, "Maintenance subclass"] } as const;
const repair = (uuid: string, meaning: string, subclass: number): FeatureDeclaration => ({
  uuid, meaning, version: 2, effects: policyEffects,
  readable: { length: 0x14, fields: { ...repairHeader, flags: [0x10, 1, "0 DPA, 1 nibble mask, 2 sparing event record, 3 device-initiated at boot"], restriction: [0x11, 2, "0 media not accessible, 2 data not retained"], bootMode: [0x13, 1, "0 event record enable, 1 device-initiated at boot enable"] } },
  writable: { length: 3, fields: { mode: [0, 2, "Bit 0: device initiated"], bootMode: [2, 1, "As readable"] } },
  initial: { class: 1, subclass, flags: 1 | 2 },
  takes: { mode: { field: "mode", mask: 0 }, bootMode: { field: "bootMode", mask: 3 } },
});
const sparing = (uuid: string, meaning: string, subclass: number): FeatureDeclaration => ({
  uuid, meaning, version: 1, effects: policyEffects,
  readable: { length: 0x13, fields: { ...repairHeader, restriction: [0x11, 2, "0 not safe in use, 1 hard sparing supported, 2 soft sparing supported"] } },
  writable: { length: 2, fields: { mode: [0, 2, "Bit 0: device initiated"] } },
  initial: { class: 2, subclass, restriction: 2 | 4 },
  takes: { mode: { field: "mode", mask: 0 } },
});

/** Thresholds of an error check scrub, and what else a scrub is told. */
const scrub = { bits: { threshold: [2, 0, { at256: 3, at1024: 4, at4096: 5 }], mode: 3, resetCounter: 4 } } as const;

/** Every feature by name; the order is the index in Get Supported Features. */
export const features = {
  patrolScrub: {
    uuid: "96dad7d6-fde8-482b-a733-75774e06db8a", meaning: "Patrol scrub control", version: 1, effects: policyEffects,
    readable: { length: 4, fields: { capability: [0, 1, "0 cycle changeable, 1 realtime reporting"], cycle: [1, 1, "Current cycle, hours"], least: [2, 1, "Shortest cycle, hours"], flags: [3, 1, "Bit 0: enabled"] } },
    writable: { length: 2, fields: { cycle: [0, 1, "Cycle, hours"], flags: [1, 1, "Bit 0: enable"] } },
    initial: { capability: 1 | 2, cycle: 12, least: 1, flags: 1 },
    takes: { cycle: { field: "cycle", mask: 0xff }, flags: { field: "flags", mask: 1 } },
  },
  errorCheckScrub: {
    uuid: "e5b13f22-2328-4a14-b8ba-b9691e893386", meaning: "DDR5 error check scrub", version: 1, effects: policyEffects,
    readable: { length: 5, fields: { logCapability: [0, 1, "Log", { bits: { entryType: [1, 0, { dram: 0, fru: 1 }] } }], capability: [1, 1, "Bit 0: realtime"], configuration: [2, 2, "Configuration", scrub], flags: [4, 1, "What is in force", { bits: { threshold: [2, 0] } }] } },
    writable: { length: 3, fields: { logCapability: [0, 1, "Log, as readable"], configuration: [1, 2, "Configuration", scrub] } },
    initial: { logCapability: 1, capability: 1, configuration: 3, flags: 3 },
    takes: { logCapability: { field: "logCapability", mask: 3 }, configuration: { field: "configuration", mask: 0x1f } },
  },
  softRepair: repair("892ba475-fad8-474e-9d3e-692c917568bb", "Soft post package repair", 0),
  hardRepair: repair("80ea4521-786f-4127-afb1-ec7459fb0e24", "Hard post package repair", 1),
  cachelineSparing: sparing("96c33386-91dd-44c7-9ecb-fdaf6503bac4", "Cacheline sparing", 0),
  rowSparing: sparing("450ebf67-b135-4f97-a498-c2d57f279bed", "Row sparing", 1),
  bankSparing: sparing("78b79636-90ac-4b64-a4ef-faac5d18a863", "Bank sparing", 2),
  rankSparing: sparing("34dbaff5-0552-4281-8f76-da0b5e7a76a7", "Rank sparing", 3),
} as const satisfies Readonly<Record<string, FeatureDeclaration>>;

/** Name of a feature. */
export type FeatureName = keyof typeof features;

/** Logs of Get Log, in order of Get Supported Logs. */
export const deviceLogs = {
  commandEffects: { uuid: "0da9c0b5-bf41-4b78-8f79-96b1623b3f17", meaning: "Command Effects Log: 4 bytes a command, opcode and effects" },
  vendorDebug: { uuid: "5e1819d9-11a9-400c-811f-d60719403d86", meaning: "Vendor debug log: populated on request, what the device did last" },
} as const satisfies Readonly<Record<string, { readonly uuid: string; readonly meaning: string }>>;
