// Time that passes in slices of wall time. A slice ends between two things that happen and the next goes on from there: slicing never shows in a trace.

import type { Machine, RunUntilOptions } from "../src/sandbox/library/contract.ts";
import { conditionOf } from "./machine-conditions.ts";
import type { RunCondition } from "./machine-contract.ts";

/** True after each thing that happened but the first question, so that every slice gets on. */
function afterOneStep(question: () => boolean): () => boolean {
  let isAsked = false;
  return () => {
    if (isAsked) return question();
    isAsked = true;
    return false;
  };
}

/** As `Machine.advance`. */
export function* advanceInSlices(machine: Machine, nanoseconds: number, isOver: () => boolean): Generator<void, void> {
  const end = machine.now + nanoseconds;
  // Nothing to cut, or an argument that it refuses.
  if (!Number.isSafeInteger(nanoseconds) || nanoseconds <= 0) return machine.advance(nanoseconds);
  for (;;) {
    machine.runUntil(afterOneStep(() => machine.now >= end || isOver()), { limit: end - machine.now });
    if (machine.now >= end) return;
    yield;
  }
}

const defaultLimit = 10_000_000_000;

/** The error of the last slice tells of the time of all. */
function withWholeTime(error: unknown, nanoseconds: number): unknown {
  if (!(error instanceof Error) || error.name !== "RunUntilError" || !("waited" in error)) return error;
  error.message = error.message.replace(`in ${String(error.waited)} ns`, `in ${nanoseconds} ns`);
  return Object.assign(error, { waited: nanoseconds });
}

/** As `Machine.runUntil`, which asks its condition first and then after everything that happens; not again where a slice begins. */
export function* runUntilInSlices(machine: Machine, condition: RunCondition, options: RunUntilOptions = {}, isOver: () => boolean): Generator<void, number> {
  const { what, holds, end } = conditionOf(machine, condition);
  const start = machine.now;
  const limit = options.limit ?? defaultLimit;
  const last = "time" in condition ? Math.min(start + limit, condition.time) : start + limit;
  let isTrue = false;
  const ask = (): boolean => (isTrue = holds()) || isOver();
  try {
    let question = ask;
    for (;;) {
      machine.runUntil(question, { what: options.what ?? what, limit: Number.isFinite(last) ? Math.max(0, last - machine.now) : limit });
      if (isTrue) return machine.now;
      yield;
      question = afterOneStep(ask);
    }
  } catch (error) {
    throw withWholeTime(error, machine.now - start);
  } finally {
    end();
  }
}
