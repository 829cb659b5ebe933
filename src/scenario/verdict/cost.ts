// What a run costs under weights and times (error-recovery 9.3, S73): arithmetic on its facts, so that other weights need no other run. Whole numbers only.

import type { ArmCost, ArmFacts, SeedFacts, Winner, WorkloadCost, WorkloadFacts } from "./report.ts";
import type { VerdictSettings } from "./settings.ts";

export type Side = "recovery" | "reboot";

const millisecond = 1_000_000;
const gibibyte = 1n << 30n;
/** Points are counted in thousandths. */
const scale = 1000;

export const wholePart = (value: number, of: number): number => (value - (value % of)) / of;

/** When a host that is rebooted stops serving, and when its services run again (virtual ns). */
interface Reboot {
  readonly stopsAt: number;
  readonly runsAt: number;
}

function trainingTime(facts: ArmFacts, settings: VerdictSettings): number {
  return settings.trainingTime + Number((BigInt(settings.trainingTimePerGiB) * BigInt(facts.bytesTrained)) / gibibyte);
}

/** From the panic to the reset: the dump is written, or nobody writes one and the host is found. */
function afterPanic(facts: ArmFacts, settings: VerdictSettings): number {
  const state = facts.crashDump?.state ?? "none";
  if (state === "dumped" || state === "excluded") return settings.dumpTime;
  return state === "hung" ? settings.hangDetectionTime : settings.resetDetectionTime;
}

/** When the host stops and how long it takes until its reset; null: it is not rebooted. */
function stopOf(facts: ArmFacts, side: Side, settings: VerdictSettings): { readonly at: number; readonly delay: number } | null {
  if (side === "reboot") return { at: facts.faultAtNs + settings.decisionTime, delay: 0 };
  switch (facts.outcome) {
    case "panic": return { at: facts.endAtNs, delay: afterPanic(facts, settings) };
    case "reset": return { at: facts.endAtNs, delay: settings.resetDetectionTime };
    case "hang": return { at: facts.endAtNs, delay: settings.hangDetectionTime };
    case "rebooted": return { at: facts.endAtNs, delay: 0 };
    case "wedged": return settings.whenWedged === "reboot" ? { at: facts.endAtNs + settings.administratorTime, delay: 0 } : null;
    case "stranded": return settings.whenStranded === "reboot" ? { at: facts.endAtNs + settings.administratorTime, delay: 0 } : null;
    default: return null;
  }
}

function rebootOf(facts: ArmFacts, side: Side, settings: VerdictSettings): Reboot | null {
  const stop = stopOf(facts, side, settings);
  return stop === null ? null : { stopsAt: stop.at, runsAt: stop.at + stop.delay + settings.firmwareTime + trainingTime(facts, settings) + settings.bootTime };
}

const restartOf = (workload: WorkloadFacts, settings: VerdictSettings): number => workload.restartNs ?? settings.restartTime;

/** Killed, when it went down and when it serves again for good, and for how long it served in between; no times: it was never down. */
interface Fate {
  readonly killed: boolean;
  readonly down: { readonly from: number; readonly to: number; readonly served: number } | null;
}

/** Virtual ns that a workload served after its first death: it was killed again, or the host stopped at `until`. */
function servedAfterDeath({ killedAtNs, backAtNs, downtimeNs }: WorkloadFacts, { endAtNs }: Pick<ArmFacts, "endAtNs">, until: number): number {
  return killedAtNs === null ? 0 : Math.max(0, (backAtNs === null ? endAtNs : until) - killedAtNs - downtimeNs);
}

/** Kinds that live on a dax device of their own; others take what memory there is. */
const onDevices: readonly string[] = ["vm", "rdma"];

/** All that was in service, and what processes had in host memory. */
const allContents = ({ bytesAtReady, bytesInDram }: ArmFacts): string => String(BigInt(bytesAtReady) + BigInt(bytesInDram));

/** After a reboot workloads take the memory in order of the file; who finds none is placed elsewhere by somebody. */
function fatesAfter(facts: ArmFacts, { stopsAt, runsAt }: Reboot, settings: VerdictSettings): Fate[] {
  let left = BigInt(facts.afterReboot?.bytesServed ?? facts.bytesAtReady);
  return facts.workloads.map((workload) => {
    const bytes = onDevices.includes(workload.kind) ? BigInt(workload.bytes) : 0n;
    const fits = bytes <= left;
    if (fits) left -= bytes;
    const to = runsAt + (fits ? 0 : settings.administratorTime) + restartOf(workload, settings);
    return { killed: true, down: { from: Math.min(workload.killedAtNs ?? stopsAt, stopsAt), to, served: servedAfterDeath(workload, facts, stopsAt) } };
  });
}

