// What a machine description must satisfy before the module is given it. Every refusal names the part, what was found and what is possible.

import type { DeviceDescription, DownstreamPortDescription, HostBridgeDescription, IsolationDescription, LinkDescription, MachineDescription, RootPortDescription, SlotDescription, SwitchDescription, WindowDescription } from "../platform/description.ts";
import { busesBelow, deviceNumberOf, isSwitch } from "../platform/description.ts";
import { mailboxProblems } from "../platform/mailbox-rules.ts";
import type { AccessFigures } from "../platform/platform.ts";

/** A machine that cannot be built. The message says what, and what is possible. */
export class MachineDescriptionError extends Error {
  constructor(what: string, problem: string) {
    super(`${what}: ${problem}`);
    this.name = "MachineDescriptionError";
  }
}

/** Decoder counts and their encodings in HDM capability 3:0 (6.2). */
export const decoderCodes: Readonly<Record<number, number>> = { 1: 0, 2: 1, 4: 2, 6: 3, 8: 4, 10: 5, 12: 6, 14: 7, 16: 8, 20: 9, 24: 10, 28: 11, 32: 12 };
export const platformFailures: readonly MachineDescription["platformFailure"][] = ["reset", "hang-until-watchdog", "machine-check"];
export const timeoutInstants: readonly MachineDescription["implementation"]["timeoutInstant"][] = ["earliest", "middle", "latest"];

const lineSize = 64n;
const largestCache = 256n << 20n;
const granule = 256n << 20n;
const page = 4096n;
const blockSize = 0x1_0000n;
/** HPA and DPA have 52 bits (cedt sheet 6). */
const addressLimit = 1n << 52n;
const longest = Number.MAX_SAFE_INTEGER;
const word = 0xffff_ffff;
const deepestSwitch = 4;
const mostPorts = 32;
const longestReset = 100_000_000_000;

export function check(holds: boolean, what: string, problem: string): void {
  if (!holds) throw new MachineDescriptionError(what, problem);
}

function checkRange(value: number, from: number, to: number, what: string, unit = ""): void {
  check(Number.isInteger(value) && value >= from && value <= to, what, `${value} is not an integer in ${from}..${to}${unit}`);
}

function checkOneOf<T>(value: T, choices: readonly T[], what: string): void {
  check(choices.includes(value), what, `${String(value)} is not one of ${choices.join(", ")}`);
}

interface Claim {
  readonly what: string;
  readonly base: bigint;
  readonly size: bigint;
}

/** Ranges of the CPU's address map: inside 52 bits, and apart from each other. */
function checkApart(claims: readonly Claim[]): void {
  for (const { what, base, size } of claims) check(base >= 0n && size > 0n && base + size <= addressLimit, what, `0x${base.toString(16)} + 0x${size.toString(16)} is not a range below 2^52`);
  const sorted = [...claims].toSorted((a, b) => (a.base < b.base ? -1 : a.base > b.base ? 1 : 0));
  for (const [index, claim] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next !== undefined) check(claim.base + claim.size <= next.base, next.what, `0x${next.base.toString(16)} lies inside ${claim.what}, which ends at 0x${(claim.base + claim.size).toString(16)}`);
  }
}

function checkNames(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    check(name !== "", "a part of the machine", "has no name");
    check(!seen.has(name), name, "the name is used twice");
    seen.add(name);
  }
}

/** @throws MachineDescriptionError */
export function checkMachine(machine: MachineDescription): void {
  const { hostBridges, windows, ram, limits } = machine;
  checkRange(hostBridges.length, 1, 16, "host bridges");
  checkNames(hostBridges.flatMap((bridge) => [bridge.name, ...bridge.rootPorts.flatMap(namesBelow)]));
  for (const bridge of hostBridges) checkBridge(bridge);
  checkBridgesApart(hostBridges);
  for (const [number, window] of windows.entries()) checkWindow(`window ${number}`, window, hostBridges.length);
  checkMapsAgree(windows);
  for (const [number, range] of ram.entries()) check(range.base % page === 0n && range.size % page === 0n, `ram ${number}`, "base and size are multiples of 4 KiB");
  checkApart([
    ...ram.map((range, number) => ({ what: `ram ${number}`, ...range })),
    ...windows.map(({ base, size }, number) => ({ what: `window ${number}`, base, size })),
    ...hostBridges.map((bridge) => ({ what: `${bridge.name} component registers`, base: bridge.componentBase, size: blockSize })),
  ]);
  checkRange(limits.mediaPages, 1, 262_144, "limits.mediaPages", " pages of 4 KiB");
  checkRange(limits.traceRecords, 64, 1_048_576, "limits.traceRecords");
  checkRange(limits.probes, 1, 1024, "limits.probes");
  checkRange(limits.requesters, 1, 4096, "limits.requesters");
  checkChoices(machine);
}

