// `cxl-sandbox shell`: its options and help.

import type { Moment } from "../sandbox/moment.ts";
import { parseMoment } from "../sandbox/moment.ts";
import { UsageError, oneOf, parseWords, seedOf } from "./arguments.ts";

export interface ShellArguments {
  readonly file: string;
  readonly at: Exclude<Moment, { readonly kind: "end" }>;
  readonly seed: number;
  readonly schedule: "fixed" | "seeded";
  /** Where lines come from. */
  readonly lines: { readonly kind: "terminal" } | { readonly kind: "text"; readonly text: string } | { readonly kind: "file"; readonly file: string };
  /** Where the session is written as asciicast; null: nowhere. */
  readonly record: string | null;
}

export const shellHelp = `usage: cxl-sandbox shell SCENARIO [options]

Brings the scenario's machine to ready and gives a prompt over it. Lines that are not typed at a terminal come from standard input, one a line.

  --at MOMENT         where the prompt begins: ready (default), boot (devices probed, no step done), a time after ready (10ms), or a text that a log
                      line or mark holds
  -c, --command LINE  run this line, or these lines, instead of a prompt
  --file FILE         run the lines of a file
  --seed S            seed of everything random (0..4294967295, default 1)
  --schedule KIND     fixed (default): the oldest ready task goes first; seeded: the seed decides
  --record FILE       write the session as asciicast v2 (.cast); its times are virtual

Tab completes, Up and Down go through what was typed before, Ctrl-C interrupts a command, Ctrl-D or exit ends the session. help at the prompt lists what
there is; docs/shell.md has all of it. History is kept in $XDG_STATE_HOME/cxl-sandbox/history, or ~/.cxl_sandbox_history.

exit status
  that of the last command, or of exit STATUS; and where no command ran
  0    nothing to do
  2    wrong usage, a file that is no good scenario, or a FILE that cannot be read or written
  3    the machine never came to the moment
  5    internal error
  130  interrupted
`;

const shellOptions = {
  at: { type: "string", default: "ready" },
  command: { type: "string", short: "c" },
  file: { type: "string" },
  seed: { type: "string", default: "1" },
  schedule: { type: "string", default: "fixed" },
  record: { type: "string" },
} as const;

/** @throws UsageError */
export function parseShell(argv: readonly string[]): ShellArguments {
  const { values, positionals } = parseWords(argv, shellOptions);
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UsageError("shell needs one scenario file");
  if (values.at?.trim() === "") throw new UsageError("--at is empty");
  const at = parseMoment(values.at ?? "ready");
  if (at.kind === "end") throw new UsageError("--at end leaves nothing to sit in front of; write ready, boot, a time like 10ms, or a text of the log");
  if (values.command !== undefined && values.file !== undefined) throw new UsageError("--command and --file exclude each other");
  const { command: text, file: script } = values;
  return {
    file, at, seed: seedOf(values.seed ?? "1", "seed"), schedule: oneOf("schedule", values.schedule ?? "fixed", ["fixed", "seeded"]), record: values.record ?? null,
    lines: text !== undefined ? { kind: "text", text } : script !== undefined ? { kind: "file", file: script } : { kind: "terminal" },
  };
}
