#!/usr/bin/env node
// The command. Standard output carries data, standard error the verdict.

import { commandLine, statusOfThrown } from "./command-line.ts";

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  process.exitCode = await commandLine(process.argv.slice(2));
} catch (error) {
  process.exitCode = statusOfThrown(error);
  // Wrong usage may be found when files or pipes are open already: nothing is waited for.
  if (process.exitCode === 2) process.exit();
}
