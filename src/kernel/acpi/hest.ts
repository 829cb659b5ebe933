// HEST: where firmware that handles errors first leaves its records (ACPI 6.5 18.3.2).

import { genericSourceFields, genericSourceLength, genericSourceType, hestFields, hestSourcesAt } from "../../../registers/error-records.ts";
import { payloadBig, payloadNumber } from "../../platform/payload.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState, printk } from "../base/kernel.ts";
import { findTable, headerBytes } from "./tables.ts";

/** A generic hardware error source. */
export interface ErrorSource {
  readonly id: number;
  readonly notification: number;
  /** Where the address of its status block stands. */
  readonly address: bigint;
  /** Bytes of the block at most. */
  readonly blockLength: number;
}

const hest = defineState("acpi.hest", () => ({ sources: [] as ErrorSource[] }));

export const errorSources = (kernel: Kernel): readonly ErrorSource[] => hest(kernel).sources;

/** Sources of other types end the reading: their lengths are not known here. */
export function parseHest(bytes: Uint8Array): ErrorSource[] {
  const sources: ErrorSource[] = [];
  const count = payloadNumber(bytes, hestFields.count, headerBytes);
  for (let index = 0; index < count; index++) {
    const at = headerBytes + hestSourcesAt + index * genericSourceLength;
    if (at + genericSourceLength > bytes.length || payloadNumber(bytes, genericSourceFields.type, at) !== genericSourceType) break;
    if (payloadNumber(bytes, genericSourceFields.enabled, at) === 0) continue;
    sources.push({ id: payloadNumber(bytes, genericSourceFields.id, at), notification: payloadNumber(bytes, genericSourceFields.notification, at), address: payloadBig(bytes, genericSourceFields.address, at), blockLength: payloadNumber(bytes, genericSourceFields.blockLength, at) });
  }
  return sources;
}

/** Reads the table if there is one. */
export function initializeHest(kernel: Kernel): void {
  const table = findTable(kernel, "HEST");
  if (table === undefined) return;
  hest(kernel).sources.push(...parseHest(table.bytes));
  printk(kernel, "info", "HEST: Table parsing has been initialized.");
  printk(kernel, "info", "GHES: APEI firmware first mode is enabled by APEI bit and WHEA _OSC.");
}
