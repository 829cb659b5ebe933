// The sandbox's own words at the prompt, which no machine has: time, faults, the trace. They are called as programs are, so that they stand in
// pipes and lists like them.

import type { Task } from "../sim/task.ts";
import { isSignalled, sleep, sleepOrSignal } from "../sim/task.ts";
import type { TraceLayer } from "../sim/trace.ts";
import { traceLayers } from "../sim/trace.ts";
import { formatTime } from "../report/console.ts";
import { ActionError, actionNames, readAction } from "../scenario/read-action.ts";
import { parseTime } from "../scenario/units.ts";
import type { FaultResult } from "../scenario/result.ts";
import { Interrupted } from "../userland/process-files.ts";
import type { Call, Program } from "../userland/programs.ts";
import { programs } from "../userland/programs.ts";
import type { OpenRun } from "./contract.ts";
import { faultResults } from "./faults.ts";
import type { Injections } from "./injections.ts";
import { NoPlaceError, inject, injectionResults } from "./injections.ts";
import { isBusy } from "./steps.ts";
import type { TraceReader } from "./trace-reader.ts";
import { describeRecord } from "./trace-reader.ts";

/** What the words act on. */
export interface Sandbox {
  readonly run: OpenRun;
  readonly injections: Injections;
  readonly trace: TraceReader;
  /** Set by `exit`: the exit status asked for. */
  readonly leave: (status: number | null) => void;
}

export interface SandboxWord extends Program {
  /** How it is written, with what it does. */
  readonly usage: string;
  /** It works on a machine that has stopped. */
  readonly worksDead: boolean;
}

const usageStatus = 2;
/** Virtual ns between two looks. */
const lookEvery = 100_000;
/** What `settle` waits at most, virtual ns. */
const patience = 600_000_000_000;

function refuse({ output }: Call, text: string, status = usageStatus): number {
  output.err(`${text}\n`);
  return status;
}

/** Lets virtual time pass; a signal ends it. */
function* pass(run: OpenRun, time: number): Task<void> {
  const { hardware, scheduler } = run.system;
  const end = hardware.now + time;
  while (hardware.now < end) {
    yield sleepOrSignal(end - hardware.now);
    if (isSignalled(scheduler)) throw new Interrupted();
  }
}

const now = (run: OpenRun): string => `${formatTime(run.system.hardware.now - Math.max(0, run.readyAt))} after ready`;

function* advance({ run }: Sandbox, call: Call): Task<number> {
  const time = call.argv.length === 0 ? undefined : parseTime(call.argv.join(""));
  if (time === undefined) return refuse(call, `advance: "${call.argv.join(" ").slice(0, 80)}" is no time; write 10ms, 2s, 500us, 100ns`);
  yield* pass(run, time);
  call.output.err(`${now(run)}\n`);
  return 0;
}

function* settle({ run }: Sandbox, call: Call): Task<number> {
  if (call.argv.length > 0) return refuse(call, "settle: takes no words");
  const end = run.system.hardware.now + patience;
  while (isBusy(run.system) && run.system.hardware.now < end) yield* pass(run, lookEvery);
  if (isBusy(run.system)) return refuse(call, `settle: something is still under way after ${formatTime(patience)}`, 1);
  call.output.err(`${now(run)}\n`);
  return 0;
}

/** Whether a fault fired, how often and when. */
export const evidence = ({ fired, count, firstAtNs }: FaultResult, run: OpenRun): string => (fired ? `fired ${count === 1 ? "once" : `${count} times`}, first at ${formatTime(Math.max(0, (firstAtNs ?? 0) - Math.max(0, run.readyAt)))} after ready` : "armed, has not fired");

function* injectWord({ run, injections }: Sandbox, call: Call): Task<number> {
  if (call.argv.length === 0) return refuse(call, `inject: write ACTION: VALUE, like linkDown: rp0; actions: ${actionNames.join(", ")}`);
  let id: string;
  try {
    id = inject(injections, readAction(run.plan.machine, call.argv.join(" ")));
  } catch (thrown) {
    if (thrown instanceof ActionError || thrown instanceof NoPlaceError) return refuse(call, thrown.message.split("\n").map((line) => `inject: ${line}`).join("\n"));
    throw thrown;
  }
  // Hardware acts on its next advance.
  yield sleep(1);
  const result = injectionResults(injections).find((one) => one.id === id);
  if (result !== undefined) call.output.out(`${id}: ${evidence(result, run)}\n`);
  return 0;
}

// eslint-disable-next-line require-yield
function* faults({ run, injections }: Sandbox, { output }: Call): Task<number> {
  const results = [...faultResults(run.faults), ...injectionResults(injections)];
  if (results.length === 0) output.err("no faults: the scenario has none, and none was injected\n");
  const widest = Math.max(...results.map(({ id }) => id.length));
  for (const result of results) output.out(`${result.id.padEnd(widest)}  ${evidence(result, run)}\n`);
  return 0;
}

const mostLines = 4096;

