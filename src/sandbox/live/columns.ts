// Records as columns of numbers, for a time line that draws a million of them: what worker and page both know of it. No code but the lists.

import type { EventKind, TimelineSpan } from "../../scenario/trace/timeline.ts";

/** Kinds of what is shown; a record's kind is its place here. `failure`: an expectation that does not hold; `task`: the scheduler let one of several go on. */
export const shownKinds = [
  "fault", "failure", "expectation", "mark", "command", "log", "kernel", "recovery", "machine check", "interrupt",
  "link", "isolation", "error", "decoder", "reset", "mailbox", "memory", "host", "task", "access",
] as const satisfies readonly (EventKind | "failure" | "task" | "access")[];
export type ShownKind = (typeof shownKinds)[number];

/** The kind of a record that a time line does not show. */
export const notShown = 255;

/** Groups of lanes in the order in which they stand. */
export const laneGroups = [
  "Scenario and steps", "Links", "Ports", "Switches and devices", "Processors", "Kernel tasks", "Recoveries", "Mailboxes", "Event logs", "Machine checks", "Workloads", "Log", "Accesses",
] as const;
export type LaneGroup = (typeof laneGroups)[number];

export interface ShownLane {
  readonly name: string;
  readonly group: LaneGroup;
  /** The part of the machine that it tells of. */
  readonly part: string | null;
  /** Its place in its group: lower ones first, equal ones as they came. */
  readonly order: number;
}

/** Something that lasted, or lasts. */
export interface ShownSpan {
  /** Its number: a span that ends is told again under the same one. */
  readonly id: number;
  /** Number of its lane. */
  readonly lane: number;
  readonly kind: TimelineSpan["kind"] | "life";
  /** Virtual ns since power-on. */
  readonly fromNs: number;
  /** Null: no end is known. */
  readonly untilNs: number | null;
  readonly text: string;
}

export interface ColumnsQuestion {
  /** Number of the first record that is asked for. */
  readonly from: number;
}

/** Records from `from` on, as many as one look gives; ask again from `from + times.length` until `known` is reached. */
export interface Columns {
  /** As in the run's status: what was told under another one no longer holds. */
  readonly generation: number;
  readonly from: number;
  /** Records that the trace has. */
  readonly known: number;
  /** Virtual ns since power-on, never falling. */
  readonly times: Float64Array;
  /** Number of the lane of each; of no use where nothing is shown. */
  readonly lanes: Uint16Array;
  /** Place in `shownKinds`, or `notShown`. */
  readonly kinds: Uint8Array;
  /** How many of the same a record stands for; null: one each. */
  readonly weights: Uint32Array | null;
  /** Lanes that first appear here, in order of their numbers. */
  readonly newLanes: readonly ShownLane[];
  /** Spans that begin or end here. */
  readonly spans: readonly ShownSpan[];
  /** Spans that were left out so far because there were too many. */
  readonly spansLeftOut: number;
  /** Virtual ns of ready in the trace; -1: it does not tell of it. */
  readonly readyAtNs: number;
}
