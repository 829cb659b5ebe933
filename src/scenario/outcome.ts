// What became of the host. The outcome is a fact: the first of the definitions that holds, in this order. docs/outcomes.md has the same list
// with the trace records that prove each.

import type { Outcome } from "./schema.ts";

export interface OutcomeFacts {
  /** The kernel stopped itself (log record "Kernel panic"). */
  readonly panicked: boolean;
  /** Hardware record of the host's state. */
  readonly hostState: "running" | "reset" | "hung";
  /** The administrator, or the recovery itself, chose a reboot. */
  readonly rebootChosen: boolean;
  /** A recovery is still waiting for something at the end of the run. */
  readonly recoveryBlocked: boolean;
  /** Bytes that are neither usable nor removable. */
  readonly bytesStranded: bigint;
  /** Bytes in service when workloads began, and at the end. */
  readonly bytesAtReady: bigint;
  readonly bytesServed: bigint;
  /** System RAM that was online below a port when it was taken down: never "recovered" (S84). */
  readonly systemRamLost: bigint;
  /** A recovery ended, a process died, a machine check or a dropped write happened. */
  readonly serviceWasDisturbed: boolean;
}

/** First of panic, reset, hang, rebooted, wedged, stranded, reduced, recovered, unaffected that holds. */
export function outcomeOf(facts: OutcomeFacts): Outcome {
  if (facts.panicked) return "panic";
  if (facts.hostState === "reset") return "reset";
  if (facts.hostState === "hung") return "hang";
  if (facts.rebootChosen) return "rebooted";
  if (facts.recoveryBlocked) return "wedged";
  if (facts.bytesStranded > 0n) return "stranded";
  if (facts.bytesServed < facts.bytesAtReady || facts.systemRamLost > 0n) return "reduced";
  return facts.serviceWasDisturbed ? "recovered" : "unaffected";
}
