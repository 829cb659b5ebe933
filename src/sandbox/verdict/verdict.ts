// The verdict of one file under one combination: its seeds assessed on both sides, priced, judged, and asked what would flip it. A generator that yields batches of
// seeds to be assessed, so that workers, or nobody, can share them out.

import type { ScenarioPlan } from "../../scenario/plan.ts";
import { planScenario } from "../../scenario/plan.ts";
import type { SeedFacts, SeedVerdict, Sensitivity, UnfitSeed, VerdictCell, Winner } from "../../scenario/verdict/report.ts";
import { winnerOf } from "../../scenario/verdict/cost.ts";
import { scoredFlips, scoredNames } from "../../scenario/verdict/flips.ts";
import { judgeSeeds, priceSeeds } from "../../scenario/verdict/summary.ts";
import type { VerdictInput } from "./facts.ts";
import { assessSeed } from "./facts.ts";
import type { SeedResult } from "./trials.ts";
import { searchTrials } from "./trials.ts";

/** What a verdict is asked for. */
export interface VerdictRequest {
  readonly file: string;
  /** The file's text under the combination. */
  readonly text: string;
  readonly combination: VerdictCell["combination"];
  readonly seeds: readonly number[];
  readonly schedule: "fixed" | "seeded";
  /** Runs that the search for flips may take; 0: weights and times alone are looked at. */
  readonly budget: number;
}

/** Yields seeds that are to be assessed, in batches, takes what they came to in the same order, and returns. */
export type Judging<T> = Generator<readonly VerdictInput[], T, readonly SeedResult[]>;

/** Seeds that stand for all in a trial: the middle one and the worst (one of them where they cost alike), or all of them where those two say otherwise. */
function trialSeeds(seeds: readonly SeedVerdict[], winner: Winner, settings: ScenarioPlan["verdict"]): number[] {
  const ordered = seeds.toSorted((a, b) => a.recovery.points - a.reboot.points - (b.recovery.points - b.reboot.points));
  const middle = ordered[(ordered.length - (ordered.length % 2)) / 2] ?? ordered[0];
  const worst = ordered.at(-1);
  const isAlike = middle?.recovery.points === worst?.recovery.points && middle?.reboot.points === worst?.reboot.points;
  const few = (isAlike ? [worst] : [middle, worst]).filter((seed) => seed !== undefined);
  return (winnerOf(few, settings) === winner ? few : seeds).map(({ seed }) => seed);
}

function* sensitivityOf(request: VerdictRequest, facts: readonly SeedFacts[], seeds: readonly SeedVerdict[], winner: Winner, settings: ScenarioPlan["verdict"]): Judging<Sensitivity> {
  const scored = scoredFlips(facts, settings);
  const chosen = trialSeeds(seeds, winner, settings);
  const { file, text, schedule, budget } = request;
  const tried = budget === 0 ? { flips: [], trials: [], runs: 0 } : yield* searchTrials({ file, text, schedule, seeds: chosen, winner, settings, budget });
  return { flips: [...scored, ...tried.flips], scored: scoredNames.map((name) => `verdict.${name}`), trials: tried.trials, runs: tried.runs, budget, seeds: budget === 0 ? [] : chosen };
}

const variedBy = ({ combination }: VerdictRequest): string => combination.map(({ path, value }) => ` --vary ${JSON.stringify(`${path}=${value}`)}`).join("");

/** What repeats one seed: the run itself, or, with other values than the file's, its verdict. */
function commandOf(request: VerdictRequest, seed: number): string {
  if (request.combination.length === 0) return `cxl-sandbox run ${request.file} --seed ${seed} --schedule ${request.schedule}`;
  return `cxl-sandbox verdict ${request.file} --seed ${seed} --schedule ${request.schedule}${variedBy(request)}`;
}

/** Yields seeds that are to be assessed and takes what they came to. @throws ScenarioFileError */
export function* judgeCell(request: VerdictRequest): Judging<VerdictCell> {
  const { file, text, combination, schedule } = request;
  const { name, verdict } = planScenario(file, text);
  const results = yield request.seeds.map((seed): VerdictInput => ({ file, text, seed, schedule }));
  const facts = results.filter((one): one is SeedFacts => "recovery" in one && one.unfired.length === 0);
  const unfit = results.flatMap((one): UnfitSeed[] => ("reason" in one ? [one] : one.unfired.length === 0 ? [] : [{ seed: one.seed, kind: "no fault", reason: one.unfired.join("; ") }]));
  const seeds = priceSeeds(facts, verdict, (seed) => commandOf(request, seed));
  const judged = judgeSeeds(seeds, verdict);
  const sensitivity = judged.winner === null ? null : yield* sensitivityOf(request, facts, seeds, judged.winner, verdict);
  return { file, name, combination, ...judged, found: facts[0]?.reboot.afterReboot?.found ?? [], unfit, sensitivity, seeds };
}

function assessNow(module: WebAssembly.Module, input: VerdictInput): SeedResult {
  const work = assessSeed(module, input);
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

/** The verdict of a scenario, in this thread and without a pause: for tests and scripts. @throws ScenarioFileError */
export function judgeScenario(module: WebAssembly.Module, request: VerdictRequest): VerdictCell {
  const judging = judgeCell(request);
  let step = judging.next();
  while (step.done !== true) step = judging.next(step.value.map((input) => assessNow(module, input)));
  return step.value;
}
