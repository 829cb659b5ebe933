// The JSON result, stable: `bytes*` are strings (64-bit), times and counts numbers. Version 1.

import type { TraceLayer } from "../sim/trace.ts";
import type { WorkloadOutcome } from "../workload/state.ts";
import type { Divergence } from "./trace/divergence.ts";
import type { PolicyValues } from "./policies.ts";
import type { Outcome } from "./schema.ts";
import type { CrashDump, RebootResult } from "./verdict/report.ts";

/** `driver`: a driver plug-in did what ends the run; see `driver` of the result. */
export type Status = "pass" | "fail" | "invalid" | "error" | "limit" | "driver";

/** The report's judgement of the host, beside the outcome: it did not keep what firmware had configured alive through boot (POL-OPS). */
export type Verdict = "needs-remediation";

/** Where something stands in the scenario, from 1; `file` where it is an included one. */
export interface SourcePlace {
  readonly line: number;
  readonly column: number;
  readonly file?: string;
}

/** What a fault did once. */
export interface FaultAct {
  readonly atNs: number;
  /** In words, from the hardware's own records: what directly followed, or came of it. */
  readonly changed: readonly string[];
}

/** How a fault came to act, or how far it came. */
export interface FaultEvidence {
  /** What it waits for, in words. */
  readonly trigger: string;
  /** How often that happened, as long as it was waited for. */
  readonly matches: number;
  /** The first 16 acts. */
  readonly acts: readonly FaultAct[];
  readonly lastAtNs: number | null;
  /** What the seed picked of a window, from ready, boot or what is waited for; null: there was nothing to pick. */
  readonly drawnNs: number | null;
  /** Why it did not act; null: it did. */
  readonly missing: string | null;
}

export interface FaultResult {
  readonly id: string;
  readonly fired: boolean;
  readonly count: number;
  readonly firstAtNs: number | null;
  /** Of the faults of a scenario. */
  readonly evidence?: FaultEvidence;
  readonly place?: SourcePlace;
}

export interface ExpectationResult {
  readonly text: string;
  readonly pass: boolean;
  readonly expected: string;
  readonly actual: string;
  readonly place?: SourcePlace;
}

/** How a run agrees with the golden beside its scenario. */
export interface GoldenResult {
  /** `changed`: the run fails. */
  readonly state: "same" | "changed";
  readonly file: string;
  /** Layers whose digests differ. */
  readonly layers: readonly TraceLayer[];
  /** The first one of each such layer, the earliest in virtual time first, of one moment the hardware's before the log's and the result's, those without a time last; empty when same. */
  readonly divergences: readonly Divergence[];
  /** Line of the golden where the first of them stands, from 1. */
  readonly line?: number;
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

/** How a run came to be ended by its driver; all but the first two are seen where drivers run contained (docs/contained-drivers.md). */
export type DriverEnding =
  | "threw" | "out of steps" | "hook out of time" | "no progress" | "out of heap" | "out of memory"
  | "ended its process" | "uncaught error" | "unhandled rejection" | "closed its channel" | "could not be loaded";

/** What a driver plug-in did that ended the run, and where. */
export interface DriverFailure {
  readonly ending: DriverEnding;
  /** "": nothing of a driver was running. */
  readonly driver: string;
  /** The hook that ran: "start", "probe", "interrupt" ..., "work NAME" for work that it scheduled, or "load". */
  readonly hook: string;
  /** PCI name of the function; "" where it is none's. */
  readonly device: string;
  readonly atNs: number;
  /** What the driver's own error says, with its place, or which limit it was over. */
  readonly message: string;
  /** Of a contained run: services called and registers accessed so far; at least so many when it was ended from outside. */
  readonly services?: number;
  /** Of a contained run: the last line that its drivers logged; null: none. */
  readonly lastLog?: string | null;
}

/** What became of one scenario. */
export interface ScenarioResult {
  readonly file: string;
  readonly name: string;
  readonly seed: number;
  readonly schedule: "fixed" | "seeded" | "recorded";
  readonly policies: PolicyValues;
  readonly status: Status;
  /** Why, when the status is not pass or the run was ended by its verdict. */
  readonly reason: string | null;
  readonly verdict: Verdict | null;
  /** Layout checks (POL-INTERLEAVE=contained): regions that span root ports. */
  readonly warnings: readonly string[];
  readonly outcome: Outcome;
  /** Only after a panic: what became of its dump. */
  readonly crashDump?: CrashDump;
  /** Only of a scenario that ends with a reboot. */
  readonly reboot?: RebootResult;
  /** Only with status driver. */
  readonly driver?: DriverFailure;
  readonly virtualTimeNs: number;
  readonly traceDigest: string;
  readonly digests: Readonly<Record<TraceLayer, string>>;
  readonly commands: readonly CommandRecord[];
  readonly faults: readonly FaultResult[];
  readonly expectations: readonly ExpectationResult[];
  readonly metrics: Metrics;
  /** Only where a golden for this seed and schedule stands beside the scenario. */
  readonly golden?: GoldenResult;
  /** One for each workload that was started, in order of the scenario. */
  readonly workloads: readonly WorkloadOutcome[];
  /** Files whose drivers ran, in order of the scenario; absent: there were none. */
  readonly drivers?: readonly DriverFileResult[];
  readonly reproduce: string;
}

type LostKeys = "verdict" | "outcome" | "traceDigest" | "digests" | "metrics";

/** A run that was ended from outside together with its machine: what there would have been to tell is null, and lists are empty. */
export type EndedResult = Omit<ScenarioResult, LostKeys> & { readonly [K in LostKeys]: null };

/** Results of all scenarios of one call of the command: the JSON report. */
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
