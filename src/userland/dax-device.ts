// Commands of `daxctl` on devices: modes, memory on line and off, enable, disable, destroy. Exit codes are the negative error numbers, as the tool's.

import type { Errno } from "../kernel/base/errno.ts";
import { errnoText } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import { daxDevicesOf, daxRegions, describeDaxDevice, display, isRegionNamed } from "./dax-describe.ts";
import { blocksOf, isAutoOnline, offlineBlocks, onlineBlocks } from "./dax-memory.ts";
import { daxctlUsage } from "./dax-usage.ts";
import { counted, exitOf, tryStore } from "./failure.ts";
import type { Json } from "./json.ts";
import type { Options } from "./options.ts";
import { UsageProblem, parseOptions, parseToolSize } from "./options.ts";
import type { Output } from "./output.ts";
import { deviceFolder, driverOf } from "./tree.ts";

interface Call {
  readonly files: FileSystem;
  readonly options: Options;
  readonly output: Output;
  readonly shown: Json[];
}

/** Undefined: done; "idle": there was nothing to do, which counts for nothing; else the error. */
type Outcome = Errno | "idle" | undefined;

const isRam = (files: FileSystem, device: string): boolean => driverOf(files, "dax", device) === "kmem";
const sections = (count: number): string => `memory section${count === 1 ? "" : "s"}`;

/** Names the device to the driver, then binds it. A device that is bound stays as it is. */
export function* enableDevice(files: FileSystem, device: string, driver: "device_dax" | "kmem" | "fsdev_dax", output: Output): Task<Errno | undefined> {
  if (driverOf(files, "dax", device) !== undefined) return undefined;
  const folder = `/sys/bus/dax/drivers/${driver}`;
  let errno: Errno | undefined;
  if (files.exists(folder)) {
    errno = yield* tryStore(files.write(`${folder}/new_id`, device));
    if (driverOf(files, "dax", device) === undefined) errno = yield* tryStore(files.write(`${folder}/bind`, device));
  }
  if (driverOf(files, "dax", device) !== undefined) return undefined;
  output.err(`libdaxctl: daxctl_dev_enable: ${device}: failed to enable\n`);
  return errno ?? "ENXIO";
}

function* disableDevice({ files, output }: Call, device: string): Task<Outcome> {
  const driver = driverOf(files, "dax", device);
  if (driver === undefined) return undefined;
  for (const file of ["remove_id", "unbind"]) yield* tryStore(files.write(`/sys/bus/dax/drivers/${driver}/${file}`, device));
  if (driverOf(files, "dax", device) === undefined) return undefined;
  output.err(`libdaxctl: daxctl_dev_disable: ${device}: failed to disable\n${device}: disable failed: ${errnoText("EBUSY")}\n`);
  return "EBUSY";
}

function* online({ files, options, output }: Call, device: string): Task<Outcome> {
  const blocks = blocksOf(files, device);
  const already = blocks.filter((block) => block.isOnline).length;
  if (already > 0) {
    output.err(`${device}:\n  WARNING: detected a race while onlining memory\n  Some memory may not be in the expected zone. It is\n  recommended to disable any other onlining mechanisms,\n  and retry. If onlining is to be left to other agents,\n  use the --no-online option to suppress this warning\n`);
    output.err(already === blocks.length ? `${device}: all memory sections (${already}) already online\n` : `${device}: ${already} ${sections(already)} already online\n`);
    if (already === blocks.length) return "idle";
  }
  const errno = yield* onlineBlocks(files, device, !options.flags.has("no-movable"));
  if (errno !== undefined) output.err(`${device}: failed to online memory: ${errnoText(errno)}\n`);
  return errno;
}

function* offline({ files, output }: Call, device: string): Task<Outcome> {
  const blocks = blocksOf(files, device);
  const already = blocks.filter((block) => !block.isOnline).length;
  if (already === blocks.length) {
    output.err(`${device}: all memory sections (${already}) already offline\n`);
    return "idle";
  }
  if (already > 0) output.err(`${device}: ${already} ${sections(already)} already offline\n`);
  const errno = yield* offlineBlocks(files, device, output);
  if (errno !== undefined) output.err(`${device}: failed to offline memory: ${errnoText(errno)}\n`);
  return errno;
}

