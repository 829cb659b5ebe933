// Faults of a scenario over the hardware's probes and the kernel's steps: armed at their time, fired by a match, proven by evidence.

import type { Kernel } from "../kernel/base/kernel.ts";
import type { StepFault } from "../kernel/base/steps.ts";
import { armStep } from "../kernel/base/steps.ts";
import type { Hardware } from "../hardware/machine.ts";
import type { ProbeAction, ProbeEvidence, ProbeMatch } from "../hardware/probes.ts";
import { armProbe, probeEvidence } from "../hardware/probes.ts";
import { findField } from "../scenario/machine-parts.ts";
import { rasErrors } from "../scenario/plan.ts";
import type { ActionFile, PlannedFault, ScenarioPlan } from "../scenario/plan.ts";
import { deviceActionOf, probesOfAction } from "../scenario/check-device-faults.ts";
import type { DeviceActionFile, DeviceActionName } from "../scenario/device-faults.ts";
import { UncheckedFaultError, probesOfDevice } from "./device-faults.ts";
import type { FaultResult } from "../scenario/result.ts";

export interface FaultTable {
  readonly plan: ScenarioPlan;
  readonly hardware: Hardware;
  /** Whose steps can fail; null: there is none. */
  readonly kernel: Kernel | null;
  /** Faults that are in the kernel, by index. */
  readonly steps: Map<number, StepFault>;
  /** Probes of the faults that are in the hardware, by index. */
  readonly armed: Map<number, readonly number[]>;
  /** The first probe of each fault: numbers follow the file, so that they are the same in every run. */
  readonly firstProbes: readonly number[];
}

export function createFaults(plan: ScenarioPlan, hardware: Hardware, kernel: Kernel | null = null): FaultTable {
  let next = 0;
  const firstProbes = plan.faults.map((fault) => (next += probesOfAction(fault.do)) - probesOfAction(fault.do));
  return { plan, hardware, kernel, steps: new Map(), armed: new Map(), firstProbes };
}

const functionOf = (value: { readonly of?: string | undefined; readonly port?: string | undefined }): string => value.of ?? value.port ?? "";

function messagesOf(value: { readonly of?: string | undefined; readonly port?: string | undefined; readonly message?: number | undefined; readonly count?: number | undefined }) {
  return { function: functionOf(value), count: value.count ?? 1, ...(value.message === undefined ? {} : { message: value.message }) };
}

const linesOf = (value: { readonly device: string; readonly dpa: bigint; readonly length?: bigint | undefined }) => ({ device: value.device, dpa: value.dpa, length: Number(value.length ?? 64n) });

function errorOf(value: NonNullable<ActionFile["rasError"]>): ProbeAction {
  const kind = value.uncorrectable === undefined ? "correctable" : "uncorrectable";
  const bit = rasErrors[kind][value.uncorrectable ?? value.correctable ?? ""] ?? 0;
  return { kind: kind === "correctable" ? "correctableError" : "uncorrectableError", function: value.of, bit, ...(value.header === undefined ? {} : { header: value.header }) };
}

type Actions = { readonly [K in Exclude<keyof ActionFile, DeviceActionName | "qmp" | "kernelStep">]-?: (value: NonNullable<ActionFile[K]>, plan: ScenarioPlan) => ProbeAction };

const toProbe: Actions = {
  linkDown: (port) => ({ kind: "linkDown", port }),
  linkUp: (port) => ({ kind: "linkUp", port }),
  neverRetrain: (port) => ({ kind: "neverRetrain", port }),
  linkFlap: ({ port, time }) => ({ kind: "flapLink", port, time }),
  dropResponse: ({ port, count }) => ({ kind: "dropResponse", port, count: count ?? 1 }),
  delayResponse: ({ port, by, count }) => ({ kind: "delayResponse", port, by, count: count ?? 1 }),
  cacheTimeout: (port) => ({ kind: "cacheTimeout", port }),
  loseInterrupt: (value) => ({ kind: "loseInterrupt", ...messagesOf(value) }),
  duplicateInterrupt: (value) => ({ kind: "duplicateInterrupt", ...messagesOf(value) }),
  delayInterrupt: (value) => ({ kind: "delayInterrupt", by: value.by, ...messagesOf(value) }),
  replaceDevice: (value) => ({ kind: "plug", port: value.port, device: value.with }),
  plug: ({ port, card }) => ({ kind: "plug", port, device: card }),
  unplug: (port) => ({ kind: "unplug", port }),
  rasError: errorOf,
  poison: (value) => ({ kind: "poison", ...linesOf(value) }),
  clearPoison: (value) => ({ kind: "clearPoison", ...linesOf(value) }),
  mediaState: ({ device, state }) => ({ kind: "mediaState", device, state }),
  stuckRegister: ({ of, field, value }, plan) => ({ kind: "stuckRegister", ...bitsOf(plan, of, field, value) }),
  corruptRegister: ({ of, field, value }, plan) => ({ kind: "corruptRegister", ...bitsOf(plan, of, field, value) }),
  writeRegister: ({ of, field, value }, plan) => ({ kind: "writeRegister", ...bitsOf(plan, of, field, value) }),
  releaseRegister: ({ of, field }, plan) => ({ kind: "releaseRegister", at: bitsOf(plan, of, field, 0).at }),
  refuseCommit: ({ of, count }) => ({ kind: "refuseCommit", function: of, count: count ?? 1 }),
  neverCommit: ({ of, count }) => ({ kind: "neverCommit", function: of, count: count ?? 1 }),
  lateCommit: ({ of, by, count }) => ({ kind: "lateCommit", function: of, by, count: count ?? 1 }),
  resetDevice: (device) => ({ kind: "resetDevice", device }),
};

