// Traces for the page's figures, made by the command itself and kept in a folder of the system's for as long as the bench runs.

import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recordBytes } from "../../src/sim/trace.ts";
import { decodeTrace } from "../../src/scenario/trace/file.ts";
import { traced } from "./browser.ts";
import { largeText } from "./large.ts";

export interface MadeTrace {
  readonly path: string;
  readonly scenario: string;
  readonly records: number;
}

/** How often all config space is listed, so that there are about so many records. */
const listings = { hundred: 0, million: 4 } as const;
export type TraceSize = keyof typeof listings;

const made = new Map<TraceSize, Promise<MadeTrace>>();

async function make(size: TraceSize): Promise<MadeTrace> {
  const folder = mkdtempSync(join(tmpdir(), "cxl-sandbox-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const scenario = join(folder, `${size}.yaml`);
  writeFileSync(scenario, largeText(listings[size]));
  await traced(scenario, folder);
  const name = readdirSync(folder).find((one) => one.endsWith(".trace"));
  if (name === undefined) throw new Error(`${scenario}: the command wrote no trace`);
  const path = join(folder, name);
  return { path, scenario, records: decodeTrace(readFileSync(path)).records.byteLength / recordBytes };
}

/** About 100 thousand records, or a million, of a machine with 64 ports. */
export function largeTrace(size: TraceSize): Promise<MadeTrace> {
  const known = made.get(size) ?? make(size);
  made.set(size, known);
  return known;
}
