// Cases: scenario files of ours whose steps a real kernel can do as well. Those of the project are in tools/linux/cases.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { parse } from "yaml";
import { planScenario } from "../../src/scenario/plan.ts";
import type { ScenarioPlan } from "../../src/scenario/plan.ts";
import { projectRoot } from "./folder.ts";
import { RigProblem } from "./problem.ts";

export interface LinuxCase {
  readonly name: string;
  readonly file: string;
  readonly text: string;
  readonly plan: ScenarioPlan;
  /** What steps inject, as it is written, by the step's number from 1. */
  readonly actions: ReadonlyMap<number, unknown>;
}

const ending = ".yaml";
const caseFolder = join(projectRoot, "tools/linux/cases");

/** Names of the project's cases. */
export const caseNames = (): string[] => readdirSync(caseFolder).filter((name) => name.endsWith(ending)).map((name) => basename(name, ending)).toSorted();

/** What of a scenario only our own kernel can do. */
function problemsOf({ plan }: LinuxCase): string[] {
  return [
    ...(plan.workloads.length > 0 ? ["workloads: their loads and stores would not reach a served device"] : []),
    ...(plan.faults.some((fault) => fault.do.kernelStep !== undefined) ? ["kernelStep: a real kernel's steps cannot be made to fail"] : []),
    ...(plan.steps.some((step) => "expect" in step) ? ["expect as a step: the comparison is what judges"] : []),
  ];
}

function actionsOf(text: string): ReadonlyMap<number, unknown> {
  const { steps = [] } = parse(text) as { readonly steps?: readonly Readonly<Record<string, unknown>>[] };
  return new Map(steps.flatMap((step, index) => ("inject" in step ? [[index + 1, step["inject"]] as const] : [])));
}

/** Reads a case by its name or file. @throws RigProblem, ScenarioFileError */
export function readCase(name: string): LinuxCase {
  const file = name.endsWith(ending) ? name : join(caseFolder, `${name}${ending}`);
  if (!existsSync(file)) throw new RigProblem(`no case "${name}"; there are ${caseNames().join(", ")}, or give a scenario file (.yaml)`);
  const text = readFileSync(file, "utf8");
  const found = { name: basename(file, ending), file, text, plan: planScenario(file, text), actions: actionsOf(text) };
  const problems = problemsOf(found);
  if (problems.length > 0) throw new RigProblem(`${file} cannot be run by a real kernel:\n${problems.map((one) => `  - ${one}`).join("\n")}`);
  return found;
}
