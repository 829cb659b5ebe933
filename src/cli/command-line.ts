// A command line from its words to its exit status: which command it names, and what is said of what it throws.

import { suggestion } from "../scenario/suggest.ts";
import { UsageError } from "./arguments.ts";
import { commands, mainHelp } from "./commands.ts";
import { version } from "./version.ts";

const isHelp = (word: string | undefined): boolean => word === "--help" || word === "-h";

/** Does what the words say; gives the exit status. @throws UsageError */
export async function commandLine(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "help" || isHelp(name)) {
    process.stdout.write(mainHelp);
    return 0;
  }
  if (name === "--version" || name === "-v") {
    process.stdout.write(`cxl-sandbox ${version()}\n`);
    return 0;
  }
  const found = commands.find((one) => one.name === name);
  if (found === undefined) throw new UsageError(`there is no command "${name}" (${suggestion(name, commands.map((one) => one.name))})`);
  const { command } = await found.load();
  if (rest.some(isHelp)) {
    process.stdout.write(command.help);
    return 0;
  }
  return command.main(rest);
}

/** Tells on standard error what a command line threw; gives the exit status. */
export function statusOfThrown(error: unknown): number {
  if (error instanceof UsageError) {
    process.stderr.write(`cxl-sandbox: ${error.message}\n`);
    return 2;
  }
  process.stderr.write(`cxl-sandbox: internal error: ${error instanceof Error ? error.message : String(error)}\n  please report it with the command and the file that led here\n`);
  return 5;
}
