// lspci: functions of PCI, their header and capabilities, as pciutils 3.15 shows them. Reads /sys alone, or a dump (-F).

import { SystemError, errnoText } from "../kernel/base/errno.ts";
import { capabilityLines } from "./pci/capabilities.ts";
import { extendedBytes, has, headerBytes, headerTypeOf, headerTypes, hex, standardBytes, u8 } from "./pci/config.ts";
import { FilterProblem, matches, parseId, parseSlot } from "./pci/filter.ts";
import type { Filter } from "./pci/filter.ts";
import { DumpProblem, parseDump, readFunctions, slotsOf } from "./pci/functions.ts";
import type { PciFunction } from "./pci/functions.ts";
import { bridgeControl, busLine, fullHeader, headerComplaint, isKnownHeader, secondaryStatus, selfTest, shortHeader } from "./pci/header.ts";
import { className, deviceName, interfaceName } from "./pci/names.ts";
import type { Naming } from "./pci/names.ts";
import { assignedLines, regionLines, romLine, windowLines } from "./pci/regions.ts";
import { treeLines } from "./pci/tree.ts";
import type { Call } from "./programs.ts";

const usage = `Usage: lspci [<switches>]

Basic display modes:
-t		Show bus tree

Display options:
-v		Be verbose (-vv or -vvv for higher verbosity)
-k		Show kernel drivers handling each device
-x		Show hex-dump of the standard part of the config space
-xxx		Show hex-dump of the whole config space (dangerous; root only)
-xxxx		Show hex-dump of the 4096-byte extended config space (root only)
-D		Always show domain numbers

Resolving of device IDs to names:
-n		Show numeric IDs
-nn		Show both textual and numeric IDs (names & numbers)

Selection of devices:
-s [[[[<domain>]:]<bus>]:][<slot>][.[<func>]]	Show only devices in selected slots
-d [<vendor>]:[<device>][:<class>]		Show only devices with specified IDs

PCI access options:
-F <file>	Read PCI configuration dump from a given file (- is standard input)
`;

const version = "lspci version 3.15.0\n";

export interface Look {
  readonly verbosity: number;
  readonly hex: number;
  readonly naming: Naming;
  readonly showsDriver: boolean;
  readonly showsDomain: boolean;
}

interface Request {
  readonly counts: Readonly<Record<string, number>>;
  readonly filter: Filter | undefined;
  readonly dump: string | undefined;
}

/** Words that are no request; the message is the tool's, then its usage. */
class BadWords extends Error {}

const flags = "vnxtkD";
const withValue = "sdF";

function parseValue(letter: string, value: string, filter: Filter): Filter {
  try {
    return { ...filter, ...(letter === "s" ? parseSlot(value) : letter === "d" ? parseId(value) : {}) };
  } catch (thrown) {
    if (thrown instanceof FilterProblem) throw new FilterProblem(`-${letter}: ${thrown.message}`);
    throw thrown;
  }
}

/** @throws BadWords, FilterProblem */
function parseWords(argv: readonly string[]): Request {
  const counts: Record<string, number> = {};
  let filter: Filter | undefined;
  let dump: string | undefined;
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (!word.startsWith("-") || word === "-") throw new BadWords("");
    for (let letters = word.slice(1); letters !== ""; ) {
      const letter = letters[0] ?? "";
      letters = letters.slice(1);
      if (flags.includes(letter)) counts[letter] = (counts[letter] ?? 0) + 1;
      else if (withValue.includes(letter)) {
        const value = letters === "" ? rest.shift() : letters;
        if (value === undefined) throw new BadWords(`lspci: option requires an argument -- '${letter}'\n`);
        if (letter === "F") dump = value;
        else filter = parseValue(letter, value, filter ?? {});
        letters = "";
      } else throw new BadWords(`lspci: invalid option -- '${letter}'\n`);
    }
  }
  return { counts, filter, dump };
}

/** Lines of what is asked for beside the first, by header type. */
function bodyLines(one: PciFunction, { verbosity }: Look): string[] {
  if (!isKnownHeader(one)) return assignedLines(one, verbosity);
  if (headerTypeOf(one.config) === headerTypes.endpoint) return [...regionLines(one, verbosity), ...romLine(one), ...capabilityLines(one, verbosity)];
  return [
    ...regionLines(one, verbosity), busLine(one), ...windowLines(one, verbosity), ...(verbosity > 1 ? [secondaryStatus(one)] : []), ...romLine(one), ...(verbosity > 1 ? bridgeControl(one) : []), ...capabilityLines(one, verbosity),
  ];
}

const placeText = (one: PciFunction, look: Look): string => `${look.showsDomain ? `${hex(one.domain, 4)}:` : ""}${hex(one.bus, 2)}:${hex(one.device, 2)}.${one.fn}`;

