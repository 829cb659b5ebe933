// `cxl-sandbox compare`: its options and help.

import { availableParallelism } from "node:os";
import type { Variation } from "../scenario/vary.ts";
import { UsageError, countOf, oneOf, parseWords, seedOf } from "./arguments.ts";
import { variationsOf } from "./variations.ts";

export interface CompareOptions {
  readonly paths: readonly string[];
  readonly variations: readonly Variation[];
  readonly isUnpinned: boolean;
  readonly schedules: number;
  readonly seed: number;
  readonly reporter: "console" | "json" | "markdown";
  /** Workers; 0: this thread. */
  readonly jobs: number;
}

export const compareHelp = `usage: cxl-sandbox compare FILES|DIRS --vary PATH=VALUE,VALUE... [options]

  --vary PATH=V,V...  a path of the scenario files and its values; several give the product.
                      kernel.preset=linux-7.2,ROADMAP-B   kernel.policies.asm=all   firmware.windows[0].size=1GiB,4GiB
                      machine.hostBridges[0].rootPorts[1].device.volatile=256MiB,1GiB   seed=1,2,3
                      all: every preset, or every value of a policy
  --unpin             policies of the files that a varied preset is about are the preset's; a file's own ones win otherwise
  --schedules N       seeded schedules for each cell, whose distinct end states are counted (0..1000, default 8)
  --seed S            seed of the run itself (0..4294967295, default 1)
  --reporter KIND     console (default), json or markdown
  --jobs N            workers (default: one for each processor); 0: this thread

Every file is run under every combination; steps that another policy refuses are counted and the run goes on. What the columns mean stands in
docs/compare.md. All combinations are checked before anything runs. Results go to standard output in the order of files and values.

exit status
  0    done
  1    an invariant is broken and no policy or rule allows it
  2    wrong usage, a file that is no good scenario, or a value that does not fit (nothing ran)
  4    a run reached a limit of its file
  5    internal error, or a worker died
  130  interrupted
`;

const compareOptions = {
  vary: { type: "string", multiple: true },
  unpin: { type: "boolean", default: false },
  schedules: { type: "string", default: "8" },
  seed: { type: "string", default: "1" },
  reporter: { type: "string", default: "console" },
  jobs: { type: "string" },
} as const;

const mostSchedules = 1000;
const mostJobs = 64;

/** @throws UsageError */
export function parseCompare(argv: readonly string[]): CompareOptions {
  const { values, positionals } = parseWords(argv, compareOptions);
  if (positionals.length === 0) throw new UsageError("compare needs at least one scenario file or folder");
  if (values.vary === undefined) throw new UsageError("compare needs something that varies: --vary kernel.preset=all");
  return {
    paths: positionals,
    variations: variationsOf(values.vary),
    isUnpinned: values.unpin === true,
    schedules: countOf(values.schedules ?? "8", "schedules", mostSchedules),
    seed: seedOf(values.seed ?? "1", "seed"),
    reporter: oneOf("reporter", values.reporter ?? "console", ["console", "json", "markdown"]),
    jobs: values.jobs === undefined ? Math.min(availableParallelism(), mostJobs) : countOf(values.jobs, "jobs", mostJobs),
  };
}
