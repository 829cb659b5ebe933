// `cxl-sandbox replay`: runs a trace again from its own header and proves equality, or says where the two part.

import { divergenceLines, placeOfDivergence } from "../report/divergence.ts";
import type { ReplayResult } from "../sandbox/replay.ts";
import { inputOfTrace, isSameTool, isToBeRescheduled, judgeReplay, replayTrace } from "../sandbox/replay.ts";
import { ScenarioFileError, planScenario } from "../sandbox.ts";
import type { TraceFile } from "../scenario/trace/file.ts";
import { decodeTrace } from "../scenario/trace/file.ts";
import type { TraceLayer } from "../scenario/trace/select.ts";
import { traceLayers } from "../scenario/trace/select.ts";
import { DriverWorkshop } from "../../workers/driver-file.ts";
import { UnfitServedTraceError, replayServed } from "../vfio-user/served-trace.ts";
import { UsageError, parseWords } from "./arguments.ts";
import type { CommandModule } from "./commands.ts";
import { orComplaint, problemsText } from "./complaints.ts";
import { defaultBudgets, driversOf } from "./run/arguments.ts";
import { DriversError, prepareDrivers, runWithDrivers } from "./run/drivers.ts";
import type { DriverSet } from "./run/drivers.ts";
import type { Engine } from "./run/prepare.ts";
import { loadEngine } from "./run/prepare.ts";
import { styleFor } from "./terminal.ts";
import { layersOf, readTrace } from "./trace-input.ts";

const exits = { equal: 0, differs: 1, usage: 2 } as const;

const help = `usage: cxl-sandbox replay TRACE [options]

Runs a trace again from what it holds itself (scenario with its includes, seed, choices of the schedule, defects) and compares
record by record. Of a trace that another release or another hardware module made, the layers hardware, log and result are
compared, without times: they are a promise across minor versions. Access and kernel bind one version.
A trace of a served machine (cxl-sandbox vfio-user) is driven again by its own accesses, without QEMU.

  --layers LAYERS  compare these (access, hardware, kernel, log, result, with commas), or all
  --json           one JSON object
  --allow-driver   run the drivers that the scenario names, where the trace was made with drivers: that runs code
  --driver FILE    use this driver in their place; may be repeated

exit status
  0  equal, record by record
  1  it differs: the first record of each layer that does is shown
  2  wrong usage, no trace file, a scenario that this release refuses, drivers that are not allowed or not the same, or accesses
     and acts that no served machine of this release can have
`;

const optionTable = {
  layers: { type: "string" },
  json: { type: "boolean", default: false },
  "allow-driver": { type: "boolean", default: false },
  driver: { type: "string", multiple: true },
} as const;

interface ReplayOptions {
  readonly path: string;
  readonly layers: readonly TraceLayer[] | undefined;
  readonly isJson: boolean;
  readonly allowsDrivers: boolean;
  readonly drivers: readonly string[];
}

/** A trace that cannot be replayed here. */
class UnfitTraceError extends Error {}

/** @throws UsageError */
function parse(argv: readonly string[]): ReplayOptions {
  const { values, positionals: [path, ...others] } = parseWords(argv, optionTable);
  if (path === undefined || others.length > 0) throw new UsageError("replay needs one trace file");
  const drivers = driversOf(values.driver ?? []);
  return { path, layers: values.layers === undefined ? undefined : layersOf("layers", values.layers), isJson: values.json === true, allowsDrivers: values["allow-driver"] === true || drivers.length > 0, drivers };
}

const driverList = ({ header: { drivers } }: TraceFile): string => drivers.map(({ file, digest }) => `${file} (sha256 ${digest})`).join(", ");

/** @throws UnfitTraceError other drivers than the trace was made with */
function checkDigests(trace: TraceFile, set: DriverSet | undefined): DriverSet {
  const digests = (files: readonly { readonly digest: string }[]): string => files.map(({ digest }) => digest).join();
  if (set !== undefined && digests(set.sources) === digests(trace.header.drivers)) return set;
  const found = set === undefined ? "none" : set.sources.map(({ file, digest }) => `${file} (sha256 ${digest})`).join(", ");
  throw new UnfitTraceError(`it was made with ${driverList(trace)}, and these are ${found}; name the same files with --driver`);
}

