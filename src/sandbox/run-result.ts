// What a run came to: its metrics, status and result, from the state that it left.

import { checkTasks, hasReady } from "../sim/task.ts";
import { hashText } from "../sim/hash.ts";
import { resultKinds, traceLayers, traceText } from "../sim/trace.ts";
import type { TraceLayer } from "../sim/trace.ts";
import type { RebootResult } from "../scenario/verdict/report.ts";
import type { TraceConsumer } from "../hardware/machine.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Workloads } from "../workload/workloads.ts";
import type { CountingMode } from "../workload/state.ts";
import { judge } from "../scenario/expectations/judge.ts";
import type { RunFacts } from "../scenario/expectations/judge.ts";
import { outcomeOf } from "../scenario/outcome.ts";
import type { ScenarioPlan } from "../scenario/plan.ts";
import type { DriverFailure, ExpectationResult, Metrics, ScenarioResult, Status, Verdict } from "../scenario/result.ts";
import { repeatCommand } from "../scenario/shell-word.ts";
import type { TraceOrigin } from "../scenario/trace/file.ts";
import type { DriverModule } from "../platform/driver.ts";
import { defectWords } from "./defects.ts";
import type { DriverParameters } from "./drivers.ts";
import { crashDumpOf } from "./crash-dump.ts";
import { faultsOf } from "./fault-evidence.ts";
import { allFired } from "./faults.ts";
import type { FaultTable, Said } from "./faults.ts";
import { memoryFacts, spanWarnings } from "./facts.ts";
import { momentFacts } from "./questions.ts";
import type { RunWatch } from "./run-watch.ts";
import type { StepRun } from "./steps.ts";
import { placed, traceExpectation } from "./steps.ts";
import type { End, Host, System } from "./system.ts";

/** What a run depends on beside its scenario. */
export interface RunOptions {
  readonly seed: number;
  readonly schedule: "fixed" | "seeded";
  readonly keepTrace: boolean;
  /** Who takes the records from the first one on, in place of the run itself; then `keepTrace` does not count. */
  readonly recordsTo?: TraceConsumer;
  readonly counting?: CountingMode;
  /** The machine, made of the plan's description and firmware; absent: it is made. */
  readonly host?: Host;
  /** The run goes on after ready until the system ends or finish() is called: someone sits in front of it. */
  readonly isHeld?: boolean;
  /** The same from the end of this step on: until then it goes as one that is not held. */
  readonly heldFrom?: number;
  /** A step or workload that cannot be carried out, or ends otherwise than the file says, is noted in `refused` and the run goes on. */
  readonly isLenient?: boolean;
  /** Driver plug-ins, before the built-in ones; of two for one capability the first has it. */
  readonly drivers?: readonly DriverModule[];
  /** What a driver finds as `parameters`, by the driver's name. */
  readonly driverParameters?: DriverParameters;
  /** Bugs that the built-in recovery driver is given, by name (docs/defects.md). */
  readonly defects?: readonly string[];
  /** Choices of a recorded schedule, in place of those that `schedule` makes; a reboot at the end goes by `schedule` all the same. */
  readonly choices?: readonly number[];
  /** File that these come from. */
  readonly scheduleFile?: string;
  /** What the trace's header says beside the plan; absent: the run gives no trace file. */
  readonly origin?: TraceOrigin;
}

type Phase = "boot" | "steps" | "running" | "done";

/** A run under way. */
export interface RunState {
  readonly plan: ScenarioPlan;
  readonly options: RunOptions;
  readonly system: System;
  readonly faults: FaultTable;
  readonly watch: RunWatch;
  readonly files: FileSystem;
  readonly workloads: Workloads;
  readonly trace: Uint8Array[];
  phase: Phase;
  steps: number;
  /** From the end of this step on the run is held. */
  heldFrom: number;
  failure: string | null;
  /** Why a recorded schedule is none of this run. */
  misfit: string | null;
  /** A driver that did what ends the run. */
  driverFailure: DriverFailure | null;
  limit: string | null;
  end: End | null;
  /** Virtual time of ready, -1 before it. */
  readyAt: number;
  deadline: number;
  quietSince: number;
  bytesAtReady: bigint;
  result: ScenarioResult | null;
  areStepsStarted: boolean;
  readonly stepRun: StepRun;
  /** Who hears log lines and marks as they are written, whole texts. */
  readonly listeners: Set<(text: string, said: Said) => void>;
  readonly stepListeners: Set<(step: string, names: readonly string[]) => void>;
  /** Null until boot is done and device probing at rest. */
  lostRegions: number | null;
}

/** What picks the tasks of a run. */
export const scheduleOf = ({ schedule, choices }: RunOptions): ScenarioResult["schedule"] => (choices === undefined ? schedule : "recorded");

