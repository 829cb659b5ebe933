// Which setting or policy that shapes the run would flip the verdict: the scenario is run again with other values, within a budget of runs. First every candidate at
// the ends of a range that makes sense, then between for those that flipped.

import { hostSettings } from "../../scenario/settings.ts";
import type { Setting } from "../../scenario/settings.ts";
import { parseTime, timeText } from "../../scenario/units.ts";
import { varyScenario } from "../../scenario/vary.ts";
import { ScenarioFileError } from "../../scenario/load.ts";
import type { PolicyName } from "../../scenario/policies.ts";
import { policyChoices, readPolicyValue } from "../../scenario/policies.ts";
import { planScenario } from "../../scenario/plan.ts";
import type { ScenarioPlan } from "../../scenario/plan.ts";
import type { Flip, SeedFacts, Trial, UnfitSeed, Winner } from "../../scenario/verdict/report.ts";
import { priceOf, wholePart, winnerOf } from "../../scenario/verdict/cost.ts";
import type { VerdictSettings } from "../../scenario/verdict/settings.ts";
import { verdictSettings } from "../../scenario/verdict/settings.ts";
import type { VerdictInput } from "./facts.ts";

/** What came of one seed: the facts of both sides, or why it proves nothing. */
export type SeedResult = SeedFacts | UnfitSeed;

/** A value that is tried, as the file would have it. */
interface Candidate {
  readonly path: string;
  readonly kind: Flip["kind"];
  readonly setting: Setting | null;
  readonly current: string;
  readonly values: readonly string[];
}

type HostName = keyof typeof hostSettings;

/** What shapes a run, that which matters most first: settings of the host, policies, and what a reboot is. */
const candidates: readonly { readonly host?: HostName; readonly policy?: PolicyName; readonly verdict?: "reboot" | "firmwareClearsIsolation" }[] = [
  { host: "kernelShare" }, { policy: "isoact" }, { host: "overflowWindow" }, { policy: "online" }, { host: "checkTime" }, { policy: "use" }, { host: "memoryFailureTime" }, { policy: "notify" },
  { verdict: "reboot" }, { verdict: "firmwareClearsIsolation" }, { host: "processor" }, { host: "checkDelivery" }, { host: "kernelTouchPeriod" }, { policy: "offline" }, { host: "threadsPerCore" }, { host: "cpus" },
  { host: "memoryFailureRecovery" }, { host: "onlinePolicy" }, { host: "memmapOnMemory" }, { host: "autoMovableRatio" }, { policy: "isoown" }, { policy: "isoexit" }, { policy: "platform" }, { policy: "recorder" },
  { policy: "mcesrc" }, { policy: "uce" }, { host: "earlyKill" }, { host: "panicOnUnrecoverable" }, { host: "rendezvousTime" }, { host: "hungTaskTime" }, { host: "hungTaskPanic" }, { host: "watchdogTime" },
  { host: "softLockupPanic" }, { host: "hardLockupPanic" }, { host: "crashKernel" }, { host: "crashFilters" }, { host: "crashSkipsIsolated" },
  { host: "firmwareErrorTime" }, { host: "softOffline" }, { host: "autoMovableNumaAware" }, { policy: "removeveto" }, { policy: "isorefuse" }, { policy: "kernel" },
];

/** A time is tried at a thousandth and a thousand times; a count from one to its largest that is not out of the world. */
const factor = 1000;
const mostCount = 1024;

function endsOf(setting: Setting, current: string): string[] {
  switch (setting.kind) {
    case "switch": return [current === "true" ? "false" : "true"];
    case "choice": return (setting.values ?? []).filter((value) => value !== current);
    case "time": {
      const now = parseTime(current) ?? 0;
      return [...new Set([wholePart(now, factor), now === 0 ? 1_000_000 : now * factor])].filter((value) => value !== now).map(timeText);
    }
    default: {
      const [least, most] = setting.range ?? [0, mostCount];
      return [least, Math.min(most, Math.max(mostCount, Number(current)))].filter((value) => value !== Number(current)).map(String);
    }
  }
}

const valueText = (setting: Setting, value: unknown): string => (setting.kind === "time" ? timeText(Number(value)) : String(value));

function settingCandidate(path: string, setting: Setting, value: unknown): Candidate {
  const current = valueText(setting, value);
  return { path, kind: setting.kind === "time" ? "time" : "setting", setting, current, values: endsOf(setting, current) };
}

/** The present value, with a time or without, is left out. */
const otherChoices = (policy: PolicyName, current: string): string[] => policyChoices(policy).filter((choice) => readPolicyValue(policy, choice).value !== readPolicyValue(policy, current).value);

const candidatesOf = (plan: ScenarioPlan): Candidate[] => candidates.flatMap(({ host, policy, verdict }): Candidate[] => {
  if (host !== undefined) return [settingCandidate(`host.${host}`, hostSettings[host], plan.settings[host])];
  if (verdict !== undefined) return [settingCandidate(`verdict.${verdict}`, verdictSettings[verdict], plan.verdict[verdict])];
  return policy === undefined ? [] : [{ path: `kernel.policies.${policy}`, kind: "policy", setting: null, current: plan.policies[policy], values: otherChoices(policy, plan.policies[policy]) }];
});

export interface TrialBase {
  readonly file: string;
  readonly text: string;
  readonly schedule: VerdictInput["schedule"];
  /** Seeds that each trial runs. */
  readonly seeds: readonly number[];
  readonly winner: Winner;
  /** Of the file. */
  readonly settings: VerdictSettings;
  /** Runs of a scenario that may be spent. */
  readonly budget: number;
}

