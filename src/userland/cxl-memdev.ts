// Commands on memdevs: which memdevs are meant, one after the other, what is shown of them, and the count line. What each command does to one
// memdev stands in its own file.

import type { Errno } from "../kernel/base/errno.ts";
import { SystemError, errnoText } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import { setAlerts } from "./cxl-alerts.ts";
import { describeMemdev, endpointOf } from "./cxl-describe.ts";
import { changeDpa } from "./cxl-dpa.ts";
import { updateFirmware, updateWord } from "./cxl-firmware.ts";
import { readLabels, writeLabels, zeroLabels } from "./cxl-labels.ts";
import { readPartitions } from "./cxl-mailbox.ts";
import type { MemdevCall } from "./cxl-memdev-call.ts";
import { memdevTool as tool } from "./cxl-memdev-call.ts";
import { setPartition } from "./cxl-partition.ts";
import { waitSanitize } from "./cxl-sanitize.ts";
import { cxlUsage } from "./cxl-usage.ts";
import { ToolFailure, bindDevice, complaint, flushBus, tryStore, unbindDevice } from "./failure.ts";
import { toJson } from "./json.ts";
import { isMemdevNamed, isNamed, isSerialNamed } from "./match.ts";
import type { Options } from "./options.ts";
import { UsageProblem, parseOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { devicesOf, driverOf, numberAttribute, pathOf } from "./tree.ts";

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
  readonly act: (call: MemdevCall, memdev: string) => Task<void>;
  /** The count line; `count` memdevs are done, or it failed. */
  readonly done: (count: number, options: Options, isFailed: boolean) => string;
  /** Function of the tool that says it, where it is not named as the command. */
  readonly where?: string;
  /** Prints memdevs, an empty list too. */
  readonly isShown?: true;
  /** Acts on one memdev only. */
  readonly isSingle?: true;
}

const plural = (count: number): string => (count > 1 ? "s" : "");
const mems = (count: number): string => `${count} mem${plural(count)}`;
const devices = (count: number): string => `${count} mem device${plural(count)}`;

const commands = {
  "zero-labels": { act: zeroLabels, done: (count) => `zeroed ${mems(count)}` },
  "read-labels": { act: readLabels, done: (count) => `read ${mems(count)}` },
  "write-labels": { act: writeLabels, done: (count) => `wrote ${mems(count)}`, isSingle: true },
  "disable-memdev": { act: disable, done: (count) => `disabled ${mems(count)}` },
  "enable-memdev": { act: enable, done: (count) => `enabled ${mems(count)}` },
  "reserve-dpa": { act: (call, memdev) => changeDpa(call, memdev, false), done: (count) => `reservation completed on ${devices(count)}`, isShown: true },
  "free-dpa": { act: (call, memdev) => changeDpa(call, memdev, true), done: (count) => `reservation release completed on ${devices(count)}`, isShown: true },
  "update-firmware": { act: updateFirmware, done: (count, options) => `firmware update ${updateWord(options)} on ${devices(count)}`, where: "cmd_update_fw", isShown: true },
  "set-alert-config": { act: setAlerts, done: (count) => `set alert configuration for ${mems(count)}`, isShown: true },
  "wait-sanitize": { act: waitSanitize, done: (count, _options, isFailed) => `wait sanitize ${isFailed ? "failed" : "completed"} on ${devices(count)}` },
  "set-partition": { act: partition, done: (count) => `set_partition ${mems(count)}`, isShown: true },
} as const satisfies Readonly<Record<string, MemdevCommand>>;

export type MemdevCommandName = keyof typeof commands;
export const memdevCommands = Object.keys(commands) as readonly MemdevCommandName[];

/** Words that cannot name a memdev are said; when there is no other word, the tool says how it is called. @throws UsageProblem */
function checkWords(options: Options, output: Output): void {
  const isSerial = options.flags.has("serial");
  const wrong = options.words.filter((word) => word !== "all" && !(isSerial ? /^\d/ : /^(mem)?\d/).test(word));
  for (const word of wrong) output.err(`${tool}: memdev_action: '${word}' is not a valid memdev ${isSerial ? "serial number" : "name"}\n`);
  if (wrong.length === options.words.length) throw new UsageProblem("");
}

