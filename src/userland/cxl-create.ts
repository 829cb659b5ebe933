// `cxl create-region`: checks in the tool's order, then the stores that make a region (user-interface sheet, section 4).

import { errnoText } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import { describeRegion, endpointOf, maximumExtent, targetsOf } from "./cxl-describe.ts";
import { cxlUsage } from "./cxl-usage.ts";
import { ToolFailure, bindDevice, complaint, counted, store, tryStore } from "./failure.ts";
import { humanize } from "./human.ts";
import { toJson } from "./json.ts";
import { isMemdevNamed, memdevsBelow, wordsOf } from "./match.ts";
import type { Options } from "./options.ts";
import { parseOptions, parseToolSize } from "./options.ts";
import type { Output } from "./output.ts";
import { attribute, deviceFolder, devicesOf, driverOf, numberAttribute } from "./tree.ts";

type Mode = "ram" | "pmem";

interface Wish {
  readonly root: string;
  readonly memdevs: readonly string[];
  readonly ways: number;
  readonly granularity: bigint | undefined;
  readonly size: bigint | undefined;
  readonly mode: Mode | undefined;
  readonly uuid: string | undefined;
  readonly isQosEnforced: boolean;
}

const refuse = (where: string, message: string): never => {
  throw new ToolFailure("EINVAL", where, message);
};

/** Enabled memdevs below the root decoder; those named come in the order of the names, and names that fit none are passed over. */
function collectMemdevs(files: FileSystem, root: string, named: readonly string[]): string[] {
  const isRoot = devicesOf(files, "cxl", "decoder").includes(root);
  const able = isRoot ? memdevsBelow(files, targetsOf(files, root)).filter((memdev) => driverOf(files, "cxl", memdev) !== undefined) : [];
  const found = named.length === 0 ? able : [...new Set(named.flatMap((word) => able.filter((memdev) => isMemdevNamed(files, memdev, word))))];
  if (found.length === 0) throw new ToolFailure("ENXIO", "collect_memdevs", `no active memdevs found: decoder: ${root} filter: ${named.length === 0 ? "none" : named.join(",")}`);
  return found;
}

const parsing = "parse_create_options";

function parseWays(options: Options, named: number, found: number): number {
  const text = options.values.get("ways");
  const ways = text === undefined ? (named > 0 ? named : found) : Number(text);
  if (!Number.isInteger(ways) || ways <= 0) refuse(parsing, `Invalid interleave ways: ${text ?? ""}`);
  if (ways > found || (named > 0 && ways !== found)) refuse("validate_ways", `Interleave ways ${ways} is ${ways > found ? "greater" : "less"} than number of memdevs ${named > 0 ? "specified" : "found"}: ${found}`);
  return ways;
}

const modes: Readonly<Record<string, Mode>> = { ram: "ram", volatile: "ram", pmem: "pmem", persistent: "pmem" };

function parseMode(options: Options): Mode | undefined {
  const type = options.values.get("type");
  if (type === undefined) return undefined;
  const mode = modes[type] ?? refuse(parsing, `unsupported type: ${type}`);
  // The tool ends no line here.
  if (mode === "ram" && options.values.has("uuid")) throw new ToolFailure("EINVAL", parsing, "can't set UUID for ram / volatile regions", { isLineOpen: true });
  return mode;
}

function parseAmount(options: Options, name: "size" | "granularity", what: string): bigint | undefined {
  const text = options.values.get(name);
  if (text === undefined) return undefined;
  const amount = parseToolSize(text) ?? 0n;
  return amount > 0n ? amount : refuse(parsing, `Invalid ${what}: ${text}`);
}

