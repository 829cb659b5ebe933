// Faults of a scenario over the hardware's probes and the kernel's steps: armed at their time, fired by what happens, proven by evidence.

import type { Kernel } from "../kernel/base/kernel.ts";
import type { StepFault } from "../kernel/base/steps.ts";
import { armStep } from "../kernel/base/steps.ts";
import type { Hardware } from "../hardware/machine.ts";
import type { ProbeEvidence, ProbeMatch } from "../hardware/probes.ts";
import { armProbe, callProbe, probeEvidence } from "../hardware/probes.ts";
import { probesOfAction } from "../scenario/faults/check-device-faults.ts";
import type { PlannedFault, ScenarioPlan } from "../scenario/plan.ts";
import type { FaultResult } from "../scenario/result.ts";
import type { Cause } from "../scenario/faults/trigger.ts";
import { drawDelay } from "../scenario/faults/trigger.ts";
import { kernelKinds } from "../sim/trace.ts";
import type { TraceLayer } from "../sim/trace.ts";
import { UncheckedFaultError } from "./device-faults.ts";
import { fieldOf, probesOfFault } from "./fault-actions.ts";

export interface FaultTable {
  readonly plan: ScenarioPlan;
  readonly hardware: Hardware;
  /** Whose steps can fail; null: there is none. */
  readonly kernel: Kernel | null;
  /** Of the moments that are left to it. */
  readonly seed: number;
  /** Faults that are in the kernel, by index. */
  readonly steps: Map<number, StepFault>;
  /** Probes of the faults that are in the hardware, by index. */
  readonly armed: Map<number, readonly number[]>;
  /** The first probe of each fault: numbers follow the file, so that they are the same in every run. */
  readonly firstProbes: readonly number[];
  /** How often what a fault of a kernel step waits for has happened, by index. */
  readonly came: Map<number, number>;
  /** Acts of faults of kernel steps that others have been told of, by index. */
  readonly told: Map<number, number>;
  /** The first acts of each fault, by index. */
  readonly acts: Map<number, { readonly atNs: number; readonly changed: string[] }[]>;
}

export function createFaults(plan: ScenarioPlan, hardware: Hardware, kernel: Kernel | null = null, seed = 1): FaultTable {
  let next = 0;
  const firstProbes = plan.faults.map((fault) => (next += probesOfAction(fault.do)) - probesOfAction(fault.do));
  return { plan, hardware, kernel, seed, steps: new Map(), armed: new Map(), firstProbes, came: new Map(), told: new Map(), acts: new Map() };
}

/** A log line or a note of the kernel, as it is written. */
export interface Said {
  readonly layer: TraceLayer;
  readonly kind: number;
  readonly text: string;
  readonly detail: string;
}

const marks: readonly number[] = [kernelKinds.step, kernelKinds.state];

/** Whether a trigger waits for what is said. */
export function isSaid(cause: Cause, said: Said): boolean {
  if (cause.kind !== "text") return false;
  if (cause.in === "any") return said.text.includes(cause.text);
  if (cause.in === "log") return said.layer === "log" && (cause.level === null || cause.level === said.detail) && said.text.includes(cause.text);
  return said.layer === "kernel" && marks.includes(said.kind) && `${said.text}${said.detail === "" ? "" : `: ${said.detail}`}`.includes(cause.text);
}

/** Index of the fault that another one follows. */
const followedBy = ({ plan }: FaultTable, cause: Cause): number => (cause.kind === "fault" ? plan.faults.findIndex(({ id }) => id === cause.id) : -1);

const isInKernel = (fault: PlannedFault | undefined): boolean => fault?.do.kernelStep !== undefined;

/** Number of the probe that acts last for a fault. */
function lastProbe({ plan, firstProbes }: FaultTable, index: number): number {
  const fault = plan.faults[index];
  return (firstProbes[index] ?? 0) + (fault === undefined ? 0 : probesOfAction(fault.do)) - 1;
}

