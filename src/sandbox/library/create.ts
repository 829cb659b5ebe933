// The front door: a machine from an object, a file, a text or a URL.

import { loadModule } from "../../hardware/module.ts";
import type { ScenarioPlan } from "../../scenario/plan.ts";
import { withPlaces } from "../injections.ts";
import { firmwareOf } from "../run.ts";
import { createHost } from "../system.ts";
import type { Machine, MachineOptions, MachineSource } from "./contract.ts";
import { Instances } from "./fork.ts";
import { checkNames } from "./options.ts";
import { LibraryMachine } from "./machine.ts";
import type { SyncSource } from "./source.ts";
import { planOf, readSource } from "./source.ts";

const optionNames = ["module", "pci", "keepTrace", "strict"] as const satisfies readonly (keyof MachineOptions)[];

/** A `strict` that is misspelt would look at nothing, and say so to nobody. @throws RangeError */
function checkOptions(options: MachineOptions): void {
  checkNames("createMachine", options, optionNames);
  if (options.pci !== undefined && !["enumerated", "none"].includes(options.pci)) throw new RangeError(`createMachine: pci is "enumerated" or "none", not "${String(options.pci)}"`);
}

/** Builds a machine from a checked plan; its firmware has run. @throws MachineDescriptionError, RangeError */
function buildMachine(module: WebAssembly.Module, plan: ScenarioPlan, options: MachineOptions): Machine {
  checkOptions(options);
  const roomy = withPlaces({ ...plan, faults: [] });
  const host = createHost(module, roomy.machine, firmwareOf(roomy));
  const instances = new Instances(host.hardware);
  const machine = new LibraryMachine({ module, plan: roomy, options, instances }, instances.of(host.hardware), host.firmware);
  if ((options.pci ?? "enumerated") === "enumerated") machine.enumerate();
  machine.listen();
  return machine;
}

/**
 * Makes a machine; its firmware has run, no kernel is there. The module of the package is compiled unless `options.module` has one.
 * @throws MachineValueError, ScenarioFileError what is wrong with the machine, with its place and the remedy; MachineSourceError; ModuleLoadError; RangeError an option that there is not
 */
export async function createMachine(source: MachineSource, options: MachineOptions = {}): Promise<Machine> {
  const plan = planOf(typeof source === "string" || source instanceof URL ? await readSource(source) : source);
  const module = options.module ?? (await loadModule()).module;
  return buildMachine(module, plan, options);
}

/** The same without waiting, for those who have a compiled module (`loadModule`). @throws MachineValueError, ScenarioFileError */
export function createMachineSync(module: WebAssembly.Module, source: SyncSource, options: MachineOptions = {}): Machine {
  return buildMachine(module, planOf(source), options);
}
