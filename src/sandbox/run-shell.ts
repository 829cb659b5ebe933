// The shell of somebody who sits at a run's machine: its files, references to the machine's parts, signals of the task that runs the line.

import { isSignalled, takeSignal } from "../sim/task.ts";
import { programs } from "../userland/programs.ts";
import { createShell } from "../userland/run.ts";
import type { Shell } from "../userland/run.ts";
import { ShellProblem } from "../userland/shell-words.ts";
import type { OpenRun } from "./contract.ts";
import { UnresolvedReferenceError, resolveReferences } from "./references.ts";

/** `own`: the programs that it has; the machine's where there are none. */
export function shellOf({ plan, files, system }: Pick<OpenRun, "plan" | "files" | "system">, own: Shell["programs"] = programs): Shell {
  const resolve = (reference: string): string => {
    try {
      return resolveReferences(plan.machine, files, `\${${reference}}`);
    } catch (thrown) {
      if (thrown instanceof UnresolvedReferenceError) throw new ShellProblem(thrown.message);
      throw thrown;
    }
  };
  return createShell(files, { programs: own, resolve, isSignalled: () => isSignalled(system.scheduler), takeSignal: () => takeSignal(system.scheduler) });
}
