// Trace lines of the system `cxl` that come from no event record: overflow of a log, media errors, protocol errors.

import { printSigned, printFlags, printSymbol } from "./format.ts";
import { correctableNames, logNames, poisonFlagNames, poisonSources, uncorrectableNames } from "./cxl-names.ts";
import type { TracedDevice, TracedPlace } from "./cxl-records.ts";
import { addressMask, noAddress, noUuid } from "./cxl-records.ts";

const names = (device: TracedDevice): string => `memdev=${device.memdev} host=${device.host}`;
const subject = (device: TracedDevice): string => `${names(device)} serial=${printSigned(device.serial)}`;

/** Timestamps are the device's, ns since 1970. */
export function formatOverflow(device: TracedDevice, log: number, lost: { readonly count: number; readonly first: bigint; readonly last: bigint }): string {
  return `${subject(device)}: log=${printSymbol(log, logNames)} : ${lost.count} records from ${lost.first} to ${lost.last}`;
}

/** A media error as the poison list, an injection or a clearing gives it. */
export interface TracedPoison {
  readonly kind: "List" | "Inject" | "Clear";
  /** As in the list: source below, DPA above. */
  readonly address: bigint;
  /** Bytes. */
  readonly length: number;
  /** Flags of the list's payload. */
  readonly flags: number;
  readonly overflowTime: bigint;
}

const sourceMask = 7n;
const overflowFlag = 2;

export function formatPoison(device: TracedDevice, poison: TracedPoison, found: TracedPlace | null): string {
  const source = Number(poison.address & sourceMask);
  const hex = (value: bigint | number): string => `0x${value.toString(16)}`;
  return [
    `${subject(device)} trace_type=${poison.kind} region=${found?.region ?? ""} region_uuid=${found === null || found.uuid === "" ? noUuid : found.uuid} hpa=${hex(found?.hpa ?? noAddress)} hpa_alias0=${hex(noAddress)}`,
    `dpa=${hex(poison.address & addressMask)} dpa_length=${hex(poison.length)} source=${poisonSources[source] ?? "Reserved"}`,
    `flags=${printFlags(poison.flags, "|", poisonFlagNames)} overflow_time=${(poison.flags & overflowFlag) === 0 ? 0n : poison.overflowTime}`,
  ].join(" ");
}

const correctable = (status: number): string => printFlags(status, " | ", correctableNames);
const uncorrectable = (status: number): string => printFlags(status, " | ", uncorrectableNames);

export const formatCorrectable = (device: TracedDevice, status: number): string => `${subject(device)}: status: '${correctable(status)}'`;
export const formatUncorrectable = (device: TracedDevice, status: number, first: number): string => `${subject(device)}: status: '${uncorrectable(status)}' first_error: '${uncorrectable(first)}'`;

/** A port's errors: `device` is the PCI function, `host` what it hangs on. */
export const formatPortCorrectable = (device: string, host: string, status: number): string => `device=${device} host=${host} status='${correctable(status)}'`;
export const formatPortUncorrectable = (device: string, host: string, status: number, first: number): string => `device=${device} host=${host} status: '${uncorrectable(status)}' first_error: '${uncorrectable(first)}'`;
