// What is wrong with a fault's trigger: keys that do not go together, names that the machine or the file does not have, moments that no run reaches.

import type { MachineDescription } from "../../platform/description.ts";
import type { Path } from "../load.ts";
import type { PathProblem } from "../machine.ts";
import { findField, namesOf } from "../machine-parts.ts";
import type { FaultFile } from "../plan.ts";
import { suggestion } from "../suggest.ts";
import type { MomentFile, WhenFile } from "./trigger-schema.ts";
import { innerKeys, splitField, triggerOf } from "./trigger.ts";
import { timeText } from "../units.ts";

function windowProblem(moment: MomentFile | undefined, path: Path): PathProblem[] {
  if (moment === undefined || typeof moment === "number" || moment.between[0] <= moment.between[1]) return [];
  const [first, last] = moment.between;
  return [{ path: [...path, "between"], message: `a window ends where it begins or later; write [${timeText(last)}, ${timeText(first)}]` }];
}

/** Keys that contradict each other or say nothing. */
function keyProblems(when: WhenFile, path: Path): PathProblem[] {
  const problems: PathProblem[] = [];
  const inner = innerKeys(when);
  if (when.every === 0) problems.push({ path: [...path, "every"], message: "0ns apart is once; write every: 1us, or leave it out" });
  if (when.every !== undefined && when.times === undefined) problems.push({ path: [...path, "every"], message: "say how often as well: times: 5" });
  if ("at" in when) {
    if ((when.times ?? 1) > 1 && when.every === undefined) problems.push({ path: [...path, "times"], message: "a moment comes once; say how far the others are apart: every: 10ms" });
    return [...problems, ...windowProblem(when.at, [...path, "at"])];
  }
  for (const key of ["nth", "delay", "within"] as const) if (when[key] !== undefined && inner[key] !== undefined) problems.push({ path: [...path, key], message: `${key} is said twice; say it once` });
  if ((when.delay ?? inner.delay) !== undefined && (when.within ?? inner.within) !== undefined) problems.push({ path: [...path, "within"], message: "delay and within are two ways to say how long after; for a window that begins later write delay: { between: [1ms, 5ms] }" });
  return [...problems, ...windowProblem(when.delay, [...path, "delay"]), ...windowProblem(inner.delay, [...path, "fault", "delay"])];
}

function registerProblems(machine: MachineDescription, when: Extract<WhenFile, { register: unknown }>, path: Path): PathProblem[] {
  const inner = typeof when.register === "string" ? { equals: undefined, changes: undefined } : when.register;
  const said = [when.equals, when.changes, inner.equals, inner.changes].filter((one) => one !== undefined);
  const place = typeof when.register === "string" ? splitField(when.register) : when.register;
  const found = findField(machine, place.of, place.field);
  return [
    ...(typeof found === "string" ? [{ path: [...path, "register"], message: found }] : []),
    ...(said.length === 1 ? [] : [{ path, message: "say which state of the register: equals: 1, or changes: true" }]),
  ];
}

function namedProblems(machine: MachineDescription, when: WhenFile, path: Path): PathProblem[] {
  if ("register" in when) return registerProblems(machine, when, path);
  if ("access" in when) {
    const found = findField(machine, when.access.of, when.access.register);
    return typeof found === "string" ? [{ path: [...path, "access"], message: found }] : [];
  }
  if (!("request" in when) || when.request.port === undefined) return [];
  const ports = namesOf(machine, (kind) => kind === "root port");
  return ports.includes(when.request.port) ? [] : [{ path: [...path, "request", "port"], message: `no root port "${when.request.port}" in the machine; ${suggestion(when.request.port, ports)}` }];
}

/** A step of the kernel is there to fail once something has been said, not when hardware does something. */
function kernelStepProblems({ when, do: action }: FaultFile, path: Path): PathProblem[] {
  if (action.kernelStep === undefined) return [];
  if ("access" in when || "request" in when || "register" in when) return [{ path, message: "a kernel step fails from a time, a mark, a log line, a kernel step or another fault on; write at: 0ms, from: boot, or after:" }];
  return when.times === undefined && when.every === undefined ? [] : [{ path, message: "how often a kernel step fails is said in the action: kernelStep: { step, count: 3 }" }];
}

/** What is wrong with one trigger for a machine, whatever else is in the file. */
export const problemsOfTrigger = (machine: MachineDescription, fault: FaultFile, path: Path): PathProblem[] =>
  [...keyProblems(fault.when, path), ...namedProblems(machine, fault.when, path), ...kernelStepProblems(fault, path)];

const followed = ({ when }: FaultFile): string | null => ("fault" in when ? (typeof when.fault === "string" ? when.fault : when.fault.id) : null);

/** Whether a fault waits, by way of others, for itself. */
function isCircular(faults: readonly FaultFile[], id: string): boolean {
  const seen = new Set<string>();
  for (let next = faults.find((one) => one.id === id); next !== undefined; ) {
    const before = followed(next);
    if (before === null || seen.has(before)) return false;
    if (before === id) return true;
    seen.add(before);
    next = faults.find((one) => one.id === before);
  }
  return false;
}

/** What is wrong with triggers that name other faults. `ids`: of the file and of its steps. */
export function problemsOfFollowing(faults: readonly FaultFile[], ids: readonly string[]): PathProblem[] {
  return faults.flatMap((fault, index): PathProblem[] => {
    const id = followed(fault);
    const path: Path = ["faults", index, "when", "fault"];
    if (id === null) return [];
    if (!ids.includes(id)) return [{ path, message: `no fault "${id}" in the file; ${suggestion(id, ids.filter((one) => one !== fault.id))}` }];
    return isCircular(faults, fault.id) ? [{ path, message: `"${fault.id}" waits for itself${id === fault.id ? "" : ` by way of "${id}"`}; one of them needs another trigger` }] : [];
  });
}

/** Moments that no run of the scenario reaches: a fault that can never act makes every run invalid. */
export function problemsOfMoments(faults: readonly FaultFile[], limit: number): PathProblem[] {
  return faults.flatMap((fault, index): PathProblem[] => {
    const { cause, from, delay } = triggerOf(fault.when);
    if (cause.kind !== "time" || from === "boot" || fault.optional === true || delay.most <= limit) return [];
    const what = delay.least === delay.most ? `${timeText(delay.least)} is` : `the window of ${timeText(delay.least)} to ${timeText(delay.most)} is, in part,`;
    return [{ path: ["faults", index, "when", "at"], message: `${what} beyond the end of the run, ${timeText(limit)} after ready; raise limits.time, or say optional: true` }];
  });
}
