// `daxctl`: which command a line calls; lists, and what belongs to ACPI tables and device models. Version 85 of the tool (user-interface sheet, section 3).

import { errnoText } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import { createDevice } from "./dax-create.ts";
import type { DaxRegion } from "./dax-describe.ts";
import { daxDevicesOf, daxRegions, describeDaxDevice, describeDaxRegion, display, isRegionNamed } from "./dax-describe.ts";
import { deviceCommand, deviceCommands } from "./dax-device.ts";
import { daxctlUsage } from "./dax-usage.ts";
import type { Json } from "./json.ts";
import { UsageProblem, parseOptions } from "./options.ts";
import type { Output } from "./output.ts";
import type { Call } from "./programs.ts";
import type { Tool } from "./tool.ts";
import { atOnce, runTool } from "./tool.ts";

/** Without -D and -R a region filter means regions, a device filter devices, none devices. */
function list(files: FileSystem, argv: readonly string[], output: Output): number {
  const options = parseOptions(daxctlUsage.list.options, argv);
  if (options.words.length > 0) throw new UsageProblem(`unknown parameter "${options.words[0] ?? ""}"\n`);
  const wanted = options.values.get("dev");
  const isChosen = options.flags.has("regions") || options.flags.has("devices");
  const withRegions = isChosen ? options.flags.has("regions") : options.values.has("region");
  const withDevices = isChosen ? options.flags.has("devices") : wanted !== undefined || !withRegions;
  const isMeant = (device: string): boolean => wanted === undefined || wanted === "all" || wanted === device || `dax${wanted}` === device;
  const describe = (region: DaxRegion): Json[] => daxDevicesOf(files, region.name, options.flags.has("idle")).filter(isMeant).map((device) => describeDaxDevice(files, device, options.flags.has("mappings")));
  const regions = daxRegions(files).filter((region) => isRegionNamed(region, options.values.get("region")));
  const items = withRegions ? regions.map((region) => describeDaxRegion(files, region, withDevices ? describe(region) : [], true)) : regions.flatMap(describe);
  display(items, options.flags.has("human"), output);
  return 0;
}

/** Splits a table of firmware that was saved as files; this machine's are none of a user's files, and the tool stops at the first that it misses. */
function splitAcpi(argv: readonly string[], output: Output): number {
  const { values, words } = parseOptions(daxctlUsage["split-acpi"].options, argv);
  if (words.length > 0) throw new UsageProblem(`unknown parameter "${words[0] ?? ""}"\n`);
  const nodes = Number(values.get("nodes") ?? 2);
  if (nodes < 2) throw new UsageProblem(`--nodes=${nodes}, must be greater than 2\n`);
  if ((nodes & (nodes - 1)) !== 0) throw new UsageProblem(`--nodes=${nodes}, must be power of 2\n`);
  output.err(`  Error: failed to open required ${values.get("directory") ?? "."}/nfit.dat\n\n`);
  return 1;
}

/** The dax-class model of old kernels: there is no folder for the file that would choose another. */
function migrateDeviceModel(argv: readonly string[], output: Output): number {
  const { words } = parseOptions(daxctlUsage["migrate-device-model"].options, argv);
  if (words.length > 0) throw new UsageProblem(`unknown parameter "${words[0] ?? ""}"\n`);
  output.err(`  Error: failed to install /etc/modprobe.d/daxctl.conf: ${errnoText("ENOENT")}\n\n`);
  return 1;
}

const tool: Tool = {
  name: "daxctl", usage: daxctlUsage,
  commands: new Map([
    ["list", atOnce(({ files, argv, output }) => list(files, argv, output))],
    ["split-acpi", atOnce(({ argv, output }) => splitAcpi(argv, output))],
    ["migrate-device-model", atOnce(({ argv, output }) => migrateDeviceModel(argv, output))],
    ["create-device", ({ files, argv, output }) => createDevice(files, argv, output)],
    ...deviceCommands.map((name) => [name, ({ files, argv, output }: Call) => deviceCommand(files, name, argv, output)] as const),
  ]),
};

/** `daxctl ...`: exit code. */
export const daxctl = (call: Call): Task<number> => runTool(tool, call);
