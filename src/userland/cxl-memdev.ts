// Commands on memdevs: enable and disable, reserve and free DPA.

import type { Errno } from "../kernel/base/errno.ts";
import { errnoText } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import type { JsonObject } from "./cxl-describe.ts";
import { describeDecoder, describeMemdev, endpointOf } from "./cxl-describe.ts";
import { ToolFailure, bindDevice, complaint, flushBus, store, unbindDevice } from "./failure.ts";
import { readPartitions } from "./cxl-mailbox.ts";
import { setPartition } from "./cxl-partition.ts";
import { toJson } from "./json.ts";
import { isMemdevNamed, isNamed, isSerialNamed } from "./match.ts";
import type { OptionSpec, Options } from "./options.ts";
import { UsageProblem, parseOptions, parseToolSize } from "./options.ts";
import type { Output } from "./output.ts";
import { attribute, devicesOf, driverOf, numberAttribute, pathOf } from "./tree.ts";

const baseSpec = { bus: { short: "b", value: true }, serial: { short: "S" }, verbose: { short: "v" } } as const satisfies OptionSpec;
const forceSpec = { ...baseSpec, force: { short: "f" } } as const satisfies OptionSpec;
const reserveSpec = { ...forceSpec, decoder: { short: "d", value: true }, type: { short: "t", value: true }, size: { short: "s", value: true } } as const satisfies OptionSpec;
const partitionSpec = { ...forceSpec, type: { short: "t", value: true }, size: { short: "s", value: true }, align: { short: "a" } } as const satisfies OptionSpec;
const freeSpec = { ...forceSpec, decoder: { short: "d", value: true }, type: { short: "t", value: true } } as const satisfies OptionSpec;

export interface MemdevCall {
  readonly files: FileSystem;
  readonly options: Options;
  readonly output: Output;
  /** What the command prints of each memdev. */
  readonly shown: JsonObject[];
}

const tool = "cxl memdev";

function* disable({ files, options, output }: MemdevCall, memdev: string): Task<void> {
  const where = "action_disable";
  if (driverOf(files, "cxl", memdev) === undefined) return;
  const endpoint = endpointOf(files, memdev);
  if (endpoint === undefined) throw new ToolFailure("ENODEV", "", "");
  if (numberAttribute(files, "cxl", endpoint, "decoders_committed") > 0n) {
    const failure = new ToolFailure("EBUSY", where, `${memdev} is part of an active region`);
    if (!options.flags.has("force")) throw failure;
    output.err(complaint(tool, failure));
    output.err(`${tool}: ${where}: Forcing ${memdev} disable with an active region!\n`);
  }
  yield* unbindDevice(files, "cxl_mem", memdev, "cxl_memdev_disable_invalidate");
  yield* flushBus(files);
}

function* enable({ files }: MemdevCall, memdev: string): Task<void> {
  yield* bindDevice(files, "cxl_mem", memdev, "cxl_memdev_enable");
}

const dpaWhere = "__reserve_dpa";
type Mode = "ram" | "pmem";
const modes: Readonly<Record<string, Mode>> = { ram: "ram", volatile: "ram", pmem: "pmem", persistent: "pmem" };

/** Capacity of a partition that no decoder holds. */
function availableDpa(files: FileSystem, memdev: string, mode: Mode, decoders: readonly string[]): bigint {
  const held = decoders.filter((decoder) => attribute(files, "cxl", decoder, "mode") === mode).map((decoder) => numberAttribute(files, "cxl", decoder, "dpa_size"));
  return numberAttribute(files, "cxl", memdev, `${mode}/size`) - held.reduce((sum, size) => sum + size, 0n);
}

