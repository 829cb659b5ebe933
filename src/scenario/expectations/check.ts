// What is wrong with expectations beyond their shape: names that the machine or the file does not have, bounds that say nothing, times that contradict each other.

import type { MachineDescription } from "../../platform/description.ts";
import type { Path } from "../load.ts";
import type { PathProblem } from "../machine.ts";
import { findField } from "../machine-parts.ts";
import type { ExpectationFile } from "../plan.ts";
import { suggestion } from "../suggest.ts";
import { splitField } from "../faults/trigger.ts";
import { timeText } from "../units.ts";

type OfRegister = Extract<ExpectationFile, { register: unknown }>;
type Timed = { readonly before?: number | undefined; readonly between?: readonly [number, number] | undefined };

function registerProblems(machine: MachineDescription, one: OfRegister, path: Path): PathProblem[] {
  const { of, field } = typeof one.register === "string" ? splitField(one.register) : one.register;
  const found = findField(machine, of, field);
  const isSaid = one.equals !== undefined || one.atLeast !== undefined || one.atMost !== undefined;
  return [
    ...(typeof found === "string" ? [{ path: [...path, "register"], message: found }] : []),
    ...(isSaid ? [] : [{ path, message: "say what the register holds: equals: 1, atLeast: or atMost:" }]),
  ];
}

function windowProblems({ before, between }: Timed, path: Path): PathProblem[] {
  if (before !== undefined && between !== undefined) return [{ path: [...path, "before"], message: "before and between are two ways to say when; leave one out" }];
  if (between === undefined || between[0] <= between[1]) return [];
  return [{ path: [...path, "between"], message: `a window ends where it begins or later; write [${timeText(between[1])}, ${timeText(between[0])}]` }];
}

function faultProblems(one: Extract<ExpectationFile, { fault: unknown }>, ids: readonly string[], path: Path): PathProblem[] {
  if (!ids.includes(one.fault)) return [{ path: [...path, "fault"], message: `no fault "${one.fault}" in the file; ${suggestion(one.fault, ids)}` }];
  return one.acted === undefined || (one.atLeast === undefined && one.atMost === undefined) ? [] : [{ path: [...path, "acted"], message: "acted says how often exactly; leave it out, or atLeast and atMost" }];
}

/** `ids`: of the faults that the run can have. */
export function problemsOfExpectations(machine: MachineDescription, expectations: readonly ExpectationFile[], ids: readonly string[], path: Path): PathProblem[] {
  return expectations.flatMap((one, index): PathProblem[] => {
    const at: Path = [...path, index];
    if ("register" in one) return registerProblems(machine, one, at);
    if ("fault" in one) return [...faultProblems(one, ids, at), ...windowProblems(one, at)];
    return "log" in one || "mark" in one || "hardware" in one ? windowProblems(one, at) : [];
  });
}
