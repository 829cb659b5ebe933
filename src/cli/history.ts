// What was typed at prompts before: a file of lines, the newest last. It is a convenience: nothing that goes wrong with it is an error.

import { readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { makeFolders } from "./files.ts";

/** Lines that are kept, and characters of one. */
export const keptLines = 1000;
const longestLine = 4096;

export function historyFile(environment: NodeJS.ProcessEnv = process.env): string {
  const state = environment["XDG_STATE_HOME"];
  return state === undefined || state === "" ? join(homedir(), ".cxl_sandbox_history") : join(state, "cxl-sandbox", "history");
}

/** Newest first, as a prompt goes through them. */
export function readHistory(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n").filter((line) => line !== "").slice(-keptLines).toReversed();
  } catch {
    return [];
  }
}

/** @param lines newest first */
export function writeHistory(file: string, lines: readonly string[]): void {
  const kept = lines.filter((line) => line.length <= longestLine && line.trim() !== "" && !line.includes("\n")).slice(0, keptLines).toReversed();
  try {
    makeFolders(dirname(resolve(file)));
    writeFileSync(file, kept.map((line) => `${line}\n`).join(""), { mode: 0o600 });
  } catch {
    return;
  }
}
