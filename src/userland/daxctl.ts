// `daxctl`: list and create dax devices; commands on devices are in dax-device.ts.

import type { Errno } from "../kernel/base/errno.ts";
import { errnoText } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import type { DaxRegion } from "./dax-describe.ts";
import { daxDevicesOf, daxRegions, describeDaxDevice, describeDaxRegion, isRegionNamed } from "./dax-describe.ts";
import { deviceCommand, enableDevice, isDeviceCommand } from "./dax-device.ts";
import { counted, exitOf, tryStore } from "./failure.ts";
import { humanize } from "./human.ts";
import type { Json } from "./json.ts";
import { toJson } from "./json.ts";
import type { Options } from "./options.ts";
import { UsageProblem, parseOptions, parseToolSize } from "./options.ts";
import type { Output } from "./output.ts";
import { deviceFolder, numberAttribute } from "./tree.ts";

const listSpec = { devices: { short: "D" }, regions: { short: "R" }, mappings: { short: "M" }, idle: { short: "i" }, human: { short: "u" }, region: { short: "r", value: true }, dev: { short: "d", value: true } } as const;
const createSpec = { region: { short: "r", value: true }, size: { short: "s", value: true }, align: { short: "a", value: true }, human: { short: "u" }, verbose: { short: "v" } } as const;

/** An array; with -u one item stands alone. Nothing at all is printed of an empty one. */
export function display(items: readonly Json[], isHuman: boolean, output: Output): void {
  if (items.length === 0) return;
  const shown = isHuman ? items.map(humanize) : items;
  output.out(toJson(isHuman && shown.length === 1 ? (shown[0] ?? []) : shown));
}

function list(files: FileSystem, argv: readonly string[], output: Output): number {
  const options = parseOptions(listSpec, argv);
  const wanted = options.values.get("dev");
  const withRegions = options.flags.has("regions");
  const withDevices = options.flags.has("devices") || !withRegions;
  const describe = (region: DaxRegion): Json[] => {
    const devices = daxDevicesOf(files, region.name, options.flags.has("idle")).filter((device) => wanted === undefined || wanted === "all" || wanted === device);
    return devices.map((device) => describeDaxDevice(files, device, options.flags.has("mappings")));
  };
  const regions = daxRegions(files).filter((region) => isRegionNamed(region, options.values.get("region")));
  const items = withRegions ? regions.map((region) => describeDaxRegion(files, region, withDevices ? describe(region) : [], true)) : regions.flatMap(describe);
  display(items, options.flags.has("human"), output);
  return 0;
}

interface Created {
  readonly device: string;
}

function* createIn(files: FileSystem, region: DaxRegion, options: Options, output: Output): Task<Created | Errno> {
  const sizeText = options.values.get("size");
  const size = sizeText === undefined ? numberAttribute(files, region.bus, region.name, "dax_region/available_size") : parseToolSize(sizeText);
  if (size === undefined) throw new UsageProblem(`size "${sizeText ?? ""}" is no size`);
  if ((yield* tryStore(files.write(`${region.folder}/create`, "1"))) !== undefined) return "ENOSPC";
  const device = files.read(`${region.folder}/seed`).trim();
  if (device === "" || size === 0n) return "ENOSPC";
  const own = deviceFolder("dax", device);
  const align = parseToolSize(options.values.get("align") ?? "");
  const stores = [...(align === undefined ? [] : [["align", String(align)] as const]), ["size", `0x${size.toString(16)}`] as const];
  for (const [name, value] of stores) {
    const errno = yield* tryStore(files.write(`${own}/${name}`, value));
    if (errno === undefined) continue;
    output.err(`libdaxctl: daxctl_dev_set_${name}: ${device}: failed to set ${name}\n`);
    return errno;
  }
  const errno = yield* enableDevice(files, device, "device_dax", output);
  if (errno === undefined) return { device };
  output.err(`${device}: enable failed: ${errnoText(errno)}\n`);
  return errno;
}

function* create(files: FileSystem, argv: readonly string[], output: Output): Task<number> {
  const options = parseOptions(createSpec, argv);
  let last: Errno | undefined = "ENXIO";
  const shown: Json[] = [];
  for (const region of daxRegions(files)) {
    if (!isRegionNamed(region, options.values.get("region"))) continue;
    const result = yield* createIn(files, region, options, output);
    last = typeof result === "string" ? result : undefined;
    if (typeof result !== "string") shown.push(describeDaxDevice(files, result.device, false));
  }
  display(shown, options.flags.has("human"), output);
  if (last !== undefined) output.err(`error creating devices: ${errnoText(last)}\n`);
  output.err(`created ${counted(shown.length, "device")}\n`);
  return last === undefined ? 0 : exitOf(last);
}

/** `daxctl ...`: exit code. */
export function* daxctl(files: FileSystem, argv: readonly string[], output: Output): Task<number> {
  const [command = "", ...rest] = argv;
  if (command === "list") return list(files, rest, output);
  if (command === "create-device") return yield* create(files, rest, output);
  if (isDeviceCommand(command)) return yield* deviceCommand(files, command, rest, output);
  throw new UsageProblem(`Unknown command: '${command}'`);
}
