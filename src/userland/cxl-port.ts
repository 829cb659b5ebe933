// `cxl enable-port`, `disable-port`, `disable-bus`.

import { errnoText } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import { memdevOfEndpoint } from "./cxl-describe.ts";
import { enabledBelow } from "./cxl-memdev.ts";
import { cxlUsage } from "./cxl-usage.ts";
import { ToolFailure, bindDevice, complaint, flushBus, tryStore, unbindDevice } from "./failure.ts";
import { isNamed, memdevsBelow } from "./match.ts";
import type { Options } from "./options.ts";
import { UsageProblem, parseOptions } from "./options.ts";
import type { Output } from "./output.ts";
import { devicesOf, driverOf, linkOf } from "./tree.ts";

interface Call {
  readonly files: FileSystem;
  readonly options: Options;
  readonly output: Output;
}

/** @throws ToolFailure EBUSY when memdevs are below and no force is used */
function refuseActive({ options, output }: Call, tool: string, letter: string, name: string, active: number): void {
  if (active === 0 || options.flags.has("force")) return;
  const [s, verb] = active > 1 ? ["s", "are"] : ["", "is"];
  output.err(`${tool}: action_disable: ${name} hosts ${active} memdev${s} which ${verb} part of an active region\n`);
  throw new ToolFailure("EBUSY", "action_disable", `See 'cxl list -M -${letter} ${name}' to see impacted device${s}`);
}

function* disablePort(call: Call, port: string): Task<void> {
  const { files } = call;
  if (driverOf(files, "cxl", port) === undefined) return;
  const isEndpoint = port.startsWith("endpoint");
  refuseActive(call, "cxl port", "p", port, isEndpoint ? (memdevOfEndpoint(files, port) === undefined ? 0 : 1) : enabledBelow(files, port).length);
  yield* unbindDevice(files, "cxl_port", port, "cxl_port_disable_invalidate");
  yield* flushBus(files);
}

function* enablePort({ files, options }: Call, port: string): Task<void> {
  // A disabled port shows no dports: its memdevs are those below what it stands on (INFERRED; the tool looks at dports).
  const below = memdevsBelow(files, [linkOf(files, "cxl", port, "uport") ?? ""]);
  yield* bindDevice(files, "cxl_port", port, "cxl_port_enable");
  if (!options.flags.has("enable-memdevs")) return;
  for (const memdev of below) if (driverOf(files, "cxl", memdev) === undefined) yield* tryStore(files.write("/sys/bus/cxl/drivers/cxl_mem/bind", memdev));
}

function* disableBus(call: Call, bus: string): Task<void> {
  const { files } = call;
  refuseActive(call, "cxl bus", "b", bus, enabledBelow(files, bus).length);
  const host = linkOf(files, "cxl", bus, "uport") ?? "";
  const errno = yield* tryStore(files.write("/sys/bus/platform/drivers/cxl_acpi/unbind", host));
  if (errno !== undefined) throw new ToolFailure(errno, "", `libcxl: cxl_bus_disable_invalidate: ${bus}: failed to disable: ${errnoText(errno)}`);
  yield* flushBus(files);
}

/** Exit code 0 as soon as one succeeded, or none was tried. */
function* overNames(call: Call, words: readonly string[], prefix: string, tool: string, act: (call: Call, name: string) => Task<void>): Task<{ readonly count: number; readonly exitCode: number }> {
  let count = 0;
  let hasFailed = false;
  for (const word of words) {
    const name = devicesOf(call.files, "cxl", prefix).find((candidate) => isNamed(candidate, word) || linkOf(call.files, "cxl", candidate, "uport") === word);
    if (name === undefined) {
      if (prefix !== "root") call.output.err(`${tool}: port_action: ${prefix}: ${word} not found\n`);
      continue;
    }
    try {
      yield* act(call, name);
      count++;
    } catch (thrown) {
      if (!(thrown instanceof ToolFailure)) throw thrown;
      hasFailed = true;
      call.output.err(complaint(tool, thrown));
    }
  }
  return { count, exitCode: hasFailed && count === 0 ? 1 : 0 };
}

/** Words that cannot name a bus are said; when there is no other word, the tool says how it is called. @throws UsageProblem */
function checkBuses(words: readonly string[], output: Output): void {
  const wrong = words.filter((word) => word !== "all" && !/^(root)?\d/.test(word));
  for (const word of wrong) output.err(`cxl bus: bus_action: '${word}' is not a valid bus identifier\n`);
  if (wrong.length === words.length) throw new UsageProblem("");
}

export const portCommands = ["enable-port", "disable-port", "disable-bus"] as const;
type PortCommand = (typeof portCommands)[number];

export function* portCommand(files: FileSystem, command: PortCommand, argv: readonly string[], output: Output): Task<number> {
  const isBus = command === "disable-bus";
  const isEnabling = command === "enable-port";
  const options = parseOptions(cxlUsage[command].options, argv);
  if (options.words.length === 0) throw new UsageProblem("");
  if (isBus) checkBuses(options.words, output);
  const tool = isBus ? "cxl bus" : "cxl port";
  const prefix = isBus ? "root" : options.flags.has("endpoint") ? "endpoint" : "port";
  const { count, exitCode } = yield* overNames({ files, options, output }, options.words, prefix, tool, isBus ? disableBus : isEnabling ? enablePort : disablePort);
  output.err(`${tool}: cmd_${command.replace("-", "_")}: ${isEnabling ? "enabled" : "disabled"} ${count} ${isBus ? "bus" : "port"}${count > 1 ? "s" : ""}\n`);
  return exitCode;
}
