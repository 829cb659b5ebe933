// Firmware that handles errors first (POL-MCESRC): a HEST with two generic error sources, one that a processor's check is told by and one with an SCI, and the
// records that it leaves in their status blocks (ACPI 6.5 18.3.2.7, UEFI 2.10 appendix N).

import type { ErrorSeverity } from "../../registers/error-records.ts";
import {
  dataEntryFields, dataEntryLength, dataEntryRevision, errorNotifications, errorSeverities, genericSourceFields, genericSourceLength, genericSourceType, hestFields, hestSourcesAt, memorySection, statusBlockFields, statusBlockLength, thresholdFlag,
} from "../../registers/error-records.ts";
import { encodeFields, guidFrom } from "../platform/payload.ts";
import type { FirmwareCheck, FirmwareErrors } from "../platform/platform.ts";

/** A section of a record. */
export interface ErrorSection {
  /** GUID of its type, in text. */
  readonly type: string;
  readonly severity: ErrorSeverity;
  readonly bytes: Uint8Array;
  /** So many corrected errors came that software should act. */
  readonly isThreshold?: boolean;
}

/** What the sources need of the machine. */
export interface ErrorMemory {
  writeRam(address: bigint, bytes: Uint8Array): void;
  readonly platform: { readonly memory: { load(address: bigint, width: 4): { readonly value: bigint } } };
}

const sourceIds = { check: 0, sci: 1 } as const;
/** Firmware's own memory below the first MiB: for each source the address of its block, then the block. */
const areaAt = 0xf_0000n;
const areaBytes = 0x2000n;
const blockOffset = 64n;
const blockBytes = 4096;
const mostSections = 32;

const areaOf = (id: number): bigint => areaAt + BigInt(id) * areaBytes;
const blockOf = (id: number): bigint => areaOf(id) + blockOffset;

function sourceEntry(id: number, notification: number): Uint8Array {
  const bytes = new Uint8Array(genericSourceLength);
  const memory = { addressSpace: 0, addressWidth: 64, addressAccess: 4, address: areaOf(id) };
  encodeFields(bytes, genericSourceFields, { type: genericSourceType, id, related: 0xffff, enabled: 1, records: 1, sections: mostSections, rawLength: 0, ...memory, notification, notificationLength: 28, blockLength: blockBytes });
  return bytes;
}

/** Body of the HEST, behind the header. */
export function hestBody(): Uint8Array {
  const entries = [sourceEntry(sourceIds.check, errorNotifications.machineCheck), sourceEntry(sourceIds.sci, errorNotifications.sci)];
  const body = new Uint8Array(hestSourcesAt + entries.length * genericSourceLength);
  encodeFields(body, hestFields, { count: entries.length });
  for (const [index, entry] of entries.entries()) body.set(entry, hestSourcesAt + index * genericSourceLength);
  return body;
}

/** What the address registers of the sources hold. */
export function placeSources(memory: ErrorMemory): void {
  for (const id of Object.values(sourceIds)) {
    const bytes = new Uint8Array(Number(blockOffset));
    new DataView(bytes.buffer).setBigUint64(0, blockOf(id), true);
    memory.writeRam(areaOf(id), bytes);
  }
}

const graver = (a: ErrorSeverity, b: ErrorSeverity): ErrorSeverity => {
  const order: readonly ErrorSeverity[] = ["fatal", "recoverable", "corrected", "none"];
  return order.indexOf(a) <= order.indexOf(b) ? a : b;
};

function entryOf({ type, severity, bytes, isThreshold }: ErrorSection): Uint8Array {
  const entry = new Uint8Array(dataEntryLength + bytes.length);
  encodeFields(entry, dataEntryFields, { type: guidFrom(type), severity: errorSeverities[severity], revision: dataEntryRevision, flags: isThreshold === true ? thresholdFlag : 0, length: bytes.length });
  entry.set(bytes, dataEntryLength);
  return entry;
}

/** A generic error status block. @throws RangeError more sections than a block holds */
export function statusBlock(sections: readonly ErrorSection[]): Uint8Array {
  const entries = sections.map(entryOf);
  const dataLength = entries.reduce((sum, entry) => sum + entry.length, 0);
  if (sections.length > mostSections || statusBlockLength + dataLength > blockBytes) throw new RangeError(`${sections.length} sections of ${dataLength} bytes do not fit a status block of ${blockBytes} bytes`);
  const severity = sections.map((section) => section.severity).reduce(graver, "none");
  const { uncorrectable, correctable, entries: [, entriesAt] } = statusBlockFields.status[3].bits;
  const block = new Uint8Array(statusBlockLength + dataLength);
  encodeFields(block, statusBlockFields, { status: (severity === "corrected" ? 1 << correctable : 1 << uncorrectable) | (sections.length << entriesAt), dataLength, severity: errorSeverities[severity] });
  let at = statusBlockLength;
  for (const entry of entries) {
    block.set(entry, at);
    at += entry.length;
  }
  return block;
}

/** A platform memory error; without an address nobody knows the page. */
export function memoryError(severity: ErrorSeverity, address: bigint | null, isThreshold = false): ErrorSection {
  const { validity, fields, length, guid } = memorySection;
  const bytes = new Uint8Array(length);
  if (address !== null) encodeFields(bytes, fields, { validation: (1n << BigInt(validity.address)) | (1n << BigInt(validity.addressMask)), address, addressMask: ~0x3fn & 0xffff_ffff_ffff_ffffn });
  return { type: guid, severity, bytes, isThreshold };
}

export interface ErrorSources extends FirmwareErrors {
  /** Something that firmware noticed by itself: a record for the source with the SCI. Records wait for each other until the system has taken the one before. */
  report(sections: readonly ErrorSection[]): void;
}

/** @param time virtual ns that every processor spends in firmware for a check */
export function createErrorSources(memory: ErrorMemory, time: number): ErrorSources {
  const waiting: Uint8Array[] = [];
  const isFree = (): boolean => memory.platform.memory.load(blockOf(sourceIds.sci), 4).value === 0n;
  return {
    takeCheck: ({ address, isFatal, isActionRequired }: FirmwareCheck) => {
      const section = memoryError(isFatal ? "fatal" : "recoverable", address);
      if (isActionRequired || isFatal) memory.writeRam(blockOf(sourceIds.check), statusBlock([section]));
      else waiting.push(statusBlock([section]));
      return time;
    },
    takeNotify: () => {
      if (waiting.length === 0 || !isFree()) return undefined;
      memory.writeRam(blockOf(sourceIds.sci), waiting.shift() ?? new Uint8Array());
      return sourceIds.sci;
    },
    report: (sections) => void waiting.push(statusBlock(sections)),
  };
}
