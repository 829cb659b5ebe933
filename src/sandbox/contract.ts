// What runs a scenario, as the command, the workers and the page see it: made from text, run in slices, asked for its result.

import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { MomentFacts } from "../scenario/expectations/judge.ts";
import type { ScenarioPlan } from "../scenario/plan.ts";
import type { CommandRecord, ScenarioResult } from "../scenario/result.ts";
import type { TraceFile, TraceTool } from "../scenario/trace/file.ts";
import type { Workloads } from "../workload/workloads.ts";
import type { FaultTable, Said } from "./faults.ts";
import type { End, System } from "./system.ts";

/** A scenario and what its run depends on beside it. */
export interface RunInput {
  /** As given on the command line; appears in results and messages. */
  readonly file: string;
  readonly text: string;
  readonly seed: number;
  readonly schedule: "fixed" | "seeded";
  /** Keep every trace record, not only the digests. */
  readonly keepTrace: boolean;
  /** Bugs that the built-in recovery driver is given, by name (docs/defects.md); absent: none. */
  readonly defects?: readonly string[];
  /** Texts of the files that the scenario includes, by the paths it gives; absent: none. */
  readonly includes?: Readonly<Record<string, string>>;
  /** Choices of a recorded schedule; then `schedule` does not count. */
  readonly choices?: readonly number[];
  /** File that these come from, as given on the command line; for the command that repeats the run. */
  readonly scheduleFile?: string;
  /** Text of the golden beside the scenario; absent: it is not held against one. */
  readonly golden?: string;
  /** Keep what reports show of a run (src/scenario/details.ts); absent: never. */
  readonly details?: "never" | "failures" | "always";
  /** What runs it, for the header of its trace; absent: the trace does not say. */
  readonly tool?: TraceTool;
}

/** How far a run is. */
export interface RunProgress {
  readonly virtualTimeNs: number;
  readonly steps: number;
}

/** A run that goes on in slices. */
export interface ScenarioRun {
  /** Goes on until done or until `shouldPause` says so; it is asked between steps only, so that slicing never shows. */
  run(shouldPause: () => boolean): "paused" | "done";
  readonly progress: RunProgress;
  /** @throws Error before the run is done */
  result(): ScenarioResult;
  /** Records kept so far, whole 32-byte records in order; empty unless asked for. They are not kept any longer. */
  takeTrace(): Uint8Array[];
  /** The whole trace of a run that is done, to be kept as a file; null: it was not asked for, or the run was not made from a text. */
  traceFile(): TraceFile | null;
}

/** A run that can be looked into and driven further while it goes on: for a prompt, an export, an explanation, a comparison. */
export interface OpenRun extends ScenarioRun {
  readonly plan: ScenarioPlan;
  readonly system: System;
  readonly files: FileSystem;
  readonly faults: FaultTable;
  readonly workloads: Workloads;
  /** `boot`, `steps`, `running` (from ready on), `done`. */
  readonly phase: "boot" | "steps" | "running" | "done";
  /** Why the system went no further; null while it does, or when the run came to rest. */
  readonly end: End | null;
  /** Virtual time of ready in ns, -1 before it. */
  readonly readyAt: number;
  /** Why a step or a workload could not be carried out. */
  readonly failure: string | null;
  /** Commands of steps so far. */
  readonly commands: readonly CommandRecord[];
  /** What a lenient run passed over. */
  readonly refused: readonly string[];
  /** Hear every log line and mark as it is written. */
  readonly listeners: Set<(text: string, said: Said) => void>;
  /** Hear of every step of the kernel as it is met, with the names of what it is done to. */
  readonly stepListeners: Set<(step: string, names: readonly string[]) => void>;
  readonly facts: () => MomentFacts;
  /** Goes on until `shouldPause` (asked between steps), until nothing is left to do before virtual time `horizon`, or until the run is done. */
  goOn(horizon: number, shouldPause: () => boolean): "paused" | "horizon" | "done";
  /** From now on the run does not end by itself, and what a recorded schedule has left to say does not count: somebody does what it does not know of. */
  hold(): void;
  /** Ends the run where it stands. */
  finish(): void;
}
