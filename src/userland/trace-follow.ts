// Lines of the kernel's trace as they come: what a program does that listens to events through tracefs.

import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";

const tracing = "/sys/kernel/tracing";

/** Lines that were written since `seen` of them were, and how many were written now. */
function newLines(text: string, seen: number): { readonly lines: readonly string[]; readonly written: number } {
  const written = Number(/entries-written: \d+\/(\d+)/.exec(text)?.[1] ?? 0);
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const fresh = written < seen ? written : written - seen;
  return { lines: fresh === 0 ? [] : lines.slice(-fresh), written };
}

export interface Listening {
  /** Files that turn events on which nobody else records: they are recorded as long as the program runs. */
  readonly own: readonly string[];
  /** Entries of the trace that were written before. */
  readonly seen: number;
}

/** Turns events of a system on, or those of them that are named. @throws SystemError */
export function* listen(files: FileSystem, system: string, names?: readonly string[]): Task<Listening> {
  const folder = `${tracing}/events/${system}`;
  const wanted = names ?? files.list(folder).filter((name) => name !== "enable");
  const own = wanted.map((name) => `${folder}/${name}/enable`).filter((path) => files.read(path).trim() !== "1");
  for (const path of own) yield* files.write(path, "1");
  return { own, seen: newLines(files.read(`${tracing}/trace`), 0).written };
}

/** Every line that the trace holds. */
export const traceLines = (files: FileSystem): readonly string[] => newLines(files.read(`${tracing}/trace`), 0).lines;

/** Hands every line on, until it is interrupted. @throws SystemError EINTR, and what handling a line throws */
export function* followTrace(files: FileSystem, listening: Listening, handle: (line: string) => Task<void>): Task<never> {
  let { seen } = listening;
  try {
    for (;;) {
      const { lines, written } = newLines(files.read(`${tracing}/trace`), seen);
      seen = written;
      for (const line of lines) yield* handle(line);
      if (lines.length === 0) yield* files.poll(`${tracing}/trace`);
    }
  } finally {
    for (const path of listening.own) yield* files.write(path, "0");
  }
}