/** Memory commands want system-ram mode, the others devdax mode. */
function* inMode(call: Call, device: string, wantsRam: boolean, act: (call: Call, device: string) => Task<Outcome>): Task<Outcome> {
  if (isRam(call.files, device) === wantsRam) return yield* act(call, device);
  call.output.err(`${device}: ${wantsRam ? "memory operations are not applicable in devdax mode" : "status operations are only applicable in devdax mode"}\n`);
  return "ENXIO";
}

function* enable({ files, output }: Call, device: string): Task<Outcome> {
  const errno = yield* enableDevice(files, device, "device_dax", output);
  if (errno !== undefined) output.err(`${device}: enable failed: ${errnoText(errno)}\n`);
  return errno;
}

function* destroy(call: Call, device: string): Task<Outcome> {
  const { files, options, output } = call;
  if (driverOf(files, "dax", device) !== undefined && !options.flags.has("force")) {
    output.err(`${device} is active, specify --force for deletion\n`);
    return "ENXIO";
  }
  const parent = files.realpath(deviceFolder("dax", device)).split("/").slice(0, -1).join("/");
  const failed = (yield* disableDevice(call, device)) ?? (yield* tryStore(files.write(`${deviceFolder("dax", device)}/size`, "0")));
  if (failed !== undefined) return failed;
  const errno = yield* tryStore(files.write(`${parent}/dax_region/delete`, device));
  // Instance 0 cannot vanish.
  return errno === "EBUSY" && device.endsWith(".0") ? undefined : errno;
}

function* toRam(call: Call, device: string): Task<Outcome> {
  const { files, options, output } = call;
  const hasWish = options.flags.has("no-online") || !options.flags.has("no-movable");
  if (hasWish && !options.flags.has("force") && isAutoOnline(files)) {
    output.err(`${device}: error: kernel policy will auto-online memory, aborting\n`);
    return "EBUSY";
  }
  if (isRam(files, device)) output.err(`${device} was already in system-ram mode\n`);
  else {
    const failed = (yield* disableDevice(call, device)) ?? (yield* enableDevice(files, device, "kmem", output));
    if (failed !== undefined) return failed;
  }
  return options.flags.has("no-online") ? undefined : yield* online(call, device);
}

function* toDevdax(call: Call, device: string): Task<Outcome> {
  const { files, options, output } = call;
  if (driverOf(files, "dax", device) !== undefined) {
    if (!isRam(files, device)) {
      output.err(`${device} was already in devdax mode\n`);
      return "idle";
    }
    const failed = options.flags.has("force") ? yield* offline(call, device) : undefined;
    if (failed !== undefined && failed !== "idle") return failed;
    const left = blocksOf(files, device).filter((block) => block.isOnline).length;
    if (left > 0) {
      if (options.flags.has("verbose")) output.err(`${device}: found ${left} memory sections online\n${device}: refusing to change modes\n`);
      return "EBUSY";
    }
    const stuck = yield* disableDevice(call, device);
    if (stuck !== undefined) return stuck;
  }
  return yield* enableDevice(files, device, "device_dax", output);
}

/** A file system's device: only from devdax mode, with a driver of its own, which this kernel has under `use: fsdev`. */
function* toFamfs(call: Call, device: string): Task<Outcome> {
  const { files, output } = call;
  if (isRam(files, device)) {
    output.err(`${device} is in system-ram mode; must be in devdax mode to convert to famfs\n`);
    return "EINVAL";
  }
  return (yield* disableDevice(call, device)) ?? (yield* enableDevice(files, device, "fsdev_dax", output));
}

/** A mode's number as the tool counts it: one that it does not know is 0. */
function* refuseMode({ output }: Call, device: string): Task<Outcome> {
  output.err(`${device}: unknown mode requested: 0\n`);
  return "EINVAL";
}

const modes: ReadonlyMap<string | undefined, (call: Call, device: string) => Task<Outcome>> = new Map([["system-ram", toRam], ["devdax", toDevdax], ["famfs", toFamfs]]);

