// `cxl-sandbox verdict`: its options and help.

import { availableParallelism } from "node:os";
import type { Variation } from "../scenario/vary.ts";
import { UsageError, countOf, oneOf, parseWords, seedsOf } from "./arguments.ts";
import { variationsOf } from "./variations.ts";

export interface VerdictOptions {
  readonly paths: readonly string[];
  readonly variations: readonly Variation[];
  readonly seeds: readonly number[];
  readonly schedule: "fixed" | "seeded";
  /** Runs for each verdict that the search for flips may take. */
  readonly budget: number;
  /** Exit status 1 where the verdict is another one. */
  readonly expected: "recovered" | "recovery" | "reboot" | null;
  readonly reporter: "console" | "json";
  /** Workers; 0: this thread. */
  readonly jobs: number;
}

const usualBudget = 12;

export const verdictHelp = `usage: cxl-sandbox verdict FILES|DIRS [options]
  --seeds A..B        seeds of the runs (at most 10000; default 1..8)
  --seed S            one seed
  --schedule KIND     seeded (default): what happens at once is ordered by the seed; or fixed
  --vary PATH=V,V...  a path of the scenario files and its values, as for compare: a verdict for each combination
                      host.kernelShare=0,2,10   verdict.bootTime=30s,300s   kernel.policies.isoact=all
  --sensitivity N     runs that the search for a setting or policy that flips the verdict may take (0..10000, default ${usualBudget});
                      weights and times of "verdict:" take none and are always looked at
  --expect WHAT       recovered, recovery or reboot: exit with 1 where a verdict is another one
  --reporter KIND     console (default) or json
  --json              the same as --reporter json
  --jobs N            workers (default: one for each processor); 0: this thread
Every file is run for every seed: once with its recovery, to the end, and once up to its first fault and then rebooted at once. Both are priced with
the weights and times of the file's "verdict:" (docs/settings.md) and stand side by side; below them which side wins, whether "recovered" may be said
(acceptance), the worst runs with the command that repeats each, and which single parameter would flip it. docs/verdict.md tells how to read it.
exit status
  0    done
  1    a verdict is another one than --expect says
  2    wrong usage, a file that is no good scenario, or a value that does not fit (nothing ran)
  3    seeds that prove nothing: no fault fired, or the host did not come to ready
  4    a run reached a limit of its file
  5    internal error, or a worker died
  130  interrupted
`;

const verdictOptions = {
  seeds: { type: "string" },
  seed: { type: "string" },
  schedule: { type: "string", default: "seeded" },
  vary: { type: "string", multiple: true },
  sensitivity: { type: "string", default: String(usualBudget) },
  expect: { type: "string" },
  reporter: { type: "string" },
  json: { type: "boolean", default: false },
  jobs: { type: "string" },
} as const;

const mostBudget = 10_000;
const mostJobs = 64;

/** @throws UsageError */
export function parseVerdict(argv: readonly string[]): VerdictOptions {
  const { values, positionals } = parseWords(argv, verdictOptions);
  if (positionals.length === 0) throw new UsageError("verdict needs at least one scenario file or folder");
  if (values.json === true && values.reporter === "console") throw new UsageError("--json and --reporter console exclude each other");
  const seeds = values.seed === undefined && values.seeds === undefined ? "1..8" : values.seeds;
  return {
    paths: positionals,
    variations: variationsOf(values.vary ?? []),
    seeds: seedsOf(values.seed, seeds),
    schedule: oneOf("schedule", values.schedule ?? "seeded", ["fixed", "seeded"]),
    budget: countOf(values.sensitivity ?? "", "sensitivity", mostBudget),
    expected: values.expect === undefined ? null : oneOf("expect", values.expect, ["recovered", "recovery", "reboot"] as const),
    reporter: oneOf("reporter", values.reporter ?? (values.json === true ? "json" : "console"), ["console", "json"]),
    jobs: values.jobs === undefined ? Math.min(availableParallelism(), mostJobs) : countOf(values.jobs, "jobs", mostJobs),
  };
}
