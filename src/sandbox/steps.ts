// The steps of a scenario, one after the other, between boot and ready: commands, waits, what is injected, what must hold on the way.

import type { TaskContext, Task } from "../sim/task.ts";
import { hasReady, nextWakeTime, sleep, sleepOrSignal, task } from "../sim/task.ts";
import type { TraceWriter } from "../sim/trace.ts";
import { resultKinds, traceText } from "../sim/trace.ts";
import { SystemError } from "../kernel/base/errno.ts";
import { nextTimer } from "../kernel/base/kernel.ts";
import type { Kernel } from "../kernel/base/kernel.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import { judgeMoment, judgeText } from "../scenario/expectations/judge.ts";
import type { MomentFacts } from "../scenario/expectations/judge.ts";
import type { ScenarioPlan, StepFile } from "../scenario/plan.ts";
import type { CommandRecord, ExpectationResult, SourcePlace } from "../scenario/result.ts";
import { runCommand } from "../userland/run.ts";
import type { FaultTable } from "./faults.ts";
import { injectStep } from "./faults.ts";
import { UnresolvedReferenceError, resolveReferences } from "./references.ts";
import type { System } from "./system.ts";

/** A step or workload that could not be carried out: the scenario fails with this reason. */
export class StepFailure extends Error {}

/** What steps act on, and what they leave behind. */
export interface StepRun {
  readonly plan: ScenarioPlan;
  readonly system: System;
  readonly files: FileSystem;
  readonly faults: FaultTable;
  /** What was held against expectations on the way, in order. */
  readonly results: ExpectationResult[];
  /** Commands so far, with what they gave. */
  readonly commands: CommandRecord[];
  /** Marks and log lines since the step before this one began. */
  readonly said: string[];
  readonly facts: () => MomentFacts;
  /** What a lenient run passed over, in order: steps and workloads that could not be carried out, or ended otherwise than the file says. Null: the first one ends the run. */
  readonly refused: string[] | null;
}

type CommandStep = Extract<StepFile, { run: unknown }>;
type UntilStep = Extract<StepFile, { until: unknown }>;

/** Virtual ns between two looks. */
const lookEvery = 100_000;
const patience = 1_000_000_000;

/** Something is under way that no workload does. */
export const isBusy = ({ hardware, scheduler, kernel, platform }: System): boolean => hasReady(scheduler) || nextWakeTime(scheduler) >= 0 || nextTimer(kernel) >= 0 || hardware.nextEvent >= 0 || platform.interrupts.pending;

export function traceExpectation(trace: TraceWriter, { text, pass, actual }: ExpectationResult): void {
  traceText(trace, "result", resultKinds.expectation, text, `${pass ? "holds" : "does not hold"}: ${actual}`);
}

/** A result with its place, if there is one: a value has none. */
export const placed = (result: ExpectationResult, place: SourcePlace | undefined): ExpectationResult => (place === undefined || place.line === 0 ? result : { ...result, place });

function note(run: StepRun, number: number, result: ExpectationResult, place = run.plan.places.steps[number - 1]): void {
  const noted = placed({ ...result, text: `step ${number}: ${result.text}` }, place);
  traceExpectation(run.system.kernel.trace, noted);
  run.results.push(noted);
}

/** Waits inside a step until a file has more. When nothing is due any more the wait is interrupted, as someone would who saw that nothing comes. */
const pollInStep = task("sandbox.poll", function* (_kernel: Kernel, run: StepRun, path: string): Task<void> {
  const before = run.files.read(path);
  while (run.files.read(path) === before) {
    if (!isBusy(run.system)) throw new SystemError("EINTR");
    yield sleep(lookEvery);
  }
});

const command = task("sandbox.command", function* (kernel: Kernel, run: StepRun, step: CommandStep, number: number): Task<void> {
  const text = resolveReferences(run.plan.machine, run.files, step.run);
  const done = yield* runCommand(kernel, { ...run.files, poll: (path) => pollInStep(kernel, run, path) }, text);
  traceText(kernel.trace, "result", resultKinds.step, text, done.stdout + done.stderr, done.exitCode);
  run.commands.push({ step: number, atNs: run.system.hardware.now, command: text, exitCode: done.exitCode, stdout: done.stdout, stderr: done.stderr });
  const wanted = step.exit ?? 0;
  if (done.exitCode !== wanted) throw new StepFailure(`step ${number} "${text}" ended ${done.exitCode}, not ${wanted}: ${(done.stderr || done.stdout).trim().split("\n").at(-1) ?? ""}`);
  for (const stream of ["stdout", "stderr"] as const) if (step[stream] !== undefined) note(run, number, judgeText(`${stream} of "${text}"`, step[stream], done[stream]));
});

const awaitText = task("sandbox.until", function* (_context: TaskContext, run: StepRun, step: UntilStep, number: number): Task<void> {
  const end = run.system.hardware.now + (step.within ?? patience);
  while (!run.said.some((text) => text.includes(step.until))) {
    const left = end - run.system.hardware.now;
    if (left <= 0) throw new StepFailure(`step ${number}: nothing said "${step.until}" within ${(step.within ?? patience) / 1e6} ms`);
    yield sleep(Math.min(lookEvery, left));
  }
});

const oneStep = task("sandbox.step", function* (kernel: Kernel, run: StepRun, step: StepFile, number: number): Task<void> {
  if (!("until" in step)) run.said.length = 0;
  if ("run" in step) yield* command(kernel, run, step, number);
  else if ("advance" in step) yield sleepOrSignal(step.advance);
  else if ("settle" in step) while (isBusy(run.system)) yield sleep(lookEvery);
  else if ("until" in step) yield* awaitText(kernel, run, step, number);
  else if ("expect" in step) for (const [index, one] of step.expect.entries()) note(run, number, judgeMoment(one, run.facts()), run.plan.places.stepExpectations.get(number - 1)?.[index]);
  else {
    injectStep(run.faults, number);
    // Hardware acts on its next advance.
    yield sleep(1);
  }
});

/** Carries out all steps. @throws StepFailure, UnresolvedReferenceError where the run is not lenient */
export const runSteps = task("sandbox.runSteps", function* (kernel: Kernel, run: StepRun): Task<void> {
  for (const [index, step] of run.plan.steps.entries()) {
    try {
      yield* oneStep(kernel, run, step, index + 1);
    } catch (thrown) {
      if (run.refused === null || !(thrown instanceof StepFailure || thrown instanceof UnresolvedReferenceError)) throw thrown;
      run.refused.push(thrown instanceof StepFailure ? thrown.message : `step ${index + 1}: ${thrown.message}`);
    }
  }
});
