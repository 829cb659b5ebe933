// One run of one scenario: boot, steps, ready, workloads and faults, the end, the judgement. Sliced by the caller; slices never show.

import { ScheduleMismatchError, leftOver, spawn, task } from "../sim/task.ts";
import type { Task } from "../sim/task.ts";
import { resultKinds, traceText } from "../sim/trace.ts";
import { boot, kernelHandlers, onNotify } from "../kernel/boot.ts";
import { isProbingAtRest } from "../kernel/base/probing.ts";
import { isDecisionPending } from "../kernel/dax/decision.ts";
import type { Kernel } from "../kernel/base/kernel.ts";
import type { FirmwareOptions } from "../firmware/firmware.ts";
import { PlugInError } from "../kernel/plug-in/failure.ts";
import type { KernelPolicies } from "../kernel/policy.ts";
import { createFileSystem } from "../kernel/sysfs/file-system.ts";
import { addWorkload, createWorkloads } from "../workload/workloads.ts";
import { SystemError } from "../kernel/base/errno.ts";
import type { ScenarioPlan } from "../scenario/plan.ts";
import type { DriverFailure, ScenarioResult } from "../scenario/result.ts";
import { titleOf } from "../scenario/workloads.ts";
import type { OpenRun, ScenarioRun } from "./contract.ts";
import { withDefects } from "./defects.ts";
import { DriverStepsError } from "./contained/watch.ts";
import { allFired, armFaults, createFaults, heardText, reachedStep } from "./faults.ts";
import type { Said } from "./faults.ts";
import { kernelPolicies } from "./policies.ts";
import { UnresolvedReferenceError } from "./references.ts";
import { specOf } from "./workload-specs.ts";
import { lostFirmwareRegions, memoryFacts } from "./facts.ts";
import { momentFacts } from "./questions.ts";
import type { RunOptions, RunState } from "./run-result.ts";
import { rebootResult } from "./reboot.ts";
import { makeResult, metricsOf, verdictOf } from "./run-result.ts";
import { watchRun } from "./run-watch.ts";
import { StepFailure, isBusy, runSteps } from "./steps.ts";
import { traceFileOf } from "./trace-kept.ts";
import type { End } from "./system.ts";
import { createSystem, step } from "./system.ts";

export type { RunOptions } from "./run-result.ts";

/** Quiet virtual time after which a run with nothing left to do ends. */
const settleTime = 5_000_000;
/** Boot and steps may take this long (virtual ns). */
const setUpTime = 600_000_000_000;
const windowRestrictions = { deviceCoherent: true, hostOnlyCoherent: true, volatile: true, persistent: true, fixed: false };

/** What a plan asks of firmware. */
export const firmwareOf = (plan: ScenarioPlan): FirmwareOptions => ({ isolationOwner: plan.policies.isoown as FirmwareOptions["isolationOwner"], ...(plan.policies.mcesrc === "firmware-first" ? { errors: { time: plan.settings.firmwareErrorTime } } : {}), restrictions: windowRestrictions, setup: plan.firmware });

const bootTask = task("sandbox.boot", function* (kernel: Kernel, state: RunState): Task<void> {
  yield* boot(kernel, state.plan.modules);
  state.phase = "steps";
});

const stepsTask = task("sandbox.steps", function* (kernel: Kernel, state: RunState): Task<void> {
  yield* runSteps(kernel, state.stepRun);
  startWorkloads(state);
  becomeReady(state);
});

function startWorkloads(state: RunState): void {
  for (const [index, file] of state.plan.workloads.entries()) {
    try {
      addWorkload(state.workloads, specOf(state.plan.machine, state.files, file));
    } catch (thrown) {
      if (!(thrown instanceof SystemError || thrown instanceof UnresolvedReferenceError)) throw thrown;
      const message = `workload ${index + 1} (${titleOf(file).name}): ${thrown.message}`;
      if (state.stepRun.refused === null) throw new StepFailure(message);
      state.stepRun.refused.push(message);
    }
  }
}

function becomeReady(state: RunState): void {
  const { hardware, kernel } = state.system;
  state.phase = "running";
  state.readyAt = hardware.now;
  state.deadline = hardware.now + state.plan.limits.time;
  state.bytesAtReady = memoryFacts(state.system).bytesServed;
  state.quietSince = -1;
  traceText(kernel.trace, "result", resultKinds.mark, "ready");
  armFaults(state.faults, "ready");
}

/** From when on triggers count what happens now. */
const momentOf = ({ phase }: RunState): "boot" | "ready" => (phase === "running" ? "ready" : "boot");

