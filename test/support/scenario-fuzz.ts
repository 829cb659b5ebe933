// Scenario files that nobody would write: bundled ones with their trees or their letters changed at random, and what must hold of every one of them.

import { parse, stringify } from "yaml";
import type { Includes } from "../../src/scenario/include.ts";
import type { ScenarioPlan } from "../../src/scenario/plan.ts";
import { planScenario } from "../../src/scenario/plan.ts";
import { ScenarioFileError, formatProblems } from "../../src/scenario/problem.ts";
import type { RandomState } from "../../src/sim/random.ts";
import { createRandom, nextBelow } from "../../src/sim/random.ts";
import { runPlan } from "./scenarios.ts";

export interface FuzzedFile {
  readonly kind: "tree" | "text" | "include";
  readonly text: string;
  readonly includes: Includes;
}

type Node = Record<string, unknown> | unknown[];
const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null;

function pick<T>(random: RandomState, list: readonly T[]): T {
  return list[nextBelow(random, list.length)] as T;
}

/** Values that are the wrong ones nearly everywhere. */
const hostile: readonly unknown[] = [
  null, true, false, 0, -1, 1, 2, 3, 255, 256, 65_535, 65_536, 4_294_967_295, 4_294_967_296, 9_007_199_254_740_991, 9_007_199_254_740_992, 1e21, 1e308, Infinity, -Infinity, NaN, 0.5, -0,
  "", " ", "0", "-1", "1e9", "0x", "0xffffffffffffffff", "0x10000000000000000", "18446744073709551616GiB", "99999999999999999999999s", "0B", "1KiB", "256MiB", "1TiB", "16777216TiB", "0ns", "1ns", "9007199s", "0/s", "1000M/s", "101%", "100%", "1GB/s", "5 ms",
  "constructor", "__proto__", "toString", "hasOwnProperty", "prototype", "length", "rp0", "rp1", "hb0", "dev0", "sw0", "dsp0", "region0", "mem0", "${mem:rp0}", "${mem:}", "${dax:region0[999999]}", "${constructor:rp0}", "$(reboot)", "; cat /proc/iomem |", "'", "\"", "\\", "`", "a\u0000b", "\u202e\u200b", "\ud800", "\u{1f4a5}", "é".normalize("NFD"), "\r\n", "\t", "x".repeat(5000), "../../etc/passwd", "/dev/null", "%s%n", "(((((", "[region=region0].x", "timeout(constructor)", "delay()",
  [], {}, [[]], [null], { a: 1 }, [1, 2, 3], { __proto__: null },
];
const names: readonly string[] = ["__proto__", "constructor", "toString", "hasOwnProperty", "prototype", "", " ", "0", "-1", "<<", "*", "&a", "include", "version", "name", "machine", "firmware", "kernel", "host", "verdict", "reboot", "steps", "workloads", "faults", "expect", "limits", "device", "switch", "ports", "alternates", "present", "of", "port", "at", "after", "from", "nth", "count", "size", "targets", "equals", "\u0000", "\u{1f4a5}", "ключ"];

/** Every list and mapping of a tree. */
function nodesOf(root: unknown): Node[] {
  const found: Node[] = [];
  const seen = new Set<unknown>();
  const walk = (value: unknown): void => {
    if (!isNode(value) || seen.has(value)) return;
    seen.add(value);
    found.push(value);
    for (const one of Object.values(value)) walk(one);
  };
  walk(root);
  return found;
}

function setKey(node: Node, key: string, value: unknown): void {
  Object.defineProperty(node, key, { value, writable: true, enumerable: true, configurable: true });
}

/** A value from anywhere in another tree. */
function borrowed(random: RandomState, other: unknown): unknown {
  const node = pick(random, nodesOf(other));
  const keys = Object.keys(node);
  return nextBelow(random, 4) === 0 || keys.length === 0 ? node : (node as Record<string, unknown>)[pick(random, keys)];
}

/** What stands at a key of this name somewhere in a tree. */
function sameKey(random: RandomState, root: unknown, key: string): unknown {
  const found = nodesOf(root).filter((node) => Object.hasOwn(node, key)).map((node) => (node as Record<string, unknown>)[key]);
  return found.length === 0 ? borrowed(random, root) : pick(random, found);
}

const deep = (random: RandomState): unknown => {
  let value: unknown = 1;
  for (let level = nextBelow(random, 400); level > 0; level--) value = nextBelow(random, 2) === 0 ? [value] : { switch: { ports: [value] } };
  return value;
};