function interfaceText(one: PciFunction, { naming }: Look): string {
  const name = naming === "numbers" ? undefined : interfaceName(one.classCode, one.programmingInterface);
  if (one.programmingInterface === 0 && name === undefined) return "";
  return ` (prog-if ${hex(one.programmingInterface, 2)}${name === undefined ? "" : ` [${name}]`})`;
}

function firstLines(one: PciFunction, look: Look): string[] {
  const revision = one.revision === 0 ? "" : ` (rev ${hex(one.revision, 2)})`;
  const first = `${placeText(one, look)} ${className(one.classCode, look.naming)}: ${deviceName(one.vendor, one.deviceId, look.naming)}${revision}${look.verbosity > 0 ? interfaceText(one, look) : ""}`;
  const { subsystem } = one;
  const isShown = (look.verbosity > 0 || look.showsDriver) && subsystem !== undefined && subsystem.vendor !== 0 && subsystem.vendor !== 0xffff;
  return isShown ? [first, `\tSubsystem: ${deviceName(subsystem.vendor, subsystem.device, look.naming)}`] : [first];
}

/** What is shown of the standard part, all of it, or everything. */
function dumpLines(one: PciFunction, asked: number): string[] {
  const length = Math.min(asked >= 4 ? extendedBytes : asked === 3 ? standardBytes : headerBytes, one.config.bytes.length);
  const row = (at: number): string => `${hex(at, 2)}: ${Array.from({ length: 16 }, (_, i) => hex(u8(one.config, at + i), 2)).join(" ")}`;
  return Array.from({ length: Math.ceil(length / 16) }, (_, n) => row(n * 16));
}

const slotLine = (one: PciFunction): string[] => (one.system?.slot === undefined ? [] : [`\tPhysical Slot: ${one.system.slot}`]);

/** Everything shown of one function. */
export function describe(one: PciFunction, look: Look): string {
  const lines = firstLines(one, look);
  if (look.verbosity > 0) lines.push(...headerComplaint(one), ...slotLine(one), ...(look.verbosity > 1 ? fullHeader(one) : shortHeader(one)), ...selfTest(one), ...bodyLines(one, look));
  if ((look.verbosity > 0 || look.showsDriver) && one.system?.driver !== undefined) lines.push(`\tKernel driver in use: ${one.system.driver}`);
  if (look.hex > 0) lines.push(...dumpLines(one, look.hex));
  return `${lines.join("\n")}\n${look.verbosity > 0 || look.hex > 0 ? "\n" : ""}`;
}

function functionsOf({ files, input }: Call, request: Request): PciFunction[] {
  const { dump } = request;
  if (dump !== undefined) return parseDump(dump === "-" || dump === "/dev/stdin" ? input : files.read(dump));
  const { v = 0, x = 0 } = request.counts;
  return readFunctions(files, v > 0 || x > 3 ? extendedBytes : x > 2 ? standardBytes : headerBytes, v > 0 ? slotsOf(files) : undefined);
}

function show(call: Call, request: Request): void {
  const { v = 0, x = 0, n = 0, k = 0, D = 0, t = 0 } = request.counts;
  const functions = functionsOf(call, request).filter(({ config }) => has(config, 0, headerBytes));
  const naming = n === 0 ? "names" : n === 1 ? "numbers" : "both";
  const { filter } = request;
  if (t > 0) {
    call.output.out(treeLines(functions, { verbosity: v, naming, filter }).map((line) => `${line}\n`).join(""));
    return;
  }
  const look: Look = { verbosity: v, hex: x, naming, showsDriver: k > 0, showsDomain: D > 0 || functions.some(({ domain }) => domain !== 0) };
  for (const one of functions) if (filter === undefined || matches(filter, one)) call.output.out(describe(one, look));
}

/** Exit codes: 0, 1 for wrong words, a file or a dump that cannot be read. */
export function lspci(call: Call): number {
  const { argv, output } = call;
  if (argv.length === 1 && argv[0] === "--version") {
    output.out(version);
    return 0;
  }
  try {
    show(call, parseWords(argv));
    return 0;
  } catch (thrown) {
    if (thrown instanceof BadWords) output.err(`${thrown.message}${usage}`);
    else if (thrown instanceof FilterProblem) output.err(`lspci: ${thrown.message}\n`);
    else if (thrown instanceof DumpProblem) output.err(`lspci: dump: ${thrown.message}\n`);
    else if (thrown instanceof SystemError) output.err(`lspci: dump: Cannot open ${argv.at(-1) ?? ""}: ${errnoText(thrown.errno)}\n`);
    else throw thrown;
    return 1;
  }
}
