// Grading a machine check: the rows of machine-check.md section 3 as data, for processors in the manner of Intel and of AMD; first match wins.

export type Severity = "NO" | "KEEP" | "UCNA" | "DEFERRED" | "AO" | "SOME" | "UC" | "AR" | "PANIC";

/** Where the CPU was when the check came (section 2). */
export type CheckContext = "USER" | "KERNEL_RECOV" | "KERNEL";

/** What the code of the error says of the access that met it. */
export type ErrorCode = "load" | "fetch" | "scrub" | "write-back" | "other";

/** One bank's error as its status, and the status of the check, have it (section 1). */
export interface CheckRecord {
  readonly isValid: boolean;
  /** EN: reporting is enabled. */
  readonly isEnabled: boolean;
  readonly isUncorrected: boolean;
  /** Processor context corrupt. */
  readonly isContextCorrupt: boolean;
  /** An earlier error of this bank was lost. */
  readonly isOverflow: boolean;
  readonly isSignalled: boolean;
  readonly isActionRequired: boolean;
  readonly hasAddress: boolean;
  /** The granularity of the address is there, and it is physical. */
  readonly hasMisc: boolean;
  readonly code: ErrorCode;
  /** Of AMD. */
  readonly isPoison: boolean;
  readonly isDeferred: boolean;
  /** Taken as an exception; otherwise found by polling or a corrected machine-check interrupt. */
  readonly isException: boolean;
  readonly isInProgress: boolean;
  /** RIPV: the interrupted program can go on. EIPV: it is the one that met the error. */
  readonly canReturn: boolean;
  readonly isFaulting: boolean;
  readonly context: CheckContext;
  /** Interrupted inside a confidential guest's module. */
  readonly isConfidential: boolean;
}

/** What a processor can do: recover by software (Intel SER, AMD SUCCOR), go on after an overflow (AMD). */
export interface CheckFeatures {
  readonly hasRecovery: boolean;
  readonly hasOverflowRecovery: boolean;
}

export type Pattern = { readonly [K in keyof (CheckRecord & CheckFeatures)]?: (CheckRecord & CheckFeatures)[K] | readonly (CheckRecord & CheckFeatures)[K][] };

export interface SeverityRow {
  /** Number of the row in the sheet. */
  readonly row: number;
  readonly severity: Severity;
  readonly meaning: string;
  /** Every field must be as given, or one of those given. */
  readonly when: Pattern;
}

const kernelContexts: readonly CheckContext[] = ["KERNEL", "KERNEL_RECOV"];
/** Recovery is possible, and so is the place. */
const usable = { hasRecovery: true, isOverflow: false, isUncorrected: true, isSignalled: true, isActionRequired: true, hasAddress: true, hasMisc: true } as const satisfies Pattern;

