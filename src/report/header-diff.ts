// What two traces were made from, where it differs: lines for a person.

import { structuredPatch } from "diff";
import type { ScenarioPlan } from "../scenario/plan.ts";
import { onOneLine } from "../scenario/trace/names.ts";
import type { TraceHeader } from "../scenario/trace/file.ts";

/** Lines removed and added together; texts that differ more are not compared line by line. */
const mostEdits = 2000;
const contextLines = 2;

function textDiff(what: string, a: string, b: string): string[] {
  if (a === b) return [];
  const patch = structuredPatch("", "", a, b, "", "", { context: contextLines, maxEditLength: mostEdits });
  if (patch === undefined) return [`${what}: more than ${mostEdits} lines differ`];
  return [`${what}:`, ...patch.hunks.flatMap(({ oldStart, newStart, lines }) => [`  line ${oldStart} of the first, ${newStart} of the second`, ...lines.map((line) => `  ${onOneLine(line)}`)])];
}

function choicesDiff(a: readonly number[], b: readonly number[]): string[] {
  const most = Math.max(a.length, b.length);
  let index = 0;
  while (index < most && a[index] === b[index]) index++;
  if (index === most) return [];
  const told = (choices: readonly number[]): string => (choices[index] === undefined ? "no more" : `task ${choices[index]}`);
  return [`choices of the schedule: ${a.length} and ${b.length}; number ${index} (from 0) is ${told(a)} and ${told(b)}`];
}

const policiesDiff = (a: ScenarioPlan["policies"], b: ScenarioPlan["policies"]): string[] =>
  (Object.keys(a) as (keyof ScenarioPlan["policies"])[]).flatMap((name) => (a[name] === b[name] ? [] : [`policy ${name}: ${String(a[name])} and ${String(b[name])}`]));

const listed = (names: readonly string[]): string => (names.length === 0 ? "none" : names.join(", "));

/** What of two headers differs. `policies`: of both, where this release can read their scenarios. */
export function headerDiff(a: TraceHeader, b: TraceHeader, policies: readonly [ScenarioPlan["policies"], ScenarioPlan["policies"]] | null): string[] {
  const drivers = ({ drivers: files }: TraceHeader): string => listed(files.map(({ file, digest }) => `${file} (${digest})`));
  const values: readonly (readonly [string, string | number, string | number])[] = [
    ["file", a.file, b.file], ["version", a.tool.version, b.tool.version], ["hardware module", a.tool.moduleHash, b.tool.moduleHash], ["seed", a.seed, b.seed], ["schedule", a.schedule, b.schedule],
    ["defects", listed(a.defects), listed(b.defects)], ["drivers", drivers(a), drivers(b)],
  ];
  const names = [...new Set([...Object.keys(a.includes), ...Object.keys(b.includes)])];
  return [
    ...values.flatMap(([name, one, other]) => (one === other ? [] : [onOneLine(`${name}: ${one === "" ? "not said" : one} and ${other === "" ? "not said" : other}`)])),
    ...choicesDiff(a.choices, b.choices), ...(policies === null ? [] : policiesDiff(...policies)),
    ...textDiff("scenario", a.scenario, b.scenario), ...names.flatMap((name) => textDiff(`included ${onOneLine(name)}`, a.includes[name] ?? "", b.includes[name] ?? "")),
  ];
}
