// The trace of a served machine on its way to a file: looked at before anything is served, and kept somewhere else rather than lost.

import { accessSync, constants, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { FilesError } from "./files.ts";

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : String(error));

/** `folder`: is made before the trace is written. @throws FilesError a file cannot be written there */
export function checkWritable(path: string, folder: string): void {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) throw new FilesError(`${path}: there is something else than a file; name another one with --trace`);
    if (dirname(resolve(path)) !== resolve(folder)) accessSync(dirname(path), constants.W_OK);
  } catch (error) {
    if (error instanceof FilesError) throw error;
    throw new FilesError(`${path}: a trace cannot be written there (${codeOf(error)}); name a file with --trace in a folder that is there and yours`);
  }
}

/** Whole or not at all. */
function writeWhole(path: string, bytes: Uint8Array): void {
  const part = `${path}.part`;
  try {
    writeFileSync(part, bytes);
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}

/** Where it was written, and why not where it should. */
export interface KeptTrace {
  /** Null: nowhere. */
  readonly path: string | null;
  readonly trouble: string | null;
}

/** Writes a trace, into `folder` where its own place does not take it. */
export function keepTrace(path: string, folder: string, bytes: Uint8Array): KeptTrace {
  try {
    writeWhole(path, bytes);
    return { path, trouble: null };
  } catch (error) {
    const trouble = `${path}: the trace cannot be written (${codeOf(error)})`;
    const other = join(folder, "served.trace");
    try {
      writeWhole(other, bytes);
      return { path: other, trouble };
    } catch (second) {
      return { path: null, trouble: `${trouble}, nor into ${other} (${codeOf(second)})` };
    }
  }
}