function checkChoices(machine: MachineDescription): void {
  const choice = machine.implementation;
  if (machine.cache !== undefined) checkCache(machine.cache);
  for (const [name, cost] of Object.entries(machine.costs)) checkRange(cost, 0, word, `costs.${name}`, " ns");
  checkOneOf(machine.platformFailure, platformFailures, "platformFailure");
  checkRange(machine.watchdogTime, 1, longest, "watchdogTime", " ns");
  checkOneOf(choice.isolationExit, ["cxl-3.2", "seed-strict"], "implementation.isolationExit");
  checkOneOf(choice.timeoutInstant, timeoutInstants, "implementation.timeoutInstant");
  checkOneOf(choice.messageOrder, ["isolation-first", "hotplug-first"], "implementation.messageOrder");
  checkRange(choice.decoderCommitTime, 0, longest, "implementation.decoderCommitTime", " ns");
  checkRange(choice.isolationResponseTime, 0, longest, "implementation.isolationResponseTime", " ns");
  checkOneOf(choice.switchDeadPort ?? "no-response", ["no-response", "all-ones"], "implementation.switchDeadPort");
  checkOneOf(choice.clearWhileBusy ?? "ignored", ["ignored", "ends"], "implementation.clearWhileBusy");
}

const namesBelow = (port: DownstreamPortDescription): string[] => [port.name, ...port.slots.flatMap((slot) => [slot.name, ...(isSwitch(slot) ? slot.ports.flatMap(namesBelow) : [])])];

/** XOR arithmetic has one bitmap per way bit: log2 of the ways, or of a third of them (cedt sheet 1.3). */
const mapsOf = (ways: number): number => Math.log2(ways % 3 === 0 ? ways / 3 : ways);

function checkArithmetic(what: string, { ways, arithmetic, xorMaps }: WindowDescription): void {
  const maps = xorMaps ?? [];
  checkOneOf(arithmetic ?? "modulo", ["modulo", "xor"], `${what} arithmetic`);
  if (arithmetic !== "xor") return check(maps.length === 0, `${what} maps`, "only XOR arithmetic has bitmaps; set arithmetic to xor or leave them out");
  check(maps.length === mapsOf(ways), `${what} maps`, `${maps.length} bitmaps, but ${ways} ways need ${mapsOf(ways)}`);
  for (const map of maps) check(map > 0n && map < addressLimit, `${what} maps`, `0x${map.toString(16)} is not a bitmap of address bits 51:0`);
}

/** One table of bitmaps (CXIMS) serves all XOR windows of a granularity. */
function checkMapsAgree(windows: readonly WindowDescription[]): void {
  const lists = new Map<number, readonly bigint[]>();
  for (const [number, { arithmetic, granularity, xorMaps }] of windows.entries()) {
    if (arithmetic !== "xor") continue;
    const maps = xorMaps ?? [];
    const before = lists.get(granularity) ?? [];
    check(maps.every((map, bit) => before[bit] === undefined || before[bit] === map), `window ${number} maps`, `differ from those of another XOR window of granularity ${granularity}; give it the same bitmaps or another granularity`);
    if (maps.length > before.length) lists.set(granularity, maps);
  }
}

function checkWindow(what: string, window: WindowDescription, bridges: number): void {
  check(window.base % granule === 0n && window.size % granule === 0n && window.size > 0n, what, "base and size are multiples of 256 MiB");
  checkOneOf(window.ways, [1, 2, 3, 4, 6, 8, 12, 16], `${what} ways`);
  check(window.targets.length === window.ways, what, `${window.targets.length} targets for ${window.ways} ways`);
  checkOneOf(window.granularity, [256, 512, 1024, 2048, 4096, 8192, 16_384], `${what} granularity`);
  for (const [position, target] of window.targets.entries()) checkRange(target, 0, bridges - 1, `${what} target ${position}`);
  checkArithmetic(what, window);
  checkRange(window.restrictions ?? 0, 0, 0x3f, `${what} restrictions`);
  checkRange(window.qtg ?? 0, 0, 0xffff, `${what} qtg`);
}

