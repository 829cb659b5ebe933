// The JSON result, stable: `bytes*` are strings (64-bit), times and counts numbers. Version 1.

import type { TraceLayer } from "../sim/trace.ts";
import type { PolicyValues } from "./policies.ts";
import type { Outcome } from "./schema.ts";

/** `driver`: a driver that the scenario brings ended the run, or had to be ended with it. */
export type Status = "pass" | "fail" | "invalid" | "error" | "limit" | "driver";

/** The report's judgement of the host, beside the outcome: it did not keep what firmware had configured alive through boot (POL-OPS). */
export type Verdict = "needs-remediation";

export interface FaultResult {
  readonly id: string;
  readonly fired: boolean;
  readonly count: number;
  readonly firstAtNs: number | null;
}

export interface ExpectationResult {
  readonly text: string;
  readonly pass: boolean;
  readonly expected: string;
  readonly actual: string;
}

/** A command of a scenario's steps, as it was typed, and what it gave. */
export interface CommandRecord {
  /** Number of the step, from 1. */
  readonly step: number;
  readonly atNs: number;
  readonly command: string;
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Metrics {
  readonly machineChecks: number;
  readonly droppedWrites: number;
  readonly killed: number;
  readonly survived: number;
  readonly bytesLost: string;
  readonly bytesServed: string;
}

/** A file whose driver ran. */
export interface DriverFileResult {
  readonly file: string;
  /** First 16 hex digits of the SHA-256 of the file; what it imports is not in it. */
  readonly digest: string;
}

/** How a run came to be ended by its driver. */
export type DriverEnding =
  | "threw" | "out of steps" | "hook out of time" | "no progress" | "out of heap" | "out of memory"
  | "ended its process" | "uncaught error" | "unhandled rejection" | "closed its channel" | "could not be loaded";

/** What a driver was at when the run ended, as far as it was told. */
export interface DriverReport {
  readonly ending: DriverEnding;
  /** The driver's name; null before there was one. */
  readonly driver: string | null;
  /** `probe`, `interrupt` ..., `work NAME` for what it scheduled, `load` and `start`; null: none of its code was running. */
  readonly hook: string | null;
  /** SSSS:BB:DD.F of the function the hook was called for. */
  readonly device: string | null;
  readonly virtualTimeNs: number;
  /** Services called and registers accessed so far; at least so many when the run was ended from outside. */
  readonly services: number;
  /** The last line that it logged. */
  readonly lastLog: string | null;
  /** One sentence more: the error with its place, the limit. */
  readonly detail: string;
}

export interface ScenarioResult {
  readonly file: string;
  readonly name: string;
  readonly seed: number;
  readonly schedule: "fixed" | "seeded";
  readonly policies: PolicyValues;
  readonly status: Status;
  /** Why, when the status is not pass or the run was ended by its verdict. */
  readonly reason: string | null;
  readonly verdict: Verdict | null;
  /** Layout checks (POL-INTERLEAVE=contained): regions that span root ports. */
  readonly warnings: readonly string[];
  readonly outcome: Outcome;
  readonly virtualTimeNs: number;
  readonly traceDigest: string;
  readonly digests: Readonly<Record<TraceLayer, string>>;
  readonly commands: readonly CommandRecord[];
  readonly faults: readonly FaultResult[];
  readonly expectations: readonly ExpectationResult[];
  readonly metrics: Metrics;
  /** Drivers that ran, in order of the scenario. */
  readonly drivers: readonly DriverFileResult[];
  /** What the driver did that ended the run; null: it did not. */
  readonly driverReport: DriverReport | null;
  readonly reproduce: string;
}

type LostKeys = "verdict" | "outcome" | "traceDigest" | "digests" | "metrics";

/** A run that was ended from outside together with its machine: what there would have been to tell is null, and lists are empty. */
export type EndedResult = Omit<ScenarioResult, LostKeys> & { readonly [K in LostKeys]: null };

export interface RunResult {
  readonly version: 1;
  readonly tool: { readonly version: string; readonly moduleHash: string };
  readonly scenarios: readonly (ScenarioResult | EndedResult)[];
  readonly summary: Readonly<Record<Status, number>>;
}

/** Exit codes of `run`, worst first. */
export const exitCodes = { interrupted: 130, usage: 2, error: 5, driver: 6, invalid: 3, limit: 4, fail: 1, pass: 0 } as const;
const order: readonly Status[] = ["error", "driver", "invalid", "limit", "fail"];

export function summarize(scenarios: RunResult["scenarios"]): RunResult["summary"] {
  const summary: Record<Status, number> = { pass: 0, fail: 0, invalid: 0, error: 0, limit: 0, driver: 0 };
  for (const scenario of scenarios) summary[scenario.status]++;
  return summary;
}

/** The worst of several wins: 5, 6, 3, 4, 1, 0. */
export function exitCodeOf(scenarios: readonly { readonly status: Status }[]): number {
  const worst = order.find((status) => scenarios.some((scenario) => scenario.status === status));
  return exitCodes[worst ?? "pass"];
}