export const intelRows: readonly SeverityRow[] = [
  { row: 1, severity: "NO", meaning: "Invalid", when: { isValid: false } },
  { row: 1, severity: "NO", meaning: "Not enabled", when: { isException: true, isEnabled: false } },
  { row: 2, severity: "PANIC", meaning: "Processor context corrupt", when: { isContextCorrupt: true } },
  { row: 3, severity: "PANIC", meaning: "MCIP not set in MCA handler", when: { isException: true, isInProgress: false } },
  { row: 4, severity: "PANIC", meaning: "Neither restart nor error IP", when: { isException: true, canReturn: false, isFaulting: false } },
  { row: 5, severity: "PANIC", meaning: "In kernel and no restart IP", when: { isException: true, context: kernelContexts, canReturn: false } },
  { row: 6, severity: "KEEP", meaning: "Corrected error", when: { hasRecovery: false, isUncorrected: false } },
  { row: 7, severity: "AO", meaning: "Action optional: memory scrubbing or last level cache writeback error", when: { hasRecovery: true, isUncorrected: true, isActionRequired: false, code: ["scrub", "write-back"] } },
  { row: 8, severity: "UCNA", meaning: "Uncorrected no action required", when: { hasRecovery: true, isUncorrected: true, isSignalled: false, isActionRequired: false } },
  { row: 9, severity: "PANIC", meaning: "Illegal combination (UCNA with AR=1)", when: { hasRecovery: true, isOverflow: false, isUncorrected: true, isSignalled: false, isActionRequired: true } },
  { row: 10, severity: "KEEP", meaning: "Non signaled machine check", when: { hasRecovery: true, isSignalled: false } },
  { row: 11, severity: "PANIC", meaning: "Action required with lost events", when: { hasRecovery: true, isOverflow: true, isUncorrected: true, isSignalled: true, isActionRequired: true } },
  { row: 12, severity: "KEEP", meaning: "Action required but unaffected thread is continuable", when: { ...usable, canReturn: true, isFaulting: false } },
  { row: 13, severity: "AR", meaning: "Action required: data load in error recoverable area of kernel", when: { ...usable, code: "load", context: "KERNEL_RECOV" } },
  { row: 14, severity: "AR", meaning: "Action required: data load in error in user process", when: { ...usable, code: "load", context: "USER" } },
  { row: 14, severity: "AR", meaning: "Action required: instruction fetch error in a user process", when: { ...usable, code: "fetch", context: "USER" } },
  { row: 15, severity: "AR", meaning: "Action required: data load or instruction fetch of a confidential guest's module", when: { ...usable, code: ["load", "fetch"], isConfidential: true } },
  { row: 16, severity: "PANIC", meaning: "Data load in unrecoverable area of kernel", when: { ...usable, code: "load", context: "KERNEL" } },
  { row: 16, severity: "PANIC", meaning: "Instruction fetch error in kernel", when: { ...usable, code: "fetch", context: kernelContexts } },
  { row: 17, severity: "PANIC", meaning: "Action required: unknown MCACOD", when: { hasRecovery: true, isUncorrected: true, isSignalled: true, isActionRequired: true } },
  { row: 18, severity: "SOME", meaning: "Action optional with lost events", when: { hasRecovery: true, isOverflow: true, isUncorrected: true, isSignalled: true, isActionRequired: false } },
  { row: 18, severity: "SOME", meaning: "Action optional: unknown MCACOD", when: { hasRecovery: true, isUncorrected: true, isSignalled: true, isActionRequired: false } },
  { row: 19, severity: "PANIC", meaning: "Overflowed uncorrected", when: { isOverflow: true, isUncorrected: true } },
  { row: 20, severity: "PANIC", meaning: "Uncorrected in kernel", when: { isUncorrected: true, context: "KERNEL" } },
  { row: 21, severity: "UC", meaning: "Uncorrected", when: { isUncorrected: true } },
  { row: 22, severity: "SOME", meaning: "No match", when: {} },
];

/** Rows have no numbers in the sheet; these count from 1. */
export const amdRows: readonly SeverityRow[] = [
  { row: 1, severity: "PANIC", meaning: "Processor Context Corrupt", when: { isContextCorrupt: true } },
  { row: 2, severity: "DEFERRED", meaning: "Deferred error", when: { isDeferred: true } },
  { row: 3, severity: "KEEP", meaning: "Corrected error", when: { isUncorrected: false } },
  { row: 4, severity: "PANIC", meaning: "Overflowed uncorrected error without MCA Overflow Recovery", when: { isOverflow: true, hasOverflowRecovery: false } },
  { row: 5, severity: "PANIC", meaning: "Uncorrected error without MCA Recovery", when: { hasRecovery: false } },
  { row: 6, severity: "PANIC", meaning: "Uncorrected unrecoverable error in kernel context", when: { context: "KERNEL" } },
  { row: 7, severity: "AR", meaning: "Uncorrected error, action required", when: {} },
];

/** Servers of today (INFERRED: whoever has CXL memory). */
export const fullFeatures: CheckFeatures = { hasRecovery: true, hasOverflowRecovery: true };

function matches(row: SeverityRow, record: CheckRecord & CheckFeatures): boolean {
  return Object.entries(row.when).every(([field, wanted]) => {
    const found: unknown = record[field as keyof typeof record];
    return Array.isArray(wanted) ? wanted.includes(found) : wanted === found;
  });
}

/** The row that decides. */
export function grade(record: CheckRecord, processor: "intel" | "amd" = "intel", features: CheckFeatures = fullFeatures): SeverityRow {
  const row = (processor === "amd" ? amdRows : intelRows).find((candidate) => matches(candidate, { ...record, ...features }));
  if (row === undefined) throw new RangeError("the last row matches everything");
  return row;
}