/** What the hardware watches for; `call`: the host does. */
function matchOf(faults: FaultTable, { trigger: { cause } }: PlannedFault, at: number): ProbeMatch {
  const { plan } = faults;
  switch (cause.kind) {
    case "time":
    case "inject":
      return { kind: "time", at };
    case "request":
      return { kind: "request", direction: cause.direction, ...(cause.port === null ? {} : { port: cause.port }) };
    case "access": {
      const place = fieldOf(plan, cause.of, cause.register);
      return { kind: "access", entity: cause.of, space: place.space, from: place.offset, to: place.offset + 3, direction: cause.direction };
    }
    case "register": {
      const { space, offset, mask, shift } = fieldOf(plan, cause.of, cause.field);
      return { kind: "register", entity: cause.of, space, offset, mask, ...(cause.equals === null ? {} : { value: (cause.equals << shift) >>> 0 }) };
    }
    case "fault": {
      const other = followedBy(faults, cause);
      return isInKernel(plan.faults[other]) ? { kind: "call" } : { kind: "probe", id: lastProbe(faults, other) };
    }
    default:
      return { kind: "call" };
  }
}

/** Virtual ns from what a fault waits for to its act. */
export const delayOf = ({ seed }: FaultTable, { trigger, id }: PlannedFault): number => drawDelay(trigger, id, seed);

/** Probes act in the order of their numbers when they match at once. */
function arm(faults: FaultTable, index: number, fault: PlannedFault): void {
  const { nth, times, every, cause } = fault.trigger;
  const first = faults.firstProbes[index] ?? 0;
  const delay = delayOf(faults, fault);
  const isTime = cause.kind === "time" || cause.kind === "inject";
  const match = matchOf(faults, fault, faults.hardware.now + delay);
  const probes = probesOfFault(faults.plan, fault).map((action, offset) =>
    armProbe(faults.hardware, first + offset, { match, skip: nth - 1, action, count: times, delay: isTime ? 0 : delay, ...(every === null ? {} : { period: every }) }));
  faults.armed.set(index, probes);
}

/** Puts the fault of a kernel step into the kernel; from `notBefore` on it acts. */
function armInKernel(faults: FaultTable, index: number, fault: PlannedFault, notBefore: number): void {
  const spec = fault.do.kernelStep;
  if (spec === undefined || faults.kernel === null) throw new UncheckedFaultError(`fault ${fault.id} needs a kernel`);
  faults.steps.set(index, armStep(faults.kernel, { step: spec.step, of: spec.of ?? null, notBefore, nth: spec.nth ?? 1, count: spec.count ?? 1, ...(spec.errno === undefined ? {} : { errno: spec.errno }) }));
}

/** Arms the faults that count from `moment`; times count from now. */
export function armFaults(faults: FaultTable, moment: "boot" | "ready"): void {
  for (const [index, fault] of faults.plan.faults.entries()) {
    const { cause, from } = fault.trigger;
    if (cause.kind === "inject" || from !== moment || faults.armed.has(index)) continue;
    if (!isInKernel(fault)) arm(faults, index, fault);
    else if (cause.kind === "time") armInKernel(faults, index, fault, faults.hardware.now + delayOf(faults, fault));
  }
}

/** Does what a step injects (numbers from 1), at once. */
export function injectStep(faults: FaultTable, step: number): void {
  for (const [index, fault] of faults.plan.faults.entries()) {
    const { cause } = fault.trigger;
    if (cause.kind !== "inject" || cause.step !== step) continue;
    if (isInKernel(fault)) armInKernel(faults, index, fault, faults.hardware.now);
    else arm(faults, index, fault);
  }
}

/** What a fault waits for, and the host watches, has happened. */
function comes(faults: FaultTable, index: number, fault: PlannedFault): void {
  if (!isInKernel(fault)) {
    if (!faults.armed.has(index)) arm(faults, index, fault);
    for (const probe of faults.armed.get(index) ?? []) callProbe(faults.hardware, probe);
    return;
  }
  const count = (faults.came.get(index) ?? 0) + 1;
  faults.came.set(index, count);
  if (faults.kernel !== null && !faults.steps.has(index) && count === fault.trigger.nth) armInKernel(faults, index, fault, faults.hardware.now + delayOf(faults, fault));
}

