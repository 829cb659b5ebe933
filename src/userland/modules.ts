// modprobe, rmmod and lsmod: messages and exit codes as kmod's.

import type { Task } from "../sim/task.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import { SystemError, errnoText } from "../kernel/base/errno.ts";
import { UsageProblem, parseOptions } from "./options.ts";
import type { Output } from "./output.ts";

interface Known {
  readonly release: string;
  readonly builtIn: readonly string[];
  readonly loadable: readonly string[];
  readonly loaded: readonly { readonly name: string; readonly size: string; readonly users: readonly string[] }[];
}

const baseName = (path: string): string => (path.split("/").at(-1) ?? "").replace(/\.ko:?.*$/, "");

function look(files: FileSystem): Known {
  const release = files.read("/proc/sys/kernel/osrelease").trim();
  const names = (file: string): string[] => files.read(`/lib/modules/${release}/${file}`).split("\n").filter((line) => line !== "").map(baseName);
  const loaded = files.read("/proc/modules").split("\n").filter((line) => line !== "").map((line) => {
    const [name = "", size = "", , users = "-"] = line.split(" ");
    return { name, size, users: users === "-" ? [] : users.split(",").filter((user) => user !== "") };
  });
  return { release, builtIn: names("modules.builtin"), loadable: names("modules.dep"), loaded };
}

/** Words of the command line mean modules with - and _ alike. */
const normal = (name: string): string => name.replaceAll("-", "_");

function* unload(files: FileSystem, name: string, output: Output, words: { readonly notLoaded: string; readonly builtIn: string; readonly inUse: (by: string) => string; readonly failed: (why: string) => string }): Task<number> {
  const known = look(files);
  const module = known.loaded.find((one) => one.name === name);
  if (known.builtIn.includes(name)) return complain(output, words.builtIn);
  if (module === undefined) return complain(output, words.notLoaded);
  if (module.users.length > 0) return complain(output, words.inUse(module.users.join(" ")));
  try {
    yield* files.unloadModule(name);
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    return complain(output, words.failed(errnoText(thrown.errno)));
  }
}

function complain(output: Output, text: string): number {
  output.err(`${text}\n`);
  return 1;
}

function* insert(files: FileSystem, name: string, output: Output): Task<number> {
  const known = look(files);
  if (known.builtIn.includes(name) || known.loaded.some((one) => one.name === name)) return 0;
  if (!known.loadable.includes(name)) return complain(output, `modprobe: FATAL: Module ${name} not found in directory /lib/modules/${known.release}`);
  try {
    yield* files.loadModule(name);
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    return complain(output, `modprobe: ERROR: could not insert '${name}': ${errnoText(thrown.errno)}`);
  }
}

/** `modprobe [-r] MODULE...`: what is there already, or gone already, is no error. */
export function* modprobe(files: FileSystem, argv: readonly string[], output: Output): Task<number> {
  const options = parseOptions({ remove: { short: "r" } }, argv);
  if (options.words.length === 0) throw new UsageProblem("missing parameters. See -h.");
  let exitCode = 0;
  for (const name of options.flags.has("remove") ? options.words.map(normal) : options.words.slice(0, 1).map(normal)) {
    const notFound = `modprobe: FATAL: Module ${name} not found.`;
    if (!options.flags.has("remove")) exitCode = yield* insert(files, name, output);
    else if (look(files).loadable.includes(name) && !look(files).loaded.some((one) => one.name === name)) continue;
    else {
      const failed = yield* unload(files, name, output, { notLoaded: notFound, builtIn: `modprobe: FATAL: Module ${name} is builtin.`, inUse: () => `modprobe: FATAL: Module ${name} is in use.`, failed: (why) => `modprobe: ERROR: could not remove '${name}': ${why}` });
      exitCode = failed === 0 ? exitCode : failed;
    }
  }
  return exitCode;
}

/** `rmmod MODULE...` */
export function* rmmod(files: FileSystem, argv: readonly string[], output: Output): Task<number> {
  const options = parseOptions({}, argv);
  if (options.words.length === 0) return complain(output, "rmmod: ERROR: missing module name.");
  let exitCode = 0;
  for (const name of options.words.map(normal)) {
    const words = { notLoaded: `rmmod: ERROR: Module ${name} is not currently loaded`, builtIn: `rmmod: ERROR: Module ${name} is builtin.`, inUse: (by: string) => `rmmod: ERROR: Module ${name} is in use by: ${by}`, failed: (why: string) => `rmmod: ERROR: could not remove module ${name}: ${why}` };
    if ((yield* unload(files, name, output, words)) !== 0) exitCode = 1;
  }
  return exitCode;
}

/** `lsmod`: /proc/modules as a table. */
export function lsmod(files: FileSystem, output: Output): number {
  output.out("Module                  Size  Used by\n");
  for (const { name, size, users } of look(files).loaded) output.out(`${name.padEnd(19)} ${size.padStart(8)}  ${users.length}${users.length === 0 ? "" : ` ${users.join(",")}`}\n`);
  return 0;
}
