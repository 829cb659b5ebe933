#!/usr/bin/env node
// The command. Standard output carries data, standard error the verdict.

import { UsageError, help, parseCommand } from "./arguments.ts";
import { version } from "./version.ts";

async function main(argv: readonly string[]): Promise<number> {
  let command;
  try {
    command = parseCommand(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`cxl-sandbox: ${error.message}\n`);
    return 2;
  }
  if (command.command === "help") {
    process.stdout.write(help[command.topic]);
    return 0;
  }
  if (command.command === "version") {
    process.stdout.write(`cxl-sandbox ${version()}\n`);
    return 0;
  }
  const { runFiles } = await import("./run.ts");
  return runFiles(command);
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`cxl-sandbox: internal error: ${error instanceof Error ? error.message : String(error)}\n  please report it with the command and the file that led here\n`);
  process.exitCode = 5;
}
