// What panels can see of a run, by name. A look is a function of a run and a question that gives plain data; it changes nothing and takes no virtual time.

import { accessesLook } from "./accesses-look.ts";
import { actionsLook, composeLook } from "./action-look.ts";
import { columnsLook } from "./columns-look.ts";
import { findLook } from "./find-look.ts";
import { hostLook } from "./host-look.ts";
import { logLook } from "./log-look.ts";
import { machineLook } from "./machine-look.ts";
import { memoryLook } from "./memory-look.ts";
import { outcomeLook } from "./outcome-look.ts";
import { recordChoicesLook, recordsLook } from "./records-look.ts";
import { registersLook } from "./registers-look.ts";
import { workloadsLook } from "./workloads-look.ts";

export const looks = {
  accesses: accessesLook,
  actions: actionsLook,
  compose: composeLook,
  columns: columnsLook,
  find: findLook,
  host: hostLook,
  log: logLook,
  machine: machineLook,
  memory: memoryLook,
  outcome: outcomeLook,
  recordChoices: recordChoicesLook,
  records: recordsLook,
  registers: registersLook,
  workloads: workloadsLook,
} as const;

export type Looks = typeof looks;
export type LookName = keyof Looks;
export type LookQuestion<N extends LookName> = Parameters<Looks[N]>[1];
export type LookAnswer<N extends LookName> = ReturnType<Looks[N]>;
