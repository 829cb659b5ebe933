// Traces of real drivers as fixtures of the suite: each is run again on today's module, and kept as it comes where every access is answered as the driver's was.

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import type { TraceFile, TraceTool } from "../../src/scenario/trace/file.ts";
import { decodeTrace, encodeTrace } from "../../src/scenario/trace/file.ts";
import { replayServed } from "../../src/vfio-user/served-trace.ts";
import { projectRoot } from "./folder.ts";
import { RigProblem } from "./problem.ts";
import { readTrace } from "./record.ts";

const fixtures = join(projectRoot, "test/fixtures/linux-traces");
const ending = ".trace.gz";

/** Today's module, and how it is called. */
export interface Engine {
  readonly module: WebAssembly.Module;
  readonly tool: TraceTool;
}

/** A trace as today's module makes it of the same accesses. */
export interface Renewed {
  readonly trace: TraceFile;
  /** The first record of the hardware's that differs from what was recorded, before and now; null: none does. */
  readonly changed: { readonly before: string; readonly now: string } | null;
}

/** Runs a trace again. @throws RigProblem an access is answered in another way: its driver would have done something else */
export function renewed(module: WebAssembly.Module, tool: TraceTool, recorded: TraceFile): Renewed {
  const { actual, comparison } = replayServed(module, recorded, { tool, layers: ["access", "hardware"] });
  const [access, hardware] = (["access", "hardware"] as const).map((layer) => comparison.divergences.find((one) => one.layer === layer));
  const nothing = "nothing";
  if (access !== undefined) throw new RigProblem(`another answer than the driver had: ${access.expected ?? nothing} then, ${access.actual ?? nothing} now; record the case anew`);
  const changed = hardware === undefined ? null : { before: hardware.expected ?? nothing, now: hardware.actual ?? nothing };
  return { trace: { ...actual, header: { ...actual.header, tool } }, changed };
}

const fileOf = (name: string): string => join(fixtures, `${name}${ending}`);

function keep(engine: Engine, name: string, recorded: TraceFile): string {
  try {
    const { trace, changed } = renewed(engine.module, engine.tool, recorded);
    writeFileSync(fileOf(name), gzipSync(encodeTrace(trace), { level: 9 }));
    return `${name}: every access is answered as the driver's was${changed === null ? "" : `; the hardware's first record that is another: ${changed.before} then, ${changed.now} now`}`;
  } catch (error) {
    if (error instanceof RigProblem) throw new RigProblem(`${name}: ${error.message}`);
    throw error;
  }
}

/** Keeps the traces of the last runs of some cases as fixtures. @throws RigProblem there is none, or it does not hold any more */
export function* keepRuns(engine: Engine, results: string, names: readonly string[]): Generator<string> {
  for (const name of names) {
    const folder = join(results, name);
    const recorded = readTrace(folder);
    if (recorded === null) throw new RigProblem(`${folder} has no trace: npm run linux -- ${name} records it`);
    yield keep(engine, name, recorded);
  }
}

/** Makes every fixture anew of itself, after the hardware has changed. @throws RigProblem one does not hold any more */
export function* keepAgain(engine: Engine): Generator<string> {
  for (const file of readdirSync(fixtures).filter((name) => name.endsWith(ending)).toSorted()) {
    const name = file.slice(0, -ending.length);
    yield keep(engine, name, decodeTrace(gunzipSync(readFileSync(fileOf(name)))));
  }
}
