// Choices of a recorded schedule: those of a trace, or a list of numbers in a text.

import { readFileSync, statSync } from "node:fs";
import { FilesError } from "./files.ts";
import { isTrace, readTrace } from "./trace-input.ts";

/** Bytes of a list. */
const largest = 64 << 20;
const mostChoice = 0xffff_ffff;

function whole(text: string, path: string, line: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  if (value < 0 || value > mostChoice) throw new FilesError(`${path}:${line}: "${text.slice(0, 40)}" is no choice; a schedule is a trace file, or whole numbers with blanks, commas or line ends between them (\`#\` begins a comment)`);
  return value;
}

/** Numbers with blanks, commas or line ends between them, in brackets or not, as JSON has them; `#` begins a comment. @throws FilesError */
function choicesIn(path: string, text: string): number[] {
  const lines = text.replace(/^\s*\[/, (start) => start.slice(0, -1)).replace(/\]\s*$/, "").split("\n");
  return lines.flatMap((line, index) => line.replace(/#.*/, "").split(/[\s,]+/).filter((word) => word !== "").map((word) => whole(word, path, index + 1)));
}

/** @throws FilesError it cannot be read, or is neither */
export function readSchedule(path: string): readonly number[] {
  if (isTrace(path)) {
    const { choices, served } = readTrace(path).header;
    if (served !== undefined) throw new FilesError(`${path} is the trace of a served machine: no kernel of ours ran, so that it has no schedule`);
    return choices;
  }
  try {
    if (statSync(path).size > largest) throw new FilesError(`${path} is no schedule: it has more than ${largest} bytes`);
    return choicesIn(path, readFileSync(path, "utf8"));
  } catch (error) {
    if (error instanceof FilesError) throw error;
    throw new FilesError((error as NodeJS.ErrnoException).code === "ENOENT" ? `--schedule ${path}: there is no such file (and no such kind: fixed and seeded are)` : `--schedule ${path}: cannot be read (${error instanceof Error ? error.message : String(error)})`);
  }
}
