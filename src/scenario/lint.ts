// What a scenario may say and had better not: warnings beside what the loader refuses. A comment `# lint-allow RULE: reason` keeps one quiet, behind its line, on
// a line of its own above it, or before the first key for the whole file.

import type { MachineDescription } from "../platform/description.ts";
import { isSwitch, portsBelow } from "../platform/description.ts";
import type { Includes } from "./include.ts";
import type { LoadedFile } from "./load.ts";
import { loadScenario } from "./load.ts";
import type { ScenarioPlan } from "./plan.ts";
import { planScenario } from "./plan.ts";
import type { PlacedProblem } from "./problem.ts";
import { ScenarioFileError } from "./problem.ts";
import { suggestion } from "./suggest.ts";
import { parseTime, timeText } from "./units.ts";
import type { Path } from "./yaml-text.ts";

/** Every warning, and what it is about. */
export const lintRules = {
  "racing-name": "A name that is a race in the kernel (mem0, endpoint2, dax0.0) stands in a command or a path where a reference like ${mem:rp0} is meant.",
  "no-expectation": "Something fails or runs, and nothing is expected: the run checks no more than that the fault fired.",
  "cannot-fail": "An expectation that holds whatever happens.",
  "cannot-hold": "An expectation that holds in no case.",
  "deprecated-key": "An older word for a key.",
  "out-of-time": "An expectation counts what happens in a time that begins after the limit of the run.",
  "allow": "A lint-allow comment that gives no reason, names no rule, or keeps nothing quiet.",
} as const;
export type LintRule = keyof typeof lintRules;

export interface Finding extends PlacedProblem {
  /** `error`: the loader refuses the file. */
  readonly severity: "error" | "warning";
  readonly rule: LintRule | "scenario";
}

interface Warning {
  readonly rule: LintRule;
  readonly path: Path;
  readonly message: string;
}

type Mapping = Readonly<Record<string, unknown>>;
const isMapping = (value: unknown): value is Mapping => typeof value === "object" && value !== null && !Array.isArray(value);
const listAt = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Memory cards that can be there at some time. */
function cardsOf(machine: MachineDescription): number {
  return machine.hostBridges.flatMap((bridge) => portsBelow(bridge.rootPorts)).reduce((sum, port) => sum + port.slots.filter((slot) => !isSwitch(slot)).length, 0);
}

const references: Readonly<Record<string, string>> = { mem: "${mem:PORT}", endpoint: "${endpoint:PORT}", dax: "${dax:REGION} or ${dax:REGION[1]}" };

/** Names in a text that go by who comes first; with one card there is one memdev. */
function racingIn(text: string, cards: number): Omit<Warning, "path">[] {
  const bare = text.replaceAll(/\$\{[^}]*\}/g, "");
  const found = new Set([...bare.matchAll(/(?<![A-Za-z0-9_.-])(mem|endpoint|dax)(\d+(?:\.\d+)?)(?![A-Za-z0-9_.-])/g)].filter(([, kind, number]) => (kind === "dax" ? number?.includes(".") === true : cards > 1 && number?.includes(".") === false)).map(([name]) => name));
  return [...found].map((name) => ({ rule: "racing-name", message: `"${name}" goes to whoever is found first; write ${references[/^[a-z]+/.exec(name)?.[0] ?? ""] ?? ""}` }));
}

/** What is not there has no reference: a path that ends in its name is as it has to be. */
const withoutLast = (path: unknown): unknown => (typeof path === "string" ? path.replace(/[^/]*$/, "") : path);

/** Names in what expectations read. */
function namesInExpectations(list: unknown, path: Path, cards: number): Warning[] {
  return listAt(list).flatMap((one, index) => {
    if (!isMapping(one)) return [];
    const texts: readonly (readonly [Path, unknown])[] = [[["file"], one["file"]], [["files"], one["files"]], [["absent"], withoutLast(one["absent"])], ...(["cxl", "daxctl"] as const).map((key) => [[key, "list"], isMapping(one[key]) ? one[key]["list"] : undefined] as const)];
    return texts.flatMap(([key, text]) => (typeof text === "string" ? racingIn(text, cards).map((warning) => ({ ...warning, path: [...path, index, ...key] })) : []));
  });
}

