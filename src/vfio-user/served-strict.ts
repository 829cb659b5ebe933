// What the driver of a served machine does against a sheet: the checker of accesses (src/sandbox/strict) beside the trace, of the served devices alone.

import type { Violation } from "../sandbox/library/contract.ts";
import { createStrict } from "../sandbox/strict/strict.ts";
import type { LocalMachine } from "./served-machine.ts";

/** Follows a machine from now on; gives what was found so far, oldest first. Ports and switches are written by nobody but us. */
export function followStrictly({ hardware, functions }: LocalMachine): () => readonly Violation[] {
  const strict = createStrict(hardware);
  hardware.watchTrace((words) => strict.accept(words));
  const names = new Set(functions.map(({ name }) => name));
  return () => strict.violations.filter((violation) => names.has(violation.part));
}

/** Violations as a report: how many of which rule, then each with its time. */
export function strictReport(violations: readonly Violation[]): string {
  if (violations.length === 0) return "strict: the driver did nothing against a rule\n";
  const rules = new Map<string, number>();
  for (const { rule } of violations) rules.set(rule, (rules.get(rule) ?? 0) + 1);
  const counts = [...rules].map(([rule, count]) => (count === 1 ? rule : `${rule} (${count} times)`)).join(", ");
  return [`strict: ${violations.length === 1 ? "1 violation" : `${violations.length} violations`}: ${counts}`, ...violations.map(({ at, message }) => `  ${at} ns: ${message}`), ""].join("\n");
}