/** Builds the system and arms what counts from boot. @throws TypeError the plan names drivers and none are given: without them it is another scenario */
export function openRun(module: WebAssembly.Module, plan: ScenarioPlan, options: RunOptions): OpenRun {
  if (plan.drivers.length > 0 && options.drivers === undefined) throw new TypeError(`${plan.file} names drivers (${plan.drivers.map(({ file }) => file).join(", ")}): give them to the run`);
  const policies: KernelPolicies = kernelPolicies(plan.policies);
  const system = createSystem(module, { machine: plan.machine, firmware: firmwareOf(plan), ...(options.host === undefined ? {} : { host: options.host }), policies, settings: plan.settings, handlers: kernelHandlers, seed: options.seed, schedule: options.choices === undefined ? options.schedule : { kind: "recorded", choices: options.choices, next: 0 }, onNotify, drivers: options.drivers ?? [], driverParameters: withDefects(options.driverParameters ?? {}, options.defects ?? []) });
  const workloads = createWorkloads(system.kernel, options.counting ?? "aggregated");
  system.workloads = workloads;
  const faults = createFaults(plan, system.hardware, system.kernel, options.seed);
  const watch = watchRun(plan, system.hardware, system.kernel.trace.strings, faults);
  const files = createFileSystem(system.kernel);
  const state: RunState = {
    plan, options, system, workloads, faults, watch, files, trace: [], listeners: new Set(), stepListeners: new Set(),
    phase: "boot", steps: 0, heldFrom: options.isHeld === true ? 0 : (options.heldFrom ?? Number.MAX_SAFE_INTEGER), failure: null, misfit: null, driverFailure: null, limit: null, end: null, readyAt: -1, deadline: system.hardware.now + setUpTime, quietSince: -1, bytesAtReady: 0n, result: null, areStepsStarted: false, lostRegions: null,
    stepRun: { plan, system, files, faults, results: [], commands: [], said: [], facts: () => momentFacts(state, metricsOf(state)), refused: options.isLenient === true ? [] : null },
  };
  system.kernel.trace.onText = (layer, kind, text, detail) => {
    if (layer === "result") return;
    if (state.phase === "steps") state.stepRun.said.push(text);
    const said: Said = { layer, kind, text, detail };
    heardText(state.faults, said, momentOf(state));
    for (const listener of state.listeners) listener(text, said);
  };
  system.kernel.trace.onStep = (met, names) => {
    reachedStep(state.faults, met, names, momentOf(state));
    for (const listener of state.stepListeners) listener(met, names);
  };
  if (options.recordsTo !== undefined) system.hardware.storeTrace(options.recordsTo);
  else if (options.keepTrace) system.hardware.storeTrace((words) => void state.trace.push(new Uint8Array(words.buffer, words.byteOffset, words.length * 4).slice()));
  const result = (): ScenarioResult => {
    if (state.phase !== "done") throw new Error("the run is not done: call run() until it says so");
    return (state.result ??= makeResult(state, state.failure === null && state.misfit === null ? rebootResult(state, onceMore(options), firmwareOf(plan), openRun) : null));
  };
  armFaults(state.faults, "boot");
  spawn(system.scheduler, "boot", bootTask(system.kernel, state));
  return {
    plan, system, files, faults, workloads,
    get phase() {
      return state.phase;
    },
    get end() {
      return state.end;
    },
    get readyAt() {
      return state.readyAt;
    },
    get failure() {
      return state.failure;
    },
    commands: state.stepRun.commands,
    refused: state.stepRun.refused ?? [],
    listeners: state.listeners,
    stepListeners: state.stepListeners,
    facts: state.stepRun.facts,
    goOn: (horizon, shouldPause) => goOn(state, horizon, shouldPause),
    hold: () => holdHere(state),
    finish: () => {
      if (state.phase !== "done") finish(state, null);
    },
    run: (shouldPause) => (goOn(state, Number.MAX_SAFE_INTEGER, shouldPause) === "done" ? "done" : "paused"),
    get progress() {
      return { virtualTimeNs: system.hardware.now, steps: state.steps };
    },
    result,
    takeTrace: () => {
      system.hardware.drainTrace();
      return state.trace.splice(0);
    },
    traceFile: () => traceFileOf(state, result()),
  };
}

/** A second boot has choices, an end and records of its own. */
function onceMore({ choices: _choices, heldFrom: _heldFrom, recordsTo: _recordsTo, ...options }: RunOptions): RunOptions {
  return options;
}

/** A run as those see it who only want its result. */
export const createRun = (module: WebAssembly.Module, plan: ScenarioPlan, options: RunOptions): ScenarioRun => openRun(module, plan, options);