function bitsOf(plan: ScenarioPlan, of: string, field: string, value: number) {
  const place = fieldOf(plan, of, field);
  return { at: { entity: of, space: place.space, offset: place.offset, mask: place.mask }, value: (value << place.shift) >>> 0 };
}

/** What a fault does in the hardware, in order. */
export function probesOfFault(plan: ScenarioPlan, fault: PlannedFault): readonly ProbeAction[] {
  const inDevice = (action: DeviceActionFile): readonly ProbeAction[] => probesOfDevice(plan.machine, action);
  if (fault.do.qmp !== undefined) return fault.do.qmp.flatMap(inDevice);
  if (deviceActionOf(fault.do) !== undefined) return inDevice(fault.do);
  for (const [kind, value] of Object.entries(fault.do)) if (value !== undefined) return [(toProbe[kind as keyof Actions] as (value: unknown, plan: ScenarioPlan) => ProbeAction)(value, plan)];
  throw new UncheckedFaultError(`fault ${fault.id} does nothing`);
}

/** Probes act in the order of their numbers when they match at once. */
function arm(faults: FaultTable, index: number, fault: PlannedFault, match: ProbeMatch, skip: number): void {
  const first = faults.firstProbes[index] ?? 0;
  const probes = probesOfFault(faults.plan, fault).map((action, offset) => armProbe(faults.hardware, first + offset, { match, skip, action }));
  faults.armed.set(index, probes);
}

function fieldOf(plan: ScenarioPlan, of: string, path: string) {
  const place = findField(plan.machine, of, path);
  if (typeof place === "string") throw new UncheckedFaultError(`unchecked register name: ${place}`);
  return place;
}

/** The hardware match of a fault, or undefined for one that waits for a mark. */
function matchOf(plan: ScenarioPlan, fault: PlannedFault, from: number): { readonly match: ProbeMatch; readonly skip: number } | undefined {
  const when = fault.when;
  if ("at" in when) return { match: { kind: "time", at: from + when.at }, skip: 0 };
  if ("request" in when) {
    const { port, direction, nth } = when.request;
    return { match: { kind: "request", direction: direction ?? "any", ...(port === undefined ? {} : { port }) }, skip: (nth ?? 1) - 1 };
  }
  if ("access" in when) {
    const place = fieldOf(plan, when.access.of, when.access.register);
    return { match: { kind: "access", entity: when.access.of, space: place.space, from: place.offset, to: place.offset + 3, direction: when.access.direction ?? "any" }, skip: (when.access.nth ?? 1) - 1 };
  }
  if ("register" in when) {
    const place = fieldOf(plan, when.register.of, when.register.field);
    return { match: { kind: "register", entity: when.register.of, space: place.space, offset: place.offset, mask: place.mask, value: (when.register.equals << place.shift) >>> 0 }, skip: 0 };
  }
  return undefined;
}

/** Puts the fault of a kernel step into the kernel; from `notBefore` on it acts. False: the fault is another kind. */
function armInKernel(faults: FaultTable, index: number, fault: PlannedFault, notBefore: number): boolean {
  const spec = fault.do.kernelStep;
  if (spec === undefined) return false;
  if (faults.kernel === null) throw new UncheckedFaultError(`fault ${fault.id} needs a kernel`);
  faults.steps.set(index, armStep(faults.kernel, { step: spec.step, of: spec.of ?? null, notBefore, nth: spec.nth ?? 1, count: spec.count ?? 1, ...(spec.errno === undefined ? {} : { errno: spec.errno }) }));
  return true;
}

/** Arms the faults that count from `moment`; times count from now. */
export function armFaults(faults: FaultTable, moment: "boot" | "ready"): void {
  for (const [index, fault] of faults.plan.faults.entries()) {
    if ("step" in fault.when || (fault.when.from ?? "ready") !== moment) continue;
    if ("at" in fault.when && armInKernel(faults, index, fault, faults.hardware.now + fault.when.at)) continue;
    const found = matchOf(faults.plan, fault, faults.hardware.now);
    if (found === undefined) continue;
    arm(faults, index, fault, found.match, found.skip);
  }
}

/** Does what a step injects (numbers from 1), at once. */
export function injectStep(faults: FaultTable, step: number): void {
  for (const [index, fault] of faults.plan.faults.entries()) {
    if (!("step" in fault.when) || fault.when.step !== step) continue;
    if (!armInKernel(faults, index, fault, faults.hardware.now)) arm(faults, index, fault, { kind: "time", at: faults.hardware.now }, 0);
  }
}

/** A mark or log line was written: faults that wait for it act at once. */
export function heardMark(faults: FaultTable, text: string, moment: "boot" | "ready"): void {
  for (const [index, fault] of faults.plan.faults.entries()) {
    if (!("after" in fault.when) || faults.armed.has(index) || faults.steps.has(index) || !text.includes(fault.when.after)) continue;
    if (moment === "boot" && (fault.when.from ?? "ready") === "ready") continue;
    if (!armInKernel(faults, index, fault, faults.hardware.now)) arm(faults, index, fault, { kind: "time", at: faults.hardware.now }, 0);
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