const isHeardAt = ({ trigger }: PlannedFault, moment: "boot" | "ready"): boolean => moment === "ready" || trigger.from === "boot";

/** Acts of a fault that are kept. */
const keptActs = 16;

/** A fault acts: gives the list that takes what that changes; undefined: enough of its acts are kept. */
export function noteAct(faults: FaultTable, index: number, atNs: number): string[] | undefined {
  const acts = faults.acts.get(index) ?? [];
  faults.acts.set(index, acts);
  if (acts.length === keptActs) return undefined;
  const changed: string[] = [];
  acts.push({ atNs, changed });
  return changed;
}

/** Faults of kernel steps have acted, as is said: it is kept, and those that follow them are told. */
function tellFollowers(faults: FaultTable, { text, detail }: Said): void {
  for (const [other, { fired, lastAt }] of faults.steps) {
    const known = faults.told.get(other) ?? 0;
    if (fired === known) continue;
    faults.told.set(other, fired);
    noteAct(faults, other, lastAt ?? 0)?.push(`${text}: ${detail}`);
    for (const [index, fault] of faults.plan.faults.entries()) if (followedBy(faults, fault.trigger.cause) === other) comes(faults, index, fault);
  }
}

/** A mark or log line was written: faults that wait for it act at once. */
export function heardText(faults: FaultTable, said: Said, moment: "boot" | "ready"): void {
  tellFollowers(faults, said);
  for (const [index, fault] of faults.plan.faults.entries()) if (isSaid(fault.trigger.cause, said) && isHeardAt(fault, moment)) comes(faults, index, fault);
}

/** Faults of kernel steps that follow what hardware does: it is looked at when a step is met. */
function lookAtHardware(faults: FaultTable): void {
  for (const [index, fault] of faults.plan.faults.entries()) {
    const other = isInKernel(fault) && !faults.steps.has(index) ? followedBy(faults, fault.trigger.cause) : -1;
    if (other < 0 || isInKernel(faults.plan.faults[other])) continue;
    const { fired } = evidenceAt(faults, other);
    while ((faults.came.get(index) ?? 0) < fired && !faults.steps.has(index)) comes(faults, index, fault);
  }
}

/** A step of the kernel is met, with the names of what it is done to. */
export function reachedStep(faults: FaultTable, step: string, names: readonly string[], moment: "boot" | "ready"): void {
  if (faults.plan.faults.length === 0) return;
  lookAtHardware(faults);
  for (const [index, fault] of faults.plan.faults.entries()) {
    const { cause } = fault.trigger;
    if (cause.kind === "step" && cause.step === step && (cause.of === null || names.includes(cause.of)) && isHeardAt(fault, moment)) comes(faults, index, fault);
  }
}

/** What a fault has come to, by its index. One of several actions has matched and fired as often as the least of them. */
export function evidenceAt(faults: FaultTable, index: number): ProbeEvidence {
  const step = faults.steps.get(index);
  if (step !== undefined) return { matches: step.fired, fired: step.fired, firstAt: step.firstAt, lastAt: step.lastAt };
  const all = (faults.armed.get(index) ?? []).map((probe) => probeEvidence(faults.hardware, probe));
  if (all.length === 0) return { matches: 0, fired: 0, firstAt: null, lastAt: null };
  return { matches: Math.min(...all.map((one) => one.matches)), fired: Math.min(...all.map((one) => one.fired)), firstAt: all[0]?.firstAt ?? null, lastAt: all.at(-1)?.lastAt ?? null };
}

export const resultOfFault = (id: string, { fired, firstAt }: ProbeEvidence): FaultResult => ({ id, fired: fired > 0, count: fired, firstAtNs: firstAt });

/** Evidence, in the order of the file. */
export const faultResults = (faults: FaultTable): FaultResult[] => faults.plan.faults.map(({ id }, index) => resultOfFault(id, evidenceAt(faults, index)));

/** True when every fault that must fire has fired. */
export const allFired = (faults: FaultTable): boolean => faultResults(faults).every((result, index) => result.fired || faults.plan.faults[index]?.optional === true);