/** To reserve: the first decoder without DPA. To free: the highest with DPA, unless it decodes. */
function nextDecoder(files: FileSystem, decoders: readonly string[], isFreeing: boolean): string | undefined {
  const dpa = (decoder: string): bigint => numberAttribute(files, "cxl", decoder, "dpa_size");
  if (!isFreeing) return decoders.find((decoder) => dpa(decoder) === 0n);
  const last = decoders.findLast((decoder) => dpa(decoder) > 0n);
  return last === undefined || numberAttribute(files, "cxl", last, "size") > 0n ? undefined : last;
}

function chooseDecoder(call: MemdevCall, memdev: string, decoders: readonly string[], isFreeing: boolean): string {
  const { files, options, output } = call;
  const next = nextDecoder(files, decoders, isFreeing);
  const wish = options.values.get("decoder");
  if (wish === undefined) {
    if (next === undefined) throw new ToolFailure("ENXIO", dpaWhere, `${memdev}: no suitable decoder found`);
    return next;
  }
  const found = decoders.find((decoder) => (/^\d+$/.test(wish) ? decoder.endsWith(`.${wish}`) : isNamed(decoder, wish)));
  if (found === undefined) throw new ToolFailure("ENXIO", dpaWhere, `${memdev}: no match for decoder: '${wish}'`);
  if (found !== next) {
    const failure = new ToolFailure("EINVAL", dpaWhere, `${memdev}: ${found} is out of sequence`);
    if (!options.flags.has("force")) throw failure;
    output.err(complaint(tool, failure));
  }
  return found;
}

function chooseDpaSize(call: MemdevCall, memdev: string, available: bigint, isFreeing: boolean): bigint {
  const { options, output } = call;
  const text = options.values.get("size");
  if (text === undefined) {
    if (isFreeing) return 0n;
    if (available === 0n) throw new ToolFailure("ENOSPC", dpaWhere, `${memdev}: no available capacity`);
    return available;
  }
  const size = parseToolSize(text);
  if (size === undefined) throw new ToolFailure("EINVAL", dpaWhere, `${memdev}: failed to parse size option '${text}'`);
  if (size <= available) return size;
  const failure = new ToolFailure("ENOSPC", dpaWhere, `${memdev}: '${text}' exceeds available capacity`);
  if (!options.flags.has("force")) throw failure;
  output.err(complaint(tool, failure));
  return size;
}

function* changeDpa(call: MemdevCall, memdev: string, isFreeing: boolean): Task<void> {
  const { files, options } = call;
  const type = options.values.get("type") ?? "ram";
  const mode = modes[type];
  if (mode === undefined) throw new ToolFailure("EINVAL", dpaWhere, `${memdev}: unsupported type: ${type}`);
  const endpoint = endpointOf(files, memdev);
  if (endpoint === undefined) throw new ToolFailure("ENXIO", dpaWhere, `${memdev}: CXL operation disabled`);
  const decoders = devicesOf(files, "cxl", "decoder").filter((name) => name.startsWith(`decoder${endpoint.slice("endpoint".length)}.`));
  const size = chooseDpaSize(call, memdev, availableDpa(files, memdev, mode, decoders), isFreeing);
  const decoder = chooseDecoder(call, memdev, decoders, isFreeing);
  const bare = (text: string) => ({ where: dpaWhere, text: `${memdev}: ${decoder}: ${text}`, isBare: true }) as const;
  if (attribute(files, "cxl", decoder, "mode") !== mode) {
    yield* store(files, decoder, "dpa_size", "0", bare("failed to clear allocation to set mode"));
    yield* store(files, decoder, "mode", mode, bare(`failed to set ${mode} mode`));
  }
  yield* store(files, decoder, "dpa_size", `0x${size.toString(16)}`, bare("failed to set dpa allocation"));
  call.shown.push({ ...describeMemdev(files, memdev), decoder: describeDecoder(files, decoder, { areTargetsShown: false }) });
}