function parseWish(files: FileSystem, options: Options): Wish {
  const root = options.values.get("decoder") ?? refuse(parsing, "no root decoder specified");
  if (options.words.length > 0 && !options.flags.has("memdevs")) refuse(parsing, "must specify option for target object types (-m)");
  const named = options.words.flatMap(wordsOf);
  const memdevs = collectMemdevs(files, root, named);
  const mode = parseMode(options);
  const size = parseAmount(options, "size", "size");
  const ways = parseWays(options, named.length, memdevs.length);
  const granularity = parseAmount(options, "granularity", "interleave granularity");
  if (size !== undefined && size % BigInt(ways) !== 0n) refuse(parsing, `size (${size}) is not an integral multiple of interleave-ways (${ways})`);
  const uuid = options.values.get("uuid");
  if (uuid !== undefined && !/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid)) throw new ToolFailure("EINVAL", "", `  Error: failed to parse uuid: '${uuid}'\n`);
  return { root, memdevs: memdevs.slice(0, ways), ways, granularity, size, mode, uuid, isQosEnforced: options.flags.has("enforce-qos") };
}

/** The type asked for; without one pmem where the window takes it, else ram. */
function chooseMode(files: FileSystem, wish: Wish): Mode {
  const takes = (mode: Mode): boolean => attribute(files, "cxl", wish.root, mode === "ram" ? "cap_ram" : "cap_pmem") === "1";
  const mode = wish.mode ?? (takes("ram") && !takes("pmem") ? "ram" : "pmem");
  if (!takes(mode)) refuse("validate_decoder", `${wish.root} is not ${mode === "ram" ? "volatile" : "pmem"} capable`);
  return mode;
}

function checkQos(files: FileSystem, wish: Wish, mode: Mode): void {
  const wanted = attribute(files, "cxl", wish.root, "qos_class");
  if (!wish.isQosEnforced || wanted === undefined) return;
  for (const memdev of wish.memdevs) {
    const found = attribute(files, "cxl", memdev, `${mode}/qos_class`);
    if (found === undefined) return;
    if (found !== wanted) throw new ToolFailure("ENXIO", "create_region_validate_qos_class", `${wish.root} qos_class mismatch ${memdev}`);
  }
}

/** The size asked for; else ways x the smallest partition (used or not), within the largest hole of the window. */
function chooseSize(files: FileSystem, wish: Wish, mode: Mode): bigint {
  const ways = BigInt(wish.ways);
  const extent = maximumExtent(files, wish.root);
  if (wish.size !== undefined) {
    if (wish.size > extent) throw new ToolFailure("ENOSPC", "create_region", `${wish.root}: region size 0x${wish.size.toString(16)} exceeds max available space (0x${extent.toString(16)})`);
    return wish.size;
  }
  const least = wish.memdevs.map((memdev) => numberAttribute(files, "cxl", memdev, `${mode}/size`)).reduce((smallest, size) => (smallest === 0n || size < smallest ? size : smallest), 0n);
  if (least === 0n) throw new ToolFailure("ENXIO", "create_region", "unable to determine region size");
  const unit = (256n << 20n) * ways;
  return least * ways > extent ? (extent / unit) * unit : least * ways;
}

function chooseGranularity(files: FileSystem, wish: Wish, region: string): bigint {
  const ofRoot = numberAttribute(files, "cxl", wish.root, "interleave_granularity");
  const rootWays = numberAttribute(files, "cxl", wish.root, "interleave_ways");
  if (wish.granularity === undefined || wish.granularity === ofRoot) return ofRoot;
  if (rootWays === 1n) return wish.granularity;
  return refuse("cxl_region_determine_granularity", `${region}: For an x${rootWays} root, only root decoder granularity (${ofRoot}) permitted`);
}

/** First endpoint decoder that decodes nothing, whether or not DPA is set aside for it. */
function freeDecoder(files: FileSystem, memdev: string): string {
  const where = "cxl_memdev_find_decoder";
  const endpoint = endpointOf(files, memdev);
  if (endpoint === undefined) throw new ToolFailure("ENXIO", where, `could not get an endpoint for ${memdev}`);
  const number = endpoint.slice("endpoint".length);
  const found = devicesOf(files, "cxl", "decoder").find((name) => name.startsWith(`decoder${number}.`) && numberAttribute(files, "cxl", name, "size") === 0n);
  if (found === undefined) throw new ToolFailure("ENXIO", where, `could not get a free decoder for ${memdev}`);
  return found;
}

