// Programs that the rig starts: low priority, with a limit of time, ended when the rig ends.

import type { ChildProcess } from "node:child_process";
import { spawn, spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { RigProblem } from "./problem.ts";

const second = 1000;

/** Whether a program is there to be started. */
export const hasProgram = (name: string): boolean => spawnSync("sh", ["-c", 'command -v "$1"', "sh", name], { encoding: "utf8" }).status === 0;

/** Standard output of a short program, or null where it failed or took longer than `seconds`. */
export function answerOf(words: readonly string[], seconds = 60): string | null {
  const [program = "", ...rest] = words;
  const { status, stdout } = spawnSync(program, rest, { encoding: "utf8", timeout: seconds * second, maxBuffer: 1 << 26 });
  return status === 0 ? stdout : null;
}

/** The same as bytes. */
export function answerBytes(words: readonly string[], seconds = 60): Buffer | null {
  const [program = "", ...rest] = words;
  const { status, stdout } = spawnSync(program, rest, { timeout: seconds * second, maxBuffer: 1 << 28 });
  return status === 0 ? stdout : null;
}

/** Starts a program below our own priority; `log` takes what it says (-1: nothing does). The caller ends it. */
export function startProgram(words: readonly string[], log: number): ChildProcess {
  const output = log < 0 ? "ignore" : log;
  return spawn("nice", ["-n", "10", ...words], { stdio: ["ignore", output, output] });
}

/** Ends a program that was started here, and waits until it is gone; at first it is asked. */
export async function endProgram(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  child.kill("SIGTERM");
  const harder = setTimeout(() => child.kill("SIGKILL"), 2 * second);
  await gone;
  clearTimeout(harder);
}

/** Children of this process that go when it goes, whatever ends it. */
export function keepTrack(child: ChildProcess): void {
  const end = (): void => void child.kill("SIGKILL");
  process.once("exit", end);
  child.once("exit", () => process.off("exit", end));
}

/** Runs a long program with its output in a file. @throws RigProblem it failed or took longer than `seconds` */
export async function runProgram(what: string, words: readonly string[], logFile: string, seconds: number): Promise<void> {
  const log = openSync(logFile, "a");
  try {
    const child = startProgram(words, log);
    keepTrack(child);
    let isLate = false;
    const limit = setTimeout(() => {
      isLate = true;
      void endProgram(child);
    }, seconds * second);
    const status = await new Promise<number | string>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code, signal) => resolve(code ?? signal ?? "ended"));
    });
    clearTimeout(limit);
    if (status !== 0) throw new RigProblem(`${what} ${isLate ? `took longer than ${seconds} s` : `failed (${status})`}; what it said is in ${logFile}`);
  } finally {
    closeSync(log);
  }
}
