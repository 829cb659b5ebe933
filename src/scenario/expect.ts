// Expectations: what a scenario claims, held against what a run shows.

import { parsePath, valueAt } from "./json-path.ts";
import type { FieldPlace } from "./machine-parts.ts";
import type { ExpectationFile } from "./plan.ts";
import type { ExpectationResult, Metrics, Verdict } from "./result.ts";
import type { WorkloadOutcome } from "../workload/state.ts";
import type { Outcome } from "./schema.ts";
import type { CrashDump } from "./verdict.ts";

/** What a system can be asked at any moment. */
export interface MomentFacts {
  readonly metrics: Metrics;
  readonly log: readonly { readonly level: string; readonly text: string }[];
  /** Text of a file of the system's tree, or the error's name. */
  readFile(path: string): string;
  exists(path: string): boolean;
  /** What `cxl list WORDS` or `daxctl list WORDS` prints. */
  list(program: "cxl" | "daxctl", words: string): string;
  peek(of: string, field: string): number;
}

/** What a finished run can be asked. */
export interface RunFacts extends MomentFacts {
  readonly outcome: Outcome;
  readonly verdict: Verdict | null;
  readonly warnings: readonly string[];
  readonly crashDump: CrashDump | null;
  readonly workloads: readonly WorkloadOutcome[];
}

type EndExpectation = Extract<ExpectationFile, { outcome: unknown } | { verdict: unknown } | { warning: unknown } | { crashDump: unknown } | { workload: unknown }>;
export type MomentExpectation = Exclude<ExpectationFile, EndExpectation>;
type Listing = Extract<MomentExpectation, { cxl: unknown }>["cxl"];
type Lines = Extract<MomentExpectation, { iomem: unknown }>["iomem"];

interface Bounds {
  readonly equals?: number | string | boolean | undefined;
  readonly atLeast?: number | undefined;
  readonly atMost?: number | undefined;
}

function describeBounds(bounds: Bounds): string {
  const parts = [bounds.equals === undefined ? "" : `${bounds.equals}`, bounds.atLeast === undefined ? "" : `at least ${bounds.atLeast}`, bounds.atMost === undefined ? "" : `at most ${bounds.atMost}`];
  return parts.filter((part) => part !== "").join(", ") || "at least 1";
}

const isWhole = (value: string): boolean => /^-?\d+$/.test(value);

function within(value: string, bounds: Bounds): boolean {
  if (bounds.equals !== undefined && value !== String(bounds.equals)) return false;
  if (bounds.equals !== undefined && bounds.atLeast === undefined && bounds.atMost === undefined) return true;
  if (!isWhole(value)) return false;
  if (bounds.atLeast !== undefined && BigInt(value) < BigInt(bounds.atLeast)) return false;
  if (bounds.atMost !== undefined && BigInt(value) > BigInt(bounds.atMost)) return false;
  return bounds.equals !== undefined || bounds.atLeast !== undefined || bounds.atMost !== undefined || BigInt(value) > 0n;
}

const listOf = (given: string | readonly string[]): readonly string[] => (typeof given === "string" ? [given] : given);
const quoted = (given: readonly string[]): string => given.map((text) => JSON.stringify(text)).join(", ");

/** Every text stands in what a step wrote. */
export function judgeText(what: string, wanted: string | readonly string[], actual: string): ExpectationResult {
  const all = listOf(wanted);
  return { text: what, pass: all.every((text) => actual.includes(text)), expected: `text with ${quoted(all)}`, actual: actual.trimEnd() || "nothing" };
}

const depthOf = (line: string): number => line.length - line.trimStart().length;

/** The part of /proc/iomem that expectations look at: every tree with a CXL window, Soft Reserved or a dax device in it. */
export function memoryLines(iomem: string): string[] {
  const trees: string[][] = [];
  for (const line of iomem.split("\n").filter((one) => one.trim() !== "")) {
    if (depthOf(line) === 0) trees.push([line]);
    else trees.at(-1)?.push(line);
  }
  return trees.filter((tree) => tree.some((line) => / : (CXL Window \d|Soft Reserved|dax\d)/.test(line))).flat();
}

