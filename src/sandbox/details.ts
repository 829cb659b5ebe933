// What reports show of a run beyond its result. The run is made once more to watch it: runs are deterministic, so that one that nobody asks about pays nothing.
// Watching is listening to records and peeking at registers; the run neither notices nor takes time.

import { recordWords, readRecord, resultKinds } from "../sim/trace.ts";
import type { RunDetails, RegisterMoment } from "../scenario/details.ts";
import type { PlannedFault } from "../scenario/plan.ts";
import { TimelineBuilder } from "../scenario/trace/timeline.ts";
import type { OpenRun, RunInput } from "./contract.ts";
import { watchRegisters } from "./details-registers.ts";
import { regionSummaries, topologyOf } from "./details-topology.ts";
import type { FaultTable } from "./faults.ts";
import { partNames } from "./trace-reader.ts";

/** Events of a time line, and lines of a log. */
const mostEvents = 5000;
const mostLines = 5000;

const actionOf = (fault: PlannedFault | undefined): string => Object.keys(fault?.do ?? {}).find((key) => fault?.do[key as keyof PlannedFault["do"]] !== undefined) ?? "acts";

/** The fault that a probe belongs to, in words. */
function faultOf({ plan, firstProbes }: FaultTable, probe: number): string | undefined {
  const index = firstProbes.findLastIndex((first) => first <= probe);
  const fault = plan.faults[index];
  return fault === undefined ? undefined : `fault ${fault.id}: ${actionOf(fault)}`;
}

/** Moments so far, and the time of the first failure. */
interface Watch {
  readonly moments: RegisterMoment[];
  failedAtNs: number | null;
}

/** Looks at registers at ready and at the first expectation of a step that does not hold, as they are written into the trace. */
function watchMoments(run: OpenRun, watch: Watch, look: () => void): void {
  const { kernel, hardware } = run.system;
  const { trace } = kernel;
  const told = trace.onText;
  const take = (what: string): void => {
    watch.moments.push({ atNs: hardware.now, what });
    look();
  };
  trace.onText = (layer, kind, text, detail) => {
    told?.(layer, kind, text, detail);
    if (layer !== "result" || run.phase === "done") return;
    if (kind === resultKinds.mark && text === "ready") take("ready");
    if (kind !== resultKinds.expectation || watch.failedAtNs !== null || detail.startsWith("holds")) return;
    watch.failedAtNs = hardware.now;
    take(text);
  };
}

/** Drives a fresh run (its trace not kept) to its end and tells what it shows; yields between steps. */
export function* detailsOf(run: OpenRun, input: Pick<RunInput, "file" | "text" | "includes">): Generator<undefined, RunDetails, undefined> {
  const { hardware, kernel } = run.system;
  const timeline = new TimelineBuilder({ ...partNames(hardware), strings: kernel.trace.strings, faultOf: (probe) => faultOf(run.faults, probe) }, mostEvents);
  hardware.storeTrace((words) => {
    for (let index = 0; index * recordWords < words.length; index++) timeline.add(readRecord(words, index));
  });
  const registers = watchRegisters(hardware);
  const watch: Watch = { moments: [], failedAtNs: null };
  watchMoments(run, watch, registers.look);
  while (run.run(() => true) !== "done") yield undefined;
  const endNs = hardware.now;
  watch.moments.push({ atNs: endNs, what: "the end" });
  registers.look();
  const topology = topologyOf(run.system);
  const regions = regionSummaries(kernel);
  const result = run.result();
  if (result.expectations.some(({ pass }) => !pass)) watch.failedAtNs ??= endNs;
  hardware.storeTrace(null);
  return {
    topology, regions, moments: watch.moments, registers: registers.dumps(), ...timeline.finish(endNs),
    log: kernel.log.slice(-mostLines).map(({ at, level, text }) => ({ atNs: at, level, text })), logLeftOut: Math.max(0, kernel.log.length - mostLines),
    readyAtNs: run.readyAt, failedAtNs: watch.failedAtNs, sources: { [input.file]: input.text, ...input.includes },
  };
}
