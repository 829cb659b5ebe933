// `cxl-sandbox diff`: where two traces part, layer by layer, and what they were made from.

import { divergenceLines, placeOfDivergence } from "../report/divergence.ts";
import { headerDiff } from "../report/header-diff.ts";
import { ScenarioFileError, planScenario, startScenario } from "../sandbox.ts";
import type { ScenarioPlan } from "../sandbox.ts";
import type { TraceComparison } from "../scenario/trace/compare.ts";
import { compareTraces } from "../scenario/trace/compare.ts";
import type { TraceFile, TraceHeader } from "../scenario/trace/file.ts";
import type { TraceLayer } from "../scenario/trace/select.ts";
import { UsageError, countOf, oneOf, parseWords, seedOf } from "./arguments.ts";
import type { CommandModule } from "./commands.ts";
import { orComplaint } from "./complaints.ts";
import { readSource } from "./files.ts";
import { writeLines } from "./line-writer.ts";
import type { Engine } from "./run/prepare.ts";
import { loadEngine } from "./run/prepare.ts";
import { styleFor } from "./terminal.ts";
import { layersOf, readTrace } from "./trace-input.ts";

const exits = { equal: 0, differ: 1 } as const;
const mostContext = 1000;

const help = `usage: cxl-sandbox diff A B [options]

Says where two traces part: for each layer the first record that differs, with what stands around it, the earliest first, and
what the traces were made from. A and B are trace files (\`cxl-sandbox run --trace on\` writes them), or scenarios (.yaml, .yml),
which are run. Times are not compared unless you say so.

  --layer LAYER    access, hardware, kernel, log or result; several with commas (default: all)
  --times          times are to be equal too
  --context N      records before and behind (default 3)
  --seed S         seed of scenarios that are run (default 1)
  --schedule KIND  fixed (default) or seeded, of scenarios that are run
  --json           one JSON object

exit status
  0  the records are equal (what they were made from may differ, and is shown)
  1  they differ
  2  wrong usage, no trace file, or no good scenario
`;

const optionTable = {
  layer: { type: "string", multiple: true },
  times: { type: "boolean", default: false },
  context: { type: "string" },
  seed: { type: "string" },
  schedule: { type: "string", default: "fixed" },
  json: { type: "boolean", default: false },
} as const;

interface DiffOptions {
  readonly layers: readonly TraceLayer[];
  readonly withTimes: boolean;
  readonly context: number;
  readonly seed: number;
  readonly schedule: "fixed" | "seeded";
  readonly isJson: boolean;
}

const isScenario = (path: string): boolean => /\.ya?ml$/.test(path);

/** @throws FilesError, ScenarioFileError */
function sideOf(path: string, { seed, schedule }: DiffOptions, engine: Engine | null): TraceFile {
  if (engine === null || !isScenario(path)) return readTrace(path);
  const run = startScenario(engine.module, { ...readSource(path), seed, schedule, keepTrace: true, tool: engine.tool });
  while (run.run(() => false) !== "done") continue;
  return run.traceFile() as TraceFile;
}

/** Policies of a scenario; null where this release refuses it. */
function policiesOf({ file, scenario, includes }: TraceHeader): ScenarioPlan["policies"] | null {
  try {
    return planScenario(file, scenario, "allowed", includes).policies;
  } catch (error) {
    if (error instanceof ScenarioFileError) return null;
    throw error;
  }
}

function differences(a: TraceFile, b: TraceFile): string[] {
  const [first, second] = [policiesOf(a.header), policiesOf(b.header)];
  return headerDiff(a.header, b.header, first === null || second === null ? null : [first, second]);
}

function* textOf(names: readonly [string, string], { layers, records, divergences }: TraceComparison, header: readonly string[]): Generator<string> {
  const { paint } = styleFor(process.stdout);
  if (header.length > 0) {
    yield paint("bold", "made from");
    for (const line of header) yield `  ${line}`;
  }
  if (divergences.length === 0) yield `equal: ${records[0]} records of ${layers.join(", ")}`;
  for (const divergence of divergences) {
    yield paint("bold", `${placeOfDivergence(divergence)}: - ${names[0]}, + ${names[1]}`);
    for (const line of divergenceLines(divergence)) yield line.startsWith("-") ? paint("red", line) : line.startsWith("+") ? paint("green", line) : line;
  }
}

/** @throws UsageError */
function parse(argv: readonly string[]): { readonly paths: readonly [string, string]; readonly wanted: DiffOptions } {
  const { values, positionals: [a, b, ...others] } = parseWords(argv, optionTable);
  if (a === undefined || b === undefined || others.length > 0) throw new UsageError("diff needs two traces or scenarios");
  const wanted: DiffOptions = {
    layers: layersOf("layer", values.layer?.join(",") ?? "all"), withTimes: values.times === true, context: values.context === undefined ? 3 : countOf(values.context, "context", mostContext),
    seed: values.seed === undefined ? 1 : seedOf(values.seed, "seed"), schedule: oneOf("schedule", values.schedule ?? "fixed", ["fixed", "seeded"]), isJson: values.json === true,
  };
  return { paths: [a, b], wanted };
}

async function compare(argv: readonly string[]): Promise<number> {
  const { paths, wanted } = parse(argv);
  const engine = paths.some(isScenario) ? await loadEngine() : null;
  const [a, b] = [sideOf(paths[0], wanted, engine), sideOf(paths[1], wanted, engine)];
  const comparison = compareTraces(a, b, wanted);
  const header = differences(a, b);
  if (wanted.isJson) process.stdout.write(`${JSON.stringify({ files: paths, madeFrom: header, ...comparison }, null, 2)}\n`);
  else await writeLines(textOf(paths, comparison, header));
  return comparison.divergences.length === 0 ? exits.equal : exits.differ;
}

export const command: CommandModule = { help, main: (argv) => orComplaint(() => compare(argv)) };
