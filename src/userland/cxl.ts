// `cxl`: list, create, disable, enable and destroy regions, as the real tool does it through sysfs (user-interface sheet, section 4).

import type { Errno } from "../kernel/base/errno.ts";
import { SystemError, errnoText } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import { describeRegion, endpointOf, maximumExtent } from "./cxl-describe.ts";
import { listObjects } from "./cxl-list.ts";
import { toJson } from "./json.ts";
import { UsageProblem, parseOptions, parseToolSize } from "./options.ts";
import type { Output } from "./output.ts";
import { attribute, deviceFolder, devicesOf, driverOf, naturalOrder, numberAttribute, pathOf } from "./tree.ts";

const createSpec = { decoder: { short: "d", value: true }, memdevs: { short: "m" }, ways: { short: "w", value: true }, granularity: { short: "g", value: true }, size: { short: "s", value: true }, type: { short: "t", value: true } } as const;
const regionSpec = { force: { short: "f" }, decoder: { short: "d", value: true }, bus: { short: "b", value: true } } as const;

/** A step of a command that failed; what the tool says is the message. */
class ToolFailure extends Error {
  readonly errno: Errno;
  constructor(errno: Errno, message: string) {
    super(message);
    this.errno = errno;
  }
}

function* store(files: FileSystem, device: string, name: string, value: string, step: string): Task<void> {
  try {
    yield* files.write(`${deviceFolder("cxl", device)}/${name}`, value);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    throw new ToolFailure(thrown.errno, `${device}: ${step} failed: ${errnoText(thrown.errno)}`);
  }
}

interface Geometry {
  readonly root: string;
  readonly memdevs: readonly string[];
  readonly ways: number;
  readonly granularity: bigint;
  readonly size: bigint;
  readonly type: "ram" | "pmem";
}

/** First endpoint decoder of a memdev that has no size. */
function freeDecoder(files: FileSystem, memdev: string): string {
  const endpoint = endpointOf(files, memdev);
  if (endpoint === undefined) throw new ToolFailure("ENXIO", `${memdev}: no endpoint, is it enabled?`);
  const number = endpoint.replace("endpoint", "");
  const found = devicesOf(files, "cxl", "decoder").filter((name) => name.startsWith(`decoder${number}.`)).find((name) => numberAttribute(files, "cxl", name, "size") === 0n && numberAttribute(files, "cxl", name, "dpa_size") === 0n);
  if (found === undefined) throw new ToolFailure("ENXIO", `${memdev}: no free endpoint decoder`);
  return found;
}

function planRegion(files: FileSystem, argv: readonly string[]): Geometry {
  const options = parseOptions(createSpec, argv);
  const root = options.values.get("decoder");
  if (root === undefined) throw new ToolFailure("EINVAL", "no root decoder specified");
  if (!devicesOf(files, "cxl", "decoder").includes(root)) throw new ToolFailure("ENXIO", `could not find decoder ${root}`);
  const all = devicesOf(files, "cxl", "mem");
  const memdevs = options.words.length > 0 ? options.words : all.filter((name) => endpointOf(files, name) !== undefined);
  for (const name of memdevs) if (!all.includes(name)) throw new ToolFailure("ENXIO", `could not find memdev ${name}`);
  const type = options.values.get("type") ?? (attribute(files, "cxl", root, "cap_pmem") === "1" ? "pmem" : "ram");
  if (type !== "ram" && type !== "pmem") throw new ToolFailure("EINVAL", `invalid type ${type}`);
  if (attribute(files, "cxl", root, type === "ram" ? "cap_ram" : "cap_pmem") !== "1") throw new ToolFailure("EINVAL", `${root} is not ${type === "ram" ? "volatile" : "pmem"} capable`);
  const ways = Number(options.values.get("ways") ?? memdevs.length);
  if (ways !== memdevs.length) throw new ToolFailure("EINVAL", `Interleave ways ${ways} does not match number of memdevs ${memdevs.length}`);
  const rootGranularity = numberAttribute(files, "cxl", root, "interleave_granularity");
  const granularity = options.values.has("granularity") ? (parseToolSize(options.values.get("granularity") ?? "") ?? 0n) : rootGranularity;
  if (numberAttribute(files, "cxl", root, "interleave_ways") > 1n && granularity !== rootGranularity) throw new ToolFailure("EINVAL", `Interleave granularity ${granularity} must equal that of the root decoder, ${rootGranularity}`);
  return { root, memdevs, ways, granularity, type, size: planSize(files, options.values.get("size"), root, memdevs, type) };
}

