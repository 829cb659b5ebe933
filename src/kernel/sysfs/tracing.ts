// /sys/kernel/tracing: the trace as text, and which events are recorded.

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Kernel } from "../base/kernel.ts";
import { parseBoolean } from "../cxl/format.ts";
import type { TraceEvent, TraceSystem } from "../trace/ring.ts";
import { clearTrace, formatTrace, traceState, traceSystems } from "../trace/ring.ts";
import type { Node } from "./node.ts";
import { directory, file } from "./node.ts";

const storeEnable = task("tracing.enable", function* (kernel: Kernel, events: readonly TraceEvent[], text: string): Task<void> {
  const isOn = parseBoolean(text);
  const { enabled } = traceState(kernel);
  for (const event of events) {
    if (isOn) enabled.add(event);
    else enabled.delete(event);
  }
});

const storeTracing = task("tracing.on", function* (kernel: Kernel, text: string): Task<void> {
  traceState(kernel).isOn = parseBoolean(text);
});

/** Any store into `trace` empties it, as `> trace` in a shell does. */
const storeTrace = task("tracing.clear", function* (kernel: Kernel, _text: string): Task<void> {
  clearTrace(kernel);
});

/** 1: all on, 0: all off, X: some of both. */
function shownState(kernel: Kernel, events: readonly TraceEvent[]): string {
  const on = events.filter((event) => traceState(kernel).enabled.has(event)).length;
  return on === events.length ? "1\n" : on === 0 ? "0\n" : "X\n";
}

const enableFile = (kernel: Kernel, events: readonly TraceEvent[]): Node => file(() => shownState(kernel, events), (text) => storeEnable(kernel, events, text));

function systemEntries(kernel: Kernel, system: TraceSystem): ReadonlyMap<string, Node> {
  const events = traceSystems[system].map((event): [string, Node] => [event, directory(() => new Map([["enable", enableFile(kernel, [event])]]))]);
  return new Map([...events, ["enable", enableFile(kernel, traceSystems[system])]]);
}

export function tracingNode(kernel: Kernel): Node {
  const systems = Object.keys(traceSystems) as TraceSystem[];
  const all = systems.flatMap((system) => [...traceSystems[system]]);
  const events = directory(() => new Map([...systems.map((system): [string, Node] => [system, directory(() => systemEntries(kernel, system))]), ["enable", enableFile(kernel, all)]]));
  return directory(() => new Map([
    ["events", events],
    ["trace", file(() => formatTrace(kernel), (text) => storeTrace(kernel, text))],
    ["tracing_on", file(() => (traceState(kernel).isOn ? "1\n" : "0\n"), (text) => storeTracing(kernel, text))],
  ]));
}
