// What cxl and daxctl have in common: which command a line calls, help, version, and what is said of wrong use.

import type { Task } from "../sim/task.ts";
import type { CommandUsage } from "./cxl-usage.ts";
import { UsageProblem, usageText } from "./options.ts";
import type { Call } from "./programs.ts";

/** Release of ndctl that the tools are like. */
const version = "85";

/** A command, or a program, that never waits. */
export const atOnce = (act: (call: Call) => number): ((call: Call) => Task<number>) =>
  // eslint-disable-next-line require-yield
  function* (call) {
    return act(call);
  };

export interface Tool {
  readonly name: string;
  /** In the order of --list-cmds. */
  readonly usage: Readonly<Record<string, CommandUsage>>;
  /** All but version and help. */
  readonly commands: ReadonlyMap<string, (call: Call) => Task<number>>;
}

/** Exit codes: of wrong use; of a manual page that is not there (INFERRED: as man's). */
const wrongUse = 129;
const noManual = 16;

const overview = ({ name }: Tool): string => `\n usage: ${name} [--version] [--help] COMMAND [ARGS]\n\n\n See '${name} help COMMAND' for more information on a specific command.\n ${name} --list-cmds to see all available commands\n\n`;

/** How a command is called, on standard output. The real tools show their manual page. */
function help(tool: Tool, { output }: Call, command: string | undefined): number {
  if (command === undefined) {
    output.out(overview(tool));
    return 0;
  }
  const found = Object.hasOwn(tool.usage, command) ? tool.usage[command] : undefined;
  if (found === undefined) {
    output.err(`No manual entry for ${tool.name}-${command}\n`);
    return noManual;
  }
  output.out(usageText(found.usage, found.options));
  return 0;
}

/** What has no command of its own; undefined: the first word names a command. */
function answer(tool: Tool, call: Call): number | undefined {
  const { argv, output } = call;
  const [first, second] = argv;
  if (first === undefined) {
    output.out(overview(tool));
    return 1;
  }
  if (first === "help" || first === "--help" || first === "-h") return help(tool, call, second);
  if (first === "version" || first === "--version" || first === "-v") {
    output.out(`${version}\n`);
    return 0;
  }
  if (first === "--list-cmds") {
    output.out(Object.keys(tool.usage).map((name) => `${name}\n`).join(""));
    return 0;
  }
  if (first.startsWith("-")) {
    output.err(`Unknown option: ${first}\n\n Usage: ${tool.name} [--version] [--help] COMMAND [ARGS]\n`);
    return wrongUse;
  }
  return undefined;
}

/** `--help` of a command is its manual page, `-h` how it is called, as wrong use. */
const isAskingForHelp = (argv: readonly string[], spec: CommandUsage): boolean => argv.includes("-h") && !Object.values(spec.options).some((form) => form.short === "h");

/** Exit code of `NAME ...`. */
export function* runTool(tool: Tool, call: Call): Task<number> {
  const early = answer(tool, call);
  if (early !== undefined) return early;
  const { argv: [name = "", ...argv], output } = call;
  const act = tool.commands.get(name);
  const spec = tool.usage[name];
  if (act === undefined || spec === undefined) {
    output.err(`Unknown command: '${name}'\n`);
    return 1;
  }
  if (argv[0] === "--help") return help(tool, call, name);
  try {
    if (isAskingForHelp(argv, spec)) throw new UsageProblem("");
    return yield* act({ ...call, argv });
  } catch (thrown) {
    if (!(thrown instanceof UsageProblem)) throw thrown;
    output.err(`${thrown.message === "" ? "" : `  Error: ${thrown.message}\n`}${usageText(spec.usage, spec.options, thrown.option)}`);
    return wrongUse;
  }
}