/** @throws DriversError, ScenarioFileError, UnfitTraceError */
async function replayWithDrivers(trace: TraceFile, { tool }: Engine, options: ReplayOptions): Promise<ReplayResult> {
  if (!options.allowsDrivers) throw new UnfitTraceError(`it was made with drivers, which are code: ${driverList(trace)}; say --allow-driver to run those that its scenario names, or name them with --driver FILE`);
  const workshop = new DriverWorkshop();
  const { signal } = new AbortController();
  try {
    const { header: { file, scenario, includes } } = trace;
    const runOptions = { drivers: options.drivers, budgets: defaultBudgets };
    const sets = await prepareDrivers([planScenario(file, scenario, "allowed", includes)], runOptions, workshop, signal);
    const set = checkDigests(trace, sets.get(file));
    const again = async (choices: "recorded" | "anew"): Promise<{ readonly trace: TraceFile; readonly reason: string | null }> => {
      const done = await runWithDrivers(set, inputOfTrace(trace, tool, choices), runOptions, signal, () => undefined);
      if (done.trace === null) throw new UnfitTraceError(`its run came to no end this time: ${done.result.reason ?? done.result.status}`);
      return { trace: decodeTrace(done.trace), reason: done.result.reason };
    };
    const first = await again("recorded");
    const isRescheduled = isToBeRescheduled(trace, first, tool);
    return judgeReplay(trace, isRescheduled ? (await again("anew")).trace : first.trace, { tool, ...(options.layers === undefined ? {} : { layers: options.layers }) }, isRescheduled);
  } finally {
    workshop.close();
  }
}

/** What made a trace that this release did not. */
function origin({ header: { tool: { version, moduleHash } } }: TraceFile, { tool }: Engine): string {
  return `it was made by cxl-sandbox ${version === "" ? "(version not said)" : version}, module ${moduleHash === "" ? "(not said)" : moduleHash}; this is ${tool.version}, module ${tool.moduleHash}`;
}

function notesOf(trace: TraceFile, engine: Engine, { isSameTool: isSame, isRescheduled, comparison: { layers } }: ReplayResult): string[] {
  const left = traceLayers.filter((layer) => !layers.includes(layer));
  return [
    ...(isSame ? [] : [`${origin(trace, engine)}${left.length === 0 ? "" : `; not compared: ${left.join(", ")} (--layers all compares them)`}`]),
    ...(isRescheduled ? ["its recorded choices do not fit this release, so the schedule was made anew from the seed"] : []),
  ];
}

function textOf(trace: TraceFile, { comparison: { layers, records, divergences }, falseDigests }: ReplayResult): string {
  const { paint } = styleFor(process.stdout);
  if (divergences.length === 0 && falseDigests.length === 0) return `equal: ${records[0]} records${layers.length === traceLayers.length ? "" : ` of ${layers.join(", ")}`}, digest ${trace.header.traceDigest}\n`;
  const lines = divergences.flatMap((divergence) => [
    paint("bold", `${placeOfDivergence(divergence)}: - the trace, + its replay`),
    ...divergenceLines(divergence).map((line) => (line.startsWith("-") ? paint("red", line) : line.startsWith("+") ? paint("green", line) : line)),
  ]);
  const digests = falseDigests.map((layer) => `the header says another digest of ${layer} than its records have`);
  return `${[...lines, ...digests, `different: ${divergences.length === 0 ? "the digests of the header" : divergences.map(({ layer }) => layer).join(", ")}`].join("\n")}\n`;
}

async function replay(options: ReplayOptions): Promise<number> {
  const trace = readTrace(options.path);
  const engine = await loadEngine();
  const say = (text: string): void => void process.stderr.write(`cxl-sandbox: ${options.path}: ${text}\n`);
  let result: ReplayResult;
  try {
    if (trace.header.served !== undefined) result = replayServed(engine.module, trace, { tool: engine.tool, ...(options.layers === undefined ? {} : { layers: options.layers }) });
    else if (trace.header.drivers.length > 0) result = await replayWithDrivers(trace, engine, options);
    else result = replayTrace(engine.module, trace, { tool: engine.tool, ...(options.layers === undefined ? {} : { layers: options.layers }) });
  } catch (error) {
    if (error instanceof ScenarioFileError) say(`this release refuses its scenario${isSameTool(trace, engine.tool) ? "" : ` (${origin(trace, engine)})`}\n${problemsText(error)}`);
    else if (error instanceof UnfitTraceError || error instanceof UnfitServedTraceError) say(error.message);
    else if (error instanceof DriversError) process.stderr.write(`${error.message}\n`);
    else throw error;
    return exits.usage;
  }
  const { comparison, falseDigests } = result;
  for (const note of notesOf(trace, engine, result)) say(note);
  const isEqual = comparison.divergences.length === 0 && falseDigests.length === 0;
  process.stdout.write(options.isJson ? `${JSON.stringify({ trace: options.path, isEqual, madeBy: trace.header.tool, replayedBy: engine.tool, isRescheduled: result.isRescheduled, falseDigests, ...comparison }, null, 2)}\n` : textOf(trace, result));
  return isEqual ? exits.equal : exits.differs;
}

export const command: CommandModule = { help, main: (argv) => orComplaint(() => replay(parse(argv))) };