/** Size and alignment alone, or a mode; a device that has the mode already counts as done. */
function* reconfigure(call: Call, device: string): Task<Outcome> {
  const { files, options, output, shown } = call;
  for (const name of ["align", "size"] as const) {
    const value = parseToolSize(options.values.get(name) ?? "");
    if (value === undefined) continue;
    const errno = yield* tryStore(files.write(`${deviceFolder("dax", device)}/${name}`, `0x${value.toString(16)}`));
    if (errno !== undefined) output.err(`libdaxctl: daxctl_dev_set_${name}: ${device}: failed to set ${name}\n`);
    if (errno !== undefined || name === "size") return errno;
  }
  const outcome = yield* (modes.get(options.values.get("mode")) ?? refuseMode)(call, device);
  if (outcome !== undefined && outcome !== "idle") return outcome;
  shown.push(describeDaxDevice(files, device, false));
  return undefined;
}

interface DeviceCommand {
  readonly act: (call: Call, device: string) => Task<Outcome>;
  readonly failing: string;
  readonly done: string;
}

const commands = {
  "destroy-device": { act: destroy, failing: "destroying devices", done: "destroyed" },
  "reconfigure-device": { act: reconfigure, failing: "reconfiguring devices", done: "reconfigured" },
  "online-memory": { act: (call, device) => inMode(call, device, true, online), failing: "onlining memory", done: "onlined memory for" },
  "offline-memory": { act: (call, device) => inMode(call, device, true, offline), failing: "offlining memory", done: "offlined memory for" },
  "disable-device": { act: (call, device) => inMode(call, device, false, disableDevice), failing: "disabling device", done: "disabled" },
  "enable-device": { act: (call, device) => inMode(call, device, false, enable), failing: "enabling device", done: "enabled" },
} as const satisfies Readonly<Record<string, DeviceCommand>>;

type DeviceCommandName = keyof typeof commands;
export const deviceCommands = Object.keys(commands) as readonly DeviceCommandName[];

/** What is wrong with the words and options of a command, in the tool's words. */
function wrongUse(name: DeviceCommandName, { words, flags, values }: Options): string | undefined {
  if (words.length !== 1) return words.length === 0 ? `specify a device to ${name.split("-")[0] ?? ""}, or "all"` : `unknown extra parameter "${words[1] ?? ""}"`;
  if (name !== "reconfigure-device") return undefined;
  const mode = values.get("mode");
  if (flags.has("check-config")) return mode === undefined && !flags.has("no-online") && !flags.has("no-movable") ? undefined : `${words[0] ?? ""}: -C cannot be used with --mode, --(no-)movable, or --(no-)online`;
  if (mode === undefined && !values.has("size") && !values.has("align")) return "error: a 'align', 'mode' or 'size' option is required";
  return (mode === "devdax" || mode === "famfs") && flags.has("no-online") ? `--no-online is incompatible with --mode=${mode}` : undefined;
}

/** Configuration files are not there, which is no error to the tool. */
function checkConfig(device: string, output: Output): number {
  output.err(`${device === "all" ? "" : `no UUID match for ${device} found in config files\n`}${device}: missing or malformed config section\n`);
  return 0;
}

export function* deviceCommand(files: FileSystem, name: DeviceCommandName, argv: readonly string[], output: Output): Task<number> {
  const command: DeviceCommand = commands[name];
  const options = parseOptions(daxctlUsage[name].options, argv);
  const wrong = wrongUse(name, options);
  if (wrong !== undefined) {
    output.err(`${wrong}\n`);
    throw new UsageProblem("");
  }
  const wanted = options.words[0] ?? "";
  if (options.flags.has("check-config")) return checkConfig(wanted, output);
  const call: Call = { files, options, output, shown: [] };
  const regions = daxRegions(files).filter((region) => isRegionNamed(region, options.values.get("region")));
  const devices = regions.flatMap((region) => daxDevicesOf(files, region.name, true)).filter((device) => wanted === "all" || device === wanted);
  let done = 0;
  let last: Outcome;
  for (const device of devices) {
    const outcome = yield* command.act(call, device);
    if (outcome === undefined) done++;
    else last = outcome;
  }
  display(call.shown, options.flags.has("human"), output);
  if (last !== undefined && last !== "idle") output.err(`error ${command.failing}: ${errnoText(last)}\n`);
  output.err(`${command.done} ${counted(done, "device")}\n`);
  return last === undefined ? 0 : last === "idle" ? 1 : exitOf(last);
}
