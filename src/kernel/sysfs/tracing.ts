// /sys/kernel/tracing: the trace as text, and which events of the systems `cxl`, `mce` and `ras` are recorded.

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Kernel } from "../base/kernel.ts";
import { parseBoolean } from "../cxl/format.ts";
import type { TracedEvent } from "../trace/ring.ts";
import { clearTrace, cxlEvents, formatTrace, mceEvents, rasEvents, traceState } from "../trace/ring.ts";
import type { Node } from "./node.ts";
import { directory, file } from "./node.ts";

const storeEnable = task("tracing.enable", function* (kernel: Kernel, events: readonly TracedEvent[], text: string): Task<void> {
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
function shownState(kernel: Kernel, events: readonly TracedEvent[]): string {
  const on = events.filter((event) => traceState(kernel).enabled.has(event)).length;
  return on === events.length ? "1\n" : on === 0 ? "0\n" : "X\n";
}

const enableFile = (kernel: Kernel, events: readonly TracedEvent[]): Node => file(() => shownState(kernel, events), (text) => storeEnable(kernel, events, text));

const systems = { cxl: cxlEvents, mce: mceEvents, ras: rasEvents } as const;

function systemEntries(kernel: Kernel, of: readonly TracedEvent[]): ReadonlyMap<string, Node> {
  const events = of.map((event): [string, Node] => [event, directory(() => new Map([["enable", enableFile(kernel, [event])]]))]);
  return new Map([...events, ["enable", enableFile(kernel, of)]]);
}

export function tracingNode(kernel: Kernel): Node {
  const directories = Object.entries(systems).map(([system, of]): [string, Node] => [system, directory(() => systemEntries(kernel, of))]);
  const events = directory(() => new Map([...directories, ["enable", enableFile(kernel, Object.values(systems).flat())]]));
  return directory(() => new Map([
    ["events", events],
    ["trace", file(() => formatTrace(kernel), (text) => storeTrace(kernel, text))],
    ["tracing_on", file(() => (traceState(kernel).isOn ? "1\n" : "0\n"), (text) => storeTracing(kernel, text))],
  ]));
}