/** Opens the files of --input and --output; what is to be read. @throws ToolFailure */
function* openFiles(files: FileSystem, options: Options, input: string): Task<MemdevCall["source"]> {
  const [from, to] = [options.values.get("input"), options.values.get("output")];
  const refuse = (path: string, errno: Errno): never => {
    throw new ToolFailure(errno, "memdev_action", `failed to open: ${path}: (${errnoText(errno)})`);
  };
  if (to !== undefined) {
    const errno = yield* tryStore(files.write(to, ""));
    if (errno !== undefined) refuse(to, errno);
  }
  if (from === undefined) return { text: input, isFile: false };
  try {
    return { text: files.read(from), isFile: true };
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    return refuse(from, thrown.errno);
  }
}

/** Memdevs that a word means; none is said. */
function memdevsNamed({ files, options, output }: MemdevCall, word: string): string[] {
  const bus = options.values.get("bus") ?? "all";
  const isMatch = (memdev: string): boolean => (options.flags.has("serial") ? isSerialNamed(files, memdev, word) : isMemdevNamed(files, memdev, word));
  const found = devicesOf(files, "cxl", "mem").filter((memdev) => isMatch(memdev) && devicesOf(files, "cxl", "root").some((root) => isNamed(root, bus)));
  if (found.length === 0) output.err(`${tool}: memdev_action: no memdev matches ${word}\n`);
  return found;
}

/** How many succeeded, and whether any failed. */
function* actOn(call: MemdevCall, command: MemdevCommand, memdevs: readonly string[]): Task<{ readonly count: number; readonly hasFailed: boolean }> {
  let count = 0;
  for (const memdev of memdevs) {
    try {
      yield* command.act(call, memdev);
      count++;
    } catch (thrown) {
      if (!(thrown instanceof ToolFailure)) throw thrown;
      if (thrown.message !== "") call.output.err(complaint(tool, thrown));
    }
  }
  return { count, hasFailed: count < memdevs.length };
}

function show({ shown, output }: MemdevCall): void {
  if (shown.length === 0) output.err("  Warning: no matching devices found\n\n");
  output.out(toJson(shown));
}

/** Exit code 0 as soon as one memdev succeeded, or none was tried. */
export function* memdevCommand(files: FileSystem, name: MemdevCommandName, argv: readonly string[], input: string, output: Output): Task<number> {
  const command: MemdevCommand = commands[name];
  const options = parseOptions(cxlUsage[name].options, argv);
  checkWords(options, output);
  let call: MemdevCall;
  try {
    call = { files, options, output, shown: [], source: yield* openFiles(files, options, input) };
  } catch (thrown) {
    if (!(thrown instanceof ToolFailure)) throw thrown;
    output.err(complaint(tool, thrown));
    return 1;
  }
  // "all" anywhere makes the tool look at its first word only.
  const words = options.words.includes("all") ? options.words.slice(0, 1) : options.words;
  let count = 0;
  let hasFailed = false;
  const meant: string[] = [];
  for (const word of words) {
    const found = memdevsNamed(call, word);
    meant.push(...found);
    if (command.isSingle === true) continue;
    const result = yield* actOn(call, command, found);
    count += result.count;
    hasFailed ||= result.hasFailed;
  }
  if (command.isSingle === true) {
    if (meant.length > 1) throw new UsageProblem(`${name} only supports writing a single memdev\n`);
    ({ count, hasFailed } = yield* actOn(call, command, meant));
  }
  const isFailed = hasFailed && count === 0;
  if (command.isShown === true) show(call);
  output.err(`${tool}: ${command.where ?? `cmd_${name.replaceAll("-", "_")}`}: ${command.done(count, options, isFailed)}\n`);
  return isFailed ? 1 : 0;
}

/** Enabled memdevs whose way to the root leads through a port. */
export const enabledBelow = (files: FileSystem, port: string): string[] =>
  devicesOf(files, "cxl", "mem").filter((memdev) => driverOf(files, "cxl", memdev) !== undefined && pathOf(files, "cxl", endpointOf(files, memdev) ?? memdev).includes(port));
