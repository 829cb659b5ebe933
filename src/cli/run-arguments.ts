// `cxl-sandbox run`: its options and help.

import { UsageError, oneOf, parseWords, seedsOf } from "./arguments.ts";

export interface RunOptions {
  readonly paths: readonly string[];
  readonly seeds: readonly number[];
  readonly schedule: "fixed" | "seeded";
  readonly reporter: "console" | "json";
  /** Show what the commands of steps printed. */
  readonly steps: boolean;
  readonly trace: "off" | "on" | "on-failure";
  readonly output: string;
  readonly worker: boolean;
}

export const runHelp = `usage: cxl-sandbox run FILES|DIRS [options]

  --seed S            seed of everything random (0..4294967295, default 1)
  --seeds A..B        one run per seed, at most 10000
  --schedule KIND     fixed (default): the oldest ready task goes first; seeded: the seed decides
  --reporter KIND     console (default) or json
  --steps             show the commands of every scenario's steps and what they printed
  --trace WHEN        off (default), on, or on-failure: write the trace of each run
  --output DIR        where traces go (default: traces)
  --no-worker         run in this thread

All files are checked before anything runs. Results go to standard output, the verdict to standard error.

exit status
  0    every scenario passed
  1    an expectation failed
  2    wrong usage, or a file that is no good scenario (nothing ran)
  3    a fault did not fire: the run proves nothing
  4    a limit was reached
  5    internal error, or the worker died
  130  interrupted
Of several, the worst is given, in the order 130, 2, 5, 3, 4, 1.
`;

const runOptions = {
  seed: { type: "string" },
  seeds: { type: "string" },
  schedule: { type: "string", default: "fixed" },
  reporter: { type: "string", default: "console" },
  steps: { type: "boolean", default: false },
  trace: { type: "string", default: "off" },
  output: { type: "string", default: "traces" },
  "no-worker": { type: "boolean", default: false },
} as const;

/** @throws UsageError */
export function parseRun(argv: readonly string[]): RunOptions {
  const { values, positionals } = parseWords(argv, runOptions);
  if (positionals.length === 0) throw new UsageError("run needs at least one scenario file or folder");
  return {
    paths: positionals,
    seeds: seedsOf(values.seed, values.seeds),
    schedule: oneOf("schedule", values.schedule ?? "fixed", ["fixed", "seeded"]),
    reporter: oneOf("reporter", values.reporter ?? "console", ["console", "json"]),
    steps: values.steps === true,
    trace: oneOf("trace", values.trace ?? "off", ["off", "on", "on-failure"]),
    output: values.output ?? "traces",
    worker: values["no-worker"] !== true,
  };
}
