// The command as a user gives it, in this process: the same words, streams and exit status as of the built one without its start. What a process of its own
// proves (signals, standard input, pipes that close) is asked of the built command.

import { commandLine, statusOfThrown } from "../../src/cli/command-line.ts";

export interface CommandEnded {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

const names = ["stdout", "stderr"] as const;

/** Runs a command line in a folder, one after the other: a test that ran out of time leaves its command behind, and folder and streams are the process's. */
export function commandIn(folder: string, ...argv: readonly string[]): Promise<CommandEnded> {
  const ended = before.then(() => alone(folder, argv));
  before = ended.catch(() => undefined);
  return ended;
}

let before: Promise<unknown> = Promise.resolve();

async function alone(folder: string, argv: readonly string[]): Promise<CommandEnded> {
  const home = process.cwd();
  const originals = names.map((name) => process[name].write);
  const written: Record<(typeof names)[number], Buffer[]> = { stdout: [], stderr: [] };
  for (const name of names) {
    process[name].write = (chunk: string | Uint8Array, ...more: unknown[]) => {
      written[name].push(Buffer.from(chunk as string));
      for (const last of more) if (typeof last === "function") queueMicrotask(last as () => void);
      return true;
    };
  }
  process.chdir(folder);
  try {
    const status = await commandLine(argv).catch(statusOfThrown);
    return { status, stdout: Buffer.concat(written.stdout).toString(), stderr: Buffer.concat(written.stderr).toString() };
  } finally {
    process.chdir(home);
    for (const [index, name] of names.entries()) process[name].write = originals[index] as typeof process.stdout.write;
  }
}