function planSize(files: FileSystem, text: string | undefined, root: string, memdevs: readonly string[], type: string): bigint {
  const ways = BigInt(memdevs.length);
  const extent = maximumExtent(files, root);
  if (text !== undefined) {
    const size = parseToolSize(text);
    if (size === undefined || size % ways !== 0n) throw new ToolFailure("EINVAL", `size ${text} is not aligned to interleave ways ${ways}`);
    if (size > extent) throw new ToolFailure("ENOSPC", `size ${size} exceeds max available space ${extent}`);
    return size;
  }
  const smallest = memdevs.map((name) => numberAttribute(files, "cxl", name, `${type}/size`)).reduce((least, one) => (one < least ? one : least));
  const unit = (256n << 20n) * ways;
  return smallest * ways > extent ? (extent / unit) * unit : smallest * ways;
}

function* buildRegion(files: FileSystem, plan: Geometry, region: string): Task<void> {
  yield* store(files, region, "interleave_granularity", String(plan.granularity), "set_interleave_granularity");
  yield* store(files, region, "interleave_ways", String(plan.ways), "set_interleave_ways");
  yield* store(files, region, "size", `0x${plan.size.toString(16)}`, "set_size");
  const share = plan.size / BigInt(plan.ways);
  for (const [position, memdev] of plan.memdevs.entries()) {
    const decoder = freeDecoder(files, memdev);
    yield* store(files, decoder, "mode", plan.type, "set_mode");
    yield* store(files, decoder, "dpa_size", `0x${share.toString(16)}`, "set_dpa_size");
    yield* store(files, region, `target${position}`, decoder, `setting target${position} to ${decoder}`);
  }
  yield* store(files, region, "commit", "1", "failed to commit decode");
  try {
    yield* files.write("/sys/bus/cxl/drivers/cxl_region/bind", region);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    if (driverOf(files, "cxl", region) === undefined) throw new ToolFailure(thrown.errno, `${region}: failed to enable: ${errnoText(thrown.errno)}`);
  }
}

function* createRegion(files: FileSystem, argv: readonly string[], output: Output): Task<number> {
  let region = "";
  try {
    const plan = planRegion(files, argv);
    const attributeName = `create_${plan.type}_region`;
    region = attribute(files, "cxl", plan.root, attributeName) ?? "";
    yield* store(files, plan.root, attributeName, region, "create_region");
    try {
      yield* buildRegion(files, plan, region);
    } catch (thrown) {
      if (thrown instanceof ToolFailure) yield* store(files, plan.root, "delete_region", region, "delete_region");
      throw thrown;
    }
  } catch (thrown) {
    if (!(thrown instanceof ToolFailure)) throw thrown;
    output.err(`cxl region: create_region: ${thrown.message}\ncxl region: cmd_create_region: created 0 regions\n`);
    return 1;
  }
  output.out(toJson(describeRegion(files, region, { areTargetsShown: true })));
  output.err("cxl region: cmd_create_region: created 1 region\n");
  return 0;
}


function* disableRegion(files: FileSystem, region: string): Task<void> {
  if (driverOf(files, "cxl", region) !== undefined) yield* files.write("/sys/bus/cxl/drivers/cxl_region/unbind", region);
}

function* enableRegion(files: FileSystem, region: string): Task<void> {
  if (driverOf(files, "cxl", region) === undefined) yield* files.write("/sys/bus/cxl/drivers/cxl_region/bind", region);
}

function* destroyRegion(files: FileSystem, region: string, isForced: boolean): Task<void> {
  if (driverOf(files, "cxl", region) !== undefined) {
    if (!isForced) throw new ToolFailure("EBUSY", `${region} active. Disable it or use --force`);
    yield* disableRegion(files, region);
  }
  yield* store(files, region, "commit", "0", "failed to reset decode");
  const ways = Number(numberAttribute(files, "cxl", region, "interleave_ways"));
  const decoders: string[] = [];
  for (let position = 0; position < ways; position++) {
    const decoder = attribute(files, "cxl", region, `target${position}`) ?? "";
    if (decoder === "") throw new ToolFailure("ENXIO", `error locating decoder for target${position}`);
    decoders.push(decoder);
  }
  for (const [position, decoder] of decoders.entries()) {
    yield* store(files, region, `target${position}`, "\n", `clearing target${position}`);
    yield* store(files, decoder, "dpa_size", "0", "set_dpa_size");
  }
  const root = pathOf(files, "cxl", region).at(-2) ?? "";
  yield* store(files, root, "delete_region", region, "delete_region");
}

