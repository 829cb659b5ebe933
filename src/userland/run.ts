// A command line as a scenario's step or a prompt gives it: programs with their inputs and outputs, one after the other (docs/shell.md).

import type { TaskContext, Task } from "../sim/task.ts";
import { task } from "../sim/task.ts";
import { SystemError, errnoText } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import { UsageProblem } from "./options.ts";
import type { CommandResult, Output } from "./output.ts";
import { Interrupted, absolutePath, createProcessFiles } from "./process-files.ts";
import type { Process } from "./process-files.ts";
import { programs } from "./programs.ts";
import type { Program } from "./programs.ts";
import type { Expansion } from "./shell-expand.ts";
import { expandToText, expandWord } from "./shell-expand.ts";
import type { Pipeline, SimpleCommand } from "./shell-parse.ts";
import { parseLine } from "./shell-parse.ts";
import { ShellProblem } from "./shell-words.ts";

/** Exit codes as shells give them. */
export const exitCodes = { usage: 129, failure: 1, misuse: 2, tooLong: 126, notFound: 127, interrupted: 130 } as const;

/** Characters of one argument (MAX_ARG_STRLEN); what the shell does itself has no limit. */
const longestArgument = 131_071;
/** What the shell does itself. */
export const ownWords = ["cd", "pwd", "echo", "sh", "bash"];

/** A shell: where it stands and what came out last. It lives as long as its prompt. */
export interface Shell {
  readonly process: Process;
  readonly files: FileSystem;
  readonly programs: ReadonlyMap<string, Program>;
  /** What a reference like `mem:rp0` means now. @throws ShellProblem */
  readonly resolve: (reference: string) => string;
  /** Exit code of the last command. */
  status: number;
}

export interface ShellOptions {
  /** Beside, or in place of, the machine's own. */
  readonly programs?: ReadonlyMap<string, Program>;
  readonly resolve?: (reference: string) => string;
  readonly isSignalled?: () => boolean;
  readonly takeSignal?: () => void;
}

const unresolved = (reference: string): string => {
  throw new ShellProblem(`\${${reference}}: there are no variables; a reference like \${mem:rp0} is replaced by a scenario or its prompt`);
};

export function createShell(files: FileSystem, options: ShellOptions = {}): Shell {
  const process: Process = { folder: "/", isSignalled: options.isSignalled ?? (() => false), takeSignal: options.takeSignal ?? (() => undefined) };
  return { process, files: createProcessFiles(files, process), programs: options.programs ?? programs, resolve: options.resolve ?? unresolved, status: 0 };
}

interface Streams {
  readonly input: string;
  readonly output: Output;
}

/** A file that an output goes to: all of it is one store when the command is over. */
interface Sink {
  readonly path: string;
  readonly isError: boolean;
  /** `>>`; only a file of /tmp knows the difference. */
  readonly isAppended: boolean;
  text: string;
}

/** A command that the shell itself refuses; its exit code. */
class Refusal extends Error {
  readonly exitCode: number;
  constructor(message: string, exitCode: number = exitCodes.failure) {
    super(message);
    this.exitCode = exitCode;
  }
}

const expansionOf = ({ files, status, resolve }: Shell): Expansion => ({ files, status, resolve });

function openInput(shell: Shell, path: string): string {
  try {
    return shell.files.read(path);
  } catch (thrown) {
    if (thrown instanceof SystemError) throw new Refusal(`${path}: ${errnoText(thrown.errno)}`);
    throw thrown;
  }
}

/** Whether a path is right below /tmp, where files are made by writing them. */
function isTemporary({ files }: Shell, path: string): boolean {
  const at = path.lastIndexOf("/");
  const folder = at < 0 ? "." : path.slice(0, at + 1);
  return path !== "" && files.exists(folder) && files.realpath(folder) === "/tmp";
}

function openSink(shell: Shell, path: string, isError: boolean, isAppended: boolean): Sink {
  if (path === "" || !(shell.files.exists(path) || isTemporary(shell, path))) throw new Refusal(`${path}: No such file or directory`);
  return { path, isError, isAppended, text: "" };
}

