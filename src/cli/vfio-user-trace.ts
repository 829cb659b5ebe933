// The trace of a served machine on its way to a file: looked at before anything is served, written while it grows, and kept somewhere else rather than lost.

import { accessSync, closeSync, constants, openSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { TraceFile } from "../scenario/trace/file.ts";
import { encodedTrace } from "../scenario/trace/file.ts";
import type { LocalMachine } from "../vfio-user/served-machine.ts";
import { FilesError } from "./files.ts";

/** ms between two looks at whether the trace has grown. */
const lookEvery = 1000;
/** A trace that takes long to write is written less often: this many times as long is nothing written. */
const restFactor = 30;

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : String(error));

/** `folder`: is made before the trace is written; `source`: the scenario. @throws FilesError a file cannot be written there */
export function checkWritable(path: string, folder: string, source: string): void {
  try {
    if (resolve(path) === resolve(source)) throw new FilesError(`${path} is the scenario itself; name another file with --trace`);
    if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) throw new FilesError(`${path}: there is something else than a file; name another one with --trace`);
    if (dirname(resolve(path)) !== resolve(folder)) accessSync(dirname(path), constants.W_OK);
  } catch (error) {
    if (error instanceof FilesError) throw error;
    throw new FilesError(`${path}: a trace cannot be written there (${codeOf(error)}); name a file with --trace in a folder that is there and yours`);
  }
}

/** Whole or not at all, piece by piece: a process that is killed, and whoever returns in between, leaves the file as it was before. */
function* writing(path: string, trace: TraceFile): Generator<undefined, void> {
  const part = `${path}.part`;
  let isWhole = false;
  try {
    const file = openSync(part, "w");
    try {
      for (const piece of encodedTrace(trace)) {
        writeFileSync(file, piece);
        yield;
      }
    } finally {
      closeSync(file);
    }
    renameSync(part, path);
    isWhole = true;
  } finally {
    if (!isWhole) rmSync(part, { force: true });
  }
}

/** Where it was written, and why not where it should. */
export interface KeptTrace {
  /** Null: nowhere. */
  readonly path: string | null;
  readonly trouble: string | null;
}

/** Writes a trace, into `folder` where its own place does not take it. */
function* keeping(path: string, folder: string, trace: TraceFile): Generator<undefined, KeptTrace> {
  try {
    yield* writing(path, trace);
    return { path, trouble: null };
  } catch (error) {
    const trouble = `${path}: the trace cannot be written (${codeOf(error)})`;
    const other = join(folder, "served.trace");
    try {
      yield* writing(other, trace);
      return { path: other, trouble };
    } catch (second) {
      return { path: null, trouble: `${trouble}, nor into ${other} (${codeOf(second)})` };
    }
  }
}

/** Whoever writes a trace while it grows. */
export interface TraceKeeper {
  /** Writes the last of it, and no more; null: no trace is kept. */
  end(): KeptTrace | null;
}

/** Writes the trace of a machine, whole, whenever it has grown, a piece at a time between what else there is to do. `say`: what keeps it from being written, once. */
export function keepWriting(path: string, folder: string, machine: Pick<LocalMachine, "traceFile" | "traceLength">, say: (line: string) => void): TraceKeeper {
  let written = machine.traceLength;
  let said: string | null = null;
  let steps: Generator<undefined, KeptTrace> | null = null;
  let timer: NodeJS.Timeout | NodeJS.Immediate;
  let started = performance.now();
  const begin = (): Generator<undefined, KeptTrace> | null => {
    written = machine.traceLength;
    const trace = machine.traceFile();
    return trace === null ? null : keeping(path, folder, trace);
  };
  const rest = (): void => void (timer = setTimeout(look, Math.max(lookEvery, (performance.now() - started) * restFactor)));
  const goOn = (): void => {
    const step = steps?.next();
    if (step?.done === false) {
      timer = setImmediate(goOn);
      return;
    }
    const trouble = step?.value?.trouble ?? null;
    if (trouble !== null && trouble !== said) say(trouble);
    said = trouble;
    rest();
  };
  const look = (): void => {
    started = performance.now();
    steps = machine.traceLength === written ? null : begin();
    if (steps === null) rest();
    else goOn();
  };
  rest();
  return {
    end: () => {
      clearTimeout(timer as NodeJS.Timeout);
      clearImmediate(timer as NodeJS.Immediate);
      steps?.return({ path: null, trouble: null });
      const last = begin();
      for (let step = last?.next(); step !== undefined; step = last?.next()) if (step.done === true) return step.value;
      return null;
    },
  };
}
