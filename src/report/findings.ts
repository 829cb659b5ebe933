// What went wrong with a run, in the words and the order that every reporter has: why it ended, faults that did not fire, expectations, the golden.

import type { DriverFailure, ExpectationResult, FaultResult, GoldenResult, RunResult, SourcePlace } from "../scenario/result.ts";
import { timeText } from "../scenario/time-text.ts";
import { evidenceLines } from "./evidence.ts";
import { divergenceLine, divergenceLines } from "./divergence.ts";
import { linesOfText, oneLine } from "./foreign.ts";

export type AnyResult = RunResult["scenarios"][number];

export interface Finding {
  readonly kind: "reason" | "driver" | "fault" | "expectation" | "golden";
  /** One line. */
  readonly title: string;
  /** More about it, a line each. */
  readonly lines: readonly string[];
  /** Where it stands; null: nowhere in a file. */
  readonly place: { readonly file: string; readonly line: number; readonly column: number } | null;
}

/** A further line of a foreign text: marked, so that it stands for nothing of its own, neither a line of the report nor a command of GitHub's. */
const further = (line: string): string => `| ${line}`;

const placeOf = (file: string, place: SourcePlace | undefined): Finding["place"] => (place === undefined ? null : { file: place.file ?? file, line: place.line, column: place.column });

/** Who did what, where, when: what a driver's author needs before he opens the trace. */
function ofDriver({ ending, driver, hook, device, atNs, services, lastLog, message }: DriverFailure): Finding {
  const who = driver === "" ? "between two hooks" : `in ${oneLine(driver)}, ${oneLine(hook)}${device === "" ? "" : ` of ${oneLine(device)}`}`;
  const counted = services === undefined ? "" : `, after ${services} ${services === 1 ? "service" : "services"}`;
  const [first = "", ...others] = linesOfText(message);
  const [last = "", ...afterwards] = lastLog === undefined || lastLog === null ? [] : linesOfText(lastLog);
  const logged = last === "" ? [] : [`it logged last: ${last}`, ...afterwards.map(further)];
  return { kind: "driver", title: `driver ${ending}: ${first}`, lines: [...others.map(further), `${who}, at ${timeText(atNs)} of virtual time${counted}`, ...logged], place: null };
}

function ofReason(reason: string): Finding {
  const [title = "", ...lines] = linesOfText(reason);
  return { kind: "reason", title, lines: lines.map(further), place: null };
}

const ofFault = (file: string, fault: FaultResult): Finding => ({ kind: "fault", title: `fault ${oneLine(fault.id)} did not fire`, lines: evidenceLines(fault), place: placeOf(file, fault.place) });

/** A short claim stands on one line; a block of lines, as of a file, below it. */
function ofExpectation(file: string, { text, expected, actual, place }: ExpectationResult): Finding {
  const isBlock = `${expected}${actual}`.includes("\n");
  const block = (title: string, value: string): string[] => [`${title}:`, ...linesOfText(value).map(further)];
  return {
    kind: "expectation", place: placeOf(file, place),
    title: isBlock ? `${oneLine(text)}: not as expected` : `${oneLine(text)}: expected ${oneLine(expected)}, got ${oneLine(actual)}`,
    lines: isBlock ? [...block("expected", expected), ...block("got", actual)] : [],
  };
}

/** Each layer that differs; the first one names the run's failure. */
function ofGolden({ file, divergences, line }: GoldenResult): Finding[] {
  return divergences.map((divergence, index) => ({
    kind: "golden", title: `${index === 0 ? "not the golden: " : "after that: "}${divergenceLine(divergence)}`, lines: divergenceLines(divergence),
    place: index === 0 && line !== undefined ? { file, line, column: 1 } : null,
  }));
}

/** Nothing of a run that passed. */
export function findingsOf(result: AnyResult): Finding[] {
  if (result.status === "pass") return [];
  const { file, driver, reason, golden } = result;
  const ofGoldens = golden?.state === "changed" ? ofGolden(golden) : [];
  const isGoldens = ofGoldens.length > 0 && reason?.startsWith("not the golden") === true;
  const why = driver !== undefined ? [ofDriver(driver)] : reason === null || isGoldens ? [] : [ofReason(reason)];
  const faults = result.faults.filter((fault) => !fault.fired).map((fault) => ofFault(file, fault));
  const expectations = result.expectations.filter(({ pass }) => !pass).map((one) => ofExpectation(file, one));
  // That some fault did not fire says less than which.
  const isFaults = faults.length > 0 && reason?.startsWith("a fault did not fire") === true;
  return isFaults ? [...faults, ...why, ...expectations, ...ofGoldens] : [...why, ...faults, ...expectations, ...ofGoldens];
}

/** Lines of evidence that a run shows, and of one of its faults. */
const mostEvidence = 40;
const mostOfFault = 12;

/** The first lines, and how many were left out. */
const bounded = (lines: readonly string[], most: number): string[] => (lines.length <= most ? [...lines] : [...lines.slice(0, most - 1), `(${lines.length - most + 1} more lines; the JSON report has all)`]);

/** What the faults of a run that did not pass changed: those that fired; the others are findings. */
export function firedLines(result: AnyResult): string[] {
  if (result.status === "pass") return [];
  return bounded(result.faults.filter(({ fired }) => fired).flatMap((fault) => [`fault ${oneLine(fault.id)} fired`, ...bounded(evidenceLines(fault), mostOfFault).map((line) => `  ${line}`)]), mostEvidence);
}

/** `file:line:column: `, or "". */
export const placeText = ({ place }: Finding): string => (place === null ? "" : `${oneLine(place.file)}:${place.line}:${place.column}: `);

/** A finding below each other, its first line with its place. */
export const findingLines = (finding: Finding): string[] => [`${placeText(finding)}${finding.title}`, ...finding.lines.map((line) => `  ${line}`)];

/** The command that repeats the run. */
export const repeatLine = ({ reproduce }: AnyResult): string => oneLine(reproduce);

const severity = ["error", "driver", "invalid", "limit", "fail"] as const;

/** Runs that did not pass, the worst first, otherwise in their order. */
export const worstFirst = (results: readonly AnyResult[]): AnyResult[] => severity.flatMap((status) => results.filter((one) => one.status === status));