/** Changes one place of a tree. */
function changeTree(random: RandomState, root: unknown, other: unknown): void {
  const node = pick(random, nodesOf(root));
  const keys = Object.keys(node);
  const key = keys.length === 0 ? "a" : pick(random, keys);
  const mapping = node as Record<string, unknown>;
  const value = mapping[key];
  switch (nextBelow(random, 14)) {
    case 0: Reflect.deleteProperty(node, key); return;
    case 1: if (Array.isArray(node)) node.push(value, value); else setKey(node, pick(random, names), value); return;
    case 2: case 3: case 4: setKey(node, key, pick(random, hostile)); return;
    case 5: setKey(node, key, borrowed(random, other)); return;
    case 6: setKey(node, key, sameKey(random, nextBelow(random, 2) === 0 ? root : other, key)); return;
    case 7: setKey(node, key, nextBelow(random, 2) === 0 ? [value] : { [key]: value }); return;
    case 8: setKey(node, key, nextBelow(random, 4) === 0 ? deep(random) : Array.from({ length: nextBelow(random, 70) }, () => value)); return;
    case 9: case 10: case 11: setKey(node, key, sameKey(random, nextBelow(random, 2) === 0 ? root : other, key)); return;
    case 12: if (typeof value === "number") setKey(node, key, value + 1 - nextBelow(random, 3)); else if (typeof value === "string") setKey(node, key, value.replace(/\d+/, (digits) => String(Number(digits) * nextBelow(random, 5)))); else Reflect.deleteProperty(node, key); return;
    default: if (Array.isArray(node)) node.splice(nextBelow(random, node.length + 1), 0, borrowed(random, other)); else setKey(node, pick(random, names), pick(random, hostile));
  }
}

/** What a tree is as text; a tree that cannot be written is written without aliases, or as what it is not. */
function textOf(random: RandomState, root: unknown): string {
  try {
    return nextBelow(random, 3) === 0 ? JSON.stringify(root, null, nextBelow(random, 2)) : stringify(root, { aliasDuplicateObjects: nextBelow(random, 2) === 0, collectionStyle: nextBelow(random, 3) === 0 ? "flow" : "any" });
  } catch {
    return "a: &a [*a]\n";
  }
}

const letters = ["\n", " ", "\t", ":", "-", "?", "[", "]", "{", "}", ",", "#", "&", "*", "!", "|", ">", "'", "\"", "%", "@", "`", "~", "0", "9", "e", ".", "\\", "\u0000", "\u0007", "\u001b[31m", "\u0085", "\u2028", "\ufeff", "\ud83d", "\u{1f4a5}", "é", "---\n", "...\n", "%YAML 1.1\n---\n", "!!binary ", "!!set ", "&x ", "*x", "<<: ", "? ", "|2\n"];

/** Changes some letters of a text. */
function changeText(random: RandomState, text: string, other: string): string {
  const at = nextBelow(random, text.length + 1);
  const end = Math.min(text.length, at + 1 + nextBelow(random, 40));
  switch (nextBelow(random, 7)) {
    case 0: return text.slice(0, at) + text.slice(end);
    case 1: return text.slice(0, at) + pick(random, letters) + text.slice(at);
    case 2: return text.slice(0, at) + pick(random, letters) + text.slice(at + 1);
    case 3: return text.slice(0, at) + text.slice(at, end).repeat(1 + nextBelow(random, 5)) + text.slice(at);
    case 4: return nextBelow(random, 4) === 0 ? text.slice(0, at) : text.slice(0, at) + String.fromCharCode(nextBelow(random, 65_536)) + text.slice(at + 1);
    case 5: { const from = nextBelow(random, other.length + 1); return text.slice(0, at) + other.slice(from, from + nextBelow(random, 200)) + text.slice(at); }
    default: { const lines = text.split("\n"); const [line = ""] = lines.splice(nextBelow(random, lines.length), 1); lines.splice(nextBelow(random, lines.length + 1), 0, line); return lines.join("\n"); }
  }
}

const paths: readonly string[] = ["part.inc.yaml", "./part.inc.yaml", "sub/part.yaml", "s.yaml", "../part.inc.yaml", "/part.yaml", "gone.yaml", "", ".", "__proto__", "constructor.yaml", "a\\b.yaml", "\u0000.yaml"];

