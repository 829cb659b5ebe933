// A case from power-on to its last step: commands are given in order, at every moment what is seen is held against what was captured.

import { bigOf, numberOf, readDecoders, textOf } from "../capture.ts";
import type { Entry } from "../capture.ts";
import { decoderOffsets } from "../decoder-values.ts";
import { DriveError } from "../../../src/sandbox/drive.ts";
import { resolveReferences } from "../../../src/sandbox/references.ts";
import type { ScenarioPlan } from "../../../src/scenario/plan.ts";
import type { CommandResult } from "../../../src/userland/output.ts";
import type { LinuxCase, Moment, Step } from "./case.ts";
import type { Facts } from "./facts.ts";
import { attributeFacts, documentIn, iomemFacts, listingFacts, outputFacts, parseJson } from "./facts.ts";
import type { Host } from "./host.ts";
import { attributesText, bootHost, decoderRegister } from "./host.ts";
import type { Names } from "./names.ts";
import { lasting, namesIn, present } from "./names.ts";
import { poison, poisonShown, pullCard } from "./outside.ts";
import { linuxRules } from "./rules.ts";
import type { Stage } from "./start.ts";
import { derivedStart, isModuleCommand, scenarioStart } from "./start.ts";

type Command = Extract<Step, { readonly kind: "command" }>;

export interface LinuxDifference {
  readonly moment: string;
  readonly place: string;
  readonly theirs: string | undefined;
  readonly ours: string | undefined;
}

/** What one moment, or one command, came to. */
export interface MomentResult {
  readonly name: string;
  entries: number;
  equal: number;
  explained: number;
  readonly different: LinuxDifference[];
}

export interface CaseResult {
  readonly name: string;
  readonly moments: readonly MomentResult[];
  /** Rules that were used, with how often. */
  readonly used: ReadonlyMap<string, number>;
  /** What could not be done here, such as loading a module. */
  readonly notes: readonly string[];
}

interface Run {
  readonly linux: LinuxCase;
  readonly partNamed: (name: string) => string;
  readonly moments: MomentResult[];
  readonly used: Map<string, number>;
  readonly notes: Set<string>;
  host: Host;
  theirNames: Names;
  ourNames: Names;
  /** Something was done from outside, and no list since has shown poison. */
  isPoisonAwaited: boolean;
}

const canonical = (names: Names, facts: Facts): Facts => new Map([...facts].map(([place, value]) => [lasting(names, place), lasting(names, value)]));

/** Holds two sets of facts against each other. */
export function compareFacts(result: MomentResult, used: Map<string, number>, theirs: Facts, ours: Facts): void {
  for (const place of new Set([...theirs.keys(), ...ours.keys()])) {
    const [their, our] = [theirs.get(place), ours.get(place)];
    result.entries++;
    if (their === our) {
      result.equal++;
      continue;
    }
    const rule = linuxRules.find((one) => one.place.test(place) && one.holds(their, our));
    if (rule === undefined) result.different.push({ moment: result.name, place, theirs: their, ours: our });
    else {
      result.explained++;
      used.set(rule.id, (used.get(rule.id) ?? 0) + 1);
    }
  }
}

export const newResult = (name: string): MomentResult => ({ name, entries: 0, equal: 0, explained: 0, different: [] });

const allObjects = "cxl list -BDMPERTXi";
/** How each listing of a moment was made. */
const listings: readonly (readonly [kind: "cxl-vvv.json" | "cxl-all.json" | "cxl.json" | "daxctl.json", command: string])[] = [
  ["cxl-vvv.json", "cxl list -vvv"], ["cxl-all.json", allObjects], ["cxl.json", "cxl list -BDMPERT"], ["daxctl.json", "daxctl list -DRMi"],
];

const namesOfMoment = (moment: Moment, before: Names): Names =>
  (["cxl-all.json", "cxl-vvv.json", "cxl.json"] as const).reduce((names, kind) => {
    const text = moment.files.get(kind);
    return text === undefined || text.trim() === "" ? names : namesIn(parseJson(`${moment.name}.${kind}`, text), names);
  }, before);

