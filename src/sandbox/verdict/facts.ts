// The two sides of a verdict for one seed: the scenario with its recovery, run to its end; and the same up to the moment of the fault, then rebooted at once.
// Where the first one ends in a reboot, or may, that reboot is done too: on the hardware as it was left.

import type { PageKind, PageRun } from "../../kernel/mm/page-types.ts";
import { runsIn } from "../../kernel/mm/pages.ts";
import { recoveries } from "../../kernel/isolation/state.ts";
import type { Outcome } from "../../scenario/schema.ts";
import type { ScenarioPlan } from "../../scenario/plan.ts";
import { planScenario } from "../../scenario/plan.ts";
import type { WorkloadOutcome } from "../../workload/state.ts";
import { processKinds } from "../../scenario/workloads.ts";
import type { ArmFacts, RebootFacts, SeedFacts, UnfitSeed, WorkloadFacts } from "../../scenario/verdict/report.ts";
import type { MachineDescription } from "../../platform/description.ts";
import { isSwitch, portsBelow } from "../../platform/description.ts";
import type { OpenRun } from "../contract.ts";
import { memoryFacts } from "../facts.ts";
import { faultResults } from "../faults.ts";
import type { Said } from "../faults.ts";
import { kernelKinds, logKinds } from "../../sim/trace.ts";
import { rebootRun } from "../reboot.ts";
import { firmwareOf, openRun } from "../run.ts";
import type { Sliced } from "../score/drive.ts";
import { servedBytes } from "../score/repair.ts";

/** What one seed of a verdict is computed from: plain data, so that a worker can have it. */
export interface VerdictInput {
  readonly file: string;
  /** The file's text under the combination. */
  readonly text: string;
  readonly seed: number;
  readonly schedule: "fixed" | "seeded";
}

/** Scheduler steps in a slice: a few milliseconds. */
const slice = 2000;
/** Outcomes after which a host is rebooted, or may be. */
const rebooting: readonly Outcome[] = ["panic", "reset", "hang", "rebooted", "wedged", "stranded"];

function* drive(run: OpenRun, isOver: () => boolean): Sliced<void> {
  let steps = 0;
  while (run.goOn(Number.MAX_SAFE_INTEGER, () => isOver() || ++steps % slice === 0) !== "done" && !isOver()) yield;
  yield;
}

/** Time of the first fault that fired from ready on (those of steps and boot belong to the machine as it is). */
function firstFault(run: OpenRun): number | null {
  const times = faultResults(run.faults).flatMap(({ firstAtNs }) => (firstAtNs === null ? [] : [firstAtNs]));
  const after = times.filter((at) => run.readyAt >= 0 && at >= run.readyAt);
  return after.length === 0 ? null : Math.min(...after);
}

/** Host memory and that of the cards that are plugged in. */
function bytesTrained(machine: MachineDescription): bigint {
  const cards = machine.hostBridges.flatMap(({ rootPorts }) => portsBelow(rootPorts)).filter(({ present }) => present).flatMap(({ slots }) => slots.slice(0, 1));
  return [...machine.ram.map(({ size }) => size), ...cards.map((card) => (isSwitch(card) ? 0n : card.volatileCapacity + (card.persistentCapacity ?? 0n)))].reduce((sum, size) => sum + size, 0n);
}

/** Pages whose contents are nowhere else. */
const onlyCopies: readonly PageKind[] = ["anon", "file-dirty", "shmem", "swap-dirty", "hugetlb"];

/** Those that go with their process. */
const ownPages: readonly PageKind[] = ["anon", "swap-dirty", "hugetlb"];

/** Pages of processes in host memory whose contents a reboot loses. */
function pagesInDram({ plan, system }: OpenRun): PageRun[] {
  const runs = plan.machine.ram.flatMap(({ base, size }) => runsIn(system.kernel, base, size));
  return runs.filter(({ pid, kind }) => pid !== 0 && onlyCopies.includes(kind));
}

const bytesOf = (runs: readonly { readonly size: bigint }[]): bigint => runs.reduce((sum, { size }) => sum + size, 0n);

/** When a recovery that had regions to bring back ended; null: none did, or one goes on. */
function recoveryEnd({ system }: OpenRun): number | null {
  const all = recoveries(system.kernel);
  return all.length === 0 || all.some(({ endedAt }) => endedAt < 0) ? null : Math.max(...all.map(({ endedAt }) => endedAt));
}

/** Kinds that live on a dax device of their own; others find other memory when theirs is gone. */
const onDevices: readonly WorkloadOutcome["kind"][] = ["vm", "rdma"];

/** Workloads with a process, in order of their start. Those that were killed come back in that order while there is memory that nobody holds who lives or has come back. */
function workloadFacts(run: OpenRun, isStopped: boolean): WorkloadFacts[] {
  const all = run.workloads.outcomes().filter(({ kind }) => processKinds.includes(kind));
  const end = isStopped ? null : recoveryEnd(run);
  const held = all.filter(({ kind, killed, backAtNs }) => (!killed || backAtNs !== null) && onDevices.includes(kind)).reduce((sum, { bytes }) => sum + BigInt(bytes), 0n);
  let left = isStopped ? 0n : memoryFacts(run.system).bytesServed - held;
  const memoryAt = ({ kind, bytes, killedAtNs, backAtNs, restartNs }: WorkloadOutcome): number | null => {
    if (killedAtNs === null || isStopped) return null;
    if (backAtNs !== null) return backAtNs - (restartNs ?? 0);
    if (!onDevices.includes(kind)) return killedAtNs;
    if (end === null || BigInt(bytes) > left) return null;
    left -= BigInt(bytes);
    return Math.max(end, killedAtNs);
  };
  return all.map((one) => ({ name: one.name, kind: one.kind, bytes: one.bytes, killedAtNs: one.killedAtNs, downtimeNs: one.downtimeNs, backAtNs: one.backAtNs, memoryAtNs: memoryAt(one), restartNs: one.restartNs }));
}

