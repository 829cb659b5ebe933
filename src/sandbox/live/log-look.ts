// The kernel's log at the position.

import type { LogLine } from "../../scenario/details.ts";
import type { LiveRun } from "./contract.ts";

export interface LogQuestion {
  /** Lines that are known already. */
  readonly from: number;
  readonly most: number;
}

export interface LogLook {
  /** Number of the first of `lines`. */
  readonly from: number;
  readonly lines: readonly LogLine[];
  /** All lines at the position. */
  readonly total: number;
}

/** Lines of one answer. */
const mostLines = 10_000;

export function logLook({ run }: LiveRun, { from, most }: LogQuestion): LogLook {
  const { log } = run.system.kernel;
  const first = from >= 0 && from <= log.length ? Math.floor(from) : 0;
  return { from: first, lines: log.slice(first, first + Math.max(0, Math.min(most, mostLines))).map(({ at, level, text }) => ({ atNs: at, level, text })), total: log.length };
}
