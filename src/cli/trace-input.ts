// Trace files named on the command line, and the options that choose records of them.

import { closeSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { suggestion } from "../scenario/suggest.ts";
import type { TraceFile } from "../scenario/trace/file.ts";
import { TraceFileError, decodeTrace, traceMagic } from "../scenario/trace/file.ts";
import type { TraceFilter } from "../scenario/trace/select.ts";
import type { TraceLayer } from "../scenario/trace/select.ts";
import { kindNames, traceLayers } from "../scenario/trace/select.ts";
import { parseTime } from "../scenario/units.ts";
import { UsageError, oneOf } from "./arguments.ts";
import { FilesError } from "./files.ts";

/** Bytes; more than any run writes. */
const largest = 2 ** 31 - 1;

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Whether a file begins as a trace does, or its name says that it is one. */
export function isTrace(path: string): boolean {
  if (path.endsWith(".trace")) return true;
  const start = Buffer.alloc(traceMagic.length);
  try {
    const descriptor = openSync(path, "r");
    try {
      return readSync(descriptor, start) === start.length && start.equals(traceMagic);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return false;
  }
}

/** @throws FilesError it cannot be read, or is no trace */
export function readTrace(path: string): TraceFile {
  let bytes: Uint8Array;
  try {
    const found = statSync(path);
    if (found.isDirectory()) throw new FilesError(`${path} is a folder; name a trace file (\`cxl-sandbox run --trace on\` writes them)`);
    if (found.size > largest) throw new FilesError(`${path} has ${found.size} bytes; a trace has at most ${largest}`);
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof FilesError) throw error;
    throw new FilesError((error as NodeJS.ErrnoException).code === "ENOENT" ? `${path}: there is no such file` : `${path}: cannot be read (${reasonOf(error)})`);
  }
  try {
    return decodeTrace(bytes);
  } catch (error) {
    if (!(error instanceof TraceFileError)) throw error;
    throw new FilesError(`${path}: ${error.message}`);
  }
}

/** Layers of "hardware,log" or "all". @throws UsageError */
export function layersOf(option: string, text: string): readonly TraceLayer[] {
  if (text === "all") return traceLayers;
  return traceLayers.filter((layer) => text.split(",").map((name) => oneOf(option, name, traceLayers)).includes(layer));
}

export const filterOptions = {
  layer: { type: "string", multiple: true },
  from: { type: "string" },
  to: { type: "string" },
  part: { type: "string", multiple: true },
  kind: { type: "string", multiple: true },
} as const;

export const filterHelp = `  --layer LAYER   access, hardware, kernel, log or result; several with commas
  --from TIME     records from this virtual time since power-on (like 5ms, 1.5s)
  --to TIME       records up to this virtual time
  --part NAME     records that speak of this part of the machine; may be repeated
  --kind KIND     records of this kind (link, commit, "mmio write" ...); may be repeated`;

export interface FilterValues {
  readonly layer?: readonly string[] | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly part?: readonly string[] | undefined;
  readonly kind?: readonly string[] | undefined;
}

/** @throws UsageError */
function timeOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = parseTime(text);
  if (time === undefined) throw new UsageError(`--${option} "${text}" is no time; write 5ms, 100us or 1.5s`);
  return time;
}

/** @throws UsageError */
export function filterOf({ layer, from, to, part, kind }: FilterValues): TraceFilter {
  const start = timeOf("from", from);
  const end = timeOf("to", to);
  for (const name of kind ?? []) if (!kindNames.includes(name)) throw new UsageError(`--kind "${name}" is no kind of record (${suggestion(name, kindNames)})`);
  return {
    ...(layer === undefined ? {} : { layers: layersOf("layer", layer.join(",")) }), ...(start === undefined ? {} : { from: start }), ...(end === undefined ? {} : { to: end }),
    ...(part === undefined ? {} : { parts: part }), ...(kind === undefined ? {} : { kinds: kind }),
  };
}

/** @throws UsageError a part that the trace's machine does not have */
export function checkParts({ parts }: TraceFile, { parts: wanted = [] }: TraceFilter): void {
  const names = [...parts.values()];
  for (const name of wanted) if (!names.includes(name)) throw new UsageError(`--part "${name}" is no part of the trace's machine (${suggestion(name, names)})`);
}
