// What the page's worker offers, as seen through Comlink. One worker holds one run.

import type { Arrival, LiveInput, LiveStatus, LiveUpdate, Pace, Target, Touch, TouchResult } from "../src/sandbox/live/contract.ts";
import type { LookAnswer, LookName, LookQuestion } from "../src/sandbox/live/looks.ts";
import type { ServiceAnswer, ServiceName, ServiceQuestion } from "../src/sandbox/live/services.ts";
import type { PlacedProblem } from "../src/scenario/problem.ts";
import type { TraceTool } from "../src/scenario/trace/file.ts";

/** What a trace file is, beside its records. */
export interface OpenedTrace {
  readonly input: LiveInput;
  readonly records: number;
  readonly tool: TraceTool;
  /** Made by this release with this module: running it again gives these very records. */
  readonly isSameTool: boolean;
}

export type Opened =
  | { readonly kind: "open"; readonly status: LiveStatus; readonly trace: OpenedTrace | null }
  /** The text is no scenario that can be run here: what is wrong, where. */
  | { readonly kind: "problems"; readonly problems: readonly PlacedProblem[] }
  /** The file is no trace, or a damaged one; the machine is out of room ... */
  | { readonly kind: "refused"; readonly reason: string };

export interface Moved {
  readonly arrival: Arrival;
  readonly status: LiveStatus;
}

export interface PageHost {
  /** The name of a lock that is held as long as the worker lives; null where there are none. */
  lock(): Promise<string | null>;
  /** Version of the release and digest of the module, as traces name them. */
  tool(): Promise<TraceTool>;
  listen(hear: (update: LiveUpdate) => void): void;
  /** A fresh run at power-on, in place of the one before. */
  open(input: LiveInput): Promise<Opened>;
  /** A trace file: its records are known at once; the machine at any of them is made by running it again. */
  openTrace(bytes: Uint8Array): Promise<Opened>;
  /** Moves the run; a second call ends the way of the first. */
  go(target: Target, pace: Pace): Promise<Moved>;
  pause(): Promise<LiveStatus>;
  touch(touch: Touch): Promise<TouchResult>;
  /** Words that could stand where the cursor is in a line of the terminal. */
  complete(line: string): Promise<readonly string[]>;
  look<N extends LookName>(name: N, question: LookQuestion<N>): Promise<LookAnswer<N>>;
  ask<N extends ServiceName>(name: N, question: ServiceQuestion<N>): Promise<ServiceAnswer<N>>;
  /** The trace as a file, as the command writes it; null: the run has not come to its end, or was touched. */
  traceFile(): Promise<Uint8Array | null>;
}
