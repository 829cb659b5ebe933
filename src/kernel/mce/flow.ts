// What the exception handler does with the worst of what it found, as one decision (machine-check 4). No state, nothing is done here.

import type { CheckRecord, SeverityRow } from "./severity.ts";

/** What runs before the task returns to user mode. */
export type Work = "kill-now" | "maybe-kill" | "never-kill";

export type Flow =
  | { readonly is: "panic"; readonly message: string }
  /** Logged, nothing else. */
  | { readonly is: "log" }
  /** The page of a confidential guest is marked; the host goes on. */
  | { readonly is: "mark" }
  | { readonly is: "work"; readonly work: Work; readonly mustKill: boolean }
  /** The kernel goes on behind the instruction that failed; the task may have work. */
  | { readonly is: "fixup"; readonly work: Work | null };

export interface Arrival {
  /** One processor has the exception, or all of them. */
  readonly isLocal: boolean;
  /** Broadcast: every processor came to the rendezvous in time. */
  readonly isComplete: boolean;
  /** The instruction read a user's address on behalf of its task. */
  readonly isCopyIn: boolean;
  /** The instruction has an entry in the table of fixups. */
  readonly hasFixup: boolean;
}

function ofContext(record: CheckRecord, arrival: Arrival): Flow {
  if (record.context === "USER") return { is: "work", work: record.hasAddress && record.hasMisc ? "maybe-kill" : "kill-now", mustKill: !record.canReturn };
  if (!arrival.hasFixup) return { is: "panic", message: "Failed kernel mode recovery" };
  return { is: "fixup", work: arrival.isCopyIn ? "never-kill" : null };
}

/** @param row null: no bank of any processor has an error */
export function flowOf(row: SeverityRow | null, record: CheckRecord | null, arrival: Arrival): Flow {
  if (!arrival.isLocal && !arrival.isComplete) return { is: "panic", message: "Timeout: Not all CPUs entered broadcast exception handler" };
  if (row === null || record === null) return arrival.isLocal ? { is: "log" } : { is: "panic", message: "Fatal machine check from unknown source" };
  if (row.severity === "PANIC") return { is: "panic", message: arrival.isLocal ? "Fatal local machine check" : "Fatal machine check" };
  if (row.severity !== "AR" && record.canReturn) return { is: "log" };
  if (record.isConfidential) return { is: "mark" };
  return ofContext(record, arrival);
}
