// Judges expectations of order, of what must not come, of counts in a time, and of faults' evidence; what does not hold is told with what came instead.

import { nearestText } from "../../sim/suggest.ts";
import type { Bounds } from "./bounds.ts";
import { describeBounds, within } from "./bounds.ts";
import type { MomentFacts } from "./judge.ts";
import type { ExpectationFile } from "../plan.ts";
import type { ExpectationResult } from "../result.ts";
import type { FollowedExpectation, Following } from "./sequence.ts";
import { isInWindow, neverOf } from "./sequence.ts";
import { timeText } from "../time-text.ts";

/** A moment as a sentence has it. */
export const momentText = (at: number, readyAt: number): string => (readyAt >= 0 && at >= readyAt ? `${timeText(at - readyAt)} after ready` : `${timeText(at)} after power-on`);

type Window = Parameters<typeof isInWindow>[0];

function windowText({ before, between, from }: Window): string {
  const start = from === "boot" ? "power-on" : "ready";
  if (between !== undefined) return ` ${timeText(between[0])} to ${timeText(between[1])} after ${start}`;
  if (before !== undefined) return ` in the first ${timeText(before)} after ${start}`;
  return from === undefined ? "" : ` after ${start}`;
}

/** A word about the line nearest to a text that was not found; "" where none is near. */
export function nearestLine(text: string, lines: Iterable<string>): string {
  const near = nearestText(text, lines);
  return near === undefined ? "" : `; the nearest is "${near}"`;
}

function judgeOrder(state: Following, wanted: readonly string[], { readyAt }: MomentFacts): ExpectationResult {
  const text = `order ${wanted.map((one) => JSON.stringify(one)).join(", ")}`;
  const { reached, sightings, lines } = state;
  const shown = reached.map((at, index) => `${JSON.stringify(wanted[index])} ${momentText(at, readyAt)}`);
  const missing = sightings[reached.length];
  if (missing === undefined) return { text, pass: true, expected: "one after the other", actual: "in this order" };
  const last = wanted[reached.length - 1];
  const why = missing.count === 0 ? `${JSON.stringify(missing.text)} never came${nearestLine(missing.text, lines)}` : `${JSON.stringify(missing.text)} came ${momentText(missing.lastAt, readyAt)} last, and not again${last === undefined ? "" : ` after ${JSON.stringify(last)}`}`;
  return { text, pass: false, expected: "one after the other", actual: [...shown, why].join(", then ") };
}

function judgeNever(state: Following, wanted: Extract<ExpectationFile, { never: unknown }>, { readyAt }: MomentFacts): ExpectationResult {
  const { text, after, before } = neverOf(wanted);
  const [, begins] = state.sightings;
  const span = `${after === undefined ? "" : ` after ${JSON.stringify(after)}`}${before === undefined ? "" : ` before ${JSON.stringify(before)}`}`;
  const title = `never ${JSON.stringify(text)}${span}`;
  if (state.broken !== null) return { text: title, pass: false, expected: "no such line", actual: `"${state.broken.text}" ${momentText(state.broken.at, readyAt)}` };
  // What was to begin the span never came: the claim says nothing of this run.
  if (after !== undefined && begins?.count === 0) return { text: title, pass: false, expected: `no such line${span}`, actual: `${JSON.stringify(after)} never came${nearestLine(after, state.lines)}` };
  return { text: title, pass: true, expected: "no such line", actual: "none" };
}

/** Judges an expectation that was followed line by line. */
export function judgeFollowed(expectation: FollowedExpectation, facts: MomentFacts): ExpectationResult {
  const state = facts.following(expectation);
  if ("order" in expectation) return judgeOrder(state, expectation.order, facts);
  if ("never" in expectation) return judgeNever(state, expectation, facts);
  const [what, wanted] = "mark" in expectation ? (["marks", expectation.mark] as const) : (["hardware records", expectation.hardware] as const);
  return counted(`${what} with "${wanted}"${windowText(expectation)}`, expectation, state.counted, () => seen(state, wanted, facts.readyAt));
}

/** What there was of a text outside of its window, or near it. */
function seen({ sightings: [only], lines }: Following, wanted: string, readyAt: number): string {
  if (only === undefined || only.count === 0) return nearestLine(wanted, lines);
  return `; it came ${momentText(only.firstAt, readyAt)}${only.count === 1 ? "" : ` first, ${momentText(only.lastAt, readyAt)} last`}`;
}

function counted(text: string, wanted: Bounds, count: number, more: () => string): ExpectationResult {
  const pass = within(String(count), wanted);
  return { text, pass, expected: describeBounds(wanted), actual: pass ? String(count) : `${count}${more()}` };
}

/** Judges a count of log lines, of one level, in a time. */
export function judgeLog(wanted: Extract<ExpectationFile, { log: unknown }>, { log, readyAt }: MomentFacts): ExpectationResult {
  const lines = log.filter(({ level }) => wanted.level === undefined || level === wanted.level);
  const found = lines.filter(({ text }) => text.includes(wanted.log));
  const count = found.filter(({ at }) => isInWindow(wanted, at, readyAt)).length;
  const [first, last] = [found[0], found.at(-1)];
  const more = (): string => {
    if (first === undefined || last === undefined) return nearestLine(wanted.log, log.map(({ text }) => text));
    return `; "${first.text}" came ${momentText(first.at, readyAt)}${found.length === 1 ? "" : ` first, ${momentText(last.at, readyAt)} last`}`;
  };
  return counted(`log lines with "${wanted.log}"${wanted.level === undefined ? "" : ` of level ${wanted.level}`}${windowText(wanted)}`, wanted, count, more);
}

/** Judges how often a fault acted, and when. */
export function judgeFault(wanted: Extract<ExpectationFile, { fault: unknown }>, { fault, readyAt }: MomentFacts): ExpectationResult {
  const { count, acts, missing } = fault(wanted.fault);
  const bounds = { ...wanted, ...(wanted.acted === undefined ? {} : { equals: wanted.acted }) };
  const times = acts.map(({ atNs }) => momentText(atNs, readyAt)).join(", ");
  const isTimely = acts.every(({ atNs }) => isInWindow(wanted, atNs, readyAt));
  const pass = within(String(count), bounds) && isTimely;
  const actual = `${count}${pass ? "" : times === "" ? (missing === null ? "" : `: ${missing}`) : `: ${times}${count > acts.length ? ", ..." : ""}`}`;
  return { text: `acts of fault ${wanted.fault}${windowText(wanted)}`, pass, expected: `${describeBounds(bounds)}${isTimely ? "" : ", all of them in that time"}`, actual };
}
