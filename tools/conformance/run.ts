// One capture against the machine of its topology.

import type { Bench } from "./bench.ts";
import { createBench } from "./bench.ts";
import { compareAccesses } from "./accesses.ts";
import { compareCedt, compareDataPath, compareExchanges, compareTable } from "./behaviour.ts";
import type { Capture, JsonObject } from "./capture.ts";
import { CaptureError, bigOf, listOf, numberOf, textOf } from "./capture.ts";
import type { Tally } from "./compare.ts";
import { newTally } from "./compare.ts";
import type { Addresses } from "./qemu-machine.ts";
import { machineOf } from "./qemu-machine.ts";
import type { Context } from "./registers.ts";
import { compareComponent, compareConfig } from "./registers.ts";

export interface FileResult {
  readonly file: string;
  readonly kind: string;
  readonly tally: Tally;
}

const noAddresses: Addresses = { bridges: new Map(), windows: [] };

/** Addresses that a CEDT gives, for the topology it is of. */
function addressesOf(capture: Capture, topology: string): Addresses {
  const own = capture.entries.filter((entry) => (textOf(entry["topology"]) || "main") === topology);
  return {
    bridges: new Map(own.filter((entry) => entry["type"] === "CHBS").map((entry) => [numberOf(entry["uid"]), bigOf(entry["base"])])),
    windows: own.filter((entry) => entry["type"] === "CFMWS").map((entry) => bigOf(entry["base"])),
  };
}

/** The window of a data path's case: a command line serves several granularities. */
function caseWindows(entry: JsonObject | undefined): Pick<Addresses, "replaced" | "windows"> {
  const window = entry?.["cfmw"];
  if (typeof window !== "object" || window === null || Array.isArray(window)) return { windows: [] };
  const { targets, size, ig } = window as JsonObject;
  return { replaced: [{ targets: listOf(targets).map(textOf), size: bigOf(size), granularity: ig === undefined ? 256 : numberOf(ig) }], windows: listOf(entry?.["window"]).map((one) => bigOf(listOf(one)[0])) };
}

function contextOf(module: WebAssembly.Module, capture: Capture): Context {
  const benches = new Map<string, Bench>();
  return (topology, entry) => {
    // Every case of a data path starts from power-on: what one programs must not be seen by the next.
    const known = capture.kind === "datapath" ? undefined : benches.get(topology);
    if (known !== undefined) return known;
    const line = capture.commandLines.get(topology);
    if (line === undefined) throw new CaptureError(capture.file, `topology ${topology}`, "has no command line in meta.cmdline");
    const bench = createBench(module, machineOf(capture.file, line, capture.kind === "cedt" ? addressesOf(capture, topology) : { ...noAddresses, ...caseWindows(entry) }));
    benches.set(topology, bench);
    return bench;
  };
}

export function runCapture(module: WebAssembly.Module, capture: Capture): FileResult {
  const tally = newTally();
  const context = contextOf(module, capture);
  switch (capture.kind) {
    case "config":
      compareConfig(capture, context, tally);
      break;
    case "component":
    case "masks":
      compareComponent(capture, context, tally);
      break;
    case "exchange":
      compareExchanges(capture, context, tally);
      break;
    case "cedt":
      compareCedt(capture, context, tally);
      break;
    case "datapath":
      compareDataPath(capture, context, tally);
      break;
    case "accesses":
      compareAccesses(module, capture, tally);
      break;
    default:
      tally.notModelled += capture.entries.length;
  }
  return { file: capture.file, kind: capture.kind, tally };
}

/** CHBCRs and windows of a CEDT. */
export function addressesIn(table: Uint8Array): Addresses {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength);
  const bridges = new Map<number, bigint>();
  const windows: bigint[] = [];
  for (let at = 36; at + 8 <= table.length && view.getUint16(at + 2, true) >= 4; at += view.getUint16(at + 2, true)) {
    if (table[at] === 0) bridges.set(view.getUint32(at + 4, true), view.getBigUint64(at + 16, true));
    else if (table[at] === 1) windows.push(view.getBigUint64(at + 8, true));
  }
  return { bridges, windows };
}

/** CEDT.bin of a machine that was booted with this command line: addresses are taken from the table itself. */
export function runTable(module: WebAssembly.Module, file: string, table: Uint8Array, commandLine: string): FileResult {
  const tally = newTally();
  compareTable(table, createBench(module, machineOf(file, commandLine, addressesIn(table))), "table", tally);
  return { file, kind: "cedt", tally };
}
