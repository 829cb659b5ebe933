// Time that passes in slices of wall time. A slice ends between two things that happen and the next goes on from there: slicing never shows in a trace.

import type { Machine, RunUntilOptions } from "../src/sandbox/library/contract.ts";
import { RunUntilError } from "../src/sandbox/library/errors.ts";
import { conditionOf } from "./machine-conditions.ts";
import type { RunCondition } from "./machine-contract.ts";

const isRunUntilError = (error: unknown): error is RunUntilError => error instanceof RunUntilError;

/**
 * As `Machine.advance`. A slice ends only where time has moved, so that every slice gets on: a host that has died comes to no end by itself, and then the rest passes as it
 * does there.
 */
export function* advanceInSlices(machine: Machine, nanoseconds: number, isOver: () => boolean): Generator<void, void> {
  // Nothing to cut, or an argument that it refuses.
  if (!Number.isSafeInteger(nanoseconds) || nanoseconds <= 0) return machine.advance(nanoseconds);
  const end = machine.now + nanoseconds;
  while (machine.now < end) {
    const start = machine.now;
    let hasMore = false;
    try {
      machine.runUntil(() => machine.now >= end || (hasMore = machine.now > start && isOver()), { limit: end - start });
    } catch (error) {
      if (!isRunUntilError(error)) throw error;
    }
    if (!hasMore) return machine.now < end ? machine.advance(end - machine.now) : undefined;
    yield;
  }
}

const defaultLimit = 10_000_000_000;

/** The error of the last slice tells of the time of all. */
function withWholeTime(error: unknown, nanoseconds: number): unknown {
  if (!isRunUntilError(error)) return error;
  error.message = error.message.replace(`in ${error.waited} ns`, `in ${nanoseconds} ns`);
  return Object.assign(error, { waited: nanoseconds });
}

/** As `Machine.runUntil`, which asks its condition first and then after everything that happens; not again where a slice begins. */
export function* runUntilInSlices(machine: Machine, condition: RunCondition, options: RunUntilOptions = {}, isOver: () => boolean): Generator<void, number> {
  const { what, holds, end } = conditionOf(machine, condition);
  const start = machine.now;
  const limit = options.limit ?? defaultLimit;
  const last = "time" in condition ? Math.min(start + limit, condition.time) : start + limit;
  let isTrue = false;
  let isResumed = false;
  let asked = start;
  const question = (): boolean => {
    if (isResumed) return (isResumed = false);
    const hasMoved = machine.now > asked;
    isTrue = holds();
    asked = machine.now;
    return isTrue || (hasMoved && isOver());
  };
  try {
    for (;;) {
      machine.runUntil(question, { what: options.what ?? what, limit: Number.isFinite(last) ? Math.max(0, last - machine.now) : limit });
      if (isTrue) return machine.now;
      yield;
      isResumed = true;
    }
  } catch (error) {
    throw withWholeTime(error, machine.now - start);
  } finally {
    end();
  }
}
