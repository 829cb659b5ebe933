// Text of `cxl-sandbox run --help`.

import { reporters } from "../../report/reporters.ts";

const widest = Math.max(...reporters.map(({ name }) => name.length));

/** What \`--reporter\` may name, a line each. */
export const reporterLines = reporters.map(({ name, summary }) => `  ${name.padEnd(widest)}  ${summary}`).join("\n");

export const runHelp = `usage: cxl-sandbox run FILES|DIRS [options]

  --seed S            seed of everything random (0..4294967295, default 1)
  --seeds A..B        one run per seed, at most 10000
  --schedule KIND     fixed (default): the oldest ready task goes first; seeded: the seed decides
  --schedule FILE     the choices of a trace, or a list of numbers; a run that they do not fit proves nothing (exit status 3)
  --reporter NAME[=FILE]
                      how to report (see below); may be repeated, at most one to standard output; FILE - is standard output
  --steps             show the commands of every scenario's steps and what they printed
  --trace WHEN        off (default), on, or on-failure: write the trace of each run
  --output DIR        where traces go, and reports that name no file (default: traces)
  --update            write the goldens of these scenarios from what they come to, and show what changed (docs/goldens.md)
  --no-golden         do not hold runs against the goldens beside their scenarios
  --defect NAME       give the recovery driver a known bug (docs/defects.md); may be repeated

At scale (docs/running.md):

  --jobs N            runs at a time (1..64; default one for each processor)
  --no-worker         run in this thread, one after the other
  --hang-timeout T    a run that makes no progress for so long ends as an error (like 500ms, 60s, 2min; default 60s)
  --bail[=N]          start no run behind the first, or N-th, that does not pass
  --shard I/N         only the I-th of N equal parts of the runs
  --journal FILE      write each result as it comes; what was ended in between goes on with --resume
  --resume            go on with the journal (begin it where there is none); the report is that of an undisturbed run
  --watch             run again what has changed: a scenario, what it includes, its golden, its drivers; q ends, a runs all
  --list              say what would run, and run nothing

For a collector of results (docs/ci.md):

  --post URL          send the JSON result to URL, http or https; never changes the exit status
  --spool DIR         where results wait while it is away (default: .cxl-sandbox-spool); cxl-sandbox post sends them

A scenario that brings a driver (its key \`driver:\`) brings code, and is refused unless you say:

  --allow-driver      run the drivers that the scenarios name (.js, .mjs, .wasm; .ts where esbuild is installed)
  --driver FILE       use this driver in every scenario, in place of those that they name; may be repeated
  --driver-steps N    services and registers that the drivers of one run may use together (default 10000000)
  --driver-time T     time for one stay in a hook, and for a run without progress (like 500ms, 10s, 2min; default 10s)
  --driver-heap SIZE  JavaScript heap of one run, with hardware and kernel (64MiB..64GiB, default 256MiB)

Each such run has a process of its own, with hardware, kernel and driver, which is ended as a whole when it is over a
budget; the others go on, and the report says what the driver was at. A JavaScript driver is trusted code all the same:
it can do what you can do in Node, files and network included. See docs/contained-drivers.md.

reporters
${reporterLines}

All files are checked before anything runs. Results go to standard output, the verdict to standard error.

exit status
  0    every scenario passed
  1    an expectation failed, or a run is not as its golden
  2    wrong usage, or a file that is no good scenario or golden (nothing ran)
  3    a fault did not fire: the run proves nothing
  4    a limit was reached
  5    internal error, a worker died or hung, or a report could not be written
  6    a driver ended its run: it threw, hung, or was over a budget
  130  interrupted
Of several, the worst is given, in the order 130, 2, 5, 6, 3, 4, 1.
`;
