// The workloads a scenario can start, and what the sandbox's loop drives (S75, S82, S86).

import type { Kernel } from "../kernel/base/kernel.ts";
import { checksTaken } from "../kernel/mce/check-log.ts";
import { isAlive } from "../kernel/mm/process.ts";
import type { Process } from "../kernel/mm/process.ts";
import { createWorkloadState, nextIssue, run } from "./engine.ts";
import { createWorkload, isReturning, outcomeOf } from "./life.ts";
import type { KernelReaderSpec, PinSpec, VmSpec, WorkloadSpec } from "./specs.ts";
import { startLife } from "./start.ts";
import type { CountingMode, HeldPin, Workload, WorkloadMetrics, WorkloadOutcome, WorkloadState } from "./state.ts";

export interface Workloads {
  readonly state: WorkloadState;
  nextIssue(): number;
  run(horizon: number): void;
  metrics(): WorkloadMetrics;
  /** One for each workload, in order of their start. */
  outcomes(): readonly WorkloadOutcome[];
  /** Somebody who was killed is about to be in service again. */
  isReturning(): boolean;
}

/** Processes that signals ended, those of lives that began anew among them, and workloads whose process lives on as it was. */
function metricsOf(state: WorkloadState): WorkloadMetrics {
  const withProcess = state.workloads.filter(({ process }) => process !== null);
  const isDead = ({ process, downSince }: Workload): boolean => process !== null && downSince === null && !isAlive(process);
  const killed = withProcess.reduce((sum, workload) => sum + workload.deaths + (isDead(workload) ? 1 : 0), 0);
  const survived = withProcess.filter((workload) => workload.deaths === 0 && !isDead(workload)).length;
  return { ...state.counts, machineChecks: checksTaken(state.kernel), killed, survived };
}

export function createWorkloads(kernel: Kernel, mode: CountingMode = "aggregated"): Workloads {
  const state = createWorkloadState(kernel, mode);
  return {
    state,
    nextIssue: () => nextIssue(state),
    run: (horizon) => run(state, horizon),
    metrics: () => metricsOf(state),
    outcomes: () => state.workloads.map((workload) => outcomeOf(workload, kernel.platform.clock.now)),
    isReturning: () => isReturning(state),
  };
}

/** Starts a workload. @throws SystemError ENODEV, ENXIO, EINVAL, EFAULT, ENOMEM, ENOENT; nothing is started then */
export function addWorkload({ state }: Workloads, spec: WorkloadSpec): Workload {
  const workload = createWorkload(spec);
  state.workloads.push(workload);
  try {
    startLife(state, workload);
  } catch (thrown) {
    state.workloads.pop();
    throw thrown;
  }
  return workload;
}

/** A virtual machine whose memory is all of a dax device. @throws SystemError ENODEV, ENXIO, EINVAL */
export function addVm(workloads: Workloads, spec: VmSpec): Process {
  const { process } = addWorkload(workloads, { kind: "vm", ...spec });
  if (process === null) throw new RangeError("a virtual machine has a process");
  return process;
}

/** A kernel thread that reads a range through the direct map; stands for memory online as System RAM (S75, S79). */
export const addKernelReader = (workloads: Workloads, spec: KernelReaderSpec): void => void addWorkload(workloads, { kind: "kernelReader", ...spec });

/** Pins all pages of a dax device, as a file or as System RAM, until a time or for ever (S82). @throws SystemError ENODEV, EFAULT */
export const addPin = (workloads: Workloads, spec: PinSpec): HeldPin | null => addWorkload(workloads, { kind: "pin", ...spec }).pin;
