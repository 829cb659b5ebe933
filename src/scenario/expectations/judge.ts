// Expectations: what a scenario claims, held against what a run shows.

import type { Bounds } from "./bounds.ts";
import { describeBounds, within } from "./bounds.ts";
import { judgeFault, judgeFollowed, judgeLog } from "./records.ts";
import { parsePath, valueAt } from "../json-path.ts";
import type { FieldPlace } from "../machine-parts.ts";
import type { ExpectationFile } from "../plan.ts";
import type { ExpectationResult, FaultAct, Metrics, Verdict } from "../result.ts";
import type { FollowedExpectation, Following } from "./sequence.ts";
import { suggestion } from "../suggest.ts";
import { splitField } from "../faults/trigger.ts";
import type { WorkloadOutcome } from "../../workload/state.ts";
import type { Outcome } from "../schema.ts";
import type { CrashDump } from "../verdict/report.ts";

/** What a system can be asked at any moment. */
export interface MomentFacts {
  readonly metrics: Metrics;
  readonly log: readonly { readonly at: number; readonly level: string; readonly text: string }[];
  /** Virtual ns, -1 before ready. */
  readonly readyAt: number;
  /** What was said so far, as far as an expectation of the plan asks for it. */
  following(expectation: FollowedExpectation): Following;
  /** What a fault has come to, by its id. */
  fault(id: string): { readonly count: number; readonly acts: readonly FaultAct[]; readonly missing: string | null };
  /** Paths that a pattern stands for, sorted. */
  entries(pattern: string): string[];
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

/** What there is beside a path that is not there. */
function besides(path: string, facts: MomentFacts): string {
  const cut = path.lastIndexOf("/");
  const names = facts.entries(`${path.slice(0, cut)}/*`).map((entry) => entry.slice(cut + 1));
  return names.length === 0 ? "" : `; ${suggestion(path.slice(cut + 1), names)}`;
}

function judgeFile(wanted: Extract<MomentExpectation, { file: unknown }>, facts: MomentFacts): ExpectationResult {
  const actual = facts.readFile(wanted.file).trimEnd();
  const text = `file ${wanted.file}`;
  const pass = wanted.contains === undefined ? actual === wanted.equals : actual.includes(wanted.contains);
  const shown = !pass && actual === "ENOENT" ? `${actual}${besides(wanted.file, facts)}` : actual;
  return { text, pass, expected: wanted.contains === undefined ? (wanted.equals ?? "") : `text with ${quoted([wanted.contains])}`, actual: shown };
}

const mostShown = 8;

function judgeFiles(wanted: Extract<MomentExpectation, { files: unknown }>, facts: MomentFacts): ExpectationResult {
  const found = facts.entries(wanted.files);
  const pass = within(String(found.length), wanted);
  const shown = found.length === 0 ? besides(wanted.files, facts) : `: ${found.slice(0, mostShown).join(", ")}${found.length > mostShown ? ", ..." : ""}`;
  return { text: `files ${wanted.files}`, pass, expected: describeBounds(wanted), actual: `${found.length}${pass ? "" : shown}` };
}

function judgeRegister(wanted: Extract<MomentExpectation, { register: unknown }>, facts: MomentFacts): ExpectationResult {
  const { of, field } = typeof wanted.register === "string" ? splitField(wanted.register) : wanted.register;
  const actual = facts.peek(of, field);
  return { text: `${of} ${field}`, pass: within(String(actual), wanted), expected: describeBounds(wanted), actual: String(actual) };
}

/** Judges what can be asked at any moment. */
export function judgeMoment(expectation: MomentExpectation, facts: MomentFacts): ExpectationResult {
  if ("metric" in expectation) {
    const actual = String(facts.metrics[expectation.metric]);
    return { text: `metric ${expectation.metric}`, pass: within(actual, expectation), expected: describeBounds(expectation), actual };
  }
  if ("log" in expectation) return judgeLog(expectation, facts);
  if ("file" in expectation) return judgeFile(expectation, facts);
  if ("files" in expectation) return judgeFiles(expectation, facts);
  if ("absent" in expectation) {
    const exists = facts.exists(expectation.absent);
    return { text: `file ${expectation.absent}`, pass: !exists, expected: "absent", actual: exists ? "there" : "absent" };
  }
  if ("iomem" in expectation) return judgeLines(expectation.iomem, facts.readFile("/proc/iomem"));
  if ("cxl" in expectation) return judgeListing("cxl", expectation.cxl, facts);
  if ("daxctl" in expectation) return judgeListing("daxctl", expectation.daxctl, facts);
  if ("fault" in expectation) return judgeFault(expectation, facts);
  if ("register" in expectation) return judgeRegister(expectation, facts);
  return judgeFollowed(expectation, facts);
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
