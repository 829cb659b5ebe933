// How each fault of a run came to act, or how far it came: its trigger's matches, its acts and what they changed, the moment that the seed picked.

import { bitsBefore } from "../hardware/probes.ts";
import type { ProbeEvidence } from "../hardware/probes.ts";
import type { PlannedFault, ScenarioPlan } from "../scenario/plan.ts";
import type { FaultAct, FaultEvidence, FaultResult } from "../scenario/result.ts";
import { momentText, nearestLine } from "../scenario/expectations/records.ts";
import { timeText } from "../scenario/time-text.ts";
import { triggerWords } from "../scenario/faults/trigger.ts";
import { fieldOf } from "./fault-actions.ts";
import type { FaultTable } from "./faults.ts";
import { delayOf, evidenceAt, resultOfFault } from "./faults.ts";
import type { System } from "./system.ts";

/** A run as its faults see it. */
export interface FaultRun {
  readonly plan: ScenarioPlan;
  readonly system: System;
  readonly faults: FaultTable;
  /** Virtual ns, -1 before ready. */
  readonly readyAt: number;
}

/** Registers of which the hardware tells what they held before. */
function wasBefore({ plan, faults }: FaultRun, index: number, fault: PlannedFault): string[] {
  const { corruptRegister, stuckRegister, writeRegister } = fault.do;
  const probe = faults.armed.get(index)?.[0];
  const one = corruptRegister ?? stuckRegister ?? writeRegister;
  if (one === undefined || probe === undefined) return [];
  const { shift } = fieldOf(plan, one.of, one.field);
  return [`${one.of}: ${one.field} was ${bitsBefore(faults.hardware, probe) >>> shift}, became ${one.value}`];
}

function actsOf(run: FaultRun, index: number, fault: PlannedFault, { fired }: ProbeEvidence): FaultAct[] {
  run.system.hardware.drainTrace();
  const acts = run.faults.acts.get(index) ?? [];
  // The hardware remembers the last act's.
  return acts.map(({ atNs, changed }, place) => ({ atNs, changed: [...(place === fired - 1 ? wasBefore(run, index, fault) : []), ...changed] }));
}

const times = (count: number): string => `${count} time${count === 1 ? "" : "s"}`;

/** What was said that is near to what a fault waits for. */
function nearby({ system }: FaultRun, { trigger: { cause } }: PlannedFault): string {
  return cause.kind === "text" ? nearestLine(cause.text, system.kernel.trace.strings) : "";
}

function stateNow({ plan, system: { hardware } }: FaultRun, { trigger: { cause } }: PlannedFault): string {
  if (cause.kind !== "register") return "";
  const { entities } = hardware;
  const place = fieldOf(plan, cause.of, cause.field);
  const entity = entities.bridges.get(cause.of) ?? entities.ports.get(cause.of) ?? entities.switches.get(cause.of) ?? entities.devices.get(cause.of);
  const peeks = { config: hardware.peekConfig, component: hardware.peekComponent, device: hardware.peekDevice };
  return `; it is ${(peeks[place.space].call(hardware, entity?.id ?? 0, place.offset) & place.mask) >>> place.shift} now`;
}

/** Why a fault did not act. */
function missingOf(run: FaultRun, index: number, fault: PlannedFault, matches: number): string {
  const { trigger } = fault;
  const { cause, nth } = trigger;
  const { now } = run.system.hardware;
  const ended = `the run ended ${momentText(now, run.readyAt)}`;
  if (cause.kind === "inject") return `${ended}, before step ${cause.step} was done`;
  if (run.readyAt < 0 && trigger.from === "ready") return "the run did not come to ready, from where it counts";
  if (cause.kind === "time" && matches === 0 && !run.faults.steps.has(index)) return `${ended}, before its moment`;
  if (matches === 0 && cause.kind !== "time") return `it never came${stateNow(run, fault)}${nearby(run, fault)}`;
  if (matches < nth) return `it came ${matches} of ${nth} times`;
  const inKernel = run.faults.steps.get(index);
  if (inKernel !== undefined) return now < inKernel.notBefore ? `${ended}, before its delay was over` : `the kernel step was not met${inKernel.of === null ? "" : ` for ${inKernel.of}`} as often as it says`;
  const delay = delayOf(run.faults, fault);
  if (delay > 0 && cause.kind !== "time") return `it came ${times(matches)}, and ${ended} before ${timeText(delay)} had passed, or nothing met what the fault does`;
  return `it came ${times(matches)}, and nothing met what the fault does`;
}

function matchesOf({ faults }: FaultRun, index: number, { matches }: ProbeEvidence): number {
  return faults.came.get(index) ?? matches;
}

/** What one fault has come to, for expectations; -1: the run has no such fault. */
export function factsOfFault(run: FaultRun, index: number): { readonly count: number; readonly acts: readonly FaultAct[]; readonly missing: string | null } {
  const fault = run.plan.faults[index];
  if (fault === undefined) return { count: 0, acts: [], missing: "the run has no such fault" };
  const evidence = evidenceAt(run.faults, index);
  return { count: evidence.fired, acts: actsOf(run, index, fault, evidence), missing: evidence.fired > 0 ? null : missingOf(run, index, fault, matchesOf(run, index, evidence)) };
}

function evidenceOf(run: FaultRun, index: number, fault: PlannedFault, found: ProbeEvidence): FaultEvidence {
  const { count, acts, missing } = factsOfFault(run, index);
  const { least, most } = fault.trigger.delay;
  return { trigger: triggerWords(fault.trigger), matches: matchesOf(run, index, found), acts, lastAtNs: count === 0 ? null : found.lastAt, drawnNs: least === most ? null : delayOf(run.faults, fault), missing };
}

/** Results of all faults with their evidence, in the order of the file. */
export function faultsOf(run: FaultRun): FaultResult[] {
  return run.plan.faults.map((fault, index) => {
    const found = evidenceAt(run.faults, index);
    const place = run.plan.places.faults[index];
    return { ...resultOfFault(fault.id, found), evidence: evidenceOf(run, index, fault, found), ...(place === undefined || place.line === 0 ? {} : { place }) };
  });
}
