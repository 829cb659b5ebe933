// Which drivers a kernel gets: the user's, then the built-in ones, with the policies as their parameters.

import { isolation } from "../drivers/isolation/driver.ts";
import { moduleNames } from "../kernel/base/module-plan.ts";
import type { PlugIn } from "../kernel/plug-in/state.ts";
import type { KernelPolicies } from "../kernel/policy.ts";
import { checkDriver } from "../platform/driver-check.ts";
import type { DriverModule } from "../platform/driver.ts";

/** Parameters by the driver's name. */
export type DriverParameters = Readonly<Record<string, Readonly<Record<string, string>>>>;

const linuxNames: readonly string[] = [...moduleNames, "pcieport"];

/** Built-in drivers that the policies want, with their parameters. */
function builtIn(policies: KernelPolicies, given: DriverParameters): PlugIn[] {
  if (policies.isolationAction === "none") return [];
  return [{ module: isolation, isBuiltIn: true, parameters: { action: policies.isolationAction, notification: policies.notification, order: policies.recoveryOrder, ...given[isolation.name] } }];
}

/**
 * Drivers in order of preference. One that is named as a built-in driver stands in its place and has its parameters.
 * @throws TypeError a module is none, its name is one of Linux's, or two have one name
 */
export function plugInsOf(policies: KernelPolicies, drivers: readonly DriverModule[] = [], parameters: DriverParameters = {}): PlugIn[] {
  const own = builtIn(policies, parameters);
  const names = drivers.map((module) => checkDriver(module).name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new TypeError(`two drivers are named ${twice}; the name of a driver is its own`);
  const taken = names.find((name) => linuxNames.includes(name));
  if (taken !== undefined) throw new TypeError(`driver name ${taken} is one of Linux's own drivers; give it another`);
  const inherited = (name: string): PlugIn["parameters"] => own.find(({ module }) => module.name === name)?.parameters ?? {};
  return [...drivers.map((module) => ({ module, isBuiltIn: false, parameters: { ...inherited(module.name), ...parameters[module.name] } })), ...own.filter(({ module }) => !names.includes(module.name))];
}
