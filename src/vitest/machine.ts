// What a machine has to say at the end of a test: what was done against the sheets, and which faults never happened.

import type { Violation } from "../sandbox/library/contract.ts";
import type { MatcherResult } from "./fields.ts";
import { isResult, resultHasFired } from "./results.ts";

/** A machine, as far as its violations go. */
export interface ViolationSource {
  readonly isStrict: boolean;
  readonly violations: readonly Violation[];
}

/** A fault that was injected. */
export interface FaultEvidence {
  readonly id: string;
  readonly evidence: { readonly matches: number; readonly fired: number };
}

/** A machine, as far as its faults go. */
export interface FaultSource {
  readonly unfired: readonly FaultEvidence[];
}

/** Violations and faults that a message lists. */
const mostListed = 8;

const has = (value: unknown, key: string): boolean => typeof value === "object" && value !== null && key in value;

function listed(lines: readonly string[]): string {
  const rest = lines.length - mostListed;
  return [...lines.slice(0, mostListed), ...(rest > 0 ? [`and ${rest} more`] : [])].join("\n");
}

/** Violations in the same words are one line. */
function violationLines(violations: readonly Violation[]): string[] {
  const alike = new Map<string, number[]>();
  for (const { at, message } of violations) alike.set(message, [...(alike.get(message) ?? []), at]);
  return [...alike].map(([message, times]) => `[${times[0]} ns${times.length > 1 ? `, and ${times.length - 1} more to ${times.at(-1)} ns` : ""}] ${message}`);
}

/** @throws TypeError no machine, or one made without `strict: true`: it would always pass */
export function toBeWithoutViolations(received: unknown): MatcherResult {
  if (!has(received, "violations")) throw new TypeError("toBeWithoutViolations: expect() takes a machine of createMachine");
  const { isStrict, violations } = received as ViolationSource;
  if (!isStrict) throw new TypeError("toBeWithoutViolations: the machine does not look at accesses; make it with `createMachine(..., { strict: true })`");
  const pass = violations.length === 0;
  const text = (): string => `${violations.length} access${violations.length === 1 ? "" : "es"} against the sheets:\n${listed(violationLines(violations))}`;
  return { pass, message: () => (pass ? "nothing was done against the sheets, and something should have been" : text()) };
}

/** @throws TypeError neither a machine nor a fault nor a result of a scenario, or a fault's id beside a machine; RangeError the scenario has no such fault */
export function toHaveFired(received: unknown, faultId?: string): MatcherResult {
  if (isResult(received)) return resultHasFired(received, faultId);
  if (!has(received, "unfired") && !has(received, "evidence")) throw new TypeError("toHaveFired: expect() takes a machine of createMachine, what `inject` returned, or what runScenario gives");
  if (faultId !== undefined) throw new TypeError("toHaveFired: ids of faults are those of a scenario; of a machine's faults, expect() takes what `inject` returned");
  const silent = has(received, "unfired") ? (received as FaultSource).unfired : [received as FaultEvidence].filter(({ evidence }) => evidence.fired === 0);
  const pass = silent.length === 0;
  const line = ({ id, evidence }: FaultEvidence): string => `fault ${id} did not act: its trigger matched ${evidence.matches} time${evidence.matches === 1 ? "" : "s"}. The test has not tested it: move time on, make the access it waits for, or take the fault out`;
  return { pass, message: () => (pass ? "every fault acted, and one should not have" : listed(silent.map(line))) };
}