function goOn(state: RunState, horizon: number, shouldPause: () => boolean): "paused" | "horizon" | "done" {
  while (state.phase !== "done") {
    const isAtHorizon = oneStep(state, horizon);
    if (state.phase === ("done" as RunState["phase"])) break;
    if (isAtHorizon) return "horizon";
    if (shouldPause()) return "paused";
  }
  return "done";
}

/** Whether the run is held; a step goes by what was when it began, its end by what is then. */
const isHeldNow = (state: RunState): boolean => state.steps >= state.heldFrom && state.phase === "running";

function holdHere(state: RunState): void {
  state.heldFrom = Math.min(state.heldFrom, state.steps);
  const { strategy } = state.system.scheduler;
  if (strategy.kind === "recorded") strategy.next = Math.max(strategy.next, strategy.choices.length);
}

/** When the run itself ends if nothing happens before. */
function lastMoment(state: RunState): number {
  if (isHeldNow(state)) return Number.MAX_SAFE_INTEGER;
  return state.quietSince < 0 ? state.deadline : Math.min(state.deadline, state.quietSince + settleTime);
}

const failureOf = ({ driver, hook, device, at, reason, cause }: PlugInError): DriverFailure =>
  ({ driver, hook, device, atNs: at, ...(cause instanceof DriverStepsError ? { ending: "out of steps", message: cause.message } : { ending: "threw", message: reason }) });

/** One step, at most to `horizon`; whether it was reached with nothing left to do before it. */
function oneStep(state: RunState, horizon: number): boolean {
  const { system } = state;
  let isAtHorizon = false;
  const last = lastMoment(state);
  state.steps++;
  if (state.phase === "steps" && !state.areStepsStarted) {
    state.areStepsStarted = true;
    spawn(system.scheduler, "steps", stepsTask(system.kernel, state));
  }
  try {
    const result = step(system, Math.min(last, horizon));
    if (result.kind === "ended") finish(state, result.end);
    else if (result.kind === "horizon" && last > horizon) isAtHorizon = true;
    else if (result.kind === "horizon" && last === state.deadline && !isHeldNow(state)) reachHorizon(state);
  } catch (thrown) {
    if (!(thrown instanceof StepFailure || thrown instanceof UnresolvedReferenceError || thrown instanceof PlugInError || thrown instanceof ScheduleMismatchError)) throw thrown;
    if (thrown instanceof ScheduleMismatchError) state.misfit = thrown.message;
    else state.failure = thrown.message;
    if (thrown instanceof PlugInError) state.driverFailure = failureOf(thrown);
    finish(state, null);
  }
  if (state.lostRegions === null && (state.phase === "steps" || state.phase === "running")) judgeHost(state);
  if (state.phase === "done" || isHeldNow(state)) return isAtHorizon;
  if (state.steps >= state.plan.limits.steps) {
    state.limit = `${state.plan.limits.steps} steps (limits.steps)`;
    finish(state, null);
  } else if (state.phase === "running" && isSettled(state)) finish(state, null);
  return isAtHorizon;
}

/** Once boot is done and probing at rest: did the host keep what firmware configured (S9)? It may be taken out of service at once. */
function judgeHost(state: RunState): void {
  if (!isProbingAtRest(state.system.kernel)) return;
  state.lostRegions = lostFirmwareRegions(state.system, state.plan.firmware.regions).length;
  if (verdictOf(state) !== null && state.plan.policies.ops === "decommission") finish(state, null);
}

/** A run does not end while it is still to be decided who owns Soft Reserved: its time counts on from the horizon. */
function reachHorizon(state: RunState): void {
  if (state.phase === "running" && isDecisionPending(state.system.kernel)) {
    state.deadline += state.plan.limits.time;
    return;
  }
  if (state.phase !== "running") state.limit = `boot and steps took more than ${setUpTime / 1e9} s of virtual time`;
  finish(state, null);
}

/** Nothing but workloads is left, and that for a while. */
function isSettled(state: RunState): boolean {
  const { hardware } = state.system;
  const isWaiting = isBusy(state.system) || !allFired(state.faults) || state.workloads.isReturning();
  if (isWaiting) state.quietSince = -1;
  else if (state.quietSince < 0) state.quietSince = hardware.now;
  return !isWaiting && hardware.now - state.quietSince >= settleTime;
}

function finish(state: RunState, end: End | null): void {
  const { strategy } = state.system.scheduler;
  if (strategy.kind === "recorded" && strategy.next < strategy.choices.length) state.misfit ??= leftOver(strategy);
  state.end = end;
  if (end?.kind === "limit") state.limit = `out of ${end.what} (machine.limits)`;
  state.phase = "done";
}