function fateOf(workload: WorkloadFacts, facts: ArmFacts, settings: VerdictSettings): Fate {
  const { killedAtNs, backAtNs, memoryAtNs } = workload;
  if (killedAtNs === null) return { killed: false, down: null };
  const served = servedAfterDeath(workload, facts, backAtNs ?? facts.endAtNs);
  // Who died again did so no sooner than this.
  const diedAt = killedAtNs + served;
  const memoryAt = memoryAtNs === null ? diedAt + settings.administratorTime : Math.max(memoryAtNs, diedAt);
  return { killed: true, down: { from: killedAtNs, to: memoryAt + restartOf(workload, settings), served } };
}

function pointsOf(cost: Omit<ArmCost, "points">, settings: VerdictSettings): number {
  const perGiB = (bytes: string, weight: number): number => Number((BigInt(bytes) * BigInt(scale) * BigInt(weight)) / gibibyte);
  return wholePart(cost.downtimeNs, millisecond) * settings.downtimeWeight + cost.killed * scale * settings.killedWeight
    + perGiB(cost.bytesLost, settings.lostWeight) + perGiB(cost.bytesStranded, settings.strandedWeight) + (cost.panicked ? scale * settings.panicWeight : 0);
}

/** When all is as it was, from the fault on; null: capacity stays away. */
function fullService(facts: ArmFacts, fates: readonly Fate[], reboot: Reboot | null, stranded: bigint): number | null {
  if (stranded > 0n) return null;
  const capacityAt = reboot === null ? (facts.capacityAtNs ?? facts.faultAtNs) : reboot.runsAt;
  return fates.reduce((last, { down }) => Math.max(last, down?.to ?? 0), capacityAt) - facts.faultAtNs;
}

/** The price of a run: of what recovery came to, or of a reboot at once. */
export function costOf(facts: ArmFacts, side: Side, settings: VerdictSettings): ArmCost {
  const reboot = rebootOf(facts, side, settings);
  const fates = reboot === null ? facts.workloads.map((workload) => fateOf(workload, facts, settings)) : fatesAfter(facts, reboot, settings);
  const served = BigInt(reboot === null ? facts.bytesServed : (facts.afterReboot?.bytesServed ?? facts.bytesAtReady));
  const missing = BigInt(facts.bytesAtReady) - served;
  const stranded = missing > 0n ? missing : 0n;
  const workloads = facts.workloads.map(({ name, kind }, index): WorkloadCost => {
    const { killed, down } = fates[index] ?? { killed: false, down: null };
    return { name, kind, killed, downtimeNs: down === null ? 0 : down.to - down.from - down.served };
  });
  const cost = {
    outcome: facts.outcome, killed: workloads.filter(({ killed }) => killed).length, downtimeNs: workloads.reduce((sum, { downtimeNs }) => sum + downtimeNs, 0),
    bytesLost: reboot === null ? facts.bytesLost : allContents(facts), bytesStranded: String(stranded), panicked: side === "recovery" && facts.outcome === "panic",
    rebooted: reboot !== null, fullServiceNs: fullService(facts, fates, reboot, stranded), workloads,
  };
  return { ...cost, points: pointsOf(cost, settings) };
}

/** S73: recovery wins a run that does not panic and costs less. */
export const winnerOfRun = (recovery: ArmCost, reboot: ArmCost): Winner => (!recovery.panicked && recovery.points < reboot.points ? "recovery" : "reboot");

/** Over runs: less points on the whole, and no more panics than are tolerated. */
export function winnerOf(runs: readonly { readonly recovery: ArmCost; readonly reboot: ArmCost }[], settings: VerdictSettings): Winner {
  const panics = runs.filter(({ recovery }) => recovery.panicked).length;
  const balance = runs.reduce((sum, { recovery, reboot }) => sum + recovery.points - reboot.points, 0);
  return balance < 0 && panics * 100 <= settings.panicsTolerated * runs.length ? "recovery" : "reboot";
}

export const priceOf = (facts: SeedFacts, settings: VerdictSettings): { readonly recovery: ArmCost; readonly reboot: ArmCost } =>
  ({ recovery: costOf(facts.recovery, "recovery", settings), reboot: costOf(facts.reboot, "reboot", settings) });
