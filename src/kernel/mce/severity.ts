// Grading a machine check: the rows of machine-check.md section 3 that completions of CXL.mem requests can reach, as data; first match wins.

export type Severity = "NO" | "KEEP" | "AR" | "PANIC";

/** Where the CPU was when the check came (section 2). */
export type CheckContext = "USER" | "KERNEL_RECOV" | "KERNEL";

export interface CheckRecord {
  readonly context: CheckContext;
  readonly isUncorrected: boolean;
  /** Processor context corrupt. */
  readonly isContextCorrupt: boolean;
  /** An earlier error of this bank was lost. */
  readonly isOverflow: boolean;
  /** Signalled, action required. */
  readonly isActionRequired: boolean;
  /** Address and its granularity are usable. */
  readonly hasAddress: boolean;
}

export interface SeverityRow {
  /** Number of the row in the sheet. */
  readonly row: number;
  readonly severity: Severity;
  readonly meaning: string;
  readonly matches: (record: CheckRecord) => boolean;
}

const usable = (record: CheckRecord): boolean => record.isActionRequired && record.hasAddress && !record.isOverflow;

export const severityRows: readonly SeverityRow[] = [
  { row: 2, severity: "PANIC", meaning: "Processor context corrupt", matches: (record) => record.isContextCorrupt },
  { row: 10, severity: "KEEP", meaning: "Corrected error", matches: (record) => !record.isUncorrected },
  { row: 11, severity: "PANIC", meaning: "Action required with lost events", matches: (record) => record.isActionRequired && record.isOverflow },
  { row: 13, severity: "AR", meaning: "Action required: data load in error recoverable area of kernel", matches: (record) => usable(record) && record.context === "KERNEL_RECOV" },
  { row: 14, severity: "AR", meaning: "Action required: data load in error in user process", matches: (record) => usable(record) && record.context === "USER" },
  { row: 16, severity: "PANIC", meaning: "Data load in unrecoverable area of kernel", matches: (record) => usable(record) && record.context === "KERNEL" },
  { row: 17, severity: "PANIC", meaning: "Action required: unknown MCACOD", matches: (record) => record.isActionRequired },
  { row: 20, severity: "PANIC", meaning: "Uncorrected error in kernel", matches: (record) => record.context === "KERNEL" },
  { row: 22, severity: "KEEP", meaning: "Uncorrected, nothing to do", matches: () => true },
];

/** The row that decides. */
export function grade(record: CheckRecord): SeverityRow {
  const row = severityRows.find((candidate) => candidate.matches(record));
  if (row === undefined) throw new RangeError("the last row matches everything");
  return row;
}
