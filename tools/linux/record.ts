// What a case leaves behind: one JSON file, beside it the console, the kernel's log and the trace as they are.

import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TraceFile } from "../../src/scenario/trace/file.ts";
import { decodeTrace } from "../../src/scenario/trace/file.ts";
import { RigProblem } from "./problem.ts";
import type { FaultCount, RegisterValues } from "./hardware.ts";

/** A command as it was given and what came of it. */
export interface CommandRecord {
  /** Number of the scenario's step, from 1; 0: the rig's own, at the end. */
  readonly step: number;
  /** As it stands in the case, with references. */
  readonly text: string;
  /** As it was given. */
  readonly command: string;
  readonly exitCode: number;
  readonly uptime: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One run of a case in the real kernel. */
export interface CaseRecord {
  readonly case: string;
  readonly name: string;
  /** `served`, or `own cards`. */
  readonly hardware: string;
  readonly kernel: string;
  readonly qemu: string;
  readonly tools: string;
  readonly bootSeconds: number;
  readonly seconds: number;
  /** Null: it went through; else where it stopped. */
  readonly problem: string | null;
  readonly poweredOff: boolean;
  readonly commands: readonly CommandRecord[];
  /** Lines of the kernel's log with their level, `<6>[    1.000000] text`. */
  readonly dmesg: readonly string[];
  readonly iomem: string;
  readonly registers: RegisterValues | null;
  readonly faults: readonly FaultCount[];
  readonly hasTrace: boolean;
}

export const recordFile = "result.json";
const traceName = "served.trace";

/** Writes a run's files into a folder of its own, which is made anew. */
export function writeRecord(folder: string, record: CaseRecord, console: string, trace: Uint8Array | null): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, recordFile), `${JSON.stringify(record, undefined, 2)}\n`);
  writeFileSync(join(folder, "console.log"), console);
  writeFileSync(join(folder, "dmesg.txt"), record.dmesg.map((line) => `${line}\n`).join(""));
  if (trace !== null) writeFileSync(join(folder, traceName), trace);
}

/** Names of the cases that have a record below a folder. */
export const recordedCases = (results: string): string[] => (existsSync(results) ? readdirSync(results).filter((name) => existsSync(join(results, name, recordFile))).toSorted() : []);

/** A run's record. @throws RigProblem there is none */
export function readRecord(folder: string): CaseRecord {
  const file = join(folder, recordFile);
  if (!existsSync(file)) throw new RigProblem(`${file} is not there: run the case first`);
  return JSON.parse(readFileSync(file, "utf8")) as CaseRecord;
}

/** The trace of a run's devices; null: none was kept. @throws TraceFileError */
export function readTrace(folder: string): TraceFile | null {
  const file = join(folder, traceName);
  return existsSync(file) ? decodeTrace(readFileSync(file)) : null;
}
