// Event logs and records (CXL 3.2 8.2.10.2.1; events.md 1 to 9). A record is 128 bytes: what all have in common, then 80 bytes of its kind.

import { healthFields, maintenanceClasses } from "./commands.ts";
import type { PayloadFields, PayloadLayout } from "./payload-schema.ts";

/** Order is the number of a log, its bit in the event status and its byte in the interrupt policy. */
export const eventLogs = ["informational", "warning", "failure", "fatal", "dynamicCapacity"] as const;
/** Name of an event log. */
export type EventLog = (typeof eventLogs)[number];

export const recordLength = 0x80;
const dataAt = 0x30;

/** Bits of `recordFields.flags` above the severity. */
export const recordFlags = { permanentCondition: 2, maintenanceNeeded: 3, performanceDegraded: 4, hardwareReplacementNeeded: 5, maintenanceSubclassValid: 6, logicalDeviceValid: 7, headValid: 8 } as const;

export const recordFields = {
  id: [0x00, 16, "UUID of the kind"], length: [0x10, 1, "Bytes of the record"], flags: [0x11, 3, "Flags", { bits: { severity: [1, 0], ...recordFlags } }],
  handle: [0x14, 2, "Not 0, unique in its log"], relatedHandle: [0x16, 2, "0: none"], timestamp: [0x18, 8, "ns since 1970-01-01 UTC; 0 before the clock is set"],
  maintenanceClass: [0x20, 1, "Class", { values: { none: 0, ...maintenanceClasses } }], maintenanceSubclass: [0x21, 1, "Subclass"], logicalDevice: [0x22, 2, "LD-ID"], head: [0x24, 1, "Head id"],
} as const satisfies PayloadFields;

const address = [dataAt, 8, "63:6 DPA", { bits: { volatile: 0, notRepairable: 1 } }] as const;
const memoryEvent = { address, descriptor: [0x38, 1, "What it was", { bits: { uncorrectable: 0, threshold: 1, poisonListOverflow: 2 } }], type: [0x39, 1, "Memory event type"], transactionType: [0x3a, 1, "What met it", { values: { unknown: 0, hostRead: 1, hostWrite: 2, scanMedia: 3, injectPoison: 4, mediaScrub: 5, mediaManagement: 6, errorCheckScrub: 7, mediaInitialization: 8 } }] } as const satisfies PayloadFields;

/** One kind of event record: what stands behind the fields that all records have. */
export interface EventRecordKind {
  /** Text form; stored in text order. */
  readonly uuid: string;
  readonly clause: string;
  readonly meaning: string;
  readonly fields: PayloadFields;
  /** Bits of `validity` by name. */
  readonly validity: Readonly<Record<string, number>>;
}

