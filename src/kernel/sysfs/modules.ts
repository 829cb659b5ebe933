// What user space sees of modules: which there are (/lib/modules), which are loaded (/proc/modules), and the two system calls.

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import type { ModuleName } from "../base/module-plan.ts";
import { isBuiltIn, isPlanned, moduleNames, moduleState } from "../base/module-plan.ts";
import { isLoaded, loadModule, unloadModule, usersOf } from "../modules.ts";
import { foreignPlugIns, loadPlugIn, unloadPlugIn } from "../plug-in/host.ts";
import type { Entries, Node } from "./node.ts";
import { directory, file, fixed } from "./node.ts";

export const release = (kernel: Kernel): string => `${kernel.policy.version}.0`;

/** What a module takes in memory here: a page, since nothing is measured. */
const moduleBytes = 4096;
const pathOf = (name: ModuleName): string => `kernel/drivers/${name.split("_")[0] ?? ""}/${name}.ko`;

/** One line per loaded module: name, size, users, names of users, state, address. */
function loadedModules(kernel: Kernel): string {
  const { plan } = moduleState(kernel);
  const line = (name: string, users: readonly string[]): string => `${name} ${moduleBytes} ${users.length} ${users.length === 0 ? "-" : `${users.join(",")},`} Live 0x0000000000000000\n`;
  const known = plan.modules.filter((name) => isLoaded(kernel, name)).toReversed().map((name) => line(name, usersOf(kernel, name)));
  return [...known, ...loadedPlugIns(kernel).toReversed().map((name) => line(name, []))].join("");
}

const loadedPlugIns = (kernel: Kernel): string[] => foreignPlugIns(kernel).filter(({ instance }) => instance !== null).map(({ module }) => module.name);
/** Drivers from outside lie where modules lie that are not the kernel's own. */
const plugInFiles = (kernel: Kernel): string => foreignPlugIns(kernel).map(({ module }) => `extra/${module.name}.ko:\n`).join("");

const list = (names: readonly ModuleName[], end: string): string => names.map((name) => `${pathOf(name)}${end}\n`).join("");

/** /lib/modules/RELEASE: what can be loaded, and what is there without. */
export const modulesNode = (kernel: Kernel): Node => fixed({
  [release(kernel)]: fixed({ "modules.dep": file(() => list(moduleState(kernel).plan.modules, ":") + plugInFiles(kernel)), "modules.builtin": file(() => list(moduleState(kernel).plan.builtIn, "")) }),
});
export const loadedNode = (kernel: Kernel): Node => file(() => loadedModules(kernel));

/** Modules of drivers that are there in any case, by the driver's name (the captured drivers' `module` links). */
const coreModules: Readonly<Record<string, string>> = {
  cxl_region: "cxl_core", cxl_nvdimm: "cxl_pmem", cxl_nvdimm_bridge: "cxl_pmem", cxl_pmem_region: "cxl_pmem", nd_bus: "libnvdimm", device_dax: "device_dax", fsdev_dax: "fsdev_dax", kmem: "kmem",
  cxl_port: "cxl_port", cxl_acpi: "cxl_acpi", cxl_mem: "cxl_mem", cxl_pci: "cxl_pci", hmem: "dax_hmem", hmem_platform: "dax_hmem", cxl_dax_region: "dax_cxl",
};

/** Module that a driver comes from. */
export const moduleOf = (driver: string): string | undefined => coreModules[driver];

/** What a loaded module tells beside its drivers; a built-in one has no state. */
const loadState = (users: readonly ModuleName[]): Entries => new Map<string, Node>([
  ["holders", directory(() => new Map(users.map((user) => [user, { kind: "link", target: `../../${user}` }])))],
  ["initstate", file(() => "live\n")], ["refcnt", file(() => `${users.length}\n`)], ["coresize", file(() => `${moduleBytes}\n`)], ["taint", file(() => "\n")],
]);

function moduleEntries(kernel: Kernel, name: string): Entries {
  const links: [string, Node][] = [];
  for (const drivers of kernel.drivers.values()) {
    for (const { bus, name: driver } of drivers) if (moduleOf(driver) === name) links.push([`${bus}:${driver}`, { kind: "link", target: `../../../bus/${bus}/drivers/${driver}` }]);
  }
  const loadable = moduleNames.find((one) => one === name && !isBuiltIn(kernel, one));
  return new Map([...(loadable === undefined ? [] : loadState(usersOf(kernel, loadable))), ...(loadedPlugIns(kernel).includes(name) ? loadState([]) : []), ...(links.length === 0 ? [] : [["drivers", directory(() => new Map(links))] as const])]);
}

function systemModules(kernel: Kernel): Set<string> {
  const names = new Set<string>();
  for (const drivers of kernel.drivers.values()) {
    for (const driver of drivers) {
      const module = moduleOf(driver.name);
      if (module !== undefined) names.add(module);
    }
  }
  for (const name of moduleNames) if (isLoaded(kernel, name) && !isBuiltIn(kernel, name)) names.add(name);
  for (const name of loadedPlugIns(kernel)) names.add(name);
  return names;
}

/** /sys/module: modules that are loaded, and built-in ones that have drivers. */
export const systemModulesNode = (kernel: Kernel): Node => {
  const moduleNode = (name: string): Node => directory(() => moduleEntries(kernel, name));
  return directory(() => new Map([...systemModules(kernel)].map((name) => [name, moduleNode(name)])), (name) => (systemModules(kernel).has(name) ? moduleNode(name) : undefined));
};

const plugInNamed = (kernel: Kernel, text: string): ReturnType<typeof foreignPlugIns>[number] | undefined => foreignPlugIns(kernel).find(({ module }) => module.name === text);

function planned(kernel: Kernel, text: string): ModuleName {
  const name = moduleNames.find((one) => one === text);
  if (name === undefined || !isPlanned(kernel, name)) throw new SystemError("ENOENT", `there is no module ${text}`);
  return name;
}

/** finit_module. @throws SystemError ENOENT no such module; EEXIST it is there */
export const initModule = task("syscall.initModule", function* (kernel: Kernel, text: string): Task<void> {
  const plugIn = plugInNamed(kernel, text);
  if (plugIn?.instance === null) return yield* loadPlugIn(kernel, plugIn);
  if (plugIn !== undefined) throw new SystemError("EEXIST", `${text} is loaded`);
  const name = planned(kernel, text);
  if (isLoaded(kernel, name)) throw new SystemError("EEXIST", `${text} is loaded`);
  yield* loadModule(kernel, name);
});

/** delete_module. @throws SystemError as `unloadModule` */
export const deleteModule = task("syscall.deleteModule", function* (kernel: Kernel, text: string): Task<void> {
  const plugIn = plugInNamed(kernel, text);
  if (plugIn === undefined) return yield* unloadModule(kernel, planned(kernel, text));
  if (plugIn.instance === null) throw new SystemError("ENOENT", `${text} is not loaded`);
  yield* unloadPlugIn(kernel, plugIn);
});
