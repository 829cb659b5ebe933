// Both sides over all seeds: means and bounds in whole numbers, the share that panics, the worst seeds, and what may be said of it (S73, S92).

import type { ArmCost, ArmSummary, CrashDumpState, SeedFacts, SeedVerdict, Spread, VerdictCell } from "./report.ts";
import type { Outcome } from "../schema.ts";
import { priceOf, wholePart, winnerOf, winnerOfRun } from "./cost.ts";
import type { AcceptanceName, VerdictSettings } from "./settings.ts";
import { acceptanceNames, acceptanceSettings } from "./settings.ts";

/** Worst runs that are named. */
const worstRuns = 3;

export function spreadOf(values: readonly number[]): Spread {
  const sum = values.reduce((total, value) => total + value, 0);
  return { mean: wholePart(sum, Math.max(1, values.length)), least: Math.min(...values), most: Math.max(...values) };
}

const mebibytes = (bytes: string): number => Number(BigInt(bytes) >> 20n);

function tally<T extends string>(values: readonly T[]): Partial<Record<T, number>> {
  const counts: Partial<Record<T, number>> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

export function summaryOf(costs: readonly ArmCost[]): ArmSummary {
  const of = (read: (cost: ArmCost) => number): Spread => spreadOf(costs.map(read));
  const full = costs.flatMap(({ fullServiceNs }) => (fullServiceNs === null ? [] : [fullServiceNs]));
  const [first] = costs;
  return {
    runs: costs.length, outcomes: tally(costs.map(({ outcome }) => outcome)), panics: costs.filter(({ panicked }) => panicked).length, reboots: costs.filter(({ rebooted }) => rebooted).length,
    workloads: first?.workloads.length ?? 0, killed: of(({ killed }) => killed), downtimeNs: of(({ downtimeNs }) => downtimeNs), mebibytesLost: of(({ bytesLost }) => mebibytes(bytesLost)),
    mebibytesStranded: of(({ bytesStranded }) => mebibytes(bytesStranded)), fullServiceNs: full.length === 0 ? null : spreadOf(full), never: costs.length - full.length, points: of(({ points }) => points),
    perWorkload: (first?.workloads ?? []).map(({ name, kind }, index) => ({
      name, kind, killed: costs.filter(({ workloads }) => workloads[index]?.killed === true).length, downtimeNs: of(({ workloads }) => workloads[index]?.downtimeNs ?? 0),
    })),
  };
}

/** S92's conditions that do not hold. */
export const missingOf = ({ acceptance }: VerdictSettings): AcceptanceName[] => acceptanceNames.filter((name) => !acceptance[name]);

/** Outcomes in which all is as before, for those who live. */
const whole: readonly Outcome[] = ["recovered", "unaffected"];

/** Outcomes that are no recovery: "stranded 2, reduced 1". */
function shortfallOf({ outcomes }: ArmSummary): string {
  return Object.entries(outcomes).filter(([outcome]) => !whole.includes(outcome as Outcome)).map(([outcome, count]) => `${outcome} ${count}`).join(", ");
}

/** "recovered" needs all of it: it wins, every run recovers, and S92's conditions hold. */
function judgementOf(winner: SeedVerdict["winner"], summary: ArmSummary, missing: readonly AcceptanceName[]): string {
  if (winner === "reboot") return summary.panics > 0 ? `reboot: ${summary.panics} of ${summary.runs} runs panic` : "reboot: it costs no more";
  const shortfall = shortfallOf(summary);
  if (shortfall !== "") return `to go on costs less, but it is no recovery: ${shortfall}`;
  if (missing.length === 0) return "recovered";
  return `recovery costs less, but nobody has asked for it: ${missing.map((name) => `acceptance.${name} is false (${acceptanceSettings[name].meaning})`).join("; ")}`;
}

/** The price of every seed. `commandOf`: what repeats it. */
export function priceSeeds(facts: readonly SeedFacts[], settings: VerdictSettings, commandOf: (seed: number) => string): SeedVerdict[] {
  return facts.map((one) => {
    const { recovery, reboot } = priceOf(one, settings);
    return { seed: one.seed, winner: winnerOfRun(recovery, reboot), recovery, reboot, crashDump: one.recovery.crashDump, command: commandOf(one.seed) };
  });
}

type Judged = Pick<VerdictCell, "winner" | "judgement" | "recovered" | "missing" | "recovery" | "reboot" | "worst" | "crashDumps">;

/** What the seeds come to. Without any there is no verdict. */
export function judgeSeeds(seeds: readonly SeedVerdict[], settings: VerdictSettings): Judged {
  const missing = missingOf(settings);
  if (seeds.length === 0) return { winner: null, judgement: "none: no run proves anything", recovered: false, missing, recovery: null, reboot: null, worst: [], crashDumps: {} };
  const winner = winnerOf(seeds, settings);
  const recovery = summaryOf(seeds.map((seed) => seed.recovery));
  const byPoints = seeds.toSorted((a, b) => b.recovery.points - a.recovery.points || a.seed - b.seed);
  const judgement = judgementOf(winner, recovery, missing);
  return {
    winner, judgement, recovered: judgement === "recovered", missing, recovery, reboot: summaryOf(seeds.map((seed) => seed.reboot)),
    worst: byPoints.slice(0, worstRuns).map(({ seed, recovery: { outcome, points }, command }) => ({ seed, outcome, points, command })),
    crashDumps: tally(seeds.flatMap(({ crashDump }): CrashDumpState[] => (crashDump === null ? [] : [crashDump.state]))),
  };
}
