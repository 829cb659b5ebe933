// One run of one scenario: boot, steps, ready, workloads and faults, the end, the judgement. Sliced by the caller; slices never show.

import { checkTasks, hasReady, nextWakeTime, spawn, task } from "../sim/task.ts";
import type { Task } from "../sim/task.ts";
import { hashText } from "../sim/hash.ts";
import { resultKinds, traceLayers, traceText } from "../sim/trace.ts";
import type { TraceLayer } from "../sim/trace.ts";
import { boot, kernelHandlers, onNotify } from "../kernel/boot.ts";
import { nextTimer } from "../kernel/base/kernel.ts";
import type { Kernel } from "../kernel/base/kernel.ts";
import type { KernelPolicies } from "../kernel/policy.ts";
import { createFileSystem } from "../kernel/sysfs/file-system.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import { runCommand } from "../userland/run.ts";
import { addKernelReader, addPin, addVm, createWorkloads } from "../workload/workloads.ts";
import type { Workloads } from "../workload/workloads.ts";
import type { CountingMode } from "../workload/state.ts";
import { SystemError } from "../kernel/base/errno.ts";
import { judge, fieldValue } from "../scenario/expect.ts";
import { outcomeOf } from "../scenario/outcome.ts";
import type { ScenarioPlan, WorkloadFile } from "../scenario/plan.ts";
import { findField } from "../scenario/plan.ts";
import type { ExpectationResult, Metrics, ScenarioResult, Status } from "../scenario/result.ts";
import type { RunProgress, ScenarioRun } from "./contract.ts";
import { allFired, armFaults, createFaults, faultResults, heardMark } from "./faults.ts";
import type { FaultTable } from "./faults.ts";
import { kernelPolicies } from "./policies.ts";
import { UnresolvedReferenceError, resolveReferences } from "./references.ts";
import { memoryFacts } from "./facts.ts";
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

/** A step or workload that could not be carried out: the scenario fails with this reason. */
class StepFailure extends Error {}

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
}

const bootTask = task("sandbox.boot", function* (kernel: Kernel, state: State): Task<void> {
  yield* boot(kernel, state.plan.modules);
  state.phase = "steps";
});