interface Redirected extends Streams {
  readonly sinks: readonly Sink[];
}

function redirect(shell: Shell, command: SimpleCommand, streams: Streams): Redirected {
  let { input } = streams;
  let out = (text: string): void => streams.output.out(text);
  let err = (text: string): void => streams.output.err(text);
  const sinks: Sink[] = [];
  const into = (path: string, isError: boolean, isAppended: boolean): ((text: string) => void) => {
    const sink = openSink(shell, path, isError, isAppended);
    sinks.push(sink);
    return (text) => void (sink.text += text);
  };
  for (const redirection of command.redirections) {
    const path = "path" in redirection ? expandToText(redirection.path, expansionOf(shell)) : "";
    if (redirection.kind === "input") input = openInput(shell, path);
    else if (redirection.kind === "output") out = into(path, false, redirection.isAppended);
    else if (redirection.kind === "error") err = into(path, true, redirection.isAppended);
    else if (redirection.kind === "errorToOutput") err = out;
    else out = err;
  }
  return { input, output: { out, err }, sinks };
}

/** Stores what a command wrote, errors last, since a store that fails is one. `name` begins what goes wrong: echo is the shell's own, which speaks by its name under `sh -c`. */
function* storeSinks(shell: Shell, name: string, sinks: readonly Sink[], err: (text: string) => void): Task<number> {
  let exitCode = 0;
  for (const sink of sinks.toSorted((a, b) => Number(a.isError) - Number(b.isError))) {
    if (sink.text === "" && !isTemporary(shell, sink.path)) continue;
    try {
      if (sink.isAppended) yield* shell.files.append(sink.path, sink.text);
      else yield* shell.files.write(sink.path, sink.text);
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      err(`${name}: write error: ${errnoText(thrown.errno)}\n`);
      exitCode = exitCodes.failure;
    }
  }
  return exitCode;
}

/** A command that a signal ended had written this by then. Files of the kernel get nothing: they take what a command says as a whole. */
function* keepWritten(shell: Shell, sinks: readonly Sink[]): Task<void> {
  yield* storeSinks(shell, "", sinks.filter(({ path }) => isTemporary(shell, path)), () => undefined);
}

function changeFolder(shell: Shell, argv: readonly string[]): number {
  const path = argv[0] ?? "/";
  if (argv.length > 1) throw new Refusal("cd: too many arguments");
  try {
    shell.files.list(path);
    shell.process.folder = shell.files.realpath(absolutePath(shell.process.folder, path));
  } catch (thrown) {
    if (thrown instanceof SystemError) throw new Refusal(`cd: ${path}: ${errnoText(thrown.errno)}`);
    throw thrown;
  }
  return 0;
}

function* runShell(shell: Shell, argv: readonly string[], streams: Streams): Task<number> {
  const [option, line] = argv;
  if (option !== "-c" || line === undefined) throw new UsageProblem("sh: only -c 'COMMAND'");
  const { folder } = shell.process;
  try {
    return yield* runList(shell, line, streams, "sh");
  } finally {
    shell.process.folder = folder;
  }
}

