// The `builtIn` and `modules` parts of a file's `kernel:`. A file that says one of them says all: what it does not name is not there (S62).

import type { ModuleName, ModulePlan } from "../kernel/base/module-plan.ts";
import { defaultModulePlan, moduleNames } from "../kernel/base/module-plan.ts";
import type { PathProblem } from "./machine.ts";
import type { ScenarioFile } from "./schema.ts";
import { suggestion } from "./suggest.ts";

const lists = ["builtIn", "modules"] as const;
const isModule = (name: string): name is ModuleName => (moduleNames as readonly string[]).includes(name);

/** The plan of modules of a file; problems are added to the list. */
export function describeModules(file: ScenarioFile["kernel"], problems: PathProblem[]): ModulePlan {
  if (file?.builtIn === undefined && file?.modules === undefined) return defaultModulePlan;
  const plan: Record<(typeof lists)[number], ModuleName[]> = { builtIn: [], modules: [] };
  const seen = new Set<string>();
  for (const list of lists) {
    for (const [index, name] of (file[list] ?? []).entries()) {
      const path = ["kernel", list, index];
      if (!isModule(name)) problems.push({ path, message: `no module "${name}"; ${suggestion(name, moduleNames)}` });
      else if (seen.has(name)) problems.push({ path, message: `"${name}" is named twice; a driver is built in or a module, once` });
      else plan[list].push(name);
      seen.add(name);
    }
  }
  return plan;
}
