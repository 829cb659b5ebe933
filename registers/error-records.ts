// Error records of firmware: HEST's generic error source, the generic error status block it points at, and the sections a record has (ACPI 6.5 18.3.2.7 to
// 18.3.2.8, UEFI 2.10 appendix N). Little endian, packed; a section's type is a GUID.

import type { PayloadFields } from "./payload-schema.ts";

/** Types of error sources that are used here. */
export const genericSourceType = 9;
/** How a source notifies (18.3.2.9). */
export const errorNotifications = { polled: 0, sci: 3, nmi: 4, machineCheck: 6 } as const;

/** HEST behind its header: the count, then sources. */
export const hestFields = { count: [0, 4, "Error sources"] } as const satisfies PayloadFields;
export const hestSourcesAt = 4;

export const genericSourceLength = 64;
export const genericSourceFields = {
  type: [0, 2, "Type of the source"], id: [2, 2, "Source id"], related: [4, 2, "Related source; 0xffff: none"], flags: [6, 1, "Flags"], enabled: [7, 1, "1: enabled"], records: [8, 4, "Records to allocate"], sections: [12, 4, "Most sections of a record"],
  rawLength: [16, 4, "Most raw bytes"], addressSpace: [20, 1, "0: memory"], addressWidth: [21, 1, "Bits"], addressOffset: [22, 1, "Bit offset"], addressAccess: [23, 1, "Access size"], address: [24, 8, "Where the address of the status block stands"],
  notification: [32, 1, "How it notifies", { values: errorNotifications }], notificationLength: [33, 1, "Bytes of the notification structure"], blockLength: [60, 4, "Bytes of the status block"],
} as const satisfies PayloadFields;

export const statusBlockLength = 20;
export const statusBlockFields = {
  status: [0, 4, "What it holds", { bits: { uncorrectable: 0, correctable: 1, severalUncorrectable: 2, severalCorrectable: 3, entries: [13, 4] } }], rawOffset: [4, 4, "Raw data"], rawLength: [8, 4, "Raw bytes"], dataLength: [12, 4, "Bytes of entries"], severity: [16, 4, "Gravest of its entries"],
} as const satisfies PayloadFields;

export const errorSeverities = { recoverable: 0, fatal: 1, corrected: 2, none: 3 } as const;
export type ErrorSeverity = keyof typeof errorSeverities;

export const dataEntryLength = 72;
export const dataEntryFields = {
  type: [0, 16, "Section type"], severity: [16, 4, "Severity", { values: errorSeverities }], revision: [20, 2, "Revision"], validation: [22, 1, "Validation bits"], flags: [23, 1, "Flags", { bits: { primary: 0, thresholdExceeded: 3 } }], length: [24, 4, "Bytes of the section"], timestamp: [64, 8, "Time"],
} as const satisfies PayloadFields;
export const dataEntryRevision = 0x300;
/** CPER_SEC_ERROR_THRESHOLD_EXCEEDED. */
export const thresholdFlag = 8;

/** Platform memory error (N.2.5). */
export const memorySection = {
  guid: "a5bc1114-6f64-4ede-b863-3e83ed7c83b1", length: 80, validity: { errorStatus: 0, address: 1, addressMask: 2, errorType: 14 },
  fields: { validation: [0, 8, "Validation bits"], errorStatus: [8, 8, "Error status"], address: [16, 8, "Physical address"], addressMask: [24, 8, "Bits of it that are good"], errorType: [72, 1, "Memory error type"] },
} as const satisfies { readonly guid: string; readonly length: number; readonly validity: Readonly<Record<string, number>>; readonly fields: PayloadFields };

/** CPER_SEC_RESET: firmware has reset the component. */
export const resetFlag = 4;

/** PCI Express error (N.2.7), its AER registers at the end. */
export const pcieSection = {
  guid: "d995e954-bbc1-430f-ad91-b44dcb3c6f35", length: 208, validity: { device: 3, registers: 7 },
  fields: {
    validation: [0, 8, "Validation bits"], function: [31, 1, "Function"], device: [32, 1, "Device"], segment: [33, 2, "Segment"], bus: [35, 1, "Bus"],
    uncorrectableStatus: [116, 4, "Uncorrectable status"], uncorrectableMask: [120, 4, "Uncorrectable mask"], correctableStatus: [128, 4, "Correctable status"], correctableMask: [132, 4, "Correctable mask"], control: [136, 4, "Capabilities and control"],
  },
} as const satisfies { readonly guid: string; readonly length: number; readonly validity: Readonly<Record<string, number>>; readonly fields: PayloadFields };

/** CXL protocol error (N.2.13): the agent, then its DVSEC, then its RAS registers. */
export const protocolSection = {
  guid: "80b9efb4-52b5-4de3-a777-68784b771048", length: 116,
  agents: { restrictedDevice: 0, restrictedPort: 1, device: 2, logicalDevice: 3, managedLogicalDevice: 4, rootPort: 5, downstreamPort: 6, upstreamPort: 7 },
  fields: {
    validation: [0, 8, "Validation bits"], agent: [8, 1, "Type of the agent"], function: [16, 1, "Function"], device: [17, 1, "Device"], bus: [18, 1, "Bus"], segment: [19, 2, "Segment"], serial: [40, 8, "Serial number"], dvsecLength: [108, 2, "Bytes of the DVSEC"], logLength: [110, 2, "Bytes of the RAS registers"],
  },
} as const satisfies { readonly guid: string; readonly length: number; readonly agents: Readonly<Record<string, number>>; readonly fields: PayloadFields };

/** RAS registers as a protocol error's log has them. */
export const protocolLogFields = {
  uncorrectableStatus: [0, 4, "Uncorrectable status"], uncorrectableMask: [4, 4, "Uncorrectable mask"], uncorrectableSeverity: [8, 4, "Uncorrectable severity"], correctableStatus: [12, 4, "Correctable status"], correctableMask: [16, 4, "Correctable mask"], control: [20, 4, "Capabilities and control"],
} as const satisfies PayloadFields;
export const protocolLogLength = 88;

/** CXL component event (N.2.14): whose it is, then the event record without its UUID, which is the section's type. */
export const componentSectionLength = 32;
export const componentSectionFields = {
  length: [0, 4, "Bytes"], validation: [4, 8, "Validation bits"], function: [16, 1, "Function"], device: [17, 1, "Device"], bus: [18, 1, "Bus"], segment: [19, 2, "Segment"], serial: [24, 8, "Serial number"],
} as const satisfies PayloadFields;