interface Action {
  readonly verb: string;
  readonly done: string;
  readonly act: (files: FileSystem, region: string, isForced: boolean) => Task<void>;
}

const actions: Readonly<Record<string, Action>> = {
  "disable-region": { verb: "disable_region", done: "disabled", act: disableRegion },
  "enable-region": { verb: "enable_region", done: "enabled", act: enableRegion },
  "destroy-region": { verb: "destroy_region", done: "destroyed", act: destroyRegion },
};

function* overRegions(files: FileSystem, action: Action, argv: readonly string[], output: Output): Task<number> {
  const options = parseOptions(regionSpec, argv);
  const all = devicesOf(files, "cxl", "region");
  const wanted = options.words.includes("all") ? [...all].toSorted(naturalOrder) : options.words;
  let count = 0;
  let failed: Errno | undefined;
  for (const region of wanted) {
    try {
      if (!all.includes(region)) throw new ToolFailure("ENODEV", `${region}: no such region`);
      yield* action.act(files, region, options.flags.has("force"));
      count++;
    } catch (thrown) {
      if (!(thrown instanceof ToolFailure || thrown instanceof SystemError)) throw thrown;
      failed = thrown.errno;
      output.err(`cxl region: ${action.verb}: ${thrown.message}\ncxl region: decoder_region_action: ${region}: failed: ${errnoText(thrown.errno)}\n`);
    }
  }
  if (failed !== undefined) output.err(`cxl region: region_action: one or more failures, last failure: ${errnoText(failed)}\n`);
  output.err(`cxl region: cmd_${action.verb}: ${action.done} ${count} region${count === 1 ? "" : "s"}\n`);
  return failed === undefined ? 0 : 1;
}

const memdevSpec = { force: { short: "f" } } as const;

/** A memdev is in use while one of its decoders belongs to an enabled region. */
function isInActiveRegion(files: FileSystem, memdev: string): boolean {
  const number = (endpointOf(files, memdev) ?? "endpoint").slice("endpoint".length);
  const regions = devicesOf(files, "cxl", "decoder").filter((name) => number !== "" && name.startsWith(`decoder${number}.`)).map((name) => attribute(files, "cxl", name, "region") ?? "");
  return regions.some((region) => region !== "" && driverOf(files, "cxl", region) !== undefined);
}

function* toggleMemdev(files: FileSystem, memdev: string, isEnabling: boolean, isForced: boolean, output: Output): Task<void> {
  const isBound = driverOf(files, "cxl", memdev) !== undefined;
  if (isEnabling === isBound) return;
  if (!isEnabling && isInActiveRegion(files, memdev)) {
    output.err(`cxl memdev: action_disable: ${memdev} is part of an active region\n`);
    if (!isForced) throw new ToolFailure("EBUSY", `${memdev} is part of an active region`);
    output.err(`cxl memdev: action_disable: Forcing ${memdev} disable with an active region!\n`);
  }
  yield* files.write(`/sys/bus/cxl/drivers/cxl_mem/${isEnabling ? "bind" : "unbind"}`, memdev);
}

function* overMemdevs(files: FileSystem, isEnabling: boolean, argv: readonly string[], output: Output): Task<number> {
  const options = parseOptions(memdevSpec, argv);
  const all = devicesOf(files, "cxl", "mem");
  const wanted = options.words.includes("all") ? all : options.words;
  let count = 0;
  let hasFailed = false;
  for (const memdev of wanted) {
    try {
      if (!all.includes(memdev)) throw new ToolFailure("ENODEV", `${memdev}: no such memdev`);
      yield* toggleMemdev(files, memdev, isEnabling, options.flags.has("force"), output);
      count++;
    } catch (thrown) {
      if (!(thrown instanceof ToolFailure || thrown instanceof SystemError)) throw thrown;
      hasFailed = true;
    }
  }
  const verb = isEnabling ? "enable" : "disable";
  output.err(`cxl memdev: cmd_${verb}_memdev: ${verb}d ${count} mem\n`);
  return hasFailed ? 1 : 0;
}

/** `cxl ...`: exit code. */
export function* cxl(files: FileSystem, argv: readonly string[], output: Output): Task<number> {
  const [command, ...rest] = argv;
  if (command === "list") return listObjects(files, rest, output);
  if (command === "create-region") return yield* createRegion(files, rest, output);
  if (command === "enable-memdev" || command === "disable-memdev") return yield* overMemdevs(files, command === "enable-memdev", rest, output);
  const action = actions[command ?? ""];
  if (action === undefined) throw new UsageProblem(`Unknown command: '${command ?? ""}'`);
  return yield* overRegions(files, action, rest, output);
}
