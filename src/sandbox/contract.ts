// What runs a scenario, as the command, the workers and the page see it: made from text, run in slices, asked for its result.

import type { ScenarioResult } from "../scenario/result.ts";

export interface RunInput {
  /** As given on the command line; appears in results and messages. */
  readonly file: string;
  readonly text: string;
  readonly seed: number;
  readonly schedule: "fixed" | "seeded";
  /** Keep every trace record, not only the digests. */
  readonly keepTrace: boolean;
}

export interface RunProgress {
  readonly virtualTimeNs: number;
  readonly steps: number;
}

export interface ScenarioRun {
  /** Goes on until done or until `shouldPause` says so; it is asked between steps only, so that slicing never shows. */
  run(shouldPause: () => boolean): "paused" | "done";
  readonly progress: RunProgress;
  /** @throws Error before the run is done */
  result(): ScenarioResult;
  /** Records kept so far, whole 32-byte records in order; empty unless asked for. */
  takeTrace(): Uint8Array[];
}