const withoutMessages = ({ stdout }: CommandResult): string => stdout;
const renew = (run: Run): void => void (run.ourNames = namesIn(parseJson(allObjects, run.host.command(allObjects).stdout), run.ourNames));

const hex = (value: bigint | number, digits: number): string => `0x${value.toString(16).padStart(digits, "0")}`;

function decoderFacts(run: Run, entries: readonly Entry[]): { readonly theirs: Facts; readonly ours: Facts } {
  const [theirs, ours] = [new Map<string, string>(), new Map<string, string>()];
  for (const { value } of entries) {
    const component = textOf(value["fn"]);
    const index = value["decoder"] === undefined ? undefined : numberOf(value["decoder"]);
    const read = (offset: number): number | undefined => decoderRegister(run.host, run.partNamed(component), index, offset);
    const add = (what: string, their: bigint, low: number | undefined, high: number | undefined): void => {
      const place = `registers ${component}${index === undefined ? "" : ` decoder ${index}`} ${what}`;
      theirs.set(place, hex(their, 8));
      if (low !== undefined) ours.set(place, hex(BigInt(low) | (BigInt(high ?? 0) << 32n), 8));
    };
    if (index === undefined) add("global control", bigOf(value["global"]), read(0), 0);
    else {
      for (const key of ["base", "size", "targets"] as const) add(key, bigOf(value[key]), read(decoderOffsets[key]), read(decoderOffsets[key] + 4));
      add("control", bigOf(value["control"]), read(decoderOffsets.control), 0);
    }
  }
  return { theirs, ours };
}

function compareMoment(run: Run, moment: Moment): void {
  const result = newResult(moment.name);
  run.moments.push(result);
  run.theirNames = namesOfMoment(moment, run.theirNames);
  renew(run);
  const compare = (theirs: Facts, ours: Facts): void => compareFacts(result, run.used, canonical(run.theirNames, theirs), canonical(run.ourNames, ours));
  for (const [kind, command] of listings) {
    const text = moment.files.get(kind);
    if (text !== undefined) compare(listingFacts(`${moment.name}.${kind}`, kind, text), listingFacts(command, kind, withoutMessages(run.host.command(command))));
  }
  const [iomem, attributes, decoders] = (["iomem", "attrs.txt", "hdm-regs.txt"] as const).map((kind) => moment.files.get(kind));
  if (iomem !== undefined) compare(iomemFacts(iomem), iomemFacts(run.host.files.read("/proc/iomem")));
  if (attributes !== undefined) compare(attributeFacts(attributes), attributeFacts(attributesText(run.host)));
  if (decoders !== undefined) {
    const { theirs, ours } = decoderFacts(run, readDecoders(`${moment.name}.hdm-regs.txt`, decoders, run.linux.commandLine).entries);
    compareFacts(result, run.used, theirs, ours);
  }
}

function compareAnswer(run: Run, title: string, answer: CommandResult, { output, exitCode }: Command): void {
  const result = newResult(title);
  run.moments.push(result);
  const ours = new Map([...outputFacts("output", answer.stderr + answer.stdout), ["exit code", String(answer.exitCode)]]);
  const theirs = new Map([...outputFacts("output", output), ["exit code", String(exitCode)]]);
  compareFacts(result, run.used, canonical(run.theirNames, theirs), canonical(run.ourNames, ours));
}

