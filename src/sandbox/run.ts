// One run of one scenario: boot, steps, ready, workloads and faults, the end, the judgement. Sliced by the caller; slices never show.

import { checkTasks, spawn, task } from "../sim/task.ts";
import type { Task } from "../sim/task.ts";
import { hashText } from "../sim/hash.ts";
import { resultKinds, traceLayers, traceText } from "../sim/trace.ts";
import type { TraceLayer } from "../sim/trace.ts";
import { boot, kernelHandlers, onNotify } from "../kernel/boot.ts";
import { isProbingAtRest } from "../kernel/base/probing.ts";
import { isDecisionPending } from "../kernel/dax/decision.ts";
import type { Kernel } from "../kernel/base/kernel.ts";
import type { KernelPolicies } from "../kernel/policy.ts";
import { createFileSystem } from "../kernel/sysfs/file-system.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import { addKernelReader, addPin, addVm, createWorkloads } from "../workload/workloads.ts";
import type { Workloads } from "../workload/workloads.ts";
import type { CountingMode } from "../workload/state.ts";
import { SystemError } from "../kernel/base/errno.ts";
import { judge } from "../scenario/expect.ts";
import type { RunFacts } from "../scenario/expect.ts";
import { outcomeOf } from "../scenario/outcome.ts";
import type { ScenarioPlan, WorkloadFile } from "../scenario/plan.ts";
import type { ExpectationResult, Metrics, ScenarioResult, Status, Verdict } from "../scenario/result.ts";
import type { RunProgress, ScenarioRun } from "./contract.ts";
import { allFired, armFaults, createFaults, faultResults, heardMark } from "./faults.ts";
import type { FaultTable } from "./faults.ts";
import { kernelPolicies } from "./policies.ts";
import { UnresolvedReferenceError, resolveReferences } from "./references.ts";
import { lostFirmwareRegions, memoryFacts, spanWarnings } from "./facts.ts";
import { momentFacts } from "./questions.ts";
import type { StepRun } from "./steps.ts";
import { StepFailure, isBusy, runSteps, traceExpectation } from "./steps.ts";
import type { End, System } from "./system.ts";
import { createSystem, step } from "./system.ts";

export interface RunOptions {
  readonly seed: number;
  readonly schedule: "fixed" | "seeded";
  readonly keepTrace: boolean;
  readonly counting?: CountingMode;
}

/** Quiet virtual time after which a run with nothing left to do ends. */
const settleTime = 5_000_000;
/** Boot and steps may take this long (virtual ns). */
const setUpTime = 600_000_000_000;
const windowRestrictions = { deviceCoherent: true, hostOnlyCoherent: true, volatile: true, persistent: true, fixed: false };

type Phase = "boot" | "steps" | "running" | "done";

interface State {
  readonly plan: ScenarioPlan;
  readonly options: RunOptions;
  readonly system: System;
  readonly faults: FaultTable;
  readonly files: FileSystem;
  readonly workloads: Workloads;
  readonly trace: Uint8Array[];
  phase: Phase;
  steps: number;
  failure: string | null;
  limit: string | null;
  end: End | null;
  deadline: number;
  quietSince: number;
  bytesAtReady: bigint;
  result: ScenarioResult | null;
  areStepsStarted: boolean;
  readonly stepRun: StepRun;
  /** Null until boot is done and device probing at rest. */
  lostRegions: number | null;
}

const bootTask = task("sandbox.boot", function* (kernel: Kernel, state: State): Task<void> {
  yield* boot(kernel, state.plan.modules);
  state.phase = "steps";
});

const stepsTask = task("sandbox.steps", function* (kernel: Kernel, state: State): Task<void> {
  yield* runSteps(kernel, state.stepRun);
  startWorkloads(state);
  becomeReady(state);
});

function deviceName(state: State, reference: string): string {
  return resolveReferences(state.plan.machine, state.files, reference);
}

function startWorkload(state: State, file: WorkloadFile): void {
  if ("vm" in file) {
    const vm = file.vm;
    addVm(state.workloads, { name: vm.name, device: deviceName(state, vm.memory), vcpus: vm.vcpus ?? 1, period: vm.rate ?? 1000, reads: vm.reads ?? 70, of: 100, outstanding: vm.outstanding ?? 8 });
  } else if ("kernelReader" in file) {
    const device = deviceName(state, file.kernelReader.memory);
    const read = (name: string): bigint => BigInt(state.files.read(`/sys/bus/dax/devices/${device}/${name}`).trim());
    addKernelReader(state.workloads, { name: file.kernelReader.name, start: read("resource"), size: read("size"), period: file.kernelReader.rate ?? 1000, reads: 1, of: 1 });
  } else addPin(state.workloads, { name: file.pin.name, device: deviceName(state, file.pin.memory), ...(file.pin.until === undefined ? {} : { release: file.pin.until }) });
}

