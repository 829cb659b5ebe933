// Faults that somebody injects into a running system, each with its trigger and its evidence. They take the places in the hardware's fault table
// behind those of the scenario's own; a place is given again when its fault has fired and the others are taken.

import type { MachineDescription } from "../platform/description.ts";
import type { Hardware } from "../hardware/machine.ts";
import { disarmProbe } from "../hardware/probes.ts";
import type { ProbeEvidence } from "../hardware/probes.ts";
import type { Kernel } from "../kernel/base/kernel.ts";
import { probesOfAction } from "../scenario/faults/check-device-faults.ts";
import type { ActionFile, PlannedFault, ScenarioPlan } from "../scenario/plan.ts";
import type { FaultResult } from "../scenario/result.ts";
import { injectedBy } from "../scenario/faults/trigger.ts";
import type { Trigger } from "../scenario/faults/trigger.ts";
import type { FaultTable, Said } from "./faults.ts";
import { armFaults, evidenceAt, heardText, injectStep, reachedStep, resultOfFault } from "./faults.ts";

/** Places of the fault table that injections have at least, and how many places there are. */
const ownPlaces = 64;
const mostPlaces = 1024;
/** Injections that are remembered. */
const remembered = 100;

/** Every place of the table waits for something to happen. */
export class NoPlaceError extends Error {}

export interface Injection {
  readonly table: FaultTable;
  readonly first: number;
  readonly places: number;
  /** What it came to when its places were given away. */
  result: ProbeEvidence | null;
}

/** Where faults go: the hardware, and the kernel on it if there is one. */
export interface InjectionTarget {
  readonly hardware: Hardware;
  readonly kernel: Kernel | null;
}

export interface Injections {
  readonly plan: ScenarioPlan;
  readonly system: InjectionTarget;
  readonly firstPlace: number;
  readonly all: Injection[];
  count: number;
}

const placesOf = (faults: readonly { readonly do: ActionFile }[]): number => faults.reduce((sum, fault) => sum + probesOfAction(fault.do), 0);

/** The scenario with room for injections. */
export function withPlaces(plan: ScenarioPlan): ScenarioPlan {
  const probes = Math.min(mostPlaces, Math.max(plan.machine.limits.probes, placesOf(plan.faults) + ownPlaces));
  const machine: MachineDescription = { ...plan.machine, limits: { ...plan.machine.limits, probes } };
  return { ...plan, machine };
}

export const createInjections = (plan: ScenarioPlan, system: InjectionTarget): Injections => ({ plan, system, firstPlace: placesOf(plan.faults), all: [], count: 0 });

/** What an injection has come to. */
export const evidenceOf = ({ table, result }: Injection): ProbeEvidence => result ?? evidenceAt(table, 0);

export const idOf = ({ table }: Injection): string => table.plan.faults[0]?.id ?? "";

const resultOf = (injection: Injection): FaultResult => resultOfFault(idOf(injection), evidenceOf(injection));

export const injectionResults = (injections: Injections): FaultResult[] => injections.all.map(resultOf);

const isOpen = (injection: Injection): boolean => injection.result === null && injection.places > 0;

/** First of `places` free places in a row, or undefined. */
function findPlaces({ plan, firstPlace, all }: Injections, places: number): number | undefined {
  const taken = all.filter(isOpen).toSorted((a, b) => a.first - b.first);
  let first = firstPlace;
  for (const one of taken) {
    if (one.first - first >= places) break;
    first = one.first + one.places;
  }
  return first + places <= plan.machine.limits.probes ? first : undefined;
}

/** Takes an injection out of the table; what it came to stays known. */
export function withdraw(injection: Injection): void {
  if (injection.result !== null) return;
  injection.result = evidenceOf(injection);
  for (let place = 0; place < injection.places; place++) disarmProbe(injection.table.hardware, injection.first + place);
}

/** The oldest fault that has fired gives its places back; false: every one still waits. */
function giveBack({ all }: Injections): boolean {
  const oldest = all.find((one) => isOpen(one) && evidenceOf(one).fired > 0);
  if (oldest === undefined) return false;
  withdraw(oldest);
  return true;
}

function takePlaces(injections: Injections, places: number): number {
  let first = findPlaces(injections, places);
  while (first === undefined) {
    if (!giveBack(injections)) throw new NoPlaceError(`${injections.plan.machine.limits.probes} faults are armed and wait for something to happen; no more can be injected`);
    first = findPlaces(injections, places);
  }
  return first;
}

/** Arms an action with its trigger, or, without one, to act at once; hardware acts on its next advance. @throws NoPlaceError */
export function injectFault(injections: Injections, action: ActionFile, trigger?: Trigger): Injection {
  const { plan, system, all } = injections;
  const places = action.kernelStep === undefined ? probesOfAction(action) : 0;
  const first = takePlaces(injections, places);
  const fault: PlannedFault = { id: `inject-${++injections.count}`, trigger: trigger === undefined ? injectedBy(1) : { ...trigger, from: "boot" }, do: action };
  const table: FaultTable = { plan: { ...plan, faults: [fault] }, hardware: system.hardware, kernel: system.kernel, seed: 1, steps: new Map(), armed: new Map(), firstProbes: [first], came: new Map(), told: new Map(), acts: new Map() };
  if (trigger === undefined) injectStep(table, 1);
  else armFaults(table, "boot");
  const injection: Injection = { table, first, places, result: null };
  all.push(injection);
  const old = all.length > remembered ? all.findIndex((one) => !isOpen(one)) : -1;
  if (old >= 0) all.splice(old, 1);
  return injection;
}

/** Arms an action to act at once. Gives the fault's id. @throws NoPlaceError */
export const inject = (injections: Injections, action: ActionFile): string => idOf(injectFault(injections, action));

/** A mark or log line was written: injections that wait for it act at once. */
export function injectionsHeard({ all }: Injections, said: Said): void {
  for (const injection of all) if (injection.result === null) heardText(injection.table, said, "boot");
}

/** A step of the kernel is met. */
export function injectionsReached({ all }: Injections, step: string, names: readonly string[]): void {
  for (const injection of all) if (injection.result === null) reachedStep(injection.table, step, names, "boot");
}
