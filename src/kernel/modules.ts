// Modules: what each brings when it is initialised, what is loaded with it, and in which order (region-assembly 2; S60). Each load probes what is
// there already.

import type { Task } from "../sim/task.ts";
import { point, task } from "../sim/task.ts";
import type { Driver } from "./base/device.ts";
import { introduceDriver, registerDriver, withdrawDriver } from "./base/device.ts";
import { SystemError } from "./base/errno.ts";
import type { Kernel } from "./base/kernel.ts";
import { mark } from "./base/kernel.ts";
import type { ModuleName } from "./base/module-plan.ts";
import { isBuiltIn, isPlanned, moduleNames, moduleState } from "./base/module-plan.ts";
import { awaitProbing } from "./base/probing.ts";
import { memDriver, portDriver } from "./cxl/mem-driver.ts";
import { pciDriver } from "./cxl/pci-driver.ts";
import { acpiDriver } from "./cxl/root.ts";
import { cxlDaxRegionDriver, startCxlDax } from "./dax/cxl.ts";
import { awaitOwnership } from "./dax/decision.ts";
import { hmemDrivers, startHmem } from "./dax/hmem.ts";

/** Loaded before: ports must be there when a host bridge or endpoint binds. */
const dependencies: Readonly<Partial<Record<ModuleName, readonly ModuleName[]>>> = { cxl_acpi: ["cxl_port"], cxl_mem: ["cxl_port"] };

/**
 * Asked for in addition with the decision behind a barrier: hmem wants windows and memdevs to be there (S60; cxl_mem comes by the memdevs' alias:
 * INFERRED), dax_cxl uses hmem's flush.
 */
const requests: Readonly<Partial<Record<ModuleName, readonly ModuleName[]>>> = { dax_hmem: ["cxl_acpi", "cxl_mem", "cxl_pci"], dax_cxl: ["dax_hmem"] };

const hasBarrier = (kernel: Kernel): boolean => kernel.policy.softReserved.decision.kind === "barrier";
const driverModule = (driver: Driver) => (kernel: Kernel): Task<void> => introduceDriver(kernel, driver);

/** A module that was asked for is loaded when its probes have ended; of a built-in one the same is INFERRED. */
const initializeHmem = task("module.dax_hmem", function* (kernel: Kernel): Task<void> {
  if (hasBarrier(kernel)) yield* awaitProbing(kernel);
  yield* startHmem(kernel);
});

const initializers: Readonly<Record<ModuleName, (kernel: Kernel) => Task<void>>> = {
  cxl_port: driverModule(portDriver), cxl_acpi: driverModule(acpiDriver), cxl_mem: driverModule(memDriver), cxl_pci: driverModule(pciDriver),
  dax_hmem: initializeHmem, dax_cxl: startCxlDax,
};

/** Loads a module with what it depends on; one that is loaded or not in the plan is left alone. */
export const loadModule = task("module.load", function* (kernel: Kernel, name: ModuleName): Task<void> {
  const { loaded } = moduleState(kernel);
  if (loaded.has(name) || !isPlanned(kernel, name)) return;
  loaded.add(name);
  for (const first of [...(dependencies[name] ?? []), ...(hasBarrier(kernel) ? (requests[name] ?? []) : [])]) yield* loadModule(kernel, first);
  yield* initializers[name](kernel);
  if (!isBuiltIn(kernel, name)) mark(kernel, `${name} loaded`);
});

/** Modules that use another one's functions; it stays while they are there. */
const users: Readonly<Partial<Record<ModuleName, readonly ModuleName[]>>> = { dax_hmem: ["dax_cxl"] };
const drivers: Readonly<Record<ModuleName, readonly Driver[]>> = { cxl_port: [portDriver], cxl_acpi: [acpiDriver], cxl_mem: [memDriver], cxl_pci: [pciDriver], dax_hmem: hmemDrivers, dax_cxl: [cxlDaxRegionDriver] };

export const isLoaded = (kernel: Kernel, name: ModuleName): boolean => moduleState(kernel).loaded.has(name);

/** Loaded modules that need this one. */
export const usersOf = (kernel: Kernel, name: ModuleName): ModuleName[] => (users[name] ?? []).filter((user) => isLoaded(kernel, user) && !isBuiltIn(kernel, user));

/** Takes a module away with its drivers (delete_module). @throws SystemError ENOENT it is not loaded; EBUSY built in; EAGAIN others use it */
export const unloadModule = task("module.unload", function* (kernel: Kernel, name: ModuleName): Task<void> {
  if (!isLoaded(kernel, name)) throw new SystemError("ENOENT", `${name} is not loaded`);
  if (isBuiltIn(kernel, name)) throw new SystemError("EBUSY", `${name} is built in`);
  if (usersOf(kernel, name).length > 0) throw new SystemError("EAGAIN", `${name} is in use`);
  // What the module has queued ends before it goes.
  if (name === "dax_hmem" || name === "dax_cxl") yield* awaitOwnership(kernel);
  for (const driver of drivers[name].toReversed()) yield* withdrawDriver(kernel, driver);
  moduleState(kernel).loaded.delete(name);
  mark(kernel, `${name} unloaded`);
});

/** Built-in drivers that come before, or after, the walk over PCI functions, in the order of initcalls. */
export const initializeBuiltIn = task("module.builtIn", function* (kernel: Kernel, isBeforePci: boolean): Task<void> {
  const split = moduleNames.indexOf("cxl_pci");
  const names = isBeforePci ? moduleNames.slice(0, split) : moduleNames.slice(split + 1);
  for (const name of names) if (isBuiltIn(kernel, name)) yield* loadModule(kernel, name);
  // The walk probes ports and memory functions together, so that the driver needs to know no device yet.
  if (isBeforePci && isBuiltIn(kernel, "cxl_pci")) {
    moduleState(kernel).loaded.add("cxl_pci");
    registerDriver(kernel, pciDriver);
  }
});

/** Loads the modules of the plan one after another. */
export const loadModules = task("module.loadAll", function* (kernel: Kernel): Task<void> {
  for (const name of moduleState(kernel).plan.modules) {
    yield point(`module:${name}`);
    yield* loadModule(kernel, name);
  }
});