/** What the command line has no program for here. */
const notFound = 127;
/** Lines that need a shell of their own. */
const needsShell = (line: string): boolean => /&&|\|\||[|;`]|\$\(|>>|<|\bfor\b|\bwhile\b/.test(line.replaceAll(/'[^']*'|"[^"]*"/g, ""));

/** Gives the command of a step, or the one that stands for it. */
function runStep(run: Run, step: Command, replaced: string | undefined): void {
  const shared = lasting(run.theirNames, step.line);
  const line = replaced ?? present(run.ourNames, shared).replace(/^sh -c ([^'"].*)$/, "sh -c '$1'");
  if (replaced === undefined && needsShell(step.line)) {
    run.notes.add(`"${step.line}" was not given: it needs a shell`);
    return;
  }
  if (run.isPoisonAwaited) poisonBefore(run, step);
  renew(run);
  const answer = run.host.command(replaced === undefined ? line : resolveReferences(run.host.machine, run.host.files, line));
  renew(run);
  run.theirNames = namesIn(documentIn(step.output), run.theirNames);
  if (answer.exitCode === notFound && step.exitCode !== notFound) run.notes.add(`"${step.line}" was not given: there is no such program here`);
  else compareAnswer(run, `$ ${shared}`, answer, step);
}

/** Names that a kernel's steps show, as they were first given: a name is used before a listing says whose it is. */
function namesAhead(linux: LinuxCase, steps: readonly Step[]): Names {
  const all = new Map<string, string>();
  for (const step of steps) {
    const moment = step.kind === "moment" ? linux.moments.get(step.name) : undefined;
    const names = step.kind === "command" ? namesIn(documentIn(step.output), all) : moment === undefined ? all : namesOfMoment(moment, all);
    for (const [name, last] of names) if (!all.has(name)) all.set(name, last);
  }
  return all;
}

/** Poison that came from outside shows in a list that the log has next: it is there before ours is read. */
function poisonBefore(run: Run, step: Command): void {
  const shown = poisonShown(documentIn(step.output));
  if (shown.length > 0) poison(run.host, shown);
  run.isPoisonAwaited = shown.length === 0;
}

function runStage(run: Run, { steps, commands, startsBeforeDrivers }: Stage): void {
  let isBeforeDrivers = startsBeforeDrivers;
  const waiting = commands?.slice();
  for (const step of steps) {
    if (step.kind === "command") {
      if (isModuleCommand(step.line)) run.notes.add(`"${step.line}" was not given: drivers here are built in`);
      else runStep(run, step, waiting?.shift());
    } else if (step.kind === "removed") {
      pullCard(run.linux.name, run.host, run.partNamed(step.card));
      run.notes.add(`${step.card} was pulled without the attention button's wait`);
    } else if (step.kind === "outside") {
      run.isPoisonAwaited = true;
      run.notes.add("actions from outside are not in the folder: of them only poison was done, where a list shows it");
    } else if (step.kind === "moment") {
      const moment = run.linux.moments.get(step.name);
      // The registers before drivers are what ours was programmed with.
      if (moment !== undefined && !isBeforeDrivers) compareMoment(run, moment);
      isBeforeDrivers = false;
    }
  }
}

/** Where our system ends before the steps do, that is a difference. */
function unlessEnded(moments: MomentResult[], notes: Set<string>, work: () => void): void {
  try {
    work();
  } catch (thrown) {
    if (!(thrown instanceof DriveError)) throw thrown;
    const last = newResult("the end of our system");
    last.entries++;
    last.different.push({ moment: last.name, place: "system", theirs: "goes on", ours: thrown.message });
    moments.push(last);
    notes.add("our system ended before the steps did: what comes after was not compared");
  }
}

/** Holds a case against our kernel: on the machine of its command line, or on a scenario's. @throws CaptureError the case cannot be read */
export function runCase(module: WebAssembly.Module, linux: LinuxCase, plan?: ScenarioPlan): CaseResult {
  const { stages, partNamed, notes } = plan === undefined ? derivedStart(linux) : scenarioStart(linux, plan);
  const [moments, used, told] = [[] as MomentResult[], new Map<string, number>(), new Set(notes)];
  for (const stage of stages) {
    unlessEnded(moments, told, () => {
      const run: Run = { linux, partNamed, moments, used, notes: told, host: bootHost(module, stage.booting), theirNames: namesAhead(linux, stage.steps), ourNames: new Map(), isPoisonAwaited: false };
      renew(run);
      runStage(run, stage);
    });
  }
  return { name: linux.name, moments, used, notes: [...told] };
}