/** What host bridges may not share: buses of a segment, and the UID by which the CEDT names them. */
function checkBridgesApart(bridges: readonly HostBridgeDescription[]): void {
  for (const [index, bridge] of bridges.entries()) {
    for (const other of bridges.slice(index + 1)) {
      const isApart = bridge.segment !== other.segment || bridge.busEnd < other.busStart || other.busEnd < bridge.busStart;
      check(isApart, `${other.name} buses`, `${other.busStart}..${other.busEnd} overlap ${bridge.busStart}..${bridge.busEnd} of ${bridge.name} in segment ${bridge.segment}`);
      check(bridge.uid !== other.uid, `${other.name} uid`, `${other.uid} is that of ${bridge.name} too`);
    }
  }
}

function checkBridge(bridge: HostBridgeDescription): void {
  const { name, rootPorts } = bridge;
  checkRange(bridge.uid, 0, word, `${name} uid`);
  checkRange(bridge.segment, 0, 0xffff, `${name} segment`);
  checkRange(bridge.busStart, 0, 255, `${name} busStart`);
  checkRange(bridge.busEnd, bridge.busStart, 255, `${name} busEnd`);
  const needed = 1 + rootPorts.reduce((sum, port) => sum + busesBelow(port), 0);
  check(bridge.busEnd - bridge.busStart + 1 >= needed, `${name} buses`, `${bridge.busStart}..${bridge.busEnd} are ${bridge.busEnd - bridge.busStart + 1}, but the bridge, its ${rootPorts.length} root ports and what is declared below them need ${needed}; widen the range, or use another segment`);
  check(bridge.componentBase % blockSize === 0n, `${name} component registers`, `0x${bridge.componentBase.toString(16)} is no multiple of 64 KiB`);
  checkHub(name, bridge.decoders, bridge.targetCount, rootPorts);
  checkPerformance(name, bridge.performance);
  for (const port of rootPorts) checkRootPort(port);
}

/** What a host bridge and a switch have in common. */
function checkHub(name: string, decoders: number, targetCount: number, ports: readonly DownstreamPortDescription[]): void {
  checkRange(ports.length, 1, mostPorts, `${name} ports`);
  if (decoders === 0) check(ports.length === 1, `${name} decoders`, `0 lets everything pass to one port, but there are ${ports.length}`);
  else check(decoderCodes[decoders] !== undefined, `${name} decoders`, `${decoders} cannot be encoded (6.2): use 1, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28 or 32, or 0 with one port`);
  checkOneOf(targetCount, [1, 2, 4, 8], `${name} target count`);
  const numbers = new Map<number, string>();
  const places = ports.map(deviceNumberOf);
  for (const [index, place] of places.entries()) {
    checkRange(place, 0, mostPorts - 1, `${ports[index]?.name} deviceNumber`);
    check(index === 0 || place > (places[index - 1] ?? 0), `${ports[index]?.name} deviceNumber`, `${place} does not rise along the ports of ${name}`);
  }
  for (const port of ports) {
    check(!numbers.has(port.portNumber), `${port.name} portNumber`, `${port.portNumber} is that of ${numbers.get(port.portNumber)} too`);
    numbers.set(port.portNumber, port.name);
  }
}

function checkRootPort(port: RootPortDescription): void {
  checkRange(port.inFlight, 1, 256, `${port.name} inFlight`, " entries");
  if (port.isolation !== null) checkIsolation(port.name, port.isolation);
  if (port.snoopFilter !== undefined) {
    checkRange(port.snoopFilter.group, 0, 0xffff, `${port.name} snoopFilter.group`);
    checkRange(port.snoopFilter.capacity, 0, word, `${port.name} snoopFilter.capacity`, " units of 64 KiB");
  }
  checkPort(port, 0);
}

/** `depth` switches are above the port. */
function checkPort(port: DownstreamPortDescription, depth: number): void {
  checkRange(port.portNumber, 0, 255, `${port.name} portNumber`);
  checkRange(port.linkTrainingTime, 0, longest, `${port.name} linkTrainingTime`, " ns");
  checkRange(port.slots.length, 0, 16, `${port.name} cards`);
  checkLink(port.name, port.link);
  for (const slot of port.slots) checkSlot(slot, depth);
}

/** Speeds and widths of a CXL link without flit mode (CXL 3.2 6.4). */
function checkLink(name: string, link: LinkDescription | undefined): void {
  if (link === undefined) return;
  checkOneOf(link.speed, [3, 4, 5], `${name} link speed`);
  checkOneOf(link.width, [1, 2, 4, 8, 16], `${name} link width`);
}

/** HMAT's figures have 16 bits and a unit, and the system takes 32 bits of what they come to: in picoseconds, in MB/s. */
function checkPerformance(name: string, figures: AccessFigures | undefined): void {
  if (figures === undefined) return;
  for (const key of ["readLatency", "writeLatency"] as const) checkRange(figures[key], 1, Math.floor(word / 1000), `${name} performance.${key}`, " ns");
  for (const key of ["readBandwidth", "writeBandwidth"] as const) checkRange(figures[key], 1, word, `${name} performance.${key}`, " MB/s");
}