/** Every kind of event record by name. */
export const eventRecords = {
  generalMedia: {
    uuid: "fbcd0a77-c260-417f-85a9-088b1621eba6", clause: "8.2.10.2.1.1", meaning: "General media event",
    fields: { ...memoryEvent, validity: [0x3b, 2, "Validity"], channel: [0x3d, 1, "Channel"], rank: [0x3e, 1, "Rank"], device: [0x3f, 3, "Device mask"], component: [0x42, 16, "Component identifier"], thresholdFlags: [0x52, 1, "0 several components, 1 programmable threshold exceeded"], count: [0x53, 3, "Correctable errors at the event"], subType: [0x56, 1, "Memory event sub-type"] },
    validity: { channel: 0, rank: 1, device: 2, component: 3, componentFormat: 4 },
  },
  dram: {
    uuid: "601dcbb3-9c06-4eab-b8af-4e9bfb5c9624", clause: "8.2.10.2.1.2", meaning: "DRAM event",
    fields: {
      ...memoryEvent, validity: [0x3b, 2, "Validity"], channel: [0x3d, 1, "Channel"], rank: [0x3e, 1, "Rank"], nibbleMask: [0x3f, 3, "Nibble mask"], bankGroup: [0x42, 1, "Bank group"], bank: [0x43, 1, "Bank"], row: [0x44, 3, "Row"], column: [0x47, 2, "Column"], correctionMask: [0x49, 32, "Four 64-bit masks"],
      component: [0x69, 16, "Component identifier"], subChannel: [0x79, 1, "Sub-channel"], thresholdFlags: [0x7a, 1, "0 several components, 1 programmable threshold exceeded"], count: [0x7b, 3, "Correctable volatile errors at the event"], subType: [0x7e, 1, "Memory event sub-type"],
    },
    validity: { channel: 0, rank: 1, nibbleMask: 2, bankGroup: 3, bank: 4, row: 5, column: 6, correctionMask: 7, component: 8, componentFormat: 9, subChannel: 10 },
  },
  memoryModule: {
    uuid: "fe927475-dd59-4339-a586-79bab113b774", clause: "8.2.10.2.1.3", meaning: "Memory module event",
    fields: {
      type: [dataAt, 1, "What changed", { values: { healthStatus: 0, mediaStatus: 1, lifeUsed: 2, temperature: 3, dataPathError: 4, labelAreaError: 5, sidebandError: 6, fruError: 7, powerManagementFault: 8 } }],
      ...(Object.fromEntries(Object.entries(healthFields).map(([name, [offset, bytes, meaning]]) => [name, [dataAt + 1 + offset, bytes, meaning]])) as unknown as { readonly [K in keyof typeof healthFields]: readonly [number, number, string] }),
      validity: [0x43, 2, "Validity"], component: [0x45, 16, "Component identifier"], subType: [0x55, 1, "Device event sub-type"],
    },
    validity: { component: 0, componentFormat: 1 },
  },
  memorySparing: {
    uuid: "e71f3a40-2d29-4092-8a39-4d1c966c7c65", clause: "8.2.10.2.1.4", meaning: "Memory sparing event",
    fields: {
      class: [dataAt, 1, "Maintenance operation class"], subclass: [0x31, 1, "Maintenance operation subclass"], operation: [0x32, 1, "Flags", { bits: { queryResources: 0, hardSparing: 1, deviceInitiated: 2, atBoot: 3 } }], result: [0x33, 1, "How it ended", { values: { success: 0, resourcesExhausted: 1, failure: 0xff } }], validity: [0x34, 2, "Validity"],
      available: [0x3c, 2, "Spare resources available"], channel: [0x3e, 1, "Channel"], rank: [0x3f, 1, "Rank"], nibbleMask: [0x40, 3, "Nibble mask"], bankGroup: [0x43, 1, "Bank group"], bank: [0x44, 1, "Bank"], row: [0x45, 3, "Row"], column: [0x48, 2, "Column"], component: [0x4a, 16, "Component identifier"], subChannel: [0x5a, 1, "Sub-channel"],
    },
    validity: { channel: 0, rank: 1, nibbleMask: 2, bankGroup: 3, bank: 4, row: 5, column: 6, component: 7, componentFormat: 8, subChannel: 9 },
  },
  dynamicCapacity: {
    uuid: "ca95afa7-f183-4018-8c2f-95268e101a2a", clause: "8.2.10.2.1.6", meaning: "Dynamic capacity event",
    fields: {
      type: [dataAt, 1, "What is asked", { values: { add: 0, release: 1, forcedRelease: 2, regionUpdated: 3, addResponse: 4, released: 5 } }], validity: [0x31, 1, "Bit 0: host id valid"], host: [0x32, 2, "Host id"], region: [0x34, 1, "Region updated"], more: [0x35, 1, "Records of this request", { bits: { follow: 0 } }],
      address: [0x38, 8, "Start DPA, bytes"], bytes: [0x40, 8, "Bytes"], tag: [0x48, 16, "Tag"], sequence: [0x58, 2, "Shared extent sequence"], extentsAvailable: [0x78, 4, "Extents available"], tagsAvailable: [0x7c, 4, "Tags available"],
    },
    validity: { host: 0 },
  },
} as const satisfies Readonly<Record<string, EventRecordKind>>;

/** Name of a kind of event record. */
export type EventRecordName = keyof typeof eventRecords;

/** Layout of a whole record of a kind. */
export const recordLayout = (kind: EventRecordName): PayloadLayout => ({ length: recordLength, fields: { ...recordFields, ...eventRecords[kind].fields } });
