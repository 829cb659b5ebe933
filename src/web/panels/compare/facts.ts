// Both runs of a comparison, fact by fact.

import type { ScenarioResult } from "../../../scenario/result.ts";
import { timeWords } from "../../shell/words.ts";

export interface FactRow {
  readonly name: string;
  readonly values: readonly [string, string];
}

const fates = ({ workloads }: ScenarioResult): readonly (readonly [name: string, fate: string])[] => workloads.map(({ name, killed, downtimeNs }) => [name, killed ? `killed, down ${timeWords(downtimeNs)}` : "lives"]);

const failed = ({ expectations }: ScenarioResult): string => {
  const bad = expectations.filter(({ pass }) => !pass);
  return bad.length === 0 ? `all ${expectations.length} hold` : bad.map(({ text }) => text).join("; ");
};

/** Facts of both; a fact that neither has is left out. */
export function factRows(first: ScenarioResult, second: ScenarioResult): FactRow[] {
  const both = (name: string, of: (result: ScenarioResult) => string): FactRow => ({ name, values: [of(first), of(second)] });
  const names = [...new Set([...fates(first), ...fates(second)].map(([name]) => name))];
  const fateOf = (result: ScenarioResult, name: string): string => fates(result).find(([one]) => one === name)?.[1] ?? "not there";
  return [
    both("outcome", ({ outcome }) => outcome), both("status", ({ status, reason }) => (reason === null ? status : `${status}: ${reason}`)), both("expectations", failed),
    both("faults that fired", ({ faults }) => faults.filter(({ fired }) => fired).map(({ id }) => id).join(", ") || "none"),
    ...(["machineChecks", "droppedWrites", "killed", "survived", "bytesLost", "bytesServed"] as const).map((metric) => both(metric, ({ metrics }) => (metrics === null ? "–" : String(metrics[metric])))),
    both("virtual time", ({ virtualTimeNs }) => timeWords(virtualTimeNs)),
    ...names.map((name) => both(name, (result) => fateOf(result, name))),
  ];
}
