// Results as reporters get them: a real one, and what else may become of a run made of it.

import type { RunReport } from "../../src/report/reporter.ts";
import { plain } from "../../src/report/console.ts";
import type { RunDetails } from "../../src/scenario/details.ts";
import type { RunResult, ScenarioResult } from "../../src/scenario/result.ts";
import { summarize } from "../../src/scenario/result.ts";
import { fixture } from "./library.ts";
import { runText } from "./scenarios.ts";

const { result: waiting } = runText("never-fires.yaml", fixture("never-fires.yaml"));

/** A run that passed, with some of it otherwise. */
export const resultWith = (changes: Partial<ScenarioResult>): ScenarioResult => ({ ...waiting, status: "pass", reason: null, faults: [], expectations: [], ...changes });
/** A run whose fault did not fire. */
export const invalidResult = (changes: Partial<ScenarioResult> = {}): ScenarioResult => ({ ...waiting, ...changes });
/** A run whose expectation does not hold. */
export const failedResult = (changes: Partial<ScenarioResult> = {}): ScenarioResult => resultWith({ status: "fail", expectations: [{ text: "outcome panic", pass: false, expected: "panic", actual: "unaffected", place: { line: 12, column: 5 } }], ...changes });

export const runResult = (scenarios: RunResult["scenarios"]): RunResult => ({ version: 1, tool: { version: "1.2.3", moduleHash: "0123456789abcdef" }, scenarios, summary: summarize(scenarios) });
export const reportOf = (scenarios: RunResult["scenarios"], details: RunReport["details"] = new Map()): RunReport => ({ result: runResult(scenarios), details, traces: new Map() });
export const surroundings = (environment: Readonly<Record<string, string>> = {}): { readonly out: typeof plain; readonly error: typeof plain; readonly environment: Readonly<Record<string, string>> } => ({ out: plain, error: plain, environment });

/** Text that would do something to a terminal, to XML or to GitHub. */
export const hostileText = "a\u001b[2J\u0007\u0085\u202e\ud800\uffff<&\"'>]]>\r\n::error::owned\n##[error]owned %0A|`x`";

export const emptyDetails: RunDetails = { topology: [], regions: [], moments: [], registers: [], timeline: [], timelineLeftOut: 0, spans: [], log: [], logLeftOut: 0, readyAtNs: 0, failedAtNs: null, sources: {} };