function checkSlot(slot: SlotDescription, depth: number): void {
  check(slot.serial >= 0n && slot.serial < 1n << 64n, `${slot.name} serial`, `${slot.serial} does not fit 64 bits`);
  checkLink(slot.name, slot.link);
  if (!isSwitch(slot)) return checkDevice(slot);
  check(depth < deepestSwitch, slot.name, `is switch number ${depth + 1} on the way down; ${deepestSwitch} are possible`);
  checkSwitch(slot, depth);
}

function checkSwitch(slot: SwitchDescription, depth: number): void {
  checkHub(slot.name, slot.decoders, slot.targetCount, slot.ports);
  checkRange(slot.latency, 0, word, `${slot.name} latency`, " ns");
  checkRange(slot.bandwidth ?? 1, 1, word, `${slot.name} bandwidth`, " MB/s");
  for (const port of slot.ports) checkPort(port, depth + 1);
}

function checkCache({ size, ways, latency }: NonNullable<MachineDescription["cache"]>): void {
  checkRange(ways, 1, 64, "cache.ways");
  const set = lineSize * BigInt(ways);
  const sets = size / set;
  check(size > 0n && size <= largestCache && size % set === 0n && (sets & (sets - 1n)) === 0n, "cache.size", `${size} bytes is not ${ways} ways of 64-byte lines in a power of two of sets, up to 256 MiB`);
  checkRange(latency, 0, word, "cache.latency", " ns");
}

function checkIsolation(name: string, isolation: IsolationDescription): void {
  check([0, 1, 2, 3, 6, 7, 14, 15].includes(isolation.timeoutRanges), `${name} timeout ranges`, `bitmap ${isolation.timeoutRanges} is not legal (8.2.4.24.1): 0, A, B, AB, BC, ABC, BCD or ABCD`);
  check(isolation.memory || !isolation.memoryLinkDown, `${name} isolation`, "forced link down needs CXL.mem isolation");
  checkRange(isolation.interruptMessage, -1, 31, `${name} isolation message`);
  const cacheRanges = isolation.cacheTimeoutRanges ?? 0;
  check([0, 1, 2, 3, 6, 7, 14, 15].includes(cacheRanges), `${name} cache timeout ranges`, `bitmap ${cacheRanges} is not legal (8.2.4.24.1): 0, A, B, AB, BC, ABC, BCD or ABCD`);
  check(isolation.cache === true || isolation.cacheLinkDown !== true, `${name} isolation`, "forced link down of CXL.cache needs CXL.cache isolation");
}

function checkDevice(device: DeviceDescription): void {
  const { name, volatileCapacity } = device;
  const persistent = device.persistentCapacity ?? 0n;
  for (const [what, capacity] of [["volatile", volatileCapacity], ["persistent", persistent]] as const) {
    check(capacity % granule === 0n && capacity >= 0n && capacity <= addressLimit, `${name} ${what} capacity`, `${capacity} bytes is not a multiple of 256 MiB up to 2^52`);
  }
  check(volatileCapacity + persistent > 0n && volatileCapacity + persistent <= addressLimit, `${name} capacity`, "the device has none; give it volatile or persistent capacity");
  check((device.labelArea ?? 0n) >= 0n && (device.labelArea ?? 0n) <= BigInt(word), `${name} label area`, `${device.labelArea} bytes does not fit 32 bits`);
  check(device.barSize >= 4n * blockSize && device.barSize <= addressLimit && (device.barSize & (device.barSize - 1n)) === 0n, `${name} BAR size`, `${device.barSize} bytes is not a power of two of at least 256 KiB`);
  check(device.decoders <= 10 && decoderCodes[device.decoders] !== undefined, `${name} decoders`, `${device.decoders} is not 1, 2, 4, 6, 8 or 10`);
  checkRange(device.readLatency, 0, word, `${name} readLatency`, " ns");
  checkRange(device.writeLatency, 0, word, `${name} writeLatency`, " ns");
  checkRange(device.mediaReadyTime, 0, longest, `${name} mediaReadyTime`, " ns");
  checkRange(device.bandwidth ?? 1, 1, word, `${name} bandwidth`, " MB/s");
  checkRange(device.vectors ?? 1, 1, 32, `${name} vectors`);
  checkRange(device.resetTime ?? 0, 0, longestReset, `${name} resetTime`, " ns");
  for (const { key, index, message } of mailboxProblems(device)) check(false, `${name} mailbox.${key}${index === undefined ? "" : `[${index}]`}`, message);
}
