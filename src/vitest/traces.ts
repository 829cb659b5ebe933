// `toMatchTrace`: a run against a golden, a trace file, or another run.

import { expect } from "vitest";
import type { FinishedRun } from "../../workers/slices.ts";
import { divergenceLines, placeOfDivergence } from "../report/divergence.ts";
import { heldAgainst } from "../sandbox/goldens.ts";
import type { Divergence } from "../scenario/trace/divergence.ts";
import { goldenLayers, parseGolden } from "../scenario/golden.ts";
import { compareTraces } from "../scenario/trace/compare.ts";
import type { TraceFile } from "../scenario/trace/file.ts";
import { decodeTrace } from "../scenario/trace/file.ts";
import type { TraceLayer } from "../sim/trace.ts";
import type { MatcherResult } from "./fields.ts";
import { isResult, resultOf } from "./results.ts";

/** What a comparison of traces looks at. */
export interface MatchTraceOptions {
  /** Layers that must agree: result, log and hardware, the promise of a golden. `access` and `kernel` hold within one version. Of a golden it has its own. */
  readonly layers?: readonly TraceLayer[];
}

/** Lines before and behind the place where two traces part. */
const context = 3;

const nodeModule = <T>(name: string): T | undefined => (typeof process === "undefined" ? undefined : (process.getBuiltinModule?.(name) as T | undefined));

/** @throws Error it cannot be read */
function bytesOf(file: string | URL): Uint8Array {
  const files = nodeModule<typeof import("node:fs")>("node:fs");
  const paths = nodeModule<typeof import("node:path")>("node:path");
  if (files === undefined || paths === undefined) throw new Error("toMatchTrace: files need Node; give the bytes of a trace, or another run");
  const place = typeof file === "string" ? paths.resolve(paths.dirname(expect.getState().testPath ?? "."), file) : file;
  return files.readFileSync(place);
}

function traceOf(matcher: string, received: unknown): TraceFile {
  const { trace } = (isResult(received) ? received : {}) as Partial<FinishedRun>;
  if (!(trace instanceof Uint8Array)) throw new TypeError(`${matcher}: expect() takes what runScenario gives with keepTrace: true`);
  return decodeTrace(trace);
}

function againstGolden(received: unknown, name: string, text: string): readonly Divergence[] {
  const result = resultOf("toMatchTrace", received);
  const golden = parseGolden(name, text);
  if (golden.seed !== result.seed || golden.schedule !== result.schedule) throw new TypeError(`toMatchTrace: ${name} is of seed ${golden.seed}, schedule ${golden.schedule}; the run is of seed ${result.seed}, schedule ${result.schedule}`);
  return heldAgainst(golden, result, traceOf("toMatchTrace", received)).golden?.divergences ?? [];
}

/**
 * Whether a run has the records of another: of a golden (`NAME.golden`) or trace file, by its path from the test file; of the bytes of a trace; of another run.
 * @throws TypeError a run without its trace, or of another seed than the golden; TraceFileError, GoldenFileError, Error the file
 */
export function toMatchTrace(received: unknown, expected: string | URL | Uint8Array | FinishedRun, { layers = goldenLayers }: MatchTraceOptions = {}): MatcherResult {
  const isFile = typeof expected === "string" || expected instanceof URL;
  const name = isFile ? String(expected) : "the other trace";
  const actual = traceOf("toMatchTrace", received);
  const divergences = isFile && name.endsWith(".golden")
    ? againstGolden(received, name, new TextDecoder().decode(bytesOf(expected)))
    : compareTraces(isFile ? decodeTrace(bytesOf(expected)) : expected instanceof Uint8Array ? decodeTrace(expected) : traceOf("toMatchTrace: what is expected", expected), actual, { layers, withTimes: false, context }).divergences;
  const pass = divergences.length === 0;
  const text = (): string => [`not as in ${name}:`, ...divergences.flatMap((one) => [`${placeOfDivergence(one)}:`, ...divergenceLines(one)]), ...(isResult(received) ? [resultOf("toMatchTrace", received).reproduce] : [])].join("\n");
  return { pass, message: () => (pass ? `the run is as in ${name}, and should not be` : text()) };
}
