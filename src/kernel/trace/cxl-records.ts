// Trace lines from the bytes of event records, field for field as Linux 7.2 prints them (events.md 2 to 7; trace-formats of the captures).

import type { EventRecordName } from "../../../registers/events.ts";
import { eventRecords, recordFields, recordLength } from "../../../registers/events.ts";
import { payloadBig, payloadBytes, payloadNumber, uuidText } from "../../platform/payload.ts";
import {
  addressFlagNames, componentNames, descriptorNames, dramTypes, dramValidity, generalMediaTypes, generalMediaValidity, healthNames, logNames, mediaStates, memorySubTypes, moduleSubTypes, moduleTypes, moduleValidity,
  recordFlagNames, sparingFlagNames, sparingValidity, statusNames, thresholdNames, transactionTypes,
} from "./cxl-names.ts";
import { printBytes, printFlags, printSigned, printSymbol } from "./format.ts";
import type { CxlEvent } from "./ring.ts";

/** Whose record it is. */
export interface TracedDevice {
  readonly memdev: string;
  /** The PCI function. */
  readonly host: string;
  readonly serial: bigint;
}

/** Where a DPA lies at the moment of tracing; null: in no region. */
export interface TracedPlace {
  readonly region: string;
  /** "": none. */
  readonly uuid: string;
  readonly hpa: bigint;
}

/** What an address that no region maps prints as. */
export const noAddress = (1n << 64n) - 1n;
export const noUuid = "00000000-0000-0000-0000-000000000000";
/** Low bits of an address field are flags. */
export const addressMask = ~0x3fn;
const addressFlagMask = 3n;
/** Data of a record whose kind the kernel does not know: behind what all records have. */
const dataAt = recordLength - 80;

const kinds: Readonly<Record<Exclude<EventRecordName, "dynamicCapacity">, CxlEvent>> = { generalMedia: "cxl_general_media", dram: "cxl_dram", memoryModule: "cxl_memory_module", memorySparing: "cxl_memory_sparing" };

/** The event that a record becomes, by its UUID. */
export function eventOfRecord(record: Uint8Array): CxlEvent {
  const uuid = uuidText(payloadBytes(record, recordFields.id));
  for (const [kind, event] of Object.entries(kinds)) if (eventRecords[kind as keyof typeof kinds].uuid === uuid) return event;
  return "cxl_generic_event";
}

export const hasAddress = (event: CxlEvent): boolean => event === "cxl_general_media" || event === "cxl_dram";
/** DPA of a general media or DRAM record. */
export const recordAddress = (record: Uint8Array): bigint => payloadBig(record, eventRecords.dram.fields.address) & addressMask;

const host = (device: TracedDevice): string => `memdev=${device.memdev} host=${device.host} serial=${printSigned(device.serial)}`;

function header(device: TracedDevice, log: number, record: Uint8Array): string {
  const number = (name: Exclude<keyof typeof recordFields, "id" | "timestamp">): number => payloadNumber(record, recordFields[name]);
  return [
    `${host(device)} log=${printSymbol(log, logNames)} : time=${payloadBig(record, recordFields.timestamp)} uuid=${uuidText(payloadBytes(record, recordFields.id))} len=${number("length")}`,
    `flags='${printFlags(number("flags"), " | ", recordFlagNames)}' handle=${number("handle").toString(16)} related_handle=${number("relatedHandle").toString(16)}`,
    `maint_op_class=${number("maintenanceClass")} maint_op_sub_class=${number("maintenanceSubclass")} ld_id=${number("logicalDevice").toString(16)} head_id=${number("head").toString(16)} : `,
  ].join(" ");
}

/** Component identifier: raw, and in parts where it has the PLDM form. Bits are those of the record's validity flags. */
function component(bytes: Uint8Array, validity: number, bits: { readonly component: number; readonly componentFormat: number }): string {
  const flags = bytes[0] ?? 0;
  const isPldm = ((validity >>> bits.component) & (validity >>> bits.componentFormat) & 1) === 1;
  const part = (bit: number, from: number, to: number): string => (isPldm && ((flags >>> bit) & 1) === 1 ? printBytes(bytes.subarray(from, to)) : "0x00");
  return `comp_id=${printBytes(bytes)} comp_id_pldm_valid_flags='${printFlags(flags, " | ", componentNames)}' pldm_entity_id=${part(0, 1, 7)} pldm_resource_id=${part(1, 7, 11)}`;
}

function place(found: TracedPlace | null): string {
  return `hpa=${(found?.hpa ?? noAddress).toString(16)} hpa_alias0=${noAddress.toString(16)} region=${found?.region ?? ""} region_uuid=${found === null || found.uuid === "" ? noUuid : found.uuid}`;
}

