// setpci: reads and writes registers of config space by name, capability or place, as pciutils 3.15 does. Each goes as one access of its width.

import { SystemError, errnoText } from "../kernel/base/errno.ts";
import type { FileSystem } from "../kernel/sysfs/file-system.ts";
import type { Task } from "../sim/task.ts";
import { findCapabilities } from "./pci/capabilities.ts";
import { extendedBytes, headerBytes, headerTypeOf, hex } from "./pci/config.ts";
import type { Filter } from "./pci/filter.ts";
import { matches } from "./pci/filter.ts";
import type { PciFunction } from "./pci/functions.ts";
import { fileOf, readFunctions } from "./pci/functions.ts";
import { parseRequest, UsageError } from "./pci/operations.ts";
import type { Operation, Request } from "./pci/operations.ts";
import { namedRegisters } from "./pci/register-names.ts";
import type { Call } from "./programs.ts";

const usage = `Usage: setpci [<options>] (<device>+ <reg>[=<values>]*)*

General options:
-f		Don't complain if there's nothing to do
-v		Be verbose
-D		List changes, don't commit them
--dumpregs	Dump all known register names and exit

Setting commands:
<device>:	-s [[[<domain>]:][<bus>]:][<slot>][.[<func>]]
		-d [<vendor>]:[<device>]
<reg>:		<base>[+<offset>][.(B|W|L)][@<number>]
<base>:		<address>
		<named-register>
		[E]CAP_<capability-name>
		[E]CAP<capability-number>
<values>:	<value>[,<value>...]
<value>:	<hex>
		<hex>:<mask>
`;

/** What ends the program, in its own words. */
class Fatal extends Error {}

const nameOf = (one: PciFunction): string => `${hex(one.domain, 4)}:${hex(one.bus, 2)}:${hex(one.device, 2)}.${one.fn}`;

function readRegister(files: FileSystem, name: string, at: number, width: number): number {
  const bytes = files.pread(fileOf(name, "config"), BigInt(at), width);
  return [...bytes].reduceRight((value, byte) => value * 256 + byte, 0);
}

function capabilityAt({ config }: PciFunction, name: string, { capability, instance }: Operation): number {
  if (capability === undefined) return 0;
  const found = findCapabilities(config, capability.id, capability.isExtended);
  const at = found[instance];
  if (at !== undefined) return at;
  const count = found.length === 0 ? "there are no capabilities with that id" : found.length === 1 ? "there is only 1 capability with that id" : `there are only ${found.length} capabilities with that id`;
  throw new Fatal(`${name}: Instance #${instance} of ${capability.isExtended ? "Extended capability" : "Capability"} ${hex(capability.id, 4)} not found - ${count}.`);
}

/** Where the operation goes on one function. @throws Fatal */
function placeOf(one: PciFunction, operation: Operation): number {
  const name = nameOf(one);
  const { width } = operation;
  const at = capabilityAt(one, name, operation) + operation.place;
  if (at % width !== 0) throw new Fatal(`${name}: Unaligned access of width ${width} to register ${hex(at, 4)}`);
  if (at + width > extendedBytes) throw new Fatal(`${name}: Access of width ${width} to register ${hex(at, 4)} out of range`);
  if (operation.headers.length > 0 && !operation.headers.includes(headerTypeOf(one.config))) throw new Fatal(`${name}: Does not have register ${operation.name}.`);
  return at;
}

function traceStart(one: PciFunction, operation: Operation, at: number): string {
  const { capability } = operation;
  const base = at - operation.place;
  const through = capability === undefined ? "" : capability.isExtended ? `(ecap ${hex(capability.id, 4)} @${hex(base, 3)}) ` : `(cap ${hex(capability.id, 2)} @${hex(base, 2)}) `;
  return `${nameOf(one)} ${through}@${hex(at, 2)}`;
}

function* writeValues(call: Call, request: Request, one: PciFunction, operation: Operation, start: number): Task<string> {
  const { width } = operation;
  const name = nameOf(one);
  const full = 2 ** (8 * width) - 1;
  const show = (value: number): string => hex(value, 2 * width);
  let trace = "";
  for (const [index, { value, mask }] of operation.values.entries()) {
    const at = start + index * width;
    const was = mask === full ? 0 : readRegister(call.files, name, at, width);
    const next = mask === full ? value : ((was & ~mask) | value) >>> 0;
    trace += mask === full ? ` ${show(value)}` : ` ${show(was)}->(${show(value)}:${show(mask)})->${show(next)}`;
    if (!request.isDemonstration) yield* call.files.pwrite(fileOf(name, "config"), BigInt(at), Uint8Array.from({ length: width }, (_, i) => (next >>> (8 * i)) & 0xff));
  }
  return trace;
}

function* execute(call: Call, request: Request, one: PciFunction, operation: Operation): Task<void> {
  const at = placeOf(one, operation);
  const start = request.isVerbose ? traceStart(one, operation, at) : "";
  if (operation.values.length > 0) {
    const trace = yield* writeValues(call, request, one, operation, at);
    if (request.isVerbose) call.output.out(`${start}${trace}\n`);
    return;
  }
  const value = hex(readRegister(call.files, nameOf(one), at, operation.width), 2 * operation.width);
  call.output.out(request.isVerbose ? `${start} = ${value}\n` : `${value}\n`);
}

const chosen = (functions: readonly PciFunction[], filter: Filter): PciFunction[] => functions.filter((one) => matches(filter, one));

function* perform(call: Call, request: Request): Task<void> {
  const needsLists = request.groups.some(({ operations }) => operations.some(({ capability }) => capability !== undefined));
  const functions = readFunctions(call.files, needsLists ? extendedBytes : headerBytes);
  for (const [index, { filter, operations }] of request.groups.entries()) {
    const selected = operations.length === 0 ? [] : chosen(functions, filter);
    if (selected.length === 0 && !request.isForced) call.output.err(`setpci: Warning: No devices selected for operation group ${index + 1}.\n`);
    for (const one of selected) for (const operation of operations) yield* execute(call, request, one, operation);
  }
}

function registerTable(): string {
  const rows = namedRegisters.map(({ name, place, width, capability }) => `${capability === undefined ? "    " : capability.isExtended ? hex(capability.id, 4) : `  ${hex(capability.id, 2)}`} ${hex(place, 2)} ${"-BW?L"[width]} ${name}\n`);
  return `cap pos w name\n${rows.join("")}`;
}

/** Exit codes: 0, 1 for wrong words, or a register that is not there. */
export function* setpci(call: Call): Task<number> {
  const { argv, output } = call;
  if (argv.length === 1 && argv[0] === "--help") output.err(usage);
  else if (argv.length === 1 && argv[0] === "--version") output.out("setpci version 3.15.0\n");
  else if (argv.length === 1 && argv[0] === "--dumpregs") output.out(registerTable());
  else {
    try {
      const request = parseRequest(argv);
      for (const warning of request.warnings) output.err(warning);
      yield* perform(call, request);
    } catch (thrown) {
      if (thrown instanceof UsageError) output.err(`setpci: ${thrown.message}.\nTry \`setpci --help' for more information.\n`);
      else if (thrown instanceof Fatal) output.err(`setpci: ${thrown.message}\n`);
      else if (thrown instanceof SystemError) output.err(`setpci: ${errnoText(thrown.errno)}\n`);
      else throw thrown;
      return 1;
    }
  }
  return 0;
}
