// What reports are made of: real runs with details or traces, and one in which every foreign text is hostile.

import type { RunReport } from "../../src/report/reporter.ts";
import { scenarioDetails, startScenario } from "../../src/sandbox.ts";
import type { RunInput } from "../../src/sandbox.ts";
import type { RunDetails } from "../../src/scenario/details.ts";
import type { TraceFile } from "../../src/scenario/trace/file.ts";
import type { ScenarioResult } from "../../src/scenario/result.ts";
import { bundledScenarios } from "./library.ts";
import { modules } from "./machine.ts";
import { hostileText, reportOf, resultWith } from "./reports.ts";

/** A run of a bundled scenario with what a report shows of it. */
export function detailed(file: string, defects: readonly string[] = []): { readonly result: ScenarioResult; readonly details: RunDetails } {
  const input: RunInput = { file, text: bundledScenarios()[file] ?? "", seed: 1, schedule: "fixed", keepTrace: false, defects };
  const run = startScenario(modules.release, input);
  while (run.run(() => false) !== "done") continue;
  const work = scenarioDetails(modules.release, input);
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return { result: run.result(), details: value };
  }
}

/** A run of a bundled scenario with its trace. */
export function traced(file: string): { readonly result: ScenarioResult; readonly trace: TraceFile } {
  const run = startScenario(modules.release, { file, text: bundledScenarios()[file] ?? "", seed: 1, schedule: "fixed", keepTrace: true });
  while (run.run(() => false) !== "done") continue;
  const result = run.result();
  const trace = run.traceFile();
  if (trace === null) throw new Error("the run kept no trace");
  return { result, trace };
}

export const failingFile = "scenarios/defects/no-link-down.yaml";

export const scriptText = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"' onclick=alert(1) <!-- ${x}";
const hostile = `${scriptText}${hostileText}`;

/** What is the project's own word, whatever a scenario says. */
const ownWords: ReadonlySet<string> = new Set(["kind", "condition", "level", "layer", "schedule"]);

function withHostile(value: unknown): unknown {
  if (typeof value === "string") return value === "" ? value : `${value}${hostile}`;
  if (Array.isArray(value)) return value.map(withHostile);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, ownWords.has(key) ? one : withHostile(one)]));
}

/** A report of one run in which whatever can be foreign is. */
export function hostileReport(): RunReport {
  const { result, details } = detailed(failingFile, ["no-link-down"]);
  const { status, ...others } = result;
  const golden = { state: "changed", file: "a", layers: ["log"], divergences: [{ layer: "log", index: 1, atNs: 5, expected: "a", actual: "b", before: ["c"], expectedAfter: ["d"], actualAfter: ["e"] }] } as const;
  const foreign = { ...(withHostile({ ...others, golden, warnings: ["w"], reason: "why" }) as ScenarioResult), status };
  const { sources, ...rest } = details;
  return reportOf([foreign, resultWith({ name: hostile, file: hostile })], new Map([[0, { ...(withHostile(rest) as RunDetails), sources: { [foreign.file]: hostile, ...sources } }]]));
}