function startWorkloads(state: State): void {
  for (const [index, file] of state.plan.workloads.entries()) {
    try {
      startWorkload(state, file);
    } catch (thrown) {
      if (thrown instanceof SystemError || thrown instanceof UnresolvedReferenceError) throw new StepFailure(`workload ${index + 1}: ${thrown.message}`);
      throw thrown;
    }
  }
}

function becomeReady(state: State): void {
  const { hardware, kernel } = state.system;
  state.phase = "running";
  state.deadline = hardware.now + state.plan.limits.time;
  state.bytesAtReady = memoryFacts(state.system).bytesServed;
  state.quietSince = -1;
  traceText(kernel.trace, "result", resultKinds.mark, "ready");
  armFaults(state.faults, "ready");
}

/** Builds the system and arms what counts from boot. */
export function createRun(module: WebAssembly.Module, plan: ScenarioPlan, options: RunOptions): ScenarioRun {
  const policies: KernelPolicies = kernelPolicies(plan.policies);
  const system = createSystem(module, { machine: plan.machine, firmware: { isolationOwner: plan.policies.isoown as "os", restrictions: windowRestrictions, setup: plan.firmware }, policies, handlers: kernelHandlers, seed: options.seed, schedule: options.schedule, onNotify });
  const workloads = createWorkloads(system.kernel, options.counting ?? "aggregated");
  system.workloads = workloads;
  const faults = createFaults(plan, system.hardware, system.kernel);
  const files = createFileSystem(system.kernel);
  const state: State = {
    plan, options, system, workloads, faults, files, trace: [],
    phase: "boot", steps: 0, failure: null, limit: null, end: null, deadline: setUpTime, quietSince: -1, bytesAtReady: 0n, result: null, areStepsStarted: false, lostRegions: null,
    stepRun: { plan, system, files, faults, results: [], commands: [], said: [], facts: () => momentFacts(system, files, metricsOf(state)) },
  };
  system.kernel.trace.onText = (layer, _kind, text) => {
    if (layer === "result") return;
    if (state.phase === "steps") state.stepRun.said.push(text);
    heardMark(state.faults, text, state.phase === "running" ? "ready" : "boot");
  };
  if (options.keepTrace) system.hardware.storeTrace((words) => void state.trace.push(new Uint8Array(words.buffer, words.byteOffset, words.length * 4).slice()));
  armFaults(state.faults, "boot");
  spawn(system.scheduler, "boot", bootTask(system.kernel, state));
  return {
    run: (shouldPause) => runSlice(state, shouldPause),
    get progress(): RunProgress {
      return { virtualTimeNs: system.hardware.now, steps: state.steps };
    },
    result: () => {
      if (state.phase !== "done") throw new Error("the run is not done: call run() until it says so");
      return (state.result ??= makeResult(state));
    },
    takeTrace: () => {
      system.hardware.drainTrace();
      return state.trace.splice(0);
    },
  };
}

function runSlice(state: State, shouldPause: () => boolean): "paused" | "done" {
  while (state.phase !== "done") {
    oneStep(state);
    if (state.phase !== ("done" as Phase) && shouldPause()) return "paused";
  }
  return "done";
}

function oneStep(state: State): void {
  const { system } = state;
  state.steps++;
  if (state.phase === "steps" && !state.areStepsStarted) {
    state.areStepsStarted = true;
    spawn(system.scheduler, "steps", stepsTask(system.kernel, state));
  }
  try {
    const settled = state.quietSince < 0 ? state.deadline : Math.min(state.deadline, state.quietSince + settleTime);
    const result = step(system, settled);
    if (result.kind === "ended") finish(state, result.end);
    else if (result.kind === "horizon" && settled === state.deadline) reachHorizon(state);
  } catch (thrown) {
    if (!(thrown instanceof StepFailure || thrown instanceof UnresolvedReferenceError)) throw thrown;
    state.failure = thrown.message;
    finish(state, null);
  }
  if (state.lostRegions === null && (state.phase === "steps" || state.phase === "running")) judgeHost(state);
  if (state.phase === "done") return;
  if (state.steps >= state.plan.limits.steps) {
    state.limit = `${state.plan.limits.steps} steps (limits.steps)`;
    finish(state, null);
  } else if (state.phase === "running" && isSettled(state)) finish(state, null);
}

/** Once boot is done and probing at rest: did the host keep what firmware configured (S9)? It may be taken out of service at once. */
function judgeHost(state: State): void {
  if (!isProbingAtRest(state.system.kernel)) return;
  state.lostRegions = lostFirmwareRegions(state.system, state.plan.firmware.regions).length;
  if (verdictOf(state) !== null && state.plan.policies.ops === "decommission") finish(state, null);
}

