// Expectations: what a scenario claims, held against what a run shows.

import type { ExpectationFile, FieldPlace } from "./plan.ts";
import type { ExpectationResult, Metrics } from "./result.ts";
import type { Outcome } from "./schema.ts";

/** What a finished run can be asked. */
export interface RunFacts {
  readonly outcome: Outcome;
  readonly metrics: Metrics;
  readonly log: readonly string[];
  /** Text of a file of the system's tree, or the error's name. */
  readFile(path: string): string;
  peek(of: string, field: string): number;
}

interface Bounds {
  readonly equals?: number | string | undefined;
  readonly atLeast?: number | undefined;
  readonly atMost?: number | undefined;
}

function describeBounds(bounds: Bounds): string {
  const parts = [bounds.equals === undefined ? "" : `${bounds.equals}`, bounds.atLeast === undefined ? "" : `at least ${bounds.atLeast}`, bounds.atMost === undefined ? "" : `at most ${bounds.atMost}`];
  return parts.filter((part) => part !== "").join(", ") || "at least 1";
}

function within(value: string, bounds: Bounds): boolean {
  if (bounds.equals !== undefined && value !== String(bounds.equals)) return false;
  if (bounds.atLeast !== undefined && BigInt(value) < BigInt(bounds.atLeast)) return false;
  if (bounds.atMost !== undefined && BigInt(value) > BigInt(bounds.atMost)) return false;
  return bounds.equals !== undefined || bounds.atLeast !== undefined || bounds.atMost !== undefined || BigInt(value) > 0n;
}

/** Judges one expectation. */
export function judge(expectation: ExpectationFile, facts: RunFacts): ExpectationResult {
  if ("outcome" in expectation) return { text: `outcome ${expectation.outcome}`, pass: facts.outcome === expectation.outcome, expected: expectation.outcome, actual: facts.outcome };
  if ("metric" in expectation) {
    const actual = String(facts.metrics[expectation.metric]);
    return { text: `metric ${expectation.metric}`, pass: within(actual, expectation), expected: describeBounds(expectation), actual };
  }
  if ("log" in expectation) {
    const actual = String(facts.log.filter((line) => line.includes(expectation.log)).length);
    return { text: `log lines with "${expectation.log}"`, pass: within(actual, expectation), expected: describeBounds(expectation), actual };
  }
  if ("file" in expectation) {
    const actual = facts.readFile(expectation.file).trimEnd();
    return { text: `file ${expectation.file}`, pass: actual === expectation.equals, expected: expectation.equals, actual };
  }
  const actual = facts.peek(expectation.register.of, expectation.register.field);
  return { text: `${expectation.register.of} ${expectation.register.field}`, pass: actual === expectation.equals, expected: String(expectation.equals), actual: String(actual) };
}

/** Value of a field in the dword that holds it. */
export const fieldValue = (place: FieldPlace, dword: number): number => (dword & place.mask) >>> place.shift;