export const verdictOf = (state: RunState): Verdict | null => ((state.lostRegions ?? 0) > 0 ? "needs-remediation" : null);

export function metricsOf(state: RunState): Metrics {
  const counts = state.workloads.metrics();
  const memory = memoryFacts(state.system);
  const isGone = state.end?.kind === "panic" || state.end?.kind === "host";
  const served = isGone ? 0n : memory.bytesServed;
  return { machineChecks: counts.machineChecks, droppedWrites: counts.droppedWrites, killed: counts.killed, survived: counts.survived, bytesLost: String(memory.bytesLost), bytesServed: String(served) };
}

function statusOf(state: RunState, expectations: readonly ExpectationResult[], isInvalid: boolean): { readonly status: Status; readonly reason: string | null } {
  if (state.driverFailure !== null) return { status: "driver", reason: state.failure };
  if (state.misfit !== null) return { status: "invalid", reason: state.misfit };
  if (state.failure !== null) return { status: "fail", reason: state.failure };
  if (state.limit !== null) return { status: "limit", reason: state.limit };
  if (isInvalid) return { status: "invalid", reason: "a fault did not fire, so the run proves nothing" };
  const isEnded = verdictOf(state) !== null && state.plan.policies.ops === "decommission";
  return { status: expectations.every((one) => one.pass) ? "pass" : "fail", reason: isEnded ? "the host needs remediation and is taken out of service (ops: decommission)" : null };
}

/** The judgement of a run that is done. `reboot`: what the scenario's reboot at its end shows. */
export function makeResult(state: RunState, reboot: RebootResult | null): ScenarioResult {
  const { kernel, hardware } = state.system;
  // A run that a limit ended may have tasks that had no turn yet.
  if (state.end === null && state.failure === null && state.misfit === null && !hasReady(state.system.scheduler)) checkTasks(kernel.tasks);
  const memory = memoryFacts(state.system);
  const metrics = metricsOf(state);
  const isDisturbed = metrics.machineChecks > 0 || metrics.droppedWrites > 0 || metrics.killed > 0 || memory.recoveries > 0;
  const outcome = outcomeOf({ panicked: kernel.panic !== null, hostState: hardware.hostState, rebootChosen: memory.rebootChosen, recoveryBlocked: memory.recoveryBlocked, bytesStranded: memory.bytesStranded, bytesAtReady: state.bytesAtReady, bytesServed: BigInt(metrics.bytesServed), systemRamLost: memory.systemRamLost, serviceWasDisturbed: isDisturbed });
  const faults = faultsOf(state);
  const verdict = verdictOf(state);
  const warnings = state.plan.policies.interleave === "contained" ? spanWarnings(state.system) : [];
  const workloads = state.workloads.outcomes();
  const facts: RunFacts = { ...momentFacts(state, metrics), outcome, verdict, warnings, crashDump: crashDumpOf(state.system), workloads };
  const atEnd = state.plan.expectations.map((expectation, index) => placed(judge(expectation, facts), state.plan.places.expectations[index]));
  const expectations = [...state.stepRun.results, ...atEnd, ...(reboot?.expectations ?? [])];
  const { status, reason } = statusOf(state, expectations, !allFired(state.faults));
  for (const fault of faults) traceText(kernel.trace, "result", resultKinds.fault, fault.id, fault.fired ? "fired" : "not fired", fault.count);
  traceText(kernel.trace, "result", resultKinds.outcome, outcome, status);
  for (const [name, value] of Object.entries(metrics)) traceText(kernel.trace, "result", resultKinds.metric, name, String(value));
  for (const one of atEnd) traceExpectation(kernel.trace, one);
  const digests = Object.fromEntries(traceLayers.map((layer) => [layer, hardware.digest(layer)])) as Record<TraceLayer, string>;
  const all = hashText(traceLayers.map((layer) => digests[layer]).join(":"));
  const hex = (word: number): string => word.toString(16).padStart(8, "0");
  return {
    file: state.plan.file, name: state.plan.name, seed: state.options.seed, schedule: scheduleOf(state.options), policies: state.plan.policies, status, reason, verdict, warnings, outcome,
    ...(reboot === null ? {} : { reboot }),
    ...(facts.crashDump === null ? {} : { crashDump: facts.crashDump }),
    ...(state.driverFailure === null ? {} : { driver: state.driverFailure }), virtualTimeNs: hardware.now, traceDigest: hex(all.high) + hex(all.low), digests, commands: state.stepRun.commands, faults, expectations, metrics, workloads,
    reproduce: repeatCommand(state.plan.file, state.options.seed, state.options.scheduleFile ?? state.options.schedule, defectWords(state.options.defects ?? [])),
  };
}
