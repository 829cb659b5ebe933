// A command line as a scenario's step or a prompt gives it: words with quotes, one program, its output and exit code.

import type { TaskContext, Task } from "../sim/task.ts";
import { task } from "../sim/task.ts";
import { SystemError } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import { UsageProblem } from "./options.ts";
import type { CommandResult, Output } from "./output.ts";
import { programs } from "./programs.ts";

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

/** `shell` names whose built-in echo it is: its name begins what goes wrong. */
function* runProgram(files: FileSystem, words: readonly string[], output: Output, shell = "echo"): Task<number> {
  const [name = "", ...argv] = words;
  if (name === "sh") {
    if (argv[0] !== "-c" || argv[1] === undefined) throw new UsageProblem("sh: only -c 'COMMAND'");
    return yield* runProgram(files, splitWords(argv[1]), output, "sh");
  }
  const program = programs.get(name);
  if (program !== undefined) return yield* program.run({ files, argv, input: "", output, shell });
  output.err(`${name}: command not found\n`);
  return 127;
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
