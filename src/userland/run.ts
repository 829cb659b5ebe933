// A command line as a scenario's step or a prompt gives it: words with quotes, one program, its output and exit code.

import type { TaskContext, Task } from "../sim/task.ts";
import { task } from "../sim/task.ts";
import { SystemError, errnoText } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import { cxl } from "./cxl.ts";
import { daxctl } from "./daxctl.ts";
import { lsmod, modprobe, rmmod } from "./modules.ts";
import { UsageProblem, parseOptions } from "./options.ts";
import type { CommandResult, Output } from "./output.ts";

/** Words of a line; single and double quotes keep blanks. @throws UsageProblem for a quote without end */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (const letter of line) {
    if (quote !== "") {
      if (letter === quote) quote = "";
      else word = (word ?? "") + letter;
    } else if (letter === "'" || letter === '"') {
      quote = letter;
      word ??= "";
    } else if (letter === " " || letter === "\t") {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? "") + letter;
  }
  if (quote !== "") throw new UsageProblem(`a quote ${quote} without its end`);
  if (word !== undefined) words.push(word);
  return words;
}

function* echo(files: FileSystem, argv: readonly string[], output: Output, shell: string): Task<number> {
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

function overPaths(name: string, argv: readonly string[], output: Output, act: (path: string) => string): number {
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
function dmesg(files: FileSystem, argv: readonly string[], output: Output): number {
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

/** `shell` names whose built-in echo it is: its name begins what goes wrong. */
function* runProgram(files: FileSystem, words: readonly string[], output: Output, shell = "echo"): Task<number> {
  const [program, ...argv] = words;
  switch (program) {
    case "cxl":
      return yield* cxl(files, argv, output);
    case "daxctl":
      return yield* daxctl(files, argv, output);
    case "echo":
      return yield* echo(files, argv, output, shell);
    case "cat":
      return overPaths("cat", argv, output, (path) => files.read(path));
    case "ls":
      return overPaths("ls", argv, output, (path) => files.list(path).map((name) => `${name}\n`).join(""));
    case "readlink":
      return overPaths("readlink", argv, output, (path) => `${files.readlink(path)}\n`);
    case "sh":
      if (argv[0] !== "-c" || argv[1] === undefined) throw new UsageProblem("sh: only -c 'COMMAND'");
      return yield* runProgram(files, splitWords(argv[1]), output, "sh");
    case "modprobe":
      return yield* modprobe(files, argv, output);
    case "rmmod":
      return yield* rmmod(files, argv, output);
    case "lsmod":
      return lsmod(files, output);
    case "dmesg":
      return dmesg(files, argv, output);
    default:
      output.err(`${program ?? ""}: command not found\n`);
      return 127;
  }
}

/** Runs one command line on the tree. Exit codes as the real programs': 129 for wrong usage of cxl and daxctl. */
export const runCommand = task("userland.run", function* (_context: TaskContext, files: FileSystem, line: string): Task<CommandResult> {
  let stdout = "";
  let stderr = "";
  const output: Output = { out: (text) => void (stdout += text), err: (text) => void (stderr += text) };
  let exitCode: number;
  try {
    exitCode = yield* runProgram(files, splitWords(line), output);
  } catch (thrown) {
    if (thrown instanceof UsageProblem) {
      stderr += ` Error: ${thrown.message}\n`;
      exitCode = 129;
    } else if (thrown instanceof SystemError) {
      stderr += `${thrown.message}\n`;
      exitCode = 1;
    } else throw thrown;
  }
  return { exitCode, stdout, stderr };
});
