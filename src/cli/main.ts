#!/usr/bin/env node
// The command. Standard output carries data, standard error the verdict.

import { UsageError } from "./arguments.ts";
import { commands, mainHelp } from "./commands.ts";
import { suggestion } from "../scenario/suggest.ts";
import { version } from "./version.ts";

const isHelp = (word: string | undefined): boolean => word === "--help" || word === "-h";

/** @throws UsageError */
async function main(argv: readonly string[]): Promise<number> {
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

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`cxl-sandbox: ${error.message}\n`);
    process.exit(2);
  }
  process.stderr.write(`cxl-sandbox: internal error: ${error instanceof Error ? error.message : String(error)}\n  please report it with the command and the file that led here\n`);
  process.exitCode = 5;
}
