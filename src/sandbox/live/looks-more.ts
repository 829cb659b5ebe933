// Looks of panels that lie behind others at first: the page's worker fetches them when the first of them is asked for.

import { accessesLook } from "./accesses-look.ts";
import { actionsLook, composeLook } from "./action-look.ts";
import { hostLook } from "./host-look.ts";
import { logLook } from "./log-look.ts";
import { memoryLook } from "./memory-look.ts";
import { registersLook } from "./registers-look.ts";
import { workloadsLook } from "./workloads-look.ts";

export const moreLooks = {
  accesses: accessesLook,
  actions: actionsLook,
  compose: composeLook,
  host: hostLook,
  log: logLook,
  memory: memoryLook,
  registers: registersLook,
  workloads: workloadsLook,
} as const;