/** Every list of expectations with its path. */
function expectationLists({ value }: LoadedFile): readonly { readonly list: unknown; readonly path: Path }[] {
  const steps = listAt(value["steps"]).flatMap((step, index) => (isMapping(step) && "expect" in step ? [{ list: step["expect"], path: ["steps", index, "expect"] }] : []));
  const reboot = isMapping(value["reboot"]) && "expect" in value["reboot"] ? [{ list: value["reboot"]["expect"], path: ["reboot", "expect"] }] : [];
  return [...("expect" in value ? [{ list: value["expect"], path: ["expect"] }] : []), ...steps, ...reboot];
}

function racingNames(loaded: LoadedFile, plan: ScenarioPlan): Warning[] {
  const cards = cardsOf(plan.machine);
  const commands = listAt(loaded.value["steps"]).flatMap((step, index) => (isMapping(step) && typeof step["run"] === "string" ? racingIn(step["run"], cards).map((warning) => ({ ...warning, path: ["steps", index, "run"] })) : []));
  return [...commands, ...expectationLists(loaded).flatMap(({ list, path }) => namesInExpectations(list, path, cards))];
}

function nothingExpected(loaded: LoadedFile, plan: ScenarioPlan): Warning[] {
  const isChecked = expectationLists(loaded).length > 0 || plan.steps.some((step) => "run" in step && (step.stdout !== undefined || step.stderr !== undefined || (step.exit ?? 0) !== 0));
  if (isChecked || (plan.faults.length === 0 && plan.workloads.length === 0)) return [];
  return [{ rule: "no-expectation", path: [plan.faults.length > 0 && "faults" in loaded.value ? "faults" : plan.workloads.length > 0 ? "workloads" : "steps"], message: "nothing is expected of this run; say what must hold under expect:, like expect: [{ outcome: recovered }]" }];
}

const counted = ["metric", "log", "mark", "hardware", "fault", "files", "warning", "workload"] as const;

/** Bounds that any count keeps, or none. */
function boundsOf(one: Mapping): Omit<Warning, "path"> | undefined {
  const { atLeast, atMost, equals } = one;
  const [low, high] = [typeof atLeast === "number" ? atLeast : -Infinity, typeof atMost === "number" ? atMost : Infinity];
  const isExact = typeof equals === "number";
  if (low > high || (isExact && (equals < low || equals > high))) return { rule: "cannot-hold", message: "no number keeps these bounds" };
  if (high < 0 || (isExact && equals < 0)) return { rule: "cannot-hold", message: "a count is never below 0" };
  if (!isExact && low <= 0 && high === Infinity && atLeast !== undefined) return { rule: "cannot-fail", message: `every count is ${String(atLeast)} or more; write atLeast: 1, or equals:` };
  return undefined;
}

function emptyChecks(loaded: LoadedFile): Warning[] {
  return expectationLists(loaded).flatMap(({ list, path }) => listAt(list).flatMap((one, index): Warning[] => {
    if (!isMapping(one) || !counted.some((key) => key in one)) return [];
    const found = boundsOf(one);
    return found === undefined ? [] : [{ ...found, path: [...path, index] }];
  }));
}

const interrupts = ["loseInterrupt", "duplicateInterrupt", "delayInterrupt"] as const;

function olderWords(loaded: LoadedFile): Warning[] {
  const actions = [...listAt(loaded.value["faults"]).map((fault, index) => ({ action: isMapping(fault) ? fault["do"] : undefined, path: ["faults", index, "do"] })), ...listAt(loaded.value["steps"]).map((step, index) => ({ action: isMapping(step) ? step["inject"] : undefined, path: ["steps", index, "inject"] }))];
  return actions.flatMap(({ action, path }) => interrupts.flatMap((name): Warning[] => {
    const inner = isMapping(action) ? action[name] : undefined;
    return isMapping(inner) && "port" in inner ? [{ rule: "deprecated-key", path: [...path, name, "port"], message: `port is the older word; write of: ${String(inner["port"])}` }] : [];
  }));
}