const verdictOf = (state: State): Verdict | null => ((state.lostRegions ?? 0) > 0 ? "needs-remediation" : null);

/** A run does not end while it is still to be decided who owns Soft Reserved: its time counts on from the horizon. */
function reachHorizon(state: State): void {
  if (state.phase === "running" && isDecisionPending(state.system.kernel)) {
    state.deadline += state.plan.limits.time;
    return;
  }
  if (state.phase !== "running") state.limit = `boot and steps took more than ${setUpTime / 1e9} s of virtual time`;
  finish(state, null);
}

/** Nothing but workloads is left, and that for a while. */
function isSettled(state: State): boolean {
  const { hardware } = state.system;
  const isWaiting = isBusy(state.system) || !allFired(state.faults);
  if (isWaiting) state.quietSince = -1;
  else if (state.quietSince < 0) state.quietSince = hardware.now;
  return !isWaiting && hardware.now - state.quietSince >= settleTime;
}

function finish(state: State, end: End | null): void {
  state.end = end;
  if (end?.kind === "limit") state.limit = `out of ${end.what} (machine.limits)`;
  state.phase = "done";
}

function metricsOf(state: State): Metrics {
  const counts = state.workloads.metrics();
  const memory = memoryFacts(state.system);
  const isGone = state.end?.kind === "panic" || state.end?.kind === "host";
  const served = isGone ? 0n : memory.bytesServed;
  return { machineChecks: counts.machineChecks, droppedWrites: counts.droppedWrites, killed: counts.killed, survived: counts.survived, bytesLost: String(memory.bytesLost), bytesServed: String(served) };
}

function statusOf(state: State, expectations: readonly ExpectationResult[], isInvalid: boolean): { readonly status: Status; readonly reason: string | null } {
  if (state.failure !== null) return { status: "fail", reason: state.failure };
  if (state.limit !== null) return { status: "limit", reason: state.limit };
  if (isInvalid) return { status: "invalid", reason: "a fault did not fire, so the run proves nothing" };
  const isEnded = verdictOf(state) !== null && state.plan.policies.ops === "decommission";
  return { status: expectations.every((one) => one.pass) ? "pass" : "fail", reason: isEnded ? "the host needs remediation and is taken out of service (ops: decommission)" : null };
}

function makeResult(state: State): ScenarioResult {
  const { kernel, hardware } = state.system;
  if (state.end === null && state.failure === null) checkTasks(kernel.tasks);
  const memory = memoryFacts(state.system);
  const metrics = metricsOf(state);
  const isDisturbed = metrics.machineChecks > 0 || metrics.droppedWrites > 0 || metrics.killed > 0 || memory.recoveries > 0;
  const outcome = outcomeOf({ panicked: kernel.panic !== null, hostState: hardware.hostState, rebootChosen: memory.rebootChosen, recoveryBlocked: memory.recoveryBlocked, bytesStranded: memory.bytesStranded, bytesAtReady: state.bytesAtReady, bytesServed: BigInt(metrics.bytesServed), serviceWasDisturbed: isDisturbed });
  const faults = faultResults(state.faults);
  const verdict = verdictOf(state);
  const warnings = state.plan.policies.interleave === "contained" ? spanWarnings(state.system) : [];
  const facts: RunFacts = { ...momentFacts(state.system, state.files, metrics), outcome, verdict, warnings };
  const atEnd = state.plan.expectations.map((expectation) => judge(expectation, facts));
  const expectations = [...state.stepRun.results, ...atEnd];
  const { status, reason } = statusOf(state, expectations, !allFired(state.faults));
  for (const fault of faults) traceText(kernel.trace, "result", resultKinds.fault, fault.id, fault.fired ? "fired" : "not fired", fault.count);
  traceText(kernel.trace, "result", resultKinds.outcome, outcome, status);
  for (const [name, value] of Object.entries(metrics)) traceText(kernel.trace, "result", resultKinds.metric, name, String(value));
  for (const one of atEnd) traceExpectation(kernel.trace, one);
  const digests = Object.fromEntries(traceLayers.map((layer) => [layer, hardware.digest(layer)])) as Record<TraceLayer, string>;
  const all = hashText(traceLayers.map((layer) => digests[layer]).join(":"));
  const hex = (word: number): string => word.toString(16).padStart(8, "0");
  return {
    file: state.plan.file, name: state.plan.name, seed: state.options.seed, schedule: state.options.schedule, policies: state.plan.policies, status, reason, verdict, warnings, outcome,
    virtualTimeNs: hardware.now, traceDigest: hex(all.high) + hex(all.low), digests, commands: state.stepRun.commands, faults, expectations, metrics,
    reproduce: `cxl-sandbox run ${state.plan.file} --seed ${state.options.seed} --schedule ${state.options.schedule}`,
  };
}

