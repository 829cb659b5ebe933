// The small programs of every machine: echo, cat, ls, readlink, dmesg. Messages as coreutils' and util-linux's.

import { SystemError, errnoText } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import { parseOptions } from "./options.ts";
import type { Output } from "./output.ts";

/** `echo WORDS [> FILE]` */
export function* echo(files: FileSystem, argv: readonly string[], output: Output, shell: string): Task<number> {
  const at = argv.indexOf(">");
  const text = argv.slice(0, at < 0 ? argv.length : at).join(" ");
  const path = argv[at + 1];
  if (at < 0 || path === undefined) {
    output.out(`${text}\n`);
    return 0;
  }
  try {
    yield* files.write(path, text);
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    output.err(`${shell}: write error: ${errnoText(thrown.errno)}\n`);
    return 1;
  }
}

/** Does the same for every path; what fails is said, and the others go on. */
export function overPaths(name: string, argv: readonly string[], output: Output, act: (path: string) => string): number {
  let exitCode = 0;
  for (const path of argv) {
    try {
      output.out(act(path));
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      output.err(`${name}: ${path}: ${errnoText(thrown.errno)}\n`);
      exitCode = 1;
    }
  }
  return exitCode;
}

const levelNames = ["emerg", "alert", "crit", "err", "warn", "notice", "info", "debug"];

/** `dmesg [-l LEVELS]`: debug lines only when named, as without dynamic debug. */
export function dmesg(files: FileSystem, argv: readonly string[], output: Output): number {
  const options = parseOptions({ level: { short: "l", value: true } }, argv);
  const wanted = options.values.get("level")?.split(",") ?? levelNames.slice(0, -1);
  for (const line of files.read("/dev/kmsg").split("\n")) {
    const match = /^(\d+),\d+,(\d+),-;(.*)$/.exec(line);
    if (match === null || !wanted.includes(levelNames[Number(match[1])] ?? "")) continue;
    const time = (match[2] ?? "0").padStart(7, "0");
    output.out(`[${time.slice(0, -6).padStart(5)}.${time.slice(-6)}] ${match[3]}\n`);
  }
  return 0;
}