function rebootFacts(run: OpenRun, heard: readonly Said[]): RebootFacts {
  const { verdict } = run.plan;
  const { found, run: again } = rebootRun(run, { kind: verdict.reboot, clearsIsolation: verdict.firmwareClearsIsolation, firmwareTime: verdict.firmwareTime, firmware: firmwareOf(run.plan), heard, run: { seed: 1, schedule: "fixed", keepTrace: false } }, openRun);
  const log = again.system.kernel.log.filter(({ text }) => /isolat/i.test(text)).map(({ text }) => text);
  const isUp = again.system.kernel.panic === null && again.system.hardware.hostState === "running";
  return { found, bytesServed: String(isUp ? servedBytes(again.system) : 0n), log };
}

/** What the faults waited for that came to pass in a run: the hardware of the other side has the same fate. */
const heardIn = ({ plan, faults }: OpenRun): Said[] => faultResults(faults).flatMap(({ fired }, index) => {
  const cause = plan.faults[index]?.trigger.cause;
  return fired && cause?.kind === "text" ? [cause.in === "log" ? { layer: "log", kind: logKinds.line, text: cause.text, detail: cause.level ?? "" } : { layer: "kernel", kind: kernelKinds.step, text: cause.text, detail: "" }] : [];
});

interface Moment {
  readonly run: OpenRun;
  readonly outcome: Outcome;
  readonly faultAt: number;
  readonly bytesAtReady: bigint;
  /** Of processes, when the fault came. */
  readonly inDram: readonly PageRun[];
  /** What faults that act at the reset wait for; null: no reboot comes into question. */
  readonly heard: readonly Said[] | null;
}

function armFacts({ run, outcome, faultAt, bytesAtReady, inDram, heard }: Moment): ArmFacts {
  const memory = memoryFacts(run.system);
  const isStopped = run.end?.kind === "panic" || run.end?.kind === "host";
  const { kernel, hardware } = run.system;
  const served = isStopped ? 0n : servedBytes(run.system);
  const workloads = workloadFacts(run, isStopped);
  const dead = workloads.filter(({ killedAtNs }) => killedAtNs !== null).map(({ name }) => name);
  const lostWithOwner = inDram.filter(({ owner, kind }) => dead.includes(owner) && ownPages.includes(kind));
  const facts = {
    outcome, faultAtNs: faultAt, endAtNs: kernel.panic?.at ?? hardware.now, workloads, bytesAtReady: String(bytesAtReady), bytesServed: String(served),
    bytesLost: String(memory.bytesLost + bytesOf(lostWithOwner)), bytesInDram: String(bytesOf(inDram)), capacityAtNs: served >= bytesAtReady ? recoveryEnd(run) : null, bytesTrained: String(bytesTrained(run.plan.machine)), crashDump: run.phase === "done" ? (run.result().crashDump ?? null) : null,
  };
  return { ...facts, afterReboot: heard === null ? null : rebootFacts(run, heard) };
}

const open = (module: WebAssembly.Module, plan: ScenarioPlan, { seed, schedule }: VerdictInput): OpenRun => openRun(module, plan, { seed, schedule, keepTrace: false });

function unfit(run: OpenRun, seed: number): UnfitSeed | null {
  const { status, reason } = run.result();
  if (status === "limit" || status === "driver") return { seed, kind: "limit", reason: reason ?? status };
  if (run.readyAt < 0 || run.failure !== null) return { seed, kind: "not ready", reason: run.failure ?? `the host did not come to ready: ${run.result().outcome}` };
  return firstFault(run) === null ? { seed, kind: "no fault", reason: "no fault fired after ready" } : null;
}

/** Faults that had to fire and did not. */
const unfiredIn = (run: OpenRun): string[] => run.result().faults.flatMap(({ id, fired, evidence }, index) => (fired || run.plan.faults[index]?.optional === true ? [] : [`fault ${id} did not fire: ${evidence?.missing ?? ""}`]));

/** Bytes in service when a run has just become ready: dax devices in use, and System RAM. */
const servedAt = (run: OpenRun): bigint => servedBytes(run.system);

/** The facts of both sides, or why there are none. @throws ScenarioFileError */
export function* assessSeed(module: WebAssembly.Module, input: VerdictInput): Sliced<SeedFacts | UnfitSeed> {
  const plan: ScenarioPlan = { ...planScenario(input.file, input.text), expectations: [], reboot: null };
  const run = open(module, plan, input);
  yield* drive(run, () => false);
  const problem = unfit(run, input.seed);
  if (problem !== null) return problem;
  const { outcome } = run.result();
  const faultAt = firstFault(run) ?? 0;
  const other = open(module, plan, input);
  yield* drive(other, () => other.readyAt >= 0);
  const bytesAtReady = servedAt(other);
  yield* drive(other, () => firstFault(other) !== null);
  const inDram = pagesInDram(other);
  const recovery = armFacts({ run, outcome, faultAt, bytesAtReady, inDram, heard: rebooting.includes(outcome) ? [] : null });
  yield;
  const reboot = armFacts({ run: other, outcome: "rebooted", faultAt, bytesAtReady, inDram, heard: heardIn(run) });
  // Until the decision what happens is what happens in the run.
  const workloads = reboot.workloads.map((workload, index) => ({ ...workload, killedAtNs: recovery.workloads[index]?.killedAtNs ?? null }));
  return { seed: input.seed, recovery, reboot: { ...reboot, workloads }, unfired: unfiredIn(run) };
}
