// `cxl-sandbox explain`: runs one scenario to a moment and says who owns each Soft Reserved range there, and why; or says what a word means.

import { existsSync } from "node:fs";
import { loadModule, planScenario } from "../sandbox.ts";
import type { ScenarioPlan } from "../sandbox.ts";
import type { ExplainedRun } from "../sandbox/forensics/explain.ts";
import { explainRun } from "../sandbox/forensics/explain.ts";
import type { Arrival } from "../sandbox/moment.ts";
import { openRun } from "../sandbox/run.ts";
import { consoleExplanation } from "../report/explain.ts";
import { termKinds } from "../scenario/glossary/term.ts";
import { UsageError, oneOf, parseWords, seedOf } from "./arguments.ts";
import type { CommandModule } from "./commands.ts";
import { complaintOf } from "./complaints.ts";
import { explainTerm, isScenarioPath, kindOf, listTerms } from "./explain-term.ts";
import { readSource } from "./files.ts";
import { styleFor } from "./terminal.ts";

const help = `usage: cxl-sandbox explain SCENARIO [options]
       cxl-sandbox explain TERM [--kind KIND] [--reporter json]
       cxl-sandbox explain --list [--kind KIND] [--reporter json]

What ends in .yaml or has a folder in it is a scenario. Says for each Soft Reserved range who owns it and why: what was there when it was decided, the policies that decided,
the log lines with their trace record numbers; then capacity against firmware's promise, regions, dax devices, who
holds addresses, device memory and decoders, what lies idle and which listing shows it, and what can be done next.

  --at MOMENT         end (default), boot, ready, a time after ready (10ms), or a text that a log line or mark holds
  --seed S            seed of everything random (0..4294967295, default 1)
  --reporter KIND     console (default) or json

A term is a word that is declared: a register or field (timeoutIsolation.status.memoryIsolation, also behind the name of a
part, or its last word alone), a policy, preset, setting, fault, trigger, expectation, outcome, metric, workload, kernel
step, defect, rule (S30, C1) or exit status. Case does not count; a word for several things lists them.

  --kind KIND         ${termKinds.join(", ").replace("expectation, ", "expectation,\n                      ")}
  --list              every term in a line

exit status
  0    explained
  1    the run failed before the moment: what there is at its end is explained
  2    wrong usage, a term that there is not, or a file that is no good scenario
  3    the moment never came: what there is at the end is explained
  5    internal error
  130  interrupted
`;

const options = { at: { type: "string", default: "end" }, seed: { type: "string", default: "1" }, reporter: { type: "string", default: "console" }, kind: { type: "string" }, list: { type: "boolean", default: false } } as const;

interface Wanted {
  readonly file: string;
  readonly moment: string;
  readonly seed: number;
  readonly reporter: "console" | "json";
}

/** @throws UsageError */
function parse(values: ReturnType<typeof parseWords<typeof options>>["values"], positionals: readonly string[]): Wanted {
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UsageError("explain needs one scenario file, or a term");
  if (values.at?.trim() === "") throw new UsageError("--at is empty");
  return { file, moment: values.at ?? "end", seed: seedOf(values.seed ?? "1", "seed"), reporter: oneOf("reporter", values.reporter ?? "console", ["console", "json"]) };
}

/** Milliseconds. */
const slice = 50;

/** @throws FilesError, ScenarioFileError */
function planOf(path: string): ScenarioPlan {
  const { file, text, includes } = readSource(path);
  return planScenario(file, text, "refused", includes);
}

/** Drives the run in slices, between which the process hears signals. Null: interrupted. */
async function drive(explained: ExplainedRun): Promise<Arrival | null> {
  let isInterrupted = false;
  const interrupt = (): void => void (isInterrupted = true);
  process.once("SIGINT", interrupt);
  try {
    for (;;) {
      const until = performance.now() + slice;
      const arrival = explained.goOn(() => performance.now() >= until);
      await new Promise((resume) => setImmediate(resume));
      if (isInterrupted) return null;
      if (arrival !== "paused") return arrival;
    }
  } finally {
    process.removeListener("SIGINT", interrupt);
  }
}

/** Says what there is, and on standard error what went wrong on the way. */
function report({ moment, reporter }: Wanted, explained: ExplainedRun, arrival: Arrival): number {
  const told = explained.explain();
  process.stdout.write(reporter === "json" ? `${JSON.stringify(told, null, 2)}\n` : consoleExplanation(told, styleFor(process.stdout)));
  const { failure } = explained.run;
  if (failure !== null) process.stderr.write(`${told.file}: ${failure}\n`);
  else if (arrival === "missed") process.stderr.write(`${told.file}: "${moment}" did not come before the run was over\n`);
  return failure !== null ? 1 : arrival === "missed" ? 3 : 0;
}

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseWords(argv, options);
  const request = { kind: kindOf(values.kind), reporter: oneOf("reporter", values.reporter ?? "console", ["console", "json"]) };
  if (values.list === true && positionals.length > 0) throw new UsageError("--list takes no word; --kind KIND says of what");
  if (values.list === true) return listTerms(request);
  if (positionals.length > 0 && !positionals.some((word) => isScenarioPath(word, existsSync))) return explainTerm(positionals.join(" "), request);
  return explainScenario(parse(values, positionals));
}

async function explainScenario(wanted: Wanted): Promise<number> {
  let plan: ScenarioPlan;
  try {
    plan = planOf(wanted.file);
  } catch (error) {
    const complaint = complaintOf(error);
    if (complaint === undefined) throw error;
    process.stderr.write(`${complaint}\n`);
    return 2;
  }
  const { module } = await loadModule();
  const explained = explainRun(openRun(module, plan, { seed: wanted.seed, schedule: "fixed", keepTrace: true }), wanted.moment, wanted.seed);
  const arrival = await drive(explained);
  if (arrival !== null) return report(wanted, explained, arrival);
  process.stderr.write("interrupted\n");
  return 130;
}

export const command: CommandModule = { help, main };