/** Moves some of a tree's keys into a file that it includes. */
function splitTree(random: RandomState, root: Record<string, unknown>): { readonly root: Record<string, unknown>; readonly part: Record<string, unknown>; readonly path: string } {
  const moved = Object.keys(root).filter(() => nextBelow(random, 3) === 0);
  const path = nextBelow(random, 3) === 0 ? pick(random, paths) : "part.inc.yaml";
  const part = Object.fromEntries(moved.filter((key) => key !== "version").map((key) => [key, root[key]]));
  const rest = Object.fromEntries(Object.entries(root).filter(([key]) => key === "version" || !moved.includes(key) || nextBelow(random, 4) === 0));
  return { root: { ...rest, include: nextBelow(random, 2) === 0 ? path : [path] }, part, path };
}

/** A bundled scenario: its text, and a tree of its own for whoever asks. */
export interface FuzzSource {
  readonly text: string;
  readonly tree: () => unknown;
}

/** Texts are read when they are first needed. */
export function fuzzSource(text: string): FuzzSource {
  let read: unknown;
  return { text, tree: () => structuredClone(read ??= parse(text)) };
}

/** The `number`-th file of a seed: the same whatever came before it. */
export function fuzzedFile(seed: number, number: number, scenarios: readonly FuzzSource[]): FuzzedFile {
  const random = createRandom((Math.imul(seed, 0x9e37_79b1) ^ Math.imul(number + 1, 0x85eb_ca6b)) >>> 0);
  const { text, tree } = pick(random, scenarios);
  const other = pick(random, scenarios);
  const kind = pick(random, ["tree", "tree", "tree", "text", "text", "include"] as const);
  const changes = 1 + nextBelow(random, 1 + nextBelow(random, 4));
  if (kind === "text") return { kind, includes: {}, text: Array.from({ length: changes }).reduce<string>((changed) => changeText(random, changed, other.text), text) };
  const root: unknown = tree();
  const donor: unknown = other.tree();
  if (kind === "include") {
    const split = splitTree(random, root as Record<string, unknown>);
    for (let change = nextBelow(random, changes); change > 0; change--) changeTree(random, nextBelow(random, 2) === 0 ? split.root : split.part, donor);
    return { kind, text: textOf(random, split.root), includes: { "part.inc.yaml": textOf(random, split.part), "sub/part.yaml": "include: part.yaml\n", "constructor.yaml": "limits: {}\n" } };
  }
  for (let change = 0; change < changes; change++) changeTree(random, root, donor);
  return { kind, text: textOf(random, root), includes: {} };
}

/** What became of a file; `broken`: what must never be. */
export type Fate = "refused" | "planned" | "pass" | "fail" | "invalid" | "error" | "limit" | "driver" | { readonly broken: string };

/** Small limits, so that a run is short whatever it does. */
const small = (plan: ScenarioPlan): ScenarioPlan => ({ ...plan, limits: { time: Math.min(plan.limits.time, 6_000_000), steps: Math.min(plan.limits.steps, 3000) } });

function brokenBy(error: ScenarioFileError, { text, includes }: FuzzedFile): string | undefined {
  const lines = new Map([["d/s.yaml", text], ...Object.entries(includes).map(([path, one]) => [`d/${path}`, one] as const)].map(([file, one]) => [file, one.split("\n").length]));
  if (error.problems.length === 0) return "refused without a problem";
  const wrong = error.problems.find(({ file, line, column, message }) => !(line >= 1 && column >= 1 && line <= (lines.get(file) ?? 0)) || message.trim() === "" || /\n\s+at |\.ts:\d+|undefined|\[object/.test(message.replaceAll(/"[^"]*"/g, "")));
  if (wrong !== undefined) return `a problem that says nothing: ${JSON.stringify(wrong).slice(0, 300)}`;
  return formatProblems(error).includes("^") || error.problems.every(({ source }) => source.trim() === "") ? undefined : "a problem without its line";
}

/** Plans a file and, if asked, runs it. `agrees`: whether another reading of the plan's value takes it too. */
export function fateOf(file: FuzzedFile, isRun: boolean, agrees: (file: FuzzedFile) => string | undefined = () => undefined): Fate {
  let plan: ScenarioPlan;
  try {
    plan = planScenario("d/s.yaml", file.text, "refused", file.includes);
  } catch (error) {
    if (!(error instanceof ScenarioFileError)) return { broken: `planning: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` };
    const broken = brokenBy(error, file);
    return broken === undefined ? "refused" : { broken };
  }
  const disagreed = agrees(file);
  if (disagreed !== undefined) return { broken: disagreed };
  if (!isRun) return "planned";
  try {
    return runPlan(small(plan)).result.status;
  } catch (error) {
    return { broken: `running: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` };
  }
}
