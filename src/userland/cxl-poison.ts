// Media errors (-L): the tool has a memdev's poison list read through sysfs and takes the records out of the trace.

import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import { tryStore } from "./failure.ts";
import type { Json } from "./json.ts";
import type { Output } from "./output.ts";
import { deviceFolder, numberAttribute } from "./tree.ts";

const tracing = "/sys/kernel/tracing";
const enable = `${tracing}/events/cxl/cxl_poison/enable`;
const none = (1n << 64n) - 1n;

type Fields = ReadonlyMap<string, string>;

/** Fields of a line of the poison list; undefined when it is another line. */
function parseLine(line: string): Fields | undefined {
  if (!line.includes(" cxl_poison: ") || !line.includes(" trace_type=List ")) return undefined;
  return new Map(line.slice(line.indexOf("cxl_poison: ")).split(" ").flatMap((word) => (word.includes("=") ? [[word.slice(0, word.indexOf("=")), word.slice(word.indexOf("=") + 1)] as const] : [])));
}

/** Lines that came since `before` was read; the ring may have dropped old ones. */
function linesSince(before: string, now: string): string[] {
  if (now.startsWith(before)) return now.slice(before.length).split("\n");
  const known = new Set(before.split("\n"));
  return now.split("\n").filter((line) => !known.has(line));
}

type Warn = Output["err"];

/** Has the kernel read one memdev's list. Returns whether it did; else the library has complained. */
function* trigger(files: FileSystem, memdev: string, warn: Warn): Task<boolean> {
  const path = `${deviceFolder("cxl", memdev)}/trigger_poison_list`;
  const complain = (text: string): boolean => {
    warn(`libcxl: cxl_memdev_trigger_poison_list: ${memdev}: ${text}\n`);
    return false;
  };
  if (!files.exists(path)) return complain("trigger_poison_list unsupported by device");
  return (yield* tryStore(files.write(path, "1\n"))) === undefined ? true : complain("Failed trigger_poison_list");
}

/** Reads the lists of memdevs, one after the other, up to one that fails: then the tool shows none. */
function* readLists(files: FileSystem, memdevs: readonly string[], warn: Warn): Task<Fields[]> {
  const before = files.read(`${tracing}/trace`);
  const wasEnabled = files.read(enable).trim();
  if (wasEnabled !== "1") yield* files.write(enable, "1");
  try {
    for (const memdev of memdevs) if (!(yield* trigger(files, memdev, warn))) return [];
  } finally {
    if (wasEnabled !== "1") yield* files.write(enable, "0");
  }
  return linesSince(before, files.read(`${tracing}/trace`)).flatMap((line) => parseLine(line) ?? []);
}

const flagOrder = ["More", "Scanning", "Overflow"] as const;

function describe(fields: Fields, offset: bigint | undefined): Json {
  const flags = (fields.get("flags") ?? "").split("|").filter((flag) => flag !== "");
  const shown = flagOrder.filter((flag) => flags.includes(flag));
  return {
    offset,
    length: BigInt(fields.get("dpa_length") ?? 0),
    source: fields.get("source"),
    flags: shown.length > 0 ? shown.map((flag) => `${flag},`).join("") : undefined,
    overflow_t: shown.includes("Overflow") ? BigInt(fields.get("overflow_time") ?? 0) : undefined,
  };
}

const listOrNothing = (items: readonly Json[]): Json | undefined => (items.length > 0 ? items : undefined);

/** By device address. */
export function* readMediaErrors(files: FileSystem, memdev: string, warn: Warn): Task<Json | undefined> {
  const found = yield* readLists(files, [memdev], warn);
  return listOrNothing(found.map((fields) => describe(fields, BigInt(fields.get("dpa") ?? 0))));
}

/** By offset into the region, its members' lists from the highest position down; records outside the region are left out. */
export function* readRegionErrors(files: FileSystem, region: string, memdevs: readonly string[], warn: Warn): Task<Json | undefined> {
  const start = numberAttribute(files, "cxl", region, "resource");
  const found = yield* readLists(files, memdevs, warn);
  const inside = found.filter((fields) => fields.get("region") === region);
  return listOrNothing(inside.map((fields) => {
    const address = BigInt(fields.get("hpa") ?? none);
    return describe(fields, address === none ? undefined : address - start);
  }));
}
