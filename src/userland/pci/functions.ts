// Functions as lspci and setpci know them: from sysfs, or from a hex dump of their config space (lspci -x prints one, -F reads it).

import { SystemError } from "../../kernel/base/errno.ts";
import type { FileSystem } from "../../kernel/sysfs/file-system.ts";
import type { Config } from "./config.ts";
import { bridgeClass, extendedBytes, header, headerTypeOf, headerTypes, has, headerBytes, standardBytes, u16, u32, u8 } from "./config.ts";

/** A line of sysfs' `resource`: flags as the kernel numbers them. */
export interface ResourceLine {
  readonly start: bigint;
  readonly size: bigint;
  readonly flags: number;
}

/** What the operating system says beside config space. */
interface SystemView {
  readonly resources: readonly ResourceLine[];
  /** That of INTx, or the one message of a function with MSI; 0: none. */
  readonly irq: number;
  /** Those of its messages, ascending. */
  readonly messages: readonly number[];
  /** -1: none. */
  readonly numaNode: number;
  readonly driver: string | undefined;
  /** Name of the slot that its card is in. */
  readonly slot: string | undefined;
}

export interface PciFunction {
  readonly domain: number;
  readonly bus: number;
  readonly device: number;
  readonly fn: number;
  readonly vendor: number;
  readonly deviceId: number;
  readonly classCode: number;
  readonly programmingInterface: number;
  readonly revision: number;
  readonly subsystem: { readonly vendor: number; readonly device: number } | undefined;
  readonly config: Config;
  /** Undefined: from a dump. */
  readonly system: SystemView | undefined;
}

export type Place = Pick<PciFunction, "domain" | "bus" | "device" | "fn">;

const folder = "/sys/bus/pci/devices";
export const fileOf = (place: string, name: string): string => `${folder}/${place}/${name}`;

const placePattern = /^(?:([0-9a-f]{1,8}):)?([0-9a-f]{1,2}):([0-9a-f]{1,2})\.([0-7])$/i;

/** "0000:0c:00.0"; the domain may be left out. */
function parsePlace(text: string): Place | undefined {
  const match = placePattern.exec(text);
  if (match === null) return undefined;
  const [domain, bus, device, fn] = match.slice(1).map((digits) => Number.parseInt(digits ?? "0", 16)) as [number, number, number, number];
  return device > 0x1f ? undefined : { domain, bus, device, fn };
}

const order = (place: Place): number => ((place.domain * 256 + place.bus) * 32 + place.device) * 8 + place.fn;
export const inOrder = <T extends Place>(places: readonly T[]): T[] => [...places].toSorted((a, b) => order(a) - order(b));

/** Text of a file without its end; undefined when it is not there or fails. */
function textOf(files: FileSystem, path: string): string | undefined {
  try {
    return files.read(path).trim();
  } catch (thrown) {
    if (thrown instanceof SystemError) return undefined;
    throw thrown;
  }
}

function bytesOf(files: FileSystem, path: string, length: number): Uint8Array {
  try {
    return files.pread(path, 0n, length);
  } catch (thrown) {
    if (thrown instanceof SystemError) return new Uint8Array();
    throw thrown;
  }
}

function resourceLines(text: string): ResourceLine[] {
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const [start = 0n, end = 0n, flags = 0n] = line.split(" ").map(BigInt);
    return { start, size: end > start ? end - start + 1n : 0n, flags: Number(flags) };
  });
}

const messagesOf = (files: FileSystem, path: string): number[] => (files.exists(path) ? files.list(path).map(Number).toSorted((a, b) => a - b) : []);

const slotFolder = "/sys/bus/pci/slots";

/** Names of slots by the place of the card that each is for: domain, bus and device. */
export function slotsOf(files: FileSystem): ReadonlyMap<string, string> {
  const names = files.exists(slotFolder) ? files.list(slotFolder) : [];
  return new Map(names.map((name) => [textOf(files, `${slotFolder}/${name}/address`) ?? "", name]));
}

