// A run and the golden beside its scenario: which runs are held against one, what becomes of their results, and the golden that a run leaves.

import type { Golden, GoldenLayer, GoldenRun } from "../scenario/golden.ts";
import { changedLayers, compareGolden, goldenFileOf, goldenFrom, goldenLayers, parseGolden } from "../scenario/golden.ts";
import type { GoldenResult, ScenarioResult } from "../scenario/result.ts";
import type { TraceFile } from "../scenario/trace/file.ts";
import { linesOf } from "../scenario/trace/file.ts";
import type { RunInput } from "./contract.ts";

function runOf({ seed, schedule, digests }: Pick<ScenarioResult, "seed" | "schedule" | "digests">, trace: TraceFile): GoldenRun {
  if (schedule === "recorded") throw new TypeError("a recorded schedule has no golden");
  return { seed, schedule, digests, lines: Object.fromEntries(goldenLayers.map((layer) => [layer, linesOf(trace, layer)])) as Record<GoldenLayer, ReturnType<typeof linesOf>> };
}

/** The golden that a run leaves. @throws TypeError its schedule was recorded */
export const goldenOf = (trace: TraceFile, result: ScenarioResult): Golden => goldenFrom(runOf(result, trace));

/** The golden that a run is held against; null: none was given, or it is another seed's or schedule's. @throws GoldenFileError */
export function goldenFor({ file, golden: text, seed, schedule, choices }: RunInput): Golden | null {
  if (text === undefined || choices !== undefined) return null;
  const golden = parseGolden(goldenFileOf(file), text);
  return golden.seed === seed && golden.schedule === schedule ? golden : null;
}

/** Whether the digests are those of the golden; if not, the run's records are needed to say where it parts. */
export const isGolden = (golden: Golden, { digests }: ScenarioResult): boolean => changedLayers(golden, digests).length === 0;

const shortened = (text: string | null): string => (text === null ? "nothing more" : `"${text.length > 120 ? `${text.slice(0, 120)}...` : text}"`);

function reasonOf({ divergences: [first] }: GoldenResult): string {
  if (first === undefined) return "not the golden";
  return `not the golden: ${first.layer} record ${first.index}: expected ${shortened(first.expected)}, got ${shortened(first.actual)}`;
}

/** The result of a run that agrees with its golden. */
export const agreed = (result: ScenarioResult): ScenarioResult => ({ ...result, golden: { state: "same", file: goldenFileOf(result.file), layers: [], divergences: [] } });

/** The result of a run that does not. `trace`: the run's, or that of the same run once more. */
export function heldAgainst(golden: Golden, result: ScenarioResult, trace: TraceFile): ScenarioResult {
  const compared = compareGolden(goldenFileOf(result.file), golden, runOf(result, trace));
  return { ...result, golden: compared, ...(result.status === "pass" ? { status: "fail", reason: reasonOf(compared) } : {}) };
}