function* runWords(shell: Shell, words: readonly string[], streams: Streams): Task<number> {
  const [name = "", ...argv] = words;
  if (name === "cd") return changeFolder(shell, argv);
  if (name === "pwd") {
    streams.output.out(`${shell.process.folder}\n`);
    return 0;
  }
  if (name === "sh" || name === "bash") return yield* runShell(shell, argv, streams);
  const program = shell.programs.get(name.replace(/^\/(usr\/)?s?bin\//, ""));
  if (program === undefined) throw new Refusal(`${name.length > 80 ? `${name.slice(0, 80)}...` : name}: command not found`, exitCodes.notFound);
  if (!ownWords.includes(name) && words.some((word) => word.length > longestArgument)) throw new Refusal(`${name}: Argument list too long`, exitCodes.tooLong);
  return yield* program.run({ files: shell.files, argv, input: streams.input, output: streams.output });
}

/** What a program that gives up has said; anything else is ours, and goes on. */
function explain(thrown: unknown, err: (text: string) => void, speaker: string): number {
  if (thrown instanceof UsageProblem) {
    err(` Error: ${thrown.message}\n`);
    return exitCodes.usage;
  }
  if (thrown instanceof SystemError) {
    err(`${thrown.message}\n`);
    return exitCodes.failure;
  }
  if (thrown instanceof Refusal) {
    err(thrown.exitCode === exitCodes.notFound ? `${thrown.message}\n` : `${speaker}${thrown.message}\n`);
    return thrown.exitCode;
  }
  if (thrown instanceof ShellProblem) {
    err(`sh: ${thrown.message}\n`);
    return exitCodes.failure;
  }
  throw thrown;
}

function* runSimple(shell: Shell, command: SimpleCommand, streams: Streams, speaker: string): Task<number> {
  let { err } = streams.output;
  try {
    const words = command.words.flatMap((word) => expandWord(word, expansionOf(shell)));
    const redirected = redirect(shell, command, streams);
    err = redirected.output.err;
    let exitCode = 0;
    try {
      if (words.length > 0) exitCode = yield* runWords(shell, words, redirected);
    } catch (thrown) {
      if (thrown instanceof Interrupted) yield* keepWritten(shell, redirected.sinks);
      exitCode = explain(thrown, err, "sh: ");
    }
    const stored = yield* storeSinks(shell, words[0] === "echo" ? speaker : (words[0] ?? "sh"), redirected.sinks, err);
    return stored === 0 ? exitCode : stored;
  } catch (thrown) {
    return explain(thrown, err, "sh: ");
  }
}

/** Each command to its end before the next begins; the last one's exit code counts. */
function* runPipeline(shell: Shell, { commands }: Pipeline, streams: Streams, speaker: string): Task<number> {
  const { folder } = shell.process;
  let { input } = streams;
  let exitCode = 0;
  try {
    for (const [index, command] of commands.entries()) {
      const isLast = index === commands.length - 1;
      let text = "";
      const output: Output = isLast ? streams.output : { out: (more) => void (text += more), err: (more) => streams.output.err(more) };
      exitCode = yield* runSimple(shell, command, { input, output }, speaker);
      input = text;
    }
  } finally {
    if (commands.length > 1) shell.process.folder = folder;
  }
  return exitCode;
}

function* runList(shell: Shell, line: string, streams: Streams, speaker: string): Task<number> {
  let list: Pipeline[];
  try {
    list = parseLine(line);
  } catch (thrown) {
    if (!(thrown instanceof ShellProblem)) throw thrown;
    streams.output.err(`sh: ${thrown.message}\n`);
    return exitCodes.misuse;
  }
  let status = list.length > 0 ? shell.status : 0;
  for (const pipeline of list) {
    if (pipeline.when === "success" && status !== 0) continue;
    if (pipeline.when === "failure" && status === 0) continue;
    status = yield* runPipeline(shell, pipeline, streams, speaker);
    shell.status = status;
  }
  return status;
}

/** Runs a line in a shell; what its commands print is handed out as they print it. Gives the exit code of the last command, 130 when a signal ended it. */
export const runLine = task("userland.line", function* (_context: TaskContext, shell: Shell, line: string, output: Output): Task<number> {
  try {
    shell.status = yield* runList(shell, line, { input: "", output }, "echo");
  } catch (thrown) {
    if (!(thrown instanceof Interrupted)) throw thrown;
    shell.status = exitCodes.interrupted;
  }
  return shell.status;
});

/** Runs one command line on the tree. Exit codes as the real programs': 129 for wrong usage of cxl and daxctl. */
export const runCommand = task("userland.run", function* (context: TaskContext, files: FileSystem, line: string): Task<CommandResult> {
  let stdout = "";
  let stderr = "";
  const exitCode = yield* runLine(context, createShell(files), line, { out: (text) => void (stdout += text), err: (text) => void (stderr += text) });
  return { exitCode, stdout, stderr };
});
