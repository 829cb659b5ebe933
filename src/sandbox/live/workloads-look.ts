// What became of each workload by the position: how it lives, what it has done and met, and of what it died.

import type { Kernel } from "../../kernel/base/kernel.ts";
import { processesNamed } from "../../kernel/mm/process.ts";
import type { Death } from "../../kernel/mm/process.ts";
import type { Workload, WorkloadOutcome } from "../../workload/state.ts";
import type { WorkloadSpec } from "../../workload/specs.ts";
import type { OpenRun } from "../contract.ts";
import { hex } from "../forensics/scene.ts";
import type { LiveRun } from "./contract.ts";

/** What ended a life. */
export interface DeathLine {
  /** Virtual ns since power-on. */
  readonly atNs: number;
  readonly pid: number;
  readonly signal: Death["signal"];
  readonly code: Death["code"];
  /** Physical address that was met, hexadecimal; "": the signal has none. */
  readonly address: string;
  /** Offset inside the mapped file, hexadecimal; "": none. */
  readonly offset: string;
}

/** `in service`; `dead`: nobody starts it again; `returns`: it is to be in service at a known time; `waits`: its memory is not there; `ends with the host`: the host is gone. */
export type WorkloadState = "in service" | "dead" | "returns" | "waits" | "ends with the host";

export interface WorkloadLine extends WorkloadOutcome {
  readonly state: WorkloadState;
  /** Process of this life, as `name:pid`; "": it has none. */
  readonly process: string;
  /** What it lives on: `dax0.0`, `anonymous memory`, ... */
  readonly memory: string;
  /** Machine: accesses that its threads have made, all lives. */
  readonly accesses: number;
  readonly machineChecks: number;
  /** It met an error, or its writes were dropped. */
  readonly hasLost: boolean;
  readonly deaths: readonly DeathLine[];
  /** Virtual ns at which it is in service again; null: not known, or it is. */
  readonly upAtNs: number | null;
  /** Virtual ns of the last access that it made; null: none yet, or it makes none. */
  readonly lastTouchNs: number | null;
  /** It holds its pages for long. */
  readonly isPinned: boolean;
}

export interface WorkloadsLook {
  readonly workloads: readonly WorkloadLine[];
  /** Machine checks that the host took, those of nobody's among them. */
  readonly machineChecks: number;
  readonly droppedWrites: number;
  /** Loads answered with all ones. */
  readonly onesReads: number;
}

function deathsOf(kernel: Kernel, { spec, process }: Workload): DeathLine[] {
  if (process === null) return [];
  return processesNamed(kernel, spec.name).flatMap(({ pid, death }) => (death === null ? [] : [{
    atNs: death.at, pid, signal: death.signal, code: death.code, address: death.address === undefined ? "" : hex(death.address), offset: death.offset < 0n ? "" : hex(death.offset),
  }]));
}

function memoryOf(spec: WorkloadSpec): string {
  if ("device" in spec) return spec.device;
  if (spec.kind === "assignedDevice") return `memory of ${spec.vm}`;
  if (spec.kind === "kernelReader") return `${hex(spec.start)}-${hex(spec.start + spec.size - 1n)}`;
  if (spec.kind === "kernelUser") return `the kernel's ${spec.pages} pages`;
  return spec.kind === "pageCache" ? "page cache" : "anonymous memory";
}

function stateOf({ system }: OpenRun, { process, downSince, upAt, spec, streams, pin }: Workload): WorkloadState {
  const isDown = downSince !== null || (process !== null && process.death !== null);
  if (isDown) return upAt !== null ? "returns" : "restart" in spec && spec.restart !== undefined ? "waits" : "dead";
  if (system.kernel.panic !== null || system.hardware.hostState !== "running") return "ends with the host";
  const isAlone = spec.kind === "pin" || spec.kind === "assignedDevice";
  return isAlone && pin === null && streams.length === 0 ? "dead" : "in service";
}

/** Its threads go on at their pace: the access before the next one was a period ago. */
function lastTouch(now: number, { streams }: Workload): number | null {
  const times = streams.filter(({ index }) => index > 0).map(({ nextAt, plan }) => Math.min(now, nextAt - plan.period));
  return times.length === 0 ? null : Math.max(...times);
}

function lineOf(run: OpenRun, workload: Workload, outcome: WorkloadOutcome): WorkloadLine {
  const { spec, process, streams, accesses, checks, hasLost, upAt, pin } = workload;
  const { kernel } = run.system;
  return {
    ...outcome, state: stateOf(run, workload), process: process === null ? "" : `${process.name}:${process.pid}`, memory: memoryOf(spec),
    accesses: streams.reduce((sum, { index }) => sum + index, accesses), machineChecks: checks, hasLost, deaths: deathsOf(kernel, workload), upAtNs: upAt,
    lastTouchNs: lastTouch(run.system.hardware.now, workload), isPinned: pin !== null,
  };
}

/** The question has nothing to ask. */
export type WorkloadsQuestion = Readonly<Record<string, never>>;

export function workloadsLook({ run }: LiveRun, _question: WorkloadsQuestion): WorkloadsLook {
  const { state } = run.workloads;
  const outcomes = run.workloads.outcomes();
  const { machineChecks, droppedWrites, onesReads } = run.workloads.metrics();
  return { workloads: state.workloads.flatMap((workload, index) => { const outcome = outcomes[index]; return outcome === undefined ? [] : [lineOf(run, workload, outcome)]; }), machineChecks, droppedWrites, onesReads };
}
