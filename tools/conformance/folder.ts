// Captures of a folder: each file recognised by what it is; what is no capture is told, what is broken is refused.

import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { CaptureError, readAccesses, readCapture, readDecoders } from "./capture.ts";
import { logFile, momentFiles } from "./linux/case.ts";
import type { FileResult } from "./run.ts";
import { runCapture, runTable } from "./run.ts";
import { bridgesOf } from "./tables.ts";

export interface FolderResult {
  readonly results: readonly FileResult[];
  /** Files that are no captures of a known format. */
  readonly others: readonly string[];
  readonly errors: readonly CaptureError[];
}

const commandLineFile = "qemu-cmdline.txt";
const tableFile = "CEDT.bin";
/** Files that are read with those beside them, or by the comparison with a running Linux. */
const isCompanion = (name: string): boolean => name === commandLineFile || name === logFile || momentFiles.some((kind) => name.endsWith(`.${kind}`));

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(folder, name)).isFile()).toSorted();
}

function commandLineBeside(folder: string, name: string): string {
  const path = join(folder, dirname(name), commandLineFile);
  if (!existsSync(path)) throw new CaptureError(name, "", `has no ${commandLineFile} beside it, so its topology is unknown; put the command line there`);
  return readFileSync(path, "utf8");
}

/** Compares one file. Undefined: it is no capture. @throws CaptureError */
function runFile(module: WebAssembly.Module, folder: string, name: string): FileResult | undefined {
  const path = join(folder, name);
  const text = (): string => readFileSync(path, "utf8");
  if (basename(name) === tableFile) return runTable(name, readFileSync(path), commandLineBeside(folder, name));
  if (name.endsWith(".ndjson")) {
    const table = join(folder, dirname(name), tableFile);
    return runCapture(module, readAccesses(name, text(), commandLineBeside(folder, name), existsSync(table) ? bridgesOf(relative(folder, table), readFileSync(table)) : new Map()));
  }
  if (name.endsWith(".hdm-regs.txt")) return runCapture(module, readDecoders(name, text(), commandLineBeside(folder, name)));
  const capture = name.endsWith(".json") && !isCompanion(basename(name)) ? readCapture(name, text()) : undefined;
  return capture === undefined ? undefined : runCapture(module, capture);
}

/** Runs everything in a folder, or what is called `only`. @throws CaptureError there is nothing to run, and `mayBeNone` does not say that this is well */
export function runFolder(module: WebAssembly.Module, folder: string, only?: string, mayBeNone = false): FolderResult {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) throw new CaptureError(folder, "", "is no folder; give one with captures");
  const all = filesBelow(folder);
  const names = all.filter((name) => only === undefined || name === only || basename(name) === only);
  if (names.length === 0) throw new CaptureError(folder, "", only === undefined ? "is empty; give a folder with captures" : `has no file "${only}"; it has ${all.slice(0, 12).join(", ")}${all.length > 12 ? " ..." : ""}`);
  const [results, others, errors]: [FileResult[], string[], CaptureError[]] = [[], [], []];
  for (const name of names) {
    try {
      const result = runFile(module, folder, name);
      if (result !== undefined) results.push(result);
      else if (!isCompanion(basename(name))) others.push(name);
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      errors.push(error);
    }
  }
  if (results.length === 0 && errors.length === 0 && !mayBeNone) throw new CaptureError(only ?? folder, "", `is no capture; captures are JSON files with entries, mmio.ndjson, *.hdm-regs.txt and ${tableFile}, the last three with ${commandLineFile} beside them, and folders with ${logFile}`);
  return { results, others, errors };
}
