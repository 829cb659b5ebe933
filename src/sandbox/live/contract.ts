// A run as the page drives it: where it stands, how it is moved, and what somebody did to it by hand. Plain data, but for `LiveRun` itself.

import type { Hardware } from "../../hardware/machine.ts";
import type { ScenarioResult } from "../../scenario/result.ts";
import type { TraceNames } from "../../scenario/trace/words.ts";
import type { OpenRun } from "../contract.ts";

/** A place in a run. Runs are deterministic: the same position of the same run is the same state. */
export interface Position {
  /** Records that the trace has here. */
  readonly records: number;
  /** Turns that the scheduler has given. */
  readonly turns: number;
  /** Virtual ns since power-on. */
  readonly atNs: number;
}

/** What a live run is made from. */
export interface LiveInput {
  /** Name of the file, for messages and the command that repeats the run. */
  readonly file: string;
  readonly text: string;
  readonly includes: Readonly<Record<string, string>>;
  /** 0..4294967295 */
  readonly seed: number;
  readonly schedule: "fixed" | "seeded";
  /** Choices of a recorded schedule; then `schedule` does not count. */
  readonly choices?: readonly number[];
  /** Bugs that the built-in recovery driver is given (docs/defects.md). */
  readonly defects?: readonly string[];
}

/** What one step is: a record of the time line, an access to a register or memory, a turn of a kernel task. */
export type StepUnit = "event" | "access" | "turn";

/** Where to go. `record`: just behind that record (number from 0). `mark`: behind the next log line or mark that holds the text. Back and forth alike, but for `mark` and `step`, which go forward. */
export type Target =
  | { readonly kind: "start" | "ready" | "end" }
  | { readonly kind: "time"; readonly atNs: number }
  | { readonly kind: "record"; readonly index: number }
  | { readonly kind: "mark"; readonly text: string }
  | { readonly kind: "step"; readonly unit: StepUnit };

/** Virtual ns in a millisecond of the reader's time; null: as fast as it goes. */
export type Pace = number | null;

/** Something done by hand. */
export type Touch =
  | { readonly kind: "line"; readonly line: string }
  | { readonly kind: "interrupt" }
  /** `register`: `timeoutIsolation.control`, `hdmDecoderDevice.control[1]`; `value`: hexadecimal with 0x. */
  | { readonly kind: "write"; readonly of: string; readonly register: string; readonly value: string }
  /** As the prompt's `inject`: `linkDown: rp0`. */
  | { readonly kind: "inject"; readonly action: string };

export interface PlacedTouch {
  readonly position: Position;
  readonly touch: Touch;
}

/** What a touch came to. `refused`: nothing was done, and why. */
export type TouchResult = { readonly kind: "done"; readonly said: string } | { readonly kind: "refused"; readonly reason: string };

export interface LiveStatus {
  readonly phase: "boot" | "steps" | "running" | "done";
  readonly position: Position;
  /** How far the trace is known. */
  readonly reached: Position;
  /** The position lies inside a step of the kernel: hardware is shown as it was there, the kernel as it is when the step is over. */
  readonly isInsideStep: boolean;
  /** Virtual ns; -1: not reached at this position. */
  readonly readyAtNs: number;
  readonly isMoving: boolean;
  readonly touches: readonly PlacedTouch[];
  /** Counts up when records that were handed out are no longer this run's: a touch cut them off, another run was opened. */
  readonly generation: number;
  /** What the run came to, once it was run to its end untouched. */
  readonly result: ScenarioResult | null;
  /** Why the machine does nothing any more at this position; null while it does. */
  readonly death: string | null;
  /** Prompt of the terminal at this position; "" while no line can be given (boot, a line runs). */
  readonly prompt: string;
}

/** Told between slices. */
export type LiveUpdate =
  | { readonly kind: "status"; readonly status: LiveStatus }
  /** What a line at the terminal prints. */
  | { readonly kind: "output"; readonly stream: "out" | "err"; readonly text: string };

/** How a way ended: there, paused by somebody, over before it came there (the run stands at its end), or there is no such place. */
export type Arrival = "there" | "paused" | "missed";

/** The trace as far as it is known; grows. */
export interface LiveTrace extends TraceNames {
  readonly length: number;
  /** Words of `count` records from `from` on, copied. */
  words(from: number, count: number): Uint32Array;
}

/** A run that can be moved and looked into. Looks get this. */
export interface LiveRun {
  readonly input: LiveInput;
  readonly status: LiveStatus;
  /** The run as it is now: inside a step, at the end of that step. */
  readonly run: OpenRun;
  readonly trace: LiveTrace;
  /** Looks at the hardware as it was at the position, aside from the run. */
  atHardware<T>(look: (hardware: Hardware) => T): T;
}
