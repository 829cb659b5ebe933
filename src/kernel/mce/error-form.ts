// What an access that met an error becomes: the bank that has it, in which context, with which bits, and how it is told (machine-check 2 and 8).

import type { MemoryStatus } from "../../platform/platform.ts";
import type { AccessPath } from "./consumption.ts";
import type { CheckContext, CheckRecord, ErrorCode } from "./severity.ts";

export type Processor = "intel" | "amd";

/** How a path meets an error: at once, in a context; later, by an interrupt that asks for no action; or not in a processor at all. */
interface PathForm {
  readonly told: "exception" | "interrupt" | "nobody";
  readonly context: CheckContext;
  readonly code: ErrorCode;
}

const user = { told: "exception", context: "USER", code: "load" } as const;
const kernel = { told: "exception", context: "KERNEL", code: "load" } as const;
const recoverable = { told: "exception", context: "KERNEL_RECOV", code: "load" } as const;
const nobody = { told: "nobody", context: "USER", code: "other" } as const;

/**
 * A guest's load is taken as its VMM's user context, at the guest's entry. A walk of page tables has neither the code of a load nor that of a fetch, and what it
 * reads is the kernel's (INFERRED). A store merges into poison without being told (INFERRED).
 */
const forms: Readonly<Record<AccessPath, PathForm>> = {
  "user-load": user,
  "user-fetch": { ...user, code: "fetch" },
  "guest-load": user,
  "copy-from-user": recoverable,
  "copy-mc": recoverable,
  "kernel-load": kernel,
  "kernel-fetch": { ...kernel, code: "fetch" },
  "page-walk": { ...kernel, code: "other" },
  speculative: { told: "interrupt", context: "USER", code: "load" },
  store: nobody,
  "dma-read": nobody,
  "dma-write": nobody,
};

const base = {
  isValid: true, isEnabled: true, isUncorrected: true, isContextCorrupt: false, isOverflow: false, isSignalled: true, isActionRequired: true, hasAddress: true, hasMisc: true,
  isPoison: false, isDeferred: false, isException: true, isInProgress: true, canReturn: true, isFaulting: true, isConfidential: false,
} as const satisfies Partial<CheckRecord>;

const writes: readonly AccessPath[] = ["store", "dma-write"];

/**
 * The error that an access leaves in a bank, or undefined: none. `fatal` is an uncontained error whoever reads, since the platform could not answer (T7); a
 * store raises none whatever became of the data: it is acknowledged (TB2).
 */
export function recordOf(path: AccessPath, status: MemoryStatus, processor: Processor): CheckRecord | undefined {
  const form = forms[path];
  if (writes.includes(path)) return undefined;
  if (status === "fatal") return { ...base, context: form.context, code: "other", isContextCorrupt: true, isSignalled: false, isActionRequired: false, isFaulting: false };
  if (status !== "poison" || form.told === "nobody") return undefined;
  const isPoison = processor === "amd";
  if (form.told === "exception") return { ...base, context: form.context, code: form.code, isPoison };
  return { ...base, context: form.context, code: form.code, isPoison, isException: false, isSignalled: false, isActionRequired: false, isUncorrected: !isPoison, isDeferred: isPoison };
}

/** Data side of the core, or its instruction fetch (INFERRED numbers: those of the processors in use). */
export function bankOf(record: CheckRecord, processor: Processor): number {
  if (processor === "amd") return record.code === "fetch" ? 1 : 0;
  return record.code === "fetch" ? 0 : 1;
}

const bit = (isSet: boolean, position: number): bigint => (isSet ? 1n << BigInt(position) : 0n);

/** Codes of the architecture: data load, instruction fetch, scrub, write-back of the last level; what is left is an internal timer's (INFERRED). */
const codes: Readonly<Record<ErrorCode, bigint>> = { load: 0x134n, fetch: 0x150n, scrub: 0xc0n, "write-back": 0x17an, other: 0x135n };
/** A part of the status that belongs to the model of the processor; here it marks an error that came as poison. */
const poisonFromBelow = 0x10_0000n;

/** IA32_MCi_STATUS, or MCA_STATUS. */
export function statusOf(record: CheckRecord, processor: Processor): bigint {
  const common = bit(record.isValid, 63) | bit(record.isOverflow, 62) | bit(record.isUncorrected, 61) | bit(record.isEnabled, 60) | bit(record.hasMisc, 59) | bit(record.hasAddress, 58) | bit(record.isContextCorrupt, 57);
  if (processor === "amd") return common | bit(record.isDeferred, 44) | bit(record.isPoison, 43) | codes[record.code];
  return common | bit(record.isSignalled, 56) | bit(record.isActionRequired, 55) | (record.isContextCorrupt ? 0n : poisonFromBelow) | codes[record.code];
}

/** IA32_MCG_STATUS. */
export const globalStatusOf = (record: CheckRecord, isLocal: boolean): bigint =>
  bit(record.canReturn, 0) | bit(record.isFaulting, 1) | bit(record.isInProgress, 2) | bit(isLocal && record.isFaulting, 3);

/** IA32_MCi_MISC of a physical address that is good to a line of 64 bytes. */
export const miscOf = (record: CheckRecord): bigint => (record.hasMisc ? 0x86n : 0n);
