// `cxl-sandbox export-sysfs`: its options and help.

import { parseMoment } from "../sandbox/moment.ts";
import type { Moment } from "../sandbox/moment.ts";
import { UsageError, oneOf, parseWords, seedOf } from "./arguments.ts";

export interface ExportOptions {
  readonly scenario: string;
  /** Null with `--list`. */
  readonly folder: string | null;
  readonly at: Moment;
  /** The moment as it was written. */
  readonly atText: string;
  readonly seed: number;
  readonly schedule: "fixed" | "seeded";
  readonly isForced: boolean;
  /** Make real nodes of character devices. */
  readonly withNodes: boolean;
}

export const exportHelp = `usage: cxl-sandbox export-sysfs SCENARIO DIR [options]
       cxl-sandbox export-sysfs SCENARIO --list [options]

Runs a scenario to a moment and writes the tree of its machine as real files, folders and relative links:
DIR/sys, DIR/proc, DIR/dev, DIR/lib (as below a root folder) and DIR/export.json, which says what it is.
The real tools read it as /sys, in a mount namespace of their own:

  sudo unshare -m sh -c 'mount --bind DIR/sys /sys && mount --bind DIR/dev /dev && cxl list -BDMPERTXi'

  --at MOMENT         boot: devices are probed, no step is done
                      ready (default): the steps are done
                      end: the run is over
                      10ms: so long after ready, virtual time (ns, us, ms, s)
                      anything else: the first log line or mark that holds this text
  --list              print the paths of the tree, links with their targets; write nothing
  --force             take away what an earlier export left in DIR (sys, proc, dev, lib, export.json)
  --devices           make real nodes in DIR/dev (mknod; root alone may): daxctl looks at their numbers
  --seed S            seed of everything random (0..4294967295, default 1)
  --schedule KIND     fixed (default): the oldest ready task goes first; seeded: the seed decides

Files that can only be written are empty with mode 0200. Nodes of /dev are plain files (but see --devices);
export.json has their numbers. A file whose read fails is left out; export.json has its error. The same scenario, seed and moment
give the same bytes.

exit status
  0    written
  1    DIR cannot be written (the message says how far it came)
  2    wrong usage, a file that is no good scenario, or DIR is not empty
  3    the run never came to the moment
  5    internal error
  130  interrupted
`;

const exportOptions = {
  at: { type: "string", default: "ready" },
  list: { type: "boolean", default: false },
  force: { type: "boolean", default: false },
  devices: { type: "boolean", default: false },
  seed: { type: "string" },
  schedule: { type: "string", default: "fixed" },
} as const;

/** @throws UsageError */
export function parseExport(argv: readonly string[]): ExportOptions {
  const { values, positionals } = parseWords(argv, exportOptions);
  const [scenario, folder, ...rest] = positionals;
  if (scenario === undefined) throw new UsageError("export-sysfs needs a scenario file");
  if (values.list === true && folder !== undefined) throw new UsageError("--list writes nothing: leave the folder out");
  if (values.list !== true && folder === undefined) throw new UsageError("export-sysfs needs a folder to write into, or --list");
  if (rest.length > 0) throw new UsageError(`export-sysfs takes one scenario and one folder, not "${rest.join(" ")}" too`);
  const atText = values.at ?? "ready";
  if (atText.trim() === "") throw new UsageError("--at is boot, ready, end, a time (10ms) or words of a log line");
  return {
    scenario,
    folder: folder ?? null,
    at: parseMoment(atText),
    atText,
    seed: values.seed === undefined ? 1 : seedOf(values.seed, "seed"),
    schedule: oneOf("schedule", values.schedule ?? "fixed", ["fixed", "seeded"]),
    isForced: values.force === true,
    withNodes: values.devices === true,
  };
}
