// One capture against the machine of its topology.

import type { HardwarePlatform } from "../../src/hardware/platform.ts";
import { compareAccesses } from "./accesses.ts";
import type { Bench } from "./bench.ts";
import { createBench, createUntouched, numberBuses } from "./bench.ts";
import type { Capture, Entry, CaptureKind } from "./capture.ts";
import { CaptureError, bigOf, isObject, listOf, numberOf, textOf } from "./capture.ts";
import type { Tally } from "./compare.ts";
import { newTally } from "./compare.ts";
import { compareDataPath } from "./datapath.ts";
import { compareDecoders } from "./decoders.ts";
import { compareExchanges } from "./exchange.ts";
import { compareMailbox } from "./mailbox.ts";
import type { Context } from "./registers.ts";
import { compareRegisters } from "./registers.ts";
import { compareCedt, compareTable } from "./tables.ts";
import type { Addresses, Topology } from "./topology.ts";
import { machineOf, readTopology } from "./topology.ts";

export interface FileResult {
  readonly file: string;
  /** Kinds of entries that it has. */
  readonly kinds: readonly CaptureKind[];
  readonly tally: Tally;
}

const noAddresses: Addresses = { bridges: new Map(), windows: [] };
const defaultGranularity = 256;

function topologyOf(capture: Capture, name: string): Topology {
  const line = capture.commandLines.get(name);
  if (line === undefined) throw new CaptureError(capture.file, `topology ${name}`, `has no command line in meta.cmdline${capture.commandLines.size === 0 ? "" : `; there are ${[...capture.commandLines.keys()].join(", ")}`}`);
  return readTopology(capture.file, line);
}

/** The window of a data path's case: a command line serves several granularities. */
function caseAddresses({ value }: Entry): Addresses {
  const window = value["cfmw"];
  if (!isObject(window)) return noAddresses;
  const granularity = window["ig"] === undefined ? defaultGranularity : numberOf(window["ig"]);
  return { bridges: new Map(), replaced: [{ targets: listOf(window["targets"]).map(textOf), size: bigOf(window["size"]), granularity }], windows: listOf(value["window"]).map((one) => bigOf(listOf(one)[0])) };
}

/** One machine for each topology of a file, made when it is first needed. */
function contextOf(module: WebAssembly.Module, capture: Capture): Context {
  const benches = new Map<string, Bench>();
  const platforms = new Map<string, HardwarePlatform>();
  const bench = (name: string): Bench => {
    const topology = topologyOf(capture, name);
    const found = benches.get(name) ?? createBench(module, topology, machineOf(topology, noAddresses));
    benches.set(name, found);
    return found;
  };
  // A capture that writes config space has one machine for all functions of a topology; else each function is seen as nobody has touched it.
  const isShared = capture.entries.some(({ value }) => value["block"] === "cfg" && value["op"] !== "r");
  const untouched = (name: string, target: string): HardwarePlatform => {
    const like = bench(name);
    const key = isShared ? name : `${name}|${target}`;
    const found = platforms.get(key) ?? createUntouched(module, like.machine).platform;
    platforms.set(key, found);
    numberBuses(found, like, target);
    return found;
  };
  const fresh = (name: string): Bench => {
    benches.delete(name);
    return bench(name);
  };
  return { bench, fresh, untouched };
}

export function runCapture(module: WebAssembly.Module, capture: Capture): FileResult {
  const tally = newTally();
  const context = contextOf(module, capture);
  const of = (...kinds: readonly CaptureKind[]): Entry[] => capture.entries.filter((entry) => kinds.includes(entry.kind));
  const work: readonly (readonly [readonly Entry[], (entries: readonly Entry[]) => void])[] = [
    [of("config", "component", "masks", "device"), (entries) => compareRegisters(capture, entries, context, tally)],
    [of("exchange"), (entries) => compareExchanges(capture, entries, context, tally)],
    [of("cedt"), (entries) => compareCedt(capture, entries, tally)],
    [of("accesses"), (entries) => compareAccesses(module, capture, topologyOf(capture, "main"), entries, tally)],
    [of("decoders"), (entries) => compareDecoders(capture, entries, context.bench("main"), tally)],
    [of("mailbox"), (entries) => compareMailbox(capture, entries, context, tally)],
  ];
  for (const [entries, compare] of work) {
    tally.entries += entries.length;
    if (entries.length > 0) compare(entries);
  }
  // Every case starts from power-on: what one programs must not be seen by the next.
  const benchOf = (entry: Entry): Bench => {
    const topology = topologyOf(capture, textOf(entry.value["case"]));
    return createBench(module, topology, machineOf(topology, caseAddresses(entry)));
  };
  compareDataPath(capture, of("datapath"), benchOf, tally);
  return { file: capture.file, kinds: [...new Set(capture.entries.map((entry) => entry.kind))], tally };
}

/** CEDT.bin of a machine that was booted with this command line. */
export function runTable(file: string, table: Uint8Array, commandLine: string): FileResult {
  const tally = newTally();
  compareTable(file, table, commandLine, tally);
  return { file, kinds: ["cedt"], tally };
}
