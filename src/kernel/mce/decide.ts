// What the completion of a memory request means to the CPU that waits for it (machine-check.md section 8), without a kernel.

import type { MemoryStatus, RequestKind } from "../../platform/platform.ts";
import type { AccessPath } from "./consumption.ts";
import { recordOf } from "./error-form.ts";
import type { CheckContext, SeverityRow } from "./severity.ts";
import { grade } from "./severity.ts";

export interface Consumption {
  readonly kind: RequestKind;
  readonly status: MemoryStatus;
  readonly context: CheckContext;
}

const loads: Readonly<Record<CheckContext, AccessPath>> = { USER: "user-load", KERNEL_RECOV: "copy-mc", KERNEL: "kernel-load" };

/** The severity row of a completion, or undefined: no machine check. */
export function decide({ kind, status, context }: Consumption): SeverityRow | undefined {
  const record = recordOf(kind === "write" ? "store" : loads[context], status, "intel");
  return record === undefined ? undefined : grade(record);
}