const where = "create_region";

function* setTarget(files: FileSystem, region: string, position: number, memdev: string, mode: Mode, share: bigint): Task<void> {
  const decoder = freeDecoder(files, memdev);
  const size = (value: bigint): Task<void> => store(files, decoder, "dpa_size", `0x${value.toString(16)}`, { where, text: `${decoder}: set_dpa_size failed` });
  if (attribute(files, "cxl", decoder, "mode") !== mode) {
    yield* size(0n);
    yield* store(files, decoder, "mode", mode, { where, text: `${decoder}: set_mode failed` });
  }
  yield* size(share);
  yield* store(files, region, `target${position}`, decoder, { where, text: `${region}: failed to set target${position} to ${memdev}`, isBare: true });
}

function* buildRegion(files: FileSystem, wish: Wish, mode: Mode, size: bigint, region: string): Task<void> {
  const granularity = chooseGranularity(files, wish, region);
  yield* store(files, region, "interleave_granularity", String(granularity), { where, text: `${region}: set_interleave_granularity failed` });
  yield* store(files, region, "interleave_ways", String(wish.ways), { where, text: `${region}: set_interleave_ways failed` });
  // Without a wish the tool draws one; here it follows from the region, so that runs are alike.
  if (mode === "pmem") yield* store(files, region, "uuid", wish.uuid ?? `00000000-0000-4000-8000-${region.slice("region".length).padStart(12, "0")}`, { where, text: `${region}: set_uuid failed` });
  yield* store(files, region, "size", `0x${size.toString(16)}`, { where, text: `${region}: set_size failed` });
  const share = size / BigInt(wish.ways);
  for (const [position, memdev] of wish.memdevs.entries()) yield* setTarget(files, region, position, memdev, mode, share);
  yield* store(files, region, "commit", "1", { where, text: `${region}: failed to commit decode` });
  yield* bindDevice(files, "cxl_region", region, "cxl_region_enable");
}

function* make(files: FileSystem, options: Options): Task<string> {
  const wish = parseWish(files, options);
  const mode = chooseMode(files, wish);
  checkQos(files, wish, mode);
  const size = chooseSize(files, wish, mode);
  const file = `create_${mode}_region`;
  const region = attribute(files, "cxl", wish.root, file) ?? "";
  const errno = region === "" ? "ENXIO" : yield* tryStore(files.write(`${deviceFolder("cxl", wish.root)}/${file}`, region));
  if (errno !== undefined) throw new ToolFailure("ENXIO", where, `failed to create region under ${wish.root}`);
  try {
    yield* buildRegion(files, wish, mode, size, region);
  } catch (thrown) {
    // Only the region goes; DPA that was set aside for targets stays so.
    if (thrown instanceof ToolFailure) yield* tryStore(files.write(`${deviceFolder("cxl", wish.root)}/delete_region`, region));
    if (thrown instanceof ToolFailure && thrown.where === "") throw new ToolFailure(thrown.errno, "", `${thrown.message}\ncxl region: ${where}: ${region}: failed to enable: ${errnoText(thrown.errno)}`);
    throw thrown;
  }
  return region;
}

export function* createRegion(files: FileSystem, argv: readonly string[], output: Output): Task<number> {
  const options = parseOptions(cxlUsage["create-region"].options, argv);
  let count = 0;
  try {
    const region = describeRegion(files, yield* make(files, options), { areTargetsShown: true });
    output.out(toJson(options.flags.has("human") ? humanize(region) : region));
    count = 1;
  } catch (thrown) {
    if (!(thrown instanceof ToolFailure)) throw thrown;
    output.err(complaint("cxl region", thrown));
  }
  output.err(`cxl region: cmd_create_region: created ${counted(count, "region")}\n`);
  return count === 1 ? 0 : 1;
}
