// Faults of a scenario over the hardware's probes: armed at their time, fired by a match, proven by evidence.

import type { Hardware } from "../hardware/machine.ts";
import type { ProbeAction, ProbeMatch } from "../hardware/probes.ts";
import { armProbe, probeEvidence } from "../hardware/probes.ts";
import { findField } from "../scenario/plan.ts";
import type { FaultFile, ScenarioPlan } from "../scenario/plan.ts";
import type { FaultResult } from "../scenario/result.ts";

export interface FaultTable {
  readonly plan: ScenarioPlan;
  readonly hardware: Hardware;
  /** Faults whose probe is in the hardware, by index. */
  readonly armed: Set<number>;
}

export const createFaults = (plan: ScenarioPlan, hardware: Hardware): FaultTable => ({ plan, hardware, armed: new Set() });

function actionOf(fault: FaultFile): ProbeAction {
  const action = fault.do;
  if ("linkDown" in action) return { kind: "linkDown", port: action.linkDown };
  if ("linkUp" in action) return { kind: "linkUp", port: action.linkUp };
  if ("neverRetrain" in action) return { kind: "neverRetrain", port: action.neverRetrain };
  if ("dropResponse" in action) return { kind: "dropResponse", port: action.dropResponse.port, count: action.dropResponse.count ?? 1 };
  if ("delayResponse" in action) return { kind: "delayResponse", port: action.delayResponse.port, by: action.delayResponse.by, count: action.delayResponse.count ?? 1 };
  if ("loseInterrupt" in action) {
    const { port, message, count } = action.loseInterrupt;
    return { kind: "loseInterrupt", function: port, count: count ?? 1, ...(message === undefined ? {} : { message }) };
  }
  return { kind: "plug", port: action.replaceDevice.port, device: action.replaceDevice.with };
}

function fieldOf(plan: ScenarioPlan, of: string, path: string) {
  const place = findField(plan.machine, of, path);
  if (typeof place === "string") throw new Error(`unchecked register name: ${place}`);
  return place;
}

/** The hardware match of a fault, or undefined for one that waits for a mark. */
function matchOf(plan: ScenarioPlan, fault: FaultFile, from: number): { readonly match: ProbeMatch; readonly skip: number } | undefined {
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

/** Arms the faults that count from `moment`; times count from now. */
export function armFaults(faults: FaultTable, moment: "boot" | "ready"): void {
  for (const [index, fault] of faults.plan.faults.entries()) {
    if ((fault.when.from ?? "ready") !== moment) continue;
    const found = matchOf(faults.plan, fault, faults.hardware.now);
    if (found === undefined) continue;
    armProbe(faults.hardware, index, { match: found.match, skip: found.skip, action: actionOf(fault) });
    faults.armed.add(index);
  }
}

/** A mark or log line was written: faults that wait for it act at once. */
export function heardMark(faults: FaultTable, text: string, moment: "boot" | "ready"): void {
  for (const [index, fault] of faults.plan.faults.entries()) {
    if (!("after" in fault.when) || faults.armed.has(index) || !text.includes(fault.when.after)) continue;
    if (moment === "boot" && (fault.when.from ?? "ready") === "ready") continue;
    armProbe(faults.hardware, index, { match: { kind: "time", at: faults.hardware.now }, action: actionOf(fault) });
    faults.armed.add(index);
  }
}

/** Evidence, in the order of the file. */
export function faultResults(faults: FaultTable): FaultResult[] {
  return faults.plan.faults.map((fault, index) => {
    if (!faults.armed.has(index)) return { id: fault.id, fired: false, count: 0, firstAtNs: null };
    const evidence = probeEvidence(faults.hardware, index);
    return { id: fault.id, fired: evidence.fired > 0, count: evidence.fired, firstAtNs: evidence.firstAt };
  });
}

/** True when every fault that must fire has fired. */
export const allFired = (faults: FaultTable): boolean => faultResults(faults).every((result, index) => result.fired || faults.plan.faults[index]?.optional === true);
