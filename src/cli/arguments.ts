// The command line: commands, options, help. Parsing only; nothing runs here.

import { parseArgs } from "node:util";

export class UsageError extends Error {
  constructor(message: string) {
    super(`${message}; see cxl-sandbox --help`);
    this.name = "UsageError";
  }
}

export interface RunOptions {
  readonly command: "run";
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

export type Command = RunOptions | { readonly command: "help"; readonly topic: "main" | "run" } | { readonly command: "version" };

export const help = {
  main: `cxl-sandbox: a CXL machine that fails on command

usage: cxl-sandbox run FILES|DIRS [options]
       cxl-sandbox --help | --version

commands
  run    run scenario files, or every .yaml file below folders

cxl-sandbox run --help lists its options.
`,
  run: `usage: cxl-sandbox run FILES|DIRS [options]

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
`,
} as const;

const runOptions = {
  seed: { type: "string" },
  seeds: { type: "string" },
  schedule: { type: "string", default: "fixed" },
  reporter: { type: "string", default: "console" },
  steps: { type: "boolean", default: false },
  trace: { type: "string", default: "off" },
  output: { type: "string", default: "traces" },
  "no-worker": { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
} as const;

const maximumSeed = 0xffff_ffff;
const maximumRuns = 10_000;

function oneOf<T extends string>(option: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw new UsageError(`--${option} is ${allowed.join(", ")}, not "${value}"`);
  return found;
}

function seedOf(text: string, option: string): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  if (value < 0 || value > maximumSeed) throw new UsageError(`--${option} "${text}" is no seed: a whole number from 0 to ${maximumSeed}`);
  return value;
}

function seedsOf(seed: string | undefined, seeds: string | undefined): number[] {
  if (seed !== undefined && seeds !== undefined) throw new UsageError("--seed and --seeds exclude each other");
  if (seeds === undefined) return [seed === undefined ? 1 : seedOf(seed, "seed")];
  const [first, last, ...rest] = seeds.split("..");
  if (first === undefined || last === undefined || rest.length > 0) throw new UsageError(`--seeds "${seeds}" is no range: write A..B`);
  const from = seedOf(first, "seeds");
  const to = seedOf(last, "seeds");
  if (to < from || to - from >= maximumRuns) throw new UsageError(`--seeds ${seeds} is ${to < from ? "backwards" : `more than ${maximumRuns} seeds`}`);
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** @throws UsageError */
export function parseCommand(argv: readonly string[]): Command {
  const [first, ...rest] = argv;
  if (first === undefined || first === "--help" || first === "-h" || first === "help") return { command: "help", topic: "main" };
  if (first === "--version" || first === "-v") return { command: "version" };
  if (first !== "run") throw new UsageError(`there is no command "${first}"`);
  let parsed;
  try {
    parsed = parseArgs({ args: rest, options: runOptions, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.split(". ")[0] ?? error.message : String(error));
  }
  const values = parsed.values;
  if (values.help === true) return { command: "help", topic: "run" };
  if (parsed.positionals.length === 0) throw new UsageError("run needs at least one scenario file or folder");
  return {
    command: "run",
    paths: parsed.positionals,
    seeds: seedsOf(values.seed, values.seeds),
    schedule: oneOf("schedule", values.schedule ?? "fixed", ["fixed", "seeded"]),
    reporter: oneOf("reporter", values.reporter ?? "console", ["console", "json"]),
    steps: values.steps === true,
    trace: oneOf("trace", values.trace ?? "off", ["off", "on", "on-failure"]),
    output: values.output ?? "traces",
    worker: values["no-worker"] !== true,
  };
}
