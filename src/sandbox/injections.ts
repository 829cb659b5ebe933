// Faults that somebody injects into a running system, each at once and with its evidence. They take the places in the hardware's fault table behind
// those of the scenario's own; a place is given again when its fault has fired and the others are taken.

import type { MachineDescription } from "../platform/description.ts";
import { disarmProbe } from "../hardware/probes.ts";
import { probesOfAction } from "../scenario/check-device-faults.ts";
import type { ActionFile, PlannedFault, ScenarioPlan } from "../scenario/plan.ts";
import type { FaultResult } from "../scenario/result.ts";
import type { FaultTable } from "./faults.ts";
import { faultResults, injectStep } from "./faults.ts";
import type { System } from "./system.ts";

/** Places of the fault table that injections have at least, and how many places there are. */
const ownPlaces = 64;
const mostPlaces = 1024;
/** Injections that are remembered. */
const remembered = 100;

/** Every place of the table waits for something to happen. */
export class NoPlaceError extends Error {}

interface Injection {
  readonly table: FaultTable;
  readonly first: number;
  readonly places: number;
  /** What it came to when its places were given away. */
  result: FaultResult | null;
}

export interface Injections {
  readonly plan: ScenarioPlan;
  readonly system: System;
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

export const createInjections = (plan: ScenarioPlan, system: System): Injections => ({ plan, system, firstPlace: placesOf(plan.faults), all: [], count: 0 });

const resultOf = (injection: Injection): FaultResult => injection.result ?? (faultResults(injection.table)[0] as FaultResult);
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

/** The oldest fault that has fired gives its places back; false: every one still waits. */
function giveBack({ system, all }: Injections): boolean {
  const oldest = all.find((one) => isOpen(one) && resultOf(one).fired);
  if (oldest === undefined) return false;
  oldest.result = resultOf(oldest);
  for (let place = 0; place < oldest.places; place++) disarmProbe(system.hardware, oldest.first + place);
  return true;
}

/** Arms an action to act at once. Gives the fault's id; hardware acts on its next advance. @throws NoPlaceError */
export function inject(injections: Injections, action: ActionFile): string {
  const { plan, system, all } = injections;
  const places = action.kernelStep === undefined ? probesOfAction(action) : 0;
  let first = findPlaces(injections, places);
  while (first === undefined) {
    if (!giveBack(injections)) throw new NoPlaceError(`${plan.machine.limits.probes} faults are armed and wait for something to happen; no more can be injected`);
    first = findPlaces(injections, places);
  }
  const fault: PlannedFault = { id: `inject-${++injections.count}`, when: { step: 1 }, do: action };
  const table: FaultTable = { plan: { ...plan, faults: [fault] }, hardware: system.hardware, kernel: system.kernel, steps: new Map(), armed: new Map(), firstProbes: [first] };
  injectStep(table, 1);
  all.push({ table, first, places, result: null });
  const old = all.length > remembered ? all.findIndex((one) => !isOpen(one)) : -1;
  if (old >= 0) all.splice(old, 1);
  return fault.id;
}