/** Words of `trace`: how many records, of which layers; a text says what is wrong. */
function traceWords(argv: readonly string[]): { readonly count: number; readonly layers: readonly TraceLayer[] } | string {
  let count = 20;
  let layers: readonly TraceLayer[] = traceLayers.filter((layer) => layer !== "access");
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? "";
    const named = word === "--layer" || word === "-l" ? (argv[++i] ?? "") : /^--layer=(.*)$/.exec(word)?.[1];
    if (named !== undefined) {
      const found = traceLayers.filter((layer) => named.split(",").includes(layer));
      if (found.length !== named.split(",").length) return `"${named.slice(0, 80)}" names no layer; layers: ${traceLayers.join(", ")}, several with commas`;
      layers = found;
    } else if (/^\d{1,4}$/.test(word) && Number(word) > 0 && Number(word) <= mostLines) count = Number(word);
    else return `"${word.slice(0, 80)}" is no number of records from 1 to ${mostLines}; write trace [N] [--layer LAYER]`;
  }
  return { count, layers };
}

// eslint-disable-next-line require-yield
function* traceWord({ run, trace }: Sandbox, call: Call): Task<number> {
  const wanted = traceWords(call.argv);
  if (typeof wanted === "string") return refuse(call, `trace: ${wanted}`);
  const describe = describeRecord(run.system);
  for (const record of trace.last(wanted.count, wanted.layers)) call.output.out(`${describe(record)}\n`);
  return 0;
}

// eslint-disable-next-line require-yield
function* exit({ leave }: Sandbox, call: Call): Task<number> {
  const [text] = call.argv;
  if (text !== undefined && !/^\d{1,3}$/.test(text)) return refuse(call, `exit: "${text.slice(0, 80)}" is no exit status: a number from 0 to 255`);
  leave(text === undefined ? null : Number(text) & 0xff);
  throw new Interrupted();
}

const machineWords = { cd: "go to a folder", pwd: "print the folder", sh: "run a line: sh -c 'LINE'" } as const;

function helpText(words: ReadonlyMap<string, SandboxWord>): string {
  const summaries = new Map([...programs].map(([name, { summary }]) => [name, summary]));
  for (const [name, summary] of Object.entries(machineWords)) summaries.set(name, summary);
  const names = [...summaries.keys()].toSorted();
  const widest = Math.max(...names.map((name) => name.length));
  const machine = names.map((name) => `  ${name.padEnd(widest)}  ${summaries.get(name) ?? ""}`);
  const own = [...words.values()].map(({ usage, summary }) => `  ${usage.split("\n")[0] ?? ""}\n      ${summary}`);
  return ["programs of the machine", ...machine, "", "the sandbox's own words, which no machine has", ...own, "", "Time stands still between commands. Lines join commands with ; && || and |, and take > >> < 2> 2>&1, quotes, patterns, $? and", "${mem:PORT}, ${endpoint:PORT}, ${pci:PORT}, ${dax:REGION[N]}. Ctrl-C interrupts a command, Ctrl-D ends the session.", ""].join("\n");
}

// eslint-disable-next-line require-yield
function* help(words: ReadonlyMap<string, SandboxWord>, call: Call): Task<number> {
  const [name] = call.argv;
  if (name === undefined) {
    call.output.out(helpText(words));
    return 0;
  }
  const word = words.get(name);
  const summary = programs.get(name)?.summary ?? machineWords[name as keyof typeof machineWords];
  if (word !== undefined) call.output.out(`${word.usage}\n  ${word.summary}\n`);
  else if (summary === undefined) return refuse(call, `help: there is no "${name.slice(0, 80)}"; help lists what there is`, 1);
  else call.output.out(`${name}: ${summary}\n`);
  return 0;
}

/** The words over one run. */
export function sandboxWords(sandbox: Sandbox): ReadonlyMap<string, SandboxWord> {
  const word = (usage: string, summary: string, worksDead: boolean, run: (sandbox: Sandbox, call: Call) => Task<number>): SandboxWord => ({ usage, summary, worksDead, run: (call) => run(sandbox, call) });
  const words = new Map<string, SandboxWord>([
    ["advance", word("advance TIME", "let virtual time pass: 10ms, 2s, 500us, 100ns", false, advance)],
    ["settle", word("settle", "let virtual time pass until nothing is under way but workloads", false, settle)],
    ["inject", word(`inject ACTION: VALUE\n  inject linkDown: rp0\n  inject { poison: { device: mem-a, dpa: 0x40 } }\n  actions: ${actionNames.join(", ")} (docs/faults.md)`, "let something fail now, as a fault of a scenario does, and say whether it fired", false, injectWord)],
    ["faults", word("faults", "the scenario's faults and those injected, and whether they fired", true, faults)],
    ["trace", word("trace [N] [--layer LAYER[,LAYER]]", `the last N (20) records of the run's trace; layers: ${traceLayers.join(", ")} (all but access)`, true, traceWord)],
    ["exit", word("exit [STATUS]", "end the session", true, exit)],
  ]);
  words.set("quit", { ...(words.get("exit") as SandboxWord), usage: "quit [STATUS]" });
  words.set("help", { usage: "help [NAME]", summary: "what there is, or how one of it is written", worksDead: true, run: (call) => help(words, call) });
  return words;
}
