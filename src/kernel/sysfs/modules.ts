// What user space sees of modules: which there are (/lib/modules), which are loaded (/proc/modules), and the two system calls.

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import type { ModuleName } from "../base/module-plan.ts";
import { isPlanned, moduleNames, moduleState } from "../base/module-plan.ts";
import { isLoaded, loadModule, unloadModule, usersOf } from "../modules.ts";
import type { Node } from "./node.ts";
import { file, fixed } from "./node.ts";

export const release = (kernel: Kernel): string => `${kernel.policy.version}.0`;

/** What a module takes in memory here: a page, since nothing is measured. */
const moduleBytes = 4096;
const pathOf = (name: ModuleName): string => `kernel/drivers/${name.split("_")[0] ?? ""}/${name}.ko`;

/** One line per loaded module: name, size, users, names of users, state, address. */
function loadedModules(kernel: Kernel): string {
  const { plan } = moduleState(kernel);
  return plan.modules.filter((name) => isLoaded(kernel, name)).toReversed().map((name) => {
    const users = usersOf(kernel, name);
    return `${name} ${moduleBytes} ${users.length} ${users.length === 0 ? "-" : `${users.join(",")},`} Live 0x0000000000000000\n`;
  }).join("");
}

const list = (names: readonly ModuleName[], end: string): string => names.map((name) => `${pathOf(name)}${end}\n`).join("");

/** /lib/modules/RELEASE: what can be loaded, and what is there without. */
export const modulesNode = (kernel: Kernel): Node => fixed({
  [release(kernel)]: fixed({ "modules.dep": file(() => list(moduleState(kernel).plan.modules, ":")), "modules.builtin": file(() => list(moduleState(kernel).plan.builtIn, "")) }),
});
export const loadedNode = (kernel: Kernel): Node => file(() => loadedModules(kernel));

function planned(kernel: Kernel, text: string): ModuleName {
  const name = moduleNames.find((one) => one === text);
  if (name === undefined || !isPlanned(kernel, name)) throw new SystemError("ENOENT", `there is no module ${text}`);
  return name;
}

/** finit_module. @throws SystemError ENOENT no such module; EEXIST it is there */
export const initModule = task("syscall.initModule", function* (kernel: Kernel, text: string): Task<void> {
  const name = planned(kernel, text);
  if (isLoaded(kernel, name)) throw new SystemError("EEXIST", `${text} is loaded`);
  yield* loadModule(kernel, name);
});

/** delete_module. @throws SystemError as `unloadModule` */
export const deleteModule = task("syscall.deleteModule", function* (kernel: Kernel, text: string): Task<void> {
  yield* unloadModule(kernel, planned(kernel, text));
});
