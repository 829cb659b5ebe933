// The trace of a run as it is kept: its records, and what the run was made from.

import type { ScenarioResult } from "../scenario/result.ts";
import type { TraceFile, TraceHeader, TraceOrigin } from "../scenario/trace/file.ts";
import { recordBytes, recordWords } from "../sim/trace.ts";
import type { RunInput } from "./contract.ts";
import type { RunState } from "./run-result.ts";
import { scheduleOf } from "./run-result.ts";
import { partNames } from "./trace-reader.ts";

function wordsOf(chunks: readonly Uint8Array[]): Uint32Array {
  const words = new Uint32Array(chunks.reduce((sum, { length }) => sum + (length / recordBytes) * recordWords, 0));
  const bytes = new Uint8Array(words.buffer);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return words;
}

/** What the header of a run's trace says beside its plan. */
export function originOf({ tool, text, includes }: Pick<RunInput, "tool" | "text" | "includes">, drivers: TraceOrigin["drivers"] = []): TraceOrigin {
  return { tool: tool ?? { version: "", moduleHash: "" }, scenario: text, includes: includes ?? {}, drivers };
}

/** What a run was made from, as the header of its trace has it. */
type Made = Pick<TraceHeader, "file" | "seed" | "schedule" | "choices" | "defects">;

/** The trace of a run that was made from this and came to that. */
export const traceOf = (made: Made, { tool, scenario, includes, drivers }: TraceOrigin, { digests, traceDigest }: ScenarioResult, kept: Omit<TraceFile, "header">): TraceFile => ({
  header: { format: 1, tool, file: made.file, scenario, includes, seed: made.seed, schedule: made.schedule, choices: [...made.choices], defects: [...made.defects], drivers, digests, traceDigest },
  ...kept,
});

/** The trace of a run that is done. Null: its records were not kept, or it was not made from a text. */
export function traceFileOf({ options, plan, system: { hardware, kernel, scheduler }, trace }: RunState, result: ScenarioResult): TraceFile | null {
  const { origin } = options;
  if (!options.keepTrace || origin === undefined) return null;
  hardware.drainTrace();
  const made: Made = { file: plan.file, seed: options.seed, schedule: scheduleOf(options), choices: scheduler.choices, defects: options.defects ?? [] };
  return traceOf(made, origin, result, { ...partNames(hardware), strings: [...kernel.trace.strings], records: wordsOf(trace) });
}