function fromSystem(files: FileSystem, name: string, length: number, slots: ReadonlyMap<string, string>): PciFunction | undefined {
  const place = parsePlace(name);
  if (place === undefined) return undefined;
  const number = (what: string): number => Number(textOf(files, fileOf(name, what)) ?? 0);
  const driver = fileOf(name, "driver");
  const identity = number("class");
  return {
    ...place, vendor: number("vendor"), deviceId: number("device"), classCode: identity >>> 8, programmingInterface: identity & 0xff, revision: number("revision"),
    subsystem: { vendor: number("subsystem_vendor"), device: number("subsystem_device") }, config: { bytes: bytesOf(files, fileOf(name, "config"), length) },
    system: { resources: resourceLines(textOf(files, fileOf(name, "resource")) ?? ""), irq: number("irq"), messages: messagesOf(files, fileOf(name, "msi_irqs")), numaNode: number("numa_node"), driver: files.exists(driver) ? files.readlink(driver).split("/").at(-1) : undefined, slot: slots.get(name.split(".")[0] ?? "") },
  };
}

/** Every function, in order of place; `length` bytes of config space of each are read. */
export function readFunctions(files: FileSystem, length: number, slots: ReadonlyMap<string, string> = new Map()): PciFunction[] {
  const names = files.exists(folder) ? files.list(folder) : [];
  return inOrder(names.flatMap((name) => fromSystem(files, name, length, slots) ?? []));
}

/** A function as its config space alone shows it. */
function fromConfig(place: Place, bytes: Uint8Array): PciFunction {
  const config: Config = { bytes };
  const hasSubsystem = headerTypeOf(config) === headerTypes.endpoint;
  return {
    ...place, vendor: u16(config, header.vendor), deviceId: u16(config, header.device), classCode: u16(config, header.classCode), programmingInterface: u8(config, header.programmingInterface), revision: u8(config, header.revision),
    subsystem: hasSubsystem ? { vendor: u16(config, header.subsystemVendor), device: u16(config, header.subsystem) } : undefined, config, system: undefined,
  };
}

/** What a dump that cannot be read says. */
export class DumpProblem extends Error {}

/** Sizes a dump can have. */
const dumpSizes = [headerBytes, standardBytes, extendedBytes];

interface Part {
  readonly place: Place;
  readonly bytes: number[];
}

function addLine(part: Part | undefined, line: string, number: number): void {
  const match = /^([0-9a-f]{2,4}):((?: [0-9a-f]{2})+) *$/i.exec(line);
  if (match === null) return;
  if (part === undefined) throw new DumpProblem(`line ${number}: bytes before a function`);
  const at = Number.parseInt(match[1] ?? "", 16);
  const bytes = (match[2] ?? "").trim().split(" ").map((digits) => Number.parseInt(digits, 16));
  if (at !== part.bytes.length || at + bytes.length > extendedBytes) throw new DumpProblem(`line ${number}: byte ${match[1]} is not the next one`);
  part.bytes.push(...bytes);
}

/** Functions of a dump in the form of `lspci -x`, in order of place. @throws DumpProblem */
export function parseDump(text: string): PciFunction[] {
  const parts: Part[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const place = parsePlace(line.split(" ", 1)[0] ?? "");
    if (place !== undefined && line.includes(" ")) parts.push({ place, bytes: [] });
    else addLine(parts.at(-1), line, index + 1);
  }
  const short = parts.find(({ bytes }) => !dumpSizes.includes(bytes.length));
  if (short !== undefined) throw new DumpProblem(`${short.bytes.length} bytes of a function; a dump has ${dumpSizes.join(", ")}`);
  return inOrder(parts.map(({ place, bytes }) => fromConfig(place, Uint8Array.from(bytes))));
}

/** A function that passes accesses on to a bus below. */
export const isBridge = (one: PciFunction): boolean => one.classCode >>> 8 === bridgeClass >>> 8 && has(one.config, 0, headerBytes) && headerTypeOf(one.config) === headerTypes.bridge;

/** What the header's BAR `index` reads. */
export const rawBar = (one: PciFunction, index: number): number => u32(one.config, header.bar0 + 4 * index);
