// A case from power-on to its last step: commands are given in order, at every moment what is seen is held against what was captured.

import { DriveError } from "../../../src/sandbox/drive.ts";
import { resolveReferences } from "../../../src/sandbox/references.ts";
import type { ScenarioPlan } from "../../../src/scenario/plan.ts";
import type { CommandResult } from "../../../src/userland/output.ts";
import type { LinuxCase, Step } from "./case.ts";
import { documentIn, outputFacts } from "./facts.ts";
import type { MomentResult, Run } from "./moment.ts";
import { canonical, compareFacts, compareMoment, namesOfMoment, newResult, renew, withoutNames } from "./moment.ts";
import type { Names } from "./names.ts";
import { lasting, namesIn, present } from "./names.ts";
import { bootInOrder } from "./order.ts";
import { poison, poisonShown, pullCard, putBack } from "./outside.ts";
import type { Stage } from "./start.ts";
import { derivedStart, isKnownModule, isModuleCommand, scenarioStart } from "./start.ts";

type Command = Extract<Step, { readonly kind: "command" }>;

export interface CaseResult {
  readonly name: string;
  readonly moments: readonly MomentResult[];
  /** Rules that were used, with how often. */
  readonly used: ReadonlyMap<string, number>;
  /** What could not be done here, such as loading a module. */
  readonly notes: readonly string[];
}

function compareAnswer(run: Run, title: string, answer: CommandResult, { output, exitCode }: Command): void {
  const result = newResult(title);
  run.moments.push(result);
  const ours = new Map([...outputFacts("output", answer.stderr + answer.stdout), ["exit code", String(answer.exitCode)]]);
  const theirs = new Map([...outputFacts("output", output), ["exit code", String(exitCode)]]);
  if (run.theirNames.size > 0) compareFacts(result, run.used, canonical(run.theirNames, theirs), canonical(run.ourNames, ours));
  else {
    run.notes.add("no listing of a kernel tells whose its names are: in outputs of its commands they were compared by kind");
    compareFacts(result, run.used, withoutNames(theirs), withoutNames(ours));
  }
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
      if (isModuleCommand(step.line) && !isKnownModule(step.line)) run.notes.add(`"${step.line}" was not given: that is no module here`);
      else runStep(run, step, isModuleCommand(step.line) ? undefined : waiting?.shift());
    } else if (step.kind === "removed") {
      pullCard(run.linux.name, run.host, run.partNamed(step.card));
      run.notes.add(`${step.card} was pulled without the attention button's wait`);
    } else if (step.kind === "added") {
      putBack(run.linux.name, run.host, run.partNamed(step.card));
    } else if (step.kind === "outside") {
      run.isPoisonAwaited = true;
      run.notes.add("actions from outside are not in the folder: of them only poison was done, where a list shows it");
    } else if (step.kind === "moment") {
      const moment = run.linux.moments.get(step.name);
      // The registers before drivers are what ours was programmed with.
      if (moment !== undefined && !isBeforeDrivers) run.moments.push(compareMoment(run, moment));
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
      const shared = { linux, partNamed, moments, used, notes: told, theirNames: namesAhead(linux, stage.steps), ourNames: new Map<string, string>(), isPoisonAwaited: false };
      const run: Run = { ...shared, host: bootInOrder(module, stage, shared) };
      renew(run);
      runStage(run, stage);
    });
  }
  return { name: linux.name, moments, used, notes: [...told] };
}
