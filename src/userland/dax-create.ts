// `daxctl create-device`: a device of a size in every region meant, or one of given ranges from a JSON file.

import type { Errno } from "../kernel/base/errno.ts";
import { SystemError, errnoText } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import type { DaxRegion } from "./dax-describe.ts";
import { daxRegions, describeDaxDevice, display, isRegionNamed } from "./dax-describe.ts";
import { enableDevice } from "./dax-device.ts";
import { daxctlUsage } from "./dax-usage.ts";
import { counted, exitOf, tryStore } from "./failure.ts";
import type { Json } from "./json.ts";
import type { Options } from "./options.ts";
import { UsageProblem, parseOptions, parseToolSize } from "./options.ts";
import type { Output } from "./output.ts";
import { deviceFolder, numberAttribute } from "./tree.ts";

interface Range {
  readonly offset: bigint;
  readonly start: bigint;
  readonly end: bigint;
}

interface Wish {
  readonly region: string | undefined;
  /** Undefined: all that is available. */
  readonly size: bigint | undefined;
  readonly align: bigint | undefined;
  readonly ranges: readonly Range[];
}

/** A number, or text that begins with a decimal one. */
function numberOf(value: unknown): bigint | undefined {
  if (typeof value === "string") return BigInt(/^\d+/.exec(value)?.[0] ?? 0);
  return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : undefined;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === "object" && value !== null && !Array.isArray(value);

function parseRange(value: unknown): Range | undefined {
  if (!isObject(value)) return undefined;
  const [offset, start, end] = [numberOf(value["page_offset"]), numberOf(value["start"]), numberOf(value["end"])];
  return offset === undefined || start === undefined || end === undefined ? undefined : { offset, start, end };
}

/** A device as `daxctl list -M` prints it: its name, size, alignment and mappings are needed. Undefined: no such device. */
function parseDevice(text: string): Wish | undefined {
  let device: unknown;
  try {
    device = JSON.parse(text);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
  if (!isObject(device) || !Array.isArray(device["mappings"])) return undefined;
  const { size, align } = device;
  const name = /^dax(\d+)\.\d+$/.exec(typeof device["chardev"] === "string" ? device["chardev"] : "");
  const ranges = (device["mappings"] as readonly unknown[]).map(parseRange);
  if (name === null || size === undefined || align === undefined || ranges.includes(undefined)) return undefined;
  const inOrder = ranges.flatMap((range) => range ?? []).toSorted((a, b) => (a.offset < b.offset ? -1 : 1));
  return { region: name[1], size: parseToolSize(String(size)), align: parseToolSize(String(align)), ranges: inOrder };
}

/** What is asked for; a file counts for all of it. A size that is none asks for all that is available, as in the tool. @throws UsageProblem */
function parseWish(files: FileSystem, options: Options, output: Output): Wish {
  const path = options.values.get("input");
  if (path === undefined) return { region: options.values.get("region"), size: parseToolSize(options.values.get("size") ?? ""), align: parseToolSize(options.values.get("align") ?? ""), ranges: [] };
  try {
    const wish = parseDevice(files.read(path));
    if (wish !== undefined) return wish;
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
  }
  output.err(`error: failed to parse device file: ${errnoText("EINVAL")}\n`);
  throw new UsageProblem("");
}

/** Ranges that do not add up to the size are said and taken; the size is then that of the ranges. */
function* shapeDevice(files: FileSystem, device: string, wish: Wish, size: bigint, output: Output): Task<Errno | undefined> {
  const held = wish.ranges.reduce((sum, range) => sum + range.end - range.start + 1n, 0n);
  const isWhole = wish.ranges.length === 0 || held === size;
  const stores = [
    ...(wish.align === undefined ? [] : [["align", `0x${wish.align.toString(16)}`] as const]),
    ...wish.ranges.map((range) => ["mapping", `0x${range.start.toString(16)}-0x${range.end.toString(16)}`] as const),
    ...(isWhole ? [["size", `0x${size.toString(16)}`] as const] : []),
  ];
  for (const [name, value] of stores) {
    const errno = yield* tryStore(files.write(`${deviceFolder("dax", device)}/${name}`, value));
    if (errno === undefined) continue;
    output.err(`libdaxctl: daxctl_dev_set_${name}: ${device}: failed to set ${name}\n`);
    return errno;
  }
  if (!isWhole) output.err(`${device}: allocated ${held} but specified size ${size}\n`);
  return undefined;
}

interface Created {
  readonly device: string;
}

function* createIn(files: FileSystem, region: DaxRegion, wish: Wish, output: Output): Task<Created | Errno> {
  const available = numberAttribute(files, region.bus, region.name, "dax_region/available_size");
  if ((yield* tryStore(files.write(`${region.folder}/create`, "1"))) !== undefined) return "ENOSPC";
  const device = files.read(`${region.folder}/seed`).trim();
  const size = wish.size === undefined || wish.size === 0n ? available : wish.size;
  if (device === "" || size === 0n) return "ENOSPC";
  const failed = yield* shapeDevice(files, device, wish, size, output);
  if (failed !== undefined) return failed;
  const errno = yield* enableDevice(files, device, "device_dax", output);
  if (errno === undefined) return { device };
  output.err(`${device}: enable failed: ${errnoText(errno)}\n`);
  return errno;
}

export function* createDevice(files: FileSystem, argv: readonly string[], output: Output): Task<number> {
  const options = parseOptions(daxctlUsage["create-device"].options, argv);
  if (options.words.length > 0) {
    output.err(`unknown extra parameter "${options.words[0] ?? ""}"\n`);
    throw new UsageProblem("");
  }
  const wish = parseWish(files, options, output);
  let last: Errno | undefined = "ENXIO";
  const shown: Json[] = [];
  for (const region of daxRegions(files)) {
    if (!isRegionNamed(region, wish.region)) continue;
    const result = yield* createIn(files, region, wish, output);
    last = typeof result === "string" ? result : undefined;
    if (typeof result !== "string") shown.push(describeDaxDevice(files, result.device, false));
  }
  display(shown, options.flags.has("human"), output);
  if (last !== undefined) output.err(`error creating devices: ${errnoText(last)}\n`);
  output.err(`created ${counted(shown.length, "device")}\n`);
  return last === undefined ? 0 : exitOf(last);
}