interface Tried {
  readonly candidate: Candidate;
  readonly value: string;
  readonly winner: Winner | "unfit";
}

type Assessed = Generator<readonly VerdictInput[], readonly Tried[], readonly SeedResult[]>;

/** The scenario's text with one value changed; undefined: the file cannot have it. */
function changed({ file, text }: TrialBase, path: string, value: string): string | undefined {
  try {
    return varyScenario(file, text, [{ path, value }], false).text;
  } catch (error) {
    if (error instanceof ScenarioFileError) return undefined;
    throw error;
  }
}

/** Runs values, all seeds of each, as one batch. */
function* tryAll(base: TrialBase, wanted: readonly { readonly candidate: Candidate; readonly value: string }[], spend: (runs: number) => void): Assessed {
  const fitting = wanted.flatMap(({ candidate, value }) => {
    const text = changed(base, candidate.path, value);
    return text === undefined ? [] : [{ candidate, value, text }];
  });
  const inputs = fitting.flatMap(({ text }) => base.seeds.map((seed): VerdictInput => ({ file: base.file, text, seed, schedule: base.schedule })));
  spend(inputs.length);
  const results = yield inputs;
  return fitting.map(({ candidate, value, text }, index): Tried => {
    const own = results.slice(index * base.seeds.length, (index + 1) * base.seeds.length);
    const facts = own.filter((one): one is SeedFacts => "recovery" in one);
    const settings = candidate.path.startsWith("verdict.") ? planScenario(base.file, text).verdict : base.settings;
    return { candidate, value, winner: facts.length < own.length ? "unfit" : winnerOf(facts.map((one) => priceOf(one, settings)), settings) };
  });
}

/** Whole number between two, nearer by ratio for wide ranges; undefined: they are neighbours. */
function between(a: number, b: number): number | undefined {
  const [low, high] = a < b ? [a, b] : [b, a];
  if (high - low <= 1 || high <= low + wholePart(low, 16)) return undefined;
  const root = Math.max(1, low) * 4 < high ? Math.min(high - 1, Math.max(low + 1, doubled(low, high))) : low + wholePart(high - low, 2);
  return root === low || root === high ? undefined : root;
}

/** From `low`, doubled until its square passes the product: the geometric middle to within a factor of two. */
function doubled(low: number, high: number): number {
  let value = Math.max(1, low);
  while (value * value < Math.max(1, low) * high) value *= 2;
  return value;
}

const numberOf = (setting: Setting, text: string): number => (setting.kind === "time" ? (parseTime(text) ?? 0) : Number(text));
const isNumeric = (setting: Setting | null): setting is Setting => setting !== null && ["time", "count", "percent"].includes(setting.kind);

/** Narrows what lies between the present value, where the base's side wins, and one at which the other does. */
function* narrow(base: TrialBase, found: Tried, left: () => number, tried: Tried[], spend: (runs: number) => void): Generator<readonly VerdictInput[], string, readonly SeedResult[]> {
  const { candidate } = found;
  const { setting } = candidate;
  if (!isNumeric(setting)) return found.value;
  let same = numberOf(setting, candidate.current);
  let other = numberOf(setting, found.value);
  for (let middle = between(same, other); middle !== undefined && left() >= base.seeds.length; middle = between(same, other)) {
    const [one] = yield* tryAll(base, [{ candidate, value: valueText(setting, middle) }], spend);
    if (one === undefined || one.winner === "unfit") break;
    tried.push(one);
    if (one.winner === base.winner) same = middle;
    else other = middle;
  }
  return valueText(setting, other);
}

export interface TrialResult {
  readonly flips: readonly Flip[];
  readonly trials: readonly Trial[];
  readonly runs: number;
}

/** Yields batches of runs and takes their results. */
export function* searchTrials(base: TrialBase): Generator<readonly VerdictInput[], TrialResult, readonly SeedResult[]> {
  const plan = planScenario(base.file, base.text);
  const perTrial = Math.max(1, base.seeds.length);
  let runs = 0;
  const spend = (count: number): void => {
    runs += count;
  };
  const left = (): number => base.budget - runs;
  const tried: Tried[] = [];
  const flips: Flip[] = [];
  const waiting = candidatesOf(plan).flatMap((candidate) => candidate.values.map((value) => ({ candidate, value })));
  while (waiting.length > 0 && left() >= perTrial) {
    // A third of what is left is kept for narrowing what flips.
    const batch = yield* tryAll(base, waiting.splice(0, Math.max(1, wholePart(left() * 2, 3 * perTrial))), spend);
    tried.push(...batch);
    for (const found of batch.filter(({ winner }) => winner !== "unfit" && winner !== base.winner)) {
      const flipsAt = yield* narrow(base, found, left, tried, spend);
      const { path, kind, current } = found.candidate;
      flips.push({ path, kind, current, flipsAt, winner: base.winner === "recovery" ? "reboot" : "recovery" });
    }
  }
  const paths = [...new Set(tried.map(({ candidate }) => candidate.path))];
  const trials = paths.map((path): Trial => {
    const own = tried.filter(({ candidate }) => candidate.path === path);
    return { path, current: own[0]?.candidate.current ?? "", values: own.map(({ value, winner }) => ({ value, winner })) };
  });
  return { flips, trials, runs };
}
