// Expectations of what a run says along its way (log lines, marks, records of the hardware), followed line by line as they come. Bounded, whatever a run says.

import type { ExpectationFile } from "../plan.ts";

export type LineSource = "log" | "mark" | "hardware";

/** Something that a run said. */
export interface SaidLine {
  readonly source: LineSource;
  /** Virtual ns since power-on. */
  readonly at: number;
  readonly text: string;
  /** Of a log line. */
  readonly level: string;
}

export type FollowedExpectation = Extract<ExpectationFile, { order: unknown } | { never: unknown } | { mark: unknown } | { hardware: unknown }>;

/** One text of an expectation: how often it was said, and when. */
export interface Sighting {
  readonly text: string;
  count: number;
  firstAt: number;
  lastAt: number;
}

const sightingOf = (text: string): Sighting => ({ text, count: 0, firstAt: -1, lastAt: -1 });

function sight(sighting: Sighting, { text, at }: SaidLine): boolean {
  if (!text.includes(sighting.text)) return false;
  if (sighting.count++ === 0) sighting.firstAt = at;
  sighting.lastAt = at;
  return true;
}

/** Lines nearest to a text that is looked for are searched among so many different ones. */
const mostLines = 256;

/** How far an expectation has come. */
export interface Following {
  readonly expectation: FollowedExpectation;
  /** Each text of the expectation: of an order in its order; of `never` the text, then those after and before it. */
  readonly sightings: readonly Sighting[];
  /** Of an order: texts that came in their order so far, with their times. */
  readonly reached: number[];
  /** Of `never`: it holds now that the text must not come. */
  isWatching: boolean;
  /** The first line that must not have come, or null. */
  broken: SaidLine | null;
  /** Lines in the window of a count. */
  counted: number;
  /** Different lines, for a word about the nearest. */
  readonly lines: Set<string>;
}

/** What an expectation must not see, and between what. */
export function neverOf(expectation: Extract<ExpectationFile, { never: unknown }>): { readonly text: string; readonly after?: string | undefined; readonly before?: string | undefined } {
  return typeof expectation.never === "string" ? { text: expectation.never } : expectation.never;
}

function textsOf(expectation: FollowedExpectation): readonly string[] {
  if ("order" in expectation) return expectation.order;
  if ("mark" in expectation) return [expectation.mark];
  if ("hardware" in expectation) return [expectation.hardware];
  const { text, after, before } = neverOf(expectation);
  return [text, after ?? "", before ?? ""];
}

export function follow(expectation: FollowedExpectation): Following {
  return { expectation, sightings: textsOf(expectation).map(sightingOf), reached: [], isWatching: "never" in expectation && neverOf(expectation).after === undefined, broken: null, counted: 0, lines: new Set() };
}

/** Whether a moment is in the window of an expectation; `readyAt` -1: ready has not come. Both ends belong to it. */
export function isInWindow({ from, before, between }: { readonly from?: "boot" | "ready" | undefined; readonly before?: number | undefined; readonly between?: readonly [number, number] | undefined }, at: number, readyAt: number): boolean {
  if (from === undefined && before === undefined && between === undefined) return true;
  const start = from === "boot" ? 0 : readyAt;
  if (start < 0 || at < start) return false;
  const [first, last] = between ?? [0, before ?? Number.MAX_SAFE_INTEGER];
  return at - start >= first && at - start <= last;
}

function takeNever(state: Following, line: SaidLine): void {
  const { after, before } = neverOf(state.expectation as Extract<FollowedExpectation, { never: unknown }>);
  const [wanted, begins, ends] = state.sightings;
  // A line that begins or ends the span is in none itself.
  if (state.isWatching && before !== undefined && ends !== undefined && sight(ends, line)) state.isWatching = false;
  else if (!state.isWatching && after !== undefined && begins !== undefined && sight(begins, line)) state.isWatching = true;
  else if (wanted !== undefined && sight(wanted, line) && state.isWatching) state.broken ??= line;
}

/** A run says a line. `readyAt`: -1 before ready. */
export function take(state: Following, line: SaidLine, readyAt: number): void {
  const { expectation, sightings, reached, lines } = state;
  if (("mark" in expectation || "hardware" in expectation) && line.source !== ("mark" in expectation ? "mark" : "hardware")) return;
  if (lines.size < mostLines) lines.add(line.text);
  if ("never" in expectation) return takeNever(state, line);
  if ("order" in expectation) {
    const next = sightings[reached.length];
    if (next !== undefined && line.text.includes(next.text)) reached.push(line.at);
    for (const sighting of sightings) sight(sighting, line);
    return;
  }
  const only = sightings[0];
  if (only !== undefined && sight(only, line) && isInWindow(expectation, line.at, readyAt)) state.counted++;
}