const stepsTask = task("sandbox.steps", function* (kernel: Kernel, state: State): Task<void> {
  for (const [index, one] of state.plan.steps.entries()) {
    if ("advance" in one) {
      yield { kind: "sleep", nanoseconds: one.advance };
      continue;
    }
    const text = resolveReferences(state.plan.machine, state.files, one.run);
    const done = yield* runCommand(kernel, state.files, text);
    traceText(kernel.trace, "result", resultKinds.step, text, done.stdout + done.stderr, done.exitCode);
    const wanted = one.exit ?? 0;
    if (done.exitCode !== wanted) throw new StepFailure(`step ${index + 1} "${text}" ended ${done.exitCode}, not ${wanted}: ${(done.stderr || done.stdout).trim().split("\n").at(-1) ?? ""}`);
  }
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
  const state: State = {
    plan, options, system, workloads, faults: createFaults(plan, system.hardware), files: createFileSystem(system.kernel), trace: [],
    phase: "boot", steps: 0, failure: null, limit: null, end: null, deadline: setUpTime, quietSince: -1, bytesAtReady: 0n, result: null, areStepsStarted: false,
  };
  system.kernel.trace.onText = (layer, _kind, text) => {
    if (layer !== "result") heardMark(state.faults, text, state.phase === "running" ? "ready" : "boot");
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
  if (state.phase === "done") return;
  if (state.steps >= state.plan.limits.steps) {
    state.limit = `${state.plan.limits.steps} steps (limits.steps)`;
    finish(state, null);
  } else if (state.phase === "running" && isSettled(state)) finish(state, null);
}

function reachHorizon(state: State): void {
  if (state.phase !== "running") state.limit = `boot and steps took more than ${setUpTime / 1e9} s of virtual time`;
  finish(state, null);
}

/** Nothing but workloads is left, and that for a while. */
function isSettled(state: State): boolean {
  const { hardware, scheduler, kernel, platform } = state.system;
  const isBusy = hasReady(scheduler) || nextWakeTime(scheduler) >= 0 || nextTimer(kernel) >= 0 || hardware.nextEvent >= 0 || platform.interrupts.pending || !allFired(state.faults);
  if (isBusy) state.quietSince = -1;
  else if (state.quietSince < 0) state.quietSince = hardware.now;
  return !isBusy && hardware.now - state.quietSince >= settleTime;
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

function judgeAll(state: State, outcome: ScenarioResult["outcome"], metrics: Metrics): ExpectationResult[] {
  const { kernel, hardware } = state.system;
  const readFile = (path: string): string => {
    try {
      return state.files.read(path);
    } catch (thrown) {
      if (thrown instanceof SystemError) return thrown.errno;
      throw thrown;
    }
  };
  const peek = (of: string, path: string): number => {
    const place = findField(state.plan.machine, of, path);
    if (typeof place === "string") return -1;
    const entity = hardware.entities.bridges.get(of) ?? hardware.entities.ports.get(of) ?? hardware.entities.devices.get(of);
    const peeks = { config: hardware.peekConfig, component: hardware.peekComponent, device: hardware.peekDevice };
    const dword = peeks[place.space].call(hardware, entity?.id ?? 0, place.offset);
    return fieldValue(place, dword);
  };
  return state.plan.expectations.map((expectation) => judge(expectation, { outcome, metrics, log: kernel.log.map((line) => line.text), readFile, peek }));
}

function statusOf(state: State, expectations: readonly ExpectationResult[], isInvalid: boolean): { readonly status: Status; readonly reason: string | null } {
  if (state.failure !== null) return { status: "fail", reason: state.failure };
  if (state.limit !== null) return { status: "limit", reason: state.limit };
  if (isInvalid) return { status: "invalid", reason: "a fault did not fire, so the run proves nothing" };
  return expectations.every((one) => one.pass) ? { status: "pass", reason: null } : { status: "fail", reason: null };
}

function makeResult(state: State): ScenarioResult {
  const { kernel, hardware } = state.system;
  if (state.end === null && state.failure === null) checkTasks(kernel.tasks);
  const memory = memoryFacts(state.system);
  const metrics = metricsOf(state);
  const isDisturbed = metrics.machineChecks > 0 || metrics.droppedWrites > 0 || metrics.killed > 0 || memory.recoveries > 0;
  const outcome = outcomeOf({ panicked: kernel.panic !== null, hostState: hardware.hostState, rebootChosen: memory.rebootChosen, recoveryBlocked: memory.recoveryBlocked, bytesStranded: memory.bytesStranded, bytesAtReady: state.bytesAtReady, bytesServed: BigInt(metrics.bytesServed), serviceWasDisturbed: isDisturbed });
  const faults = faultResults(state.faults);
  const expectations = judgeAll(state, outcome, metrics);
  const { status, reason } = statusOf(state, expectations, !allFired(state.faults));
  for (const fault of faults) traceText(kernel.trace, "result", resultKinds.fault, fault.id, fault.fired ? "fired" : "not fired", fault.count);
  traceText(kernel.trace, "result", resultKinds.outcome, outcome, status);
  for (const [name, value] of Object.entries(metrics)) traceText(kernel.trace, "result", resultKinds.metric, name, String(value));
  for (const one of expectations) traceText(kernel.trace, "result", resultKinds.expectation, one.text, `${one.pass ? "holds" : "does not hold"}: ${one.actual}`);
  const digests = Object.fromEntries(traceLayers.map((layer) => [layer, hardware.digest(layer)])) as Record<TraceLayer, string>;
  const all = hashText(traceLayers.map((layer) => digests[layer]).join(":"));
  const hex = (word: number): string => word.toString(16).padStart(8, "0");
  return {
    file: state.plan.file, name: state.plan.name, seed: state.options.seed, schedule: state.options.schedule, policies: state.plan.policies, status, reason, verdict: null, outcome,
    virtualTimeNs: hardware.now, traceDigest: hex(all.high) + hex(all.low), digests, faults, expectations, metrics,
    reproduce: `cxl-sandbox run ${state.plan.file} --seed ${state.options.seed} --schedule ${state.options.schedule}`,
  };
}

