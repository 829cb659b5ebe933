// Which drivers the kernel has, built in or as modules, and in what order modules are loaded (region-assembly 2; seeds S59-S62). What is in no
// list is not there: an experiment with a driver missing.

import type { Kernel } from "./kernel.ts";
import { defineState } from "./kernel.ts";

/** In the order of initcalls when built in: ports before their root, memdevs' driver before memdevs. */
export const moduleNames = ["cxl_port", "cxl_acpi", "cxl_mem", "cxl_pci", "dax_hmem", "dax_cxl"] as const;
export type ModuleName = (typeof moduleNames)[number];

export interface ModulePlan {
  readonly builtIn: readonly ModuleName[];
  /** Loaded one after another, in this order. */
  readonly modules: readonly ModuleName[];
}

export const defaultModulePlan: ModulePlan = { builtIn: moduleNames, modules: [] };

interface ModuleState {
  plan: ModulePlan;
  /** Initialised, or about to be. */
  readonly loaded: Set<ModuleName>;
}

export const moduleState = defineState("base.modules", (): ModuleState => ({ plan: defaultModulePlan, loaded: new Set() }));

/** Whether the kernel has this driver, loaded or not. */
export function isPlanned(kernel: Kernel, name: ModuleName): boolean {
  const { builtIn, modules } = moduleState(kernel).plan;
  return builtIn.includes(name) || modules.includes(name);
}

export const isBuiltIn = (kernel: Kernel, name: ModuleName): boolean => moduleState(kernel).plan.builtIn.includes(name);
