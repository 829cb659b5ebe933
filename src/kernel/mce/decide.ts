// What the completion of a memory request means to the CPU that waits for it (machine-check.md section 8).

import type { MemoryStatus, RequestKind } from "../../platform/platform.ts";
import type { CheckContext, CheckRecord, SeverityRow } from "./severity.ts";
import { grade } from "./severity.ts";

export interface Consumption {
  readonly kind: RequestKind;
  readonly status: MemoryStatus;
  readonly context: CheckContext;
}

/**
 * The machine check that a completion raises, or undefined. A store raises none: it is acknowledged, whatever became of the data (TB2).
 * `fatal` is an uncontained error whoever asked, since the platform could not answer (T7).
 */
export function checkOf(consumption: Consumption): CheckRecord | undefined {
  const { kind, status, context } = consumption;
  if (kind === "write") return undefined;
  if (status === "fatal") return { context, isUncorrected: true, isContextCorrupt: true, isOverflow: false, isActionRequired: false, hasAddress: true };
  if (status === "poison") return { context, isUncorrected: true, isContextCorrupt: false, isOverflow: false, isActionRequired: true, hasAddress: true };
  return undefined;
}

/** The severity row of a completion, or undefined: no machine check. */
export function decide(consumption: Consumption): SeverityRow | undefined {
  const record = checkOf(consumption);
  return record === undefined ? undefined : grade(record);
}