function address(record: Uint8Array, types: Readonly<Record<number, string>>, subType: number): string {
  const { fields } = eventRecords.dram;
  const raw = payloadBig(record, fields.address);
  const number = (name: "descriptor" | "type" | "transactionType"): number => payloadNumber(record, fields[name]);
  return [
    `dpa=${(raw & addressMask).toString(16)} dpa_flags='${printFlags(Number(raw & addressFlagMask), "|", addressFlagNames)}' descriptor='${printFlags(number("descriptor"), "|", descriptorNames)}'`,
    `type='${printSymbol(number("type"), types)}' sub_type='${printSymbol(subType, memorySubTypes)}' transaction_type='${printSymbol(number("transactionType"), transactionTypes)}'`,
  ].join(" ");
}

function generalMedia(record: Uint8Array, found: TracedPlace | null): string {
  const { fields, validity: bits } = eventRecords.generalMedia;
  const number = (name: "channel" | "rank" | "device" | "validity" | "thresholdFlags" | "count" | "subType"): number => payloadNumber(record, fields[name]);
  return [
    address(record, generalMediaTypes, number("subType")),
    `channel=${number("channel")} rank=${number("rank")} device=${number("device").toString(16)} validity_flags='${printFlags(number("validity"), "|", generalMediaValidity)}'`,
    component(payloadBytes(record, fields.component), number("validity"), bits),
    place(found),
    `cme_threshold_ev_flags='${printFlags(number("thresholdFlags"), "|", thresholdNames)}' cme_count=${number("count")}`,
  ].join(" ");
}

function dram(record: Uint8Array, found: TracedPlace | null): string {
  const { fields, validity: bits } = eventRecords.dram;
  const number = (name: Exclude<keyof typeof fields, "address" | "component" | "correctionMask">): number => payloadNumber(record, fields[name]);
  return [
    address(record, dramTypes, number("subType")),
    `channel=${number("channel")} rank=${number("rank")} nibble_mask=${number("nibbleMask").toString(16)} bank_group=${number("bankGroup")} bank=${number("bank")} row=${number("row")} column=${number("column")}`,
    `cor_mask=${printBytes(payloadBytes(record, fields.correctionMask))} validity_flags='${printFlags(number("validity"), "|", dramValidity)}'`,
    component(payloadBytes(record, fields.component), number("validity"), bits),
    place(found),
    `sub_channel=${number("subChannel")} cme_threshold_ev_flags='${printFlags(number("thresholdFlags"), "|", thresholdNames)}' cvme_count=${number("count")}`,
  ].join(" ");
}

function memoryModule(record: Uint8Array): string {
  const { fields, validity: bits } = eventRecords.memoryModule;
  const number = (name: Exclude<keyof typeof fields, "component">): number => payloadNumber(record, fields[name]);
  const status = (shift: number, bitsOf: number): string => printSymbol((number("additionalStatus") >>> shift) & bitsOf, statusNames);
  return [
    `event_type='${printSymbol(number("type"), moduleTypes)}' event_sub_type='${printSymbol(number("subType"), moduleSubTypes)}' health_status='${printFlags(number("healthStatus"), "|", healthNames)}'`,
    `media_status='${printSymbol(number("mediaStatus"), mediaStates)}' as_life_used=${status(0, 3)} as_dev_temp=${status(2, 3)} as_cor_vol_err_cnt=${status(4, 1)} as_cor_per_err_cnt=${status(5, 1)}`,
    `life_used=${number("lifeUsed")} device_temp=${(number("temperature") << 16) >> 16} dirty_shutdown_cnt=${number("dirtyShutdownCount")} cor_vol_err_cnt=${number("correctedVolatileCount")} cor_per_err_cnt=${number("correctedPersistentCount")}`,
    `validity_flags='${printFlags(number("validity"), "|", moduleValidity)}' ${component(payloadBytes(record, fields.component), number("validity"), bits)}`,
  ].join(" ");
}

function memorySparing(record: Uint8Array): string {
  const { fields, validity: bits } = eventRecords.memorySparing;
  const number = (name: Exclude<keyof typeof fields, "component">): number => payloadNumber(record, fields[name]);
  return [
    `flags='${printFlags(number("operation"), "|", sparingFlagNames)}' result=${number("result")} validity_flags='${printFlags(number("validity"), "|", sparingValidity)}' spare resource avail=${number("available")}`,
    `channel=${number("channel")} rank=${number("rank")} nibble_mask=${number("nibbleMask").toString(16)} bank_group=${number("bankGroup")} bank=${number("bank")} row=${number("row")} column=${number("column")} sub_channel=${number("subChannel")}`,
    component(payloadBytes(record, fields.component), number("validity"), bits),
  ].join(" ");
}

function body(event: CxlEvent, record: Uint8Array, found: TracedPlace | null): string {
  if (event === "cxl_general_media") return generalMedia(record, found);
  if (event === "cxl_dram") return dram(record, found);
  if (event === "cxl_memory_module") return memoryModule(record);
  if (event === "cxl_memory_sparing") return memorySparing(record);
  return printBytes(record.subarray(dataAt, recordLength));
}

/** Text of a record of `log` behind the event's name; `found`: where its address lies. */
export function formatRecord(device: TracedDevice, log: number, record: Uint8Array, found: TracedPlace | null): string {
  return header(device, log, record) + body(eventOfRecord(record), record, found);
}