/** Expectations of a time that begins when the run is over: their count is 0, whatever happens. */
function tooLate(loaded: LoadedFile, { limits }: ScenarioPlan): Warning[] {
  return expectationLists(loaded).flatMap(({ list, path }) => listAt(list).flatMap((one, index): Warning[] => {
    const begin = isMapping(one) && Array.isArray(one["between"]) && one["from"] !== "boot" ? parseTime(String(one["between"][0])) : undefined;
    return begin === undefined || begin <= limits.time ? [] : [{ rule: "out-of-time", path: [...path, index, "between"], message: `the run is over ${timeText(limits.time)} after ready; raise limits.time, or let the time begin earlier` }];
  }));
}

interface Allowance {
  readonly line: number;
  readonly rule: string;
  readonly reason: string;
  /** The line that it is about; null: every line of the file. */
  readonly about: number | null;
}

/** What comments of a text allow. */
function allowancesIn(text: string): Allowance[] {
  const lines = text.split("\n");
  const firstKey = lines.findIndex((line) => /^[^#\s%-]/.test(line));
  return lines.flatMap((line, index) => {
    const match = /(?:^|\s)#\s*lint-allow\s+([A-Za-z-]*)\s*:?\s*(.*)$/.exec(line);
    return match === null ? [] : [{ line: index + 1, rule: match[1] ?? "", reason: (match[2] ?? "").trim(), about: firstKey < 0 || index < firstKey ? null : line.trimStart().startsWith("#") ? index + 2 : index + 1 }];
  });
}

/** Findings that no comment of their file allows, and what is wrong with the comments. */
function withoutAllowed(file: string, text: string, findings: readonly Finding[]): Finding[] {
  const allowances = allowancesIn(text);
  const covers = (allowance: Allowance, finding: Finding): boolean => allowance.rule === finding.rule && allowance.reason !== "" && (allowance.about === null || allowance.about === finding.line);
  const kept = findings.filter((finding) => finding.severity === "error" || !allowances.some((allowance) => covers(allowance, finding)));
  const source = (line: number): string => text.split("\n")[line - 1] ?? "";
  const complaint = (allowance: Allowance, message: string): Finding => ({ file, line: allowance.line, column: source(allowance.line).indexOf("#") + 1, source: source(allowance.line), severity: "warning", rule: "allow", message });
  const names = Object.keys(lintRules).filter((name) => name !== "allow");
  const wrong = allowances.flatMap((allowance): Finding[] => {
    if (!names.includes(allowance.rule)) return [complaint(allowance, `lint-allow: no warning "${allowance.rule}"; ${suggestion(allowance.rule, names)}`)];
    if (allowance.reason === "") return [complaint(allowance, `lint-allow ${allowance.rule}: say why, behind a colon`)];
    return findings.some((finding) => covers(allowance, finding)) ? [] : [complaint(allowance, `lint-allow ${allowance.rule} keeps nothing quiet; remove it`)];
  });
  return [...kept, ...wrong];
}

const byPlace = (a: Finding, b: Finding): number => (a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1);

/** Everything that is to be said of a file and of what it includes, in order of place. Drivers are not looked at. */
export function lintScenario(file: string, text: string, includes: Includes): Finding[] {
  let loaded: LoadedFile;
  let plan: ScenarioPlan;
  try {
    loaded = loadScenario(file, text, includes);
    plan = planScenario(file, text, "allowed", includes);
  } catch (error) {
    if (!(error instanceof ScenarioFileError)) throw error;
    return error.problems.map((problem) => ({ ...problem, severity: "error", rule: "scenario" }));
  }
  const warnings = [...racingNames(loaded, plan), ...nothingExpected(loaded, plan), ...emptyChecks(loaded), ...olderWords(loaded), ...tooLate(loaded, plan)];
  const findings = warnings.map(({ rule, path, message }): Finding => ({ file, source: "", ...loaded.problem(path, message), severity: "warning", rule }));
  const folder = file.slice(0, Math.max(file.lastIndexOf("/"), file.lastIndexOf("\\")) + 1);
  const texts = [[file, text] as const, ...Object.entries(includes).map(([path, included]) => [`${folder}${path}`, included] as const)];
  return texts.flatMap(([name, own]) => withoutAllowed(name, own, findings.filter((finding) => finding.file === name))).toSorted(byPlace);
}