/** The division asked for counts from the next reset; what the device says of it is shown, whether or not it took it. */
function* partition({ files, options, output, shown }: MemdevCall, memdev: string): Task<void> {
  const failed = yield* setPartition(files, memdev, { type: options.values.get("type"), size: options.values.get("size"), isAligned: options.flags.has("align") });
  if (failed?.isSent !== false) {
    if (failed !== undefined) output.err(complaint(tool, failed.failure) + `${tool}: action_setpartition: ${memdev} error: ${errnoText(failed.failure.errno)}\n`);
    shown.push(describeMemdev(files, memdev, { areTargetsShown: false, answers: new Map([[memdev, { partition_info: yield* readPartitions(files, memdev) }]]) }));
  }
  if (failed === undefined) return;
  throw failed.isSent ? new ToolFailure(failed.failure.errno, "", "") : failed.failure;
}

interface MemdevCommand {
  readonly spec: OptionSpec;
  readonly act: (call: MemdevCall, memdev: string) => Task<void>;
  /** The count line. */
  readonly done: (count: number) => string;
}

const plural = (count: number): string => (count > 1 ? "s" : "");

const commands: Readonly<Record<string, MemdevCommand>> = {
  "disable-memdev": { spec: forceSpec, act: disable, done: (count) => `disabled ${count} mem${plural(count)}` },
  "enable-memdev": { spec: baseSpec, act: enable, done: (count) => `enabled ${count} mem${plural(count)}` },
  "reserve-dpa": { spec: reserveSpec, act: (call, memdev) => changeDpa(call, memdev, false), done: (count) => `reservation completed on ${count} mem device${plural(count)}` },
  "set-partition": { spec: partitionSpec, act: partition, done: (count) => `set_partition ${count} mem${plural(count)}` },
  "free-dpa": { spec: freeSpec, act: (call, memdev) => changeDpa(call, memdev, true), done: (count) => `reservation release completed on ${count} mem device${plural(count)}` },
};

export const isMemdevCommand = (name: string): boolean => Object.hasOwn(commands, name);

/** Exit code 0 as soon as one memdev succeeded, or none was tried. */
export function* memdevCommand(files: FileSystem, name: string, argv: readonly string[], output: Output): Task<number> {
  const command = commands[name];
  if (command === undefined) throw new UsageProblem(`Unknown command: '${name}'`);
  const options = parseOptions(command.spec, argv);
  if (options.words.length === 0) throw new UsageProblem(`${name}: no memdev named`);
  const call: MemdevCall = { files, options, output, shown: [] };
  const bus = options.values.get("bus") ?? "all";
  let count = 0;
  let failed: Errno | undefined;
  for (const word of options.words.includes("all") ? ["all"] : options.words) {
    const isMatch = (memdev: string): boolean => (options.flags.has("serial") ? isSerialNamed(files, memdev, word) : isMemdevNamed(files, memdev, word));
    const found = devicesOf(files, "cxl", "mem").filter((memdev) => isMatch(memdev) && devicesOf(files, "cxl", "root").some((root) => isNamed(root, bus)));
    if (found.length === 0) output.err(`${tool}: memdev_action: no memdev matches ${word}\n`);
    for (const memdev of found) {
      try {
        yield* command.act(call, memdev);
        count++;
      } catch (thrown) {
        if (!(thrown instanceof ToolFailure)) throw thrown;
        failed ??= thrown.errno;
        if (thrown.message !== "") output.err(complaint(tool, thrown));
      }
    }
  }
  if (call.shown.length > 0) output.out(toJson(call.shown));
  output.err(`${tool}: cmd_${name.replace("-", "_")}: ${command.done(count)}\n`);
  return failed === undefined || count > 0 ? 0 : 1;
}

/** Enabled memdevs whose way to the root leads through a port. */
export const enabledBelow = (files: FileSystem, port: string): string[] =>
  devicesOf(files, "cxl", "mem").filter((memdev) => driverOf(files, "cxl", memdev) !== undefined && pathOf(files, "cxl", endpointOf(files, memdev) ?? memdev).includes(port));
