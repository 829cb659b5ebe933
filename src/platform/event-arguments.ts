// What can be said of an injected event: argument names and meaning are those of QEMU's commands cxl-inject-*-event, so that scripts carry over.
// Each argument names the field of the record that it fills (CXL 3.2 8.2.10.2.1) and the validity bit that it sets.

import type { EventRecordName } from "../../registers/events.ts";
import { recordFlags } from "../../registers/events.ts";

export interface EventArgument {
  /** Field of the record in registers/events.ts. */
  readonly field: string;
  readonly isRequired?: true;
  /** What a value looks like; absent: an unsigned number of the field's width. */
  readonly form?: "signed" | "text" | "numbers";
  /** Validity bit of the record that it sets. */
  readonly validity?: string;
  /** Flag of the common part that it sets. */
  readonly flag?: keyof typeof recordFlags;
  /** Bits of the memory event descriptor that it sets. */
  readonly descriptor?: number;
}
export type EventArguments = Readonly<Record<string, EventArgument>>;

/** Kinds of records that are injected by their arguments; dynamic capacity has its own. */
export type InjectedEvent = Exclude<EventRecordName, "dynamicCapacity">;

const thresholdEvent = 1 << 1;

const common = {
  flags: { field: "flags", isRequired: true },
  "maint-op-class": { field: "maintenanceClass" },
  "maint-op-subclass": { field: "maintenanceSubclass", flag: "maintenanceSubclassValid" },
  "ld-id": { field: "logicalDevice", flag: "logicalDeviceValid" },
  "head-id": { field: "head", flag: "headValid" },
} as const satisfies EventArguments;

const memory = {
  dpa: { field: "address", isRequired: true },
  descriptor: { field: "descriptor", isRequired: true },
  type: { field: "type", isRequired: true },
  "transaction-type": { field: "transactionType", isRequired: true },
} as const satisfies EventArguments;

const channelAndRank = { channel: { field: "channel", validity: "channel" }, rank: { field: "rank", validity: "rank" } } as const satisfies EventArguments;
const cells = {
  "nibble-mask": { field: "nibbleMask", validity: "nibbleMask" },
  "bank-group": { field: "bankGroup", validity: "bankGroup" },
  bank: { field: "bank", validity: "bank" },
  row: { field: "row", validity: "row" },
  column: { field: "column", validity: "column" },
} as const satisfies EventArguments;
const component = { "component-id": { field: "component", form: "text", validity: "component" } } as const satisfies EventArguments;
const subType = { "sub-type": { field: "subType" } } as const satisfies EventArguments;
const thresholdFlags = { "cme-ev-flags": { field: "thresholdFlags" } } as const satisfies EventArguments;

export const eventArguments = {
  generalMedia: { ...common, ...memory, ...channelAndRank, device: { field: "device", validity: "device" }, ...component, ...thresholdFlags, "cme-count": { field: "count", descriptor: thresholdEvent }, ...subType },
  dram: {
    ...common, ...memory, ...channelAndRank, ...cells, "correction-mask": { field: "correctionMask", form: "numbers", validity: "correctionMask" }, ...component,
    "sub-channel": { field: "subChannel", validity: "subChannel" }, ...thresholdFlags, "cvme-count": { field: "count", descriptor: thresholdEvent }, ...subType,
  },
  memoryModule: {
    ...common, type: { field: "type", isRequired: true }, "health-status": { field: "healthStatus", isRequired: true }, "media-status": { field: "mediaStatus", isRequired: true }, "additional-status": { field: "additionalStatus", isRequired: true },
    "life-used": { field: "lifeUsed", isRequired: true }, temperature: { field: "temperature", form: "signed", isRequired: true }, "dirty-shutdown-count": { field: "dirtyShutdownCount", isRequired: true },
    "corrected-volatile-error-count": { field: "correctedVolatileCount", isRequired: true }, "corrected-persistent-error-count": { field: "correctedPersistentCount", isRequired: true }, ...component, ...subType,
  },
  /** QEMU has no command for it; the names follow those of the others. */
  memorySparing: {
    ...common, operation: { field: "operation" }, result: { field: "result", isRequired: true }, "spare-resources": { field: "available" }, ...channelAndRank, ...cells, ...component, "sub-channel": { field: "subChannel", validity: "subChannel" },
  },
} as const satisfies Readonly<Record<InjectedEvent, EventArguments>>;

/** Says that the component identifier is in PLDM format; with `component-id` only. */
export const componentFormat = "is-comp-id-pldm";