function judgeLines(wanted: Lines, iomem: string): ExpectationResult {
  const text = "/proc/iomem";
  const actual = memoryLines(iomem);
  const shown = actual.length === 0 ? "nothing" : `\n${actual.join("\n")}`;
  if (typeof wanted === "object" && "contains" in wanted) {
    const all = listOf(wanted.contains);
    return { text, pass: all.every((one) => actual.some((line) => line.includes(one))), expected: `lines with ${quoted(all)}`, actual: shown };
  }
  if (typeof wanted === "object" && "lacks" in wanted) {
    const all = listOf(wanted.lacks);
    return { text, pass: !all.some((one) => actual.some((line) => line.includes(one))), expected: `no line with ${quoted(all)}`, actual: shown };
  }
  const lines = (typeof wanted === "string" ? wanted.split("\n") : wanted).map((line) => line.trimEnd()).filter((line) => line !== "");
  return { text, pass: lines.join("\n") === actual.join("\n"), expected: `\n${lines.join("\n")}`, actual: shown };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

function judgeListing(program: "cxl" | "daxctl", wanted: Listing, facts: MomentFacts): ExpectationResult {
  const steps = parsePath(wanted.path);
  const value = typeof steps === "string" ? undefined : valueAt(parseJson(facts.list(program, wanted.list)), steps);
  const text = `${program} list ${wanted.list}: ${wanted.path}`;
  const actual = value === undefined ? "absent" : typeof value === "object" ? JSON.stringify(value) : String(value as string | number | boolean);
  if (wanted.absent === true) return { text, pass: value === undefined, expected: "absent", actual };
  if (value === undefined) return { text, pass: false, expected: wanted.contains === undefined ? describeBounds(wanted) : `text with ${quoted([wanted.contains])}`, actual };
  if (wanted.contains !== undefined) return { text, pass: actual.includes(wanted.contains), expected: `text with ${quoted([wanted.contains])}`, actual };
  return { text, pass: within(actual, wanted), expected: describeBounds(wanted), actual };
}

function judgeCount(text: string, wanted: Bounds, lines: readonly string[], what: string): ExpectationResult {
  const actual = String(lines.filter((line) => line.includes(what)).length);
  return { text, pass: within(actual, wanted), expected: describeBounds(wanted), actual };
}

function judgeLog(wanted: Extract<MomentExpectation, { log: unknown }>, facts: MomentFacts): ExpectationResult {
  const lines = facts.log.filter(({ level }) => wanted.level === undefined || level === wanted.level).map(({ text }) => text);
  return judgeCount(`log lines with "${wanted.log}"${wanted.level === undefined ? "" : ` of level ${wanted.level}`}`, wanted, lines, wanted.log);
}

function judgeFile(wanted: Extract<MomentExpectation, { file: unknown }>, facts: MomentFacts): ExpectationResult {
  const actual = facts.readFile(wanted.file).trimEnd();
  const text = `file ${wanted.file}`;
  if (wanted.contains !== undefined) return { text, pass: actual.includes(wanted.contains), expected: `text with ${quoted([wanted.contains])}`, actual };
  return { text, pass: actual === wanted.equals, expected: wanted.equals ?? "", actual };
}

/** Judges what can be asked at any moment. */
export function judgeMoment(expectation: MomentExpectation, facts: MomentFacts): ExpectationResult {
  if ("metric" in expectation) {
    const actual = String(facts.metrics[expectation.metric]);
    return { text: `metric ${expectation.metric}`, pass: within(actual, expectation), expected: describeBounds(expectation), actual };
  }
  if ("log" in expectation) return judgeLog(expectation, facts);
  if ("file" in expectation) return judgeFile(expectation, facts);
  if ("absent" in expectation) {
    const exists = facts.exists(expectation.absent);
    return { text: `file ${expectation.absent}`, pass: !exists, expected: "absent", actual: exists ? "there" : "absent" };
  }
  if ("iomem" in expectation) return judgeLines(expectation.iomem, facts.readFile("/proc/iomem"));
  if ("cxl" in expectation) return judgeListing("cxl", expectation.cxl, facts);
  if ("daxctl" in expectation) return judgeListing("daxctl", expectation.daxctl, facts);
  const actual = facts.peek(expectation.register.of, expectation.register.field);
  return { text: `${expectation.register.of} ${expectation.register.field}`, pass: actual === expectation.equals, expected: String(expectation.equals), actual: String(actual) };
}

/** Judges one expectation of the end. */
export function judge(expectation: ExpectationFile, facts: RunFacts): ExpectationResult {
  if ("outcome" in expectation) return { text: `outcome ${expectation.outcome}`, pass: facts.outcome === expectation.outcome, expected: expectation.outcome, actual: facts.outcome };
  if ("verdict" in expectation) {
    const actual = facts.verdict ?? "none";
    return { text: `verdict ${expectation.verdict}`, pass: actual === expectation.verdict, expected: expectation.verdict, actual };
  }
  if ("crashDump" in expectation) {
    const actual = facts.crashDump?.state ?? "no panic";
    return { text: `crash dump ${expectation.crashDump}`, pass: actual === expectation.crashDump, expected: expectation.crashDump, actual };
  }
  if ("warning" in expectation) return judgeCount(`warnings with "${expectation.warning}"`, expectation, facts.warnings, expectation.warning);
  if ("workload" in expectation) {
    const actual = String(facts.workloads.find(({ name }) => name === expectation.workload)?.[expectation.field] ?? "none");
    return { text: `workload ${expectation.workload} ${expectation.field}`, pass: within(actual, expectation), expected: describeBounds(expectation), actual };
  }
  return judgeMoment(expectation, facts);
}

/** Value of a field in the dword that holds it. */
export const fieldValue = (place: FieldPlace, dword: number): number => (dword & place.mask) >>> place.shift;
