// What a machine description must satisfy before the module is given it. Every refusal names the part, what was found and what is possible.

import type { DeviceDescription, HostBridgeDescription, IsolationDescription, MachineDescription, RootPortDescription, WindowDescription } from "../platform/description.ts";

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

const granule = 256n << 20n;
const page = 4096n;
const blockSize = 0x1_0000n;
/** HPA and DPA have 52 bits (cedt sheet 6). */
const addressLimit = 1n << 52n;
const longest = Number.MAX_SAFE_INTEGER;
const word = 0xffff_ffff;

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
  const sorted = [...claims].sort((a, b) => (a.base < b.base ? -1 : a.base > b.base ? 1 : 0));
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
  const ports = hostBridges.flatMap((bridge) => bridge.rootPorts);
  checkRange(hostBridges.length, 1, 8, "host bridges");
  checkNames([...hostBridges, ...ports, ...ports.flatMap((port) => port.slots)].map(({ name }) => name));
  for (const bridge of hostBridges) checkBridge(bridge);
  checkBuses(hostBridges);
  for (const [number, window] of windows.entries()) checkWindow(`window ${number}`, window, hostBridges.length);
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
  for (const [name, cost] of Object.entries(machine.costs)) checkRange(cost, 0, word, `costs.${name}`, " ns");
  checkOneOf(machine.platformFailure, platformFailures, "platformFailure");
  checkRange(machine.watchdogTime, 1, longest, "watchdogTime", " ns");
  checkOneOf(choice.isolationExit, ["cxl-3.2", "seed-strict"], "implementation.isolationExit");
  checkOneOf(choice.timeoutInstant, timeoutInstants, "implementation.timeoutInstant");
  checkOneOf(choice.messageOrder, ["isolation-first", "hotplug-first"], "implementation.messageOrder");
  checkRange(choice.decoderCommitTime, 0, longest, "implementation.decoderCommitTime", " ns");
  checkRange(choice.isolationResponseTime, 0, longest, "implementation.isolationResponseTime", " ns");
}

function checkWindow(what: string, window: WindowDescription, bridges: number): void {
  check(window.base % granule === 0n && window.size % granule === 0n && window.size > 0n, what, "base and size are multiples of 256 MiB");
  checkOneOf(window.ways, [1, 2, 3, 4, 6, 8, 12, 16], `${what} ways`);
  check(window.targets.length === window.ways, what, `${window.targets.length} targets for ${window.ways} ways`);
  checkOneOf(window.granularity, [256, 512, 1024, 2048, 4096, 8192, 16_384], `${what} granularity`);
  for (const [position, target] of window.targets.entries()) checkRange(target, 0, bridges - 1, `${what} target ${position}`);
}

function checkBuses(bridges: readonly HostBridgeDescription[]): void {
  for (const [index, bridge] of bridges.entries()) {
    for (const other of bridges.slice(index + 1)) {
      const isApart = bridge.segment !== other.segment || bridge.busEnd < other.busStart || other.busEnd < bridge.busStart;
      check(isApart, `${other.name} buses`, `${other.busStart}..${other.busEnd} overlap ${bridge.busStart}..${bridge.busEnd} of ${bridge.name} in segment ${bridge.segment}`);
    }
  }
}

function checkBridge(bridge: HostBridgeDescription): void {
  const { name, rootPorts } = bridge;
  checkRange(rootPorts.length, 1, 8, `${name} root ports`);
  checkRange(bridge.segment, 0, 0xffff, `${name} segment`);
  checkRange(bridge.busStart, 0, 255, `${name} busStart`);
  checkRange(bridge.busEnd, bridge.busStart, 255, `${name} busEnd`);
  check(bridge.busEnd - bridge.busStart >= rootPorts.length, `${name} buses`, `${bridge.busStart}..${bridge.busEnd} are too few: one for the bridge and one below each of ${rootPorts.length} root ports`);
  check(bridge.componentBase % blockSize === 0n, `${name} component registers`, `0x${bridge.componentBase.toString(16)} is no multiple of 64 KiB`);
  check(decoderCodes[bridge.decoders] !== undefined, `${name} decoders`, `${bridge.decoders} cannot be encoded (6.2): use 1, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28 or 32`);
  checkOneOf(bridge.targetCount, [1, 2, 4, 8], `${name} target count`);
  const numbers = new Map<number, string>();
  for (const port of rootPorts) {
    checkPort(port);
    check(!numbers.has(port.portNumber), `${port.name} portNumber`, `${port.portNumber} is that of ${numbers.get(port.portNumber)} too`);
    numbers.set(port.portNumber, port.name);
  }
}

function checkPort(port: RootPortDescription): void {
  checkRange(port.inFlight, 1, 256, `${port.name} inFlight`, " entries");
  checkRange(port.portNumber, 0, 255, `${port.name} portNumber`);
  checkRange(port.linkTrainingTime, 0, longest, `${port.name} linkTrainingTime`, " ns");
  checkRange(port.slots.length, 0, 16, `${port.name} device slots`);
  if (port.isolation !== null) checkIsolation(port.name, port.isolation);
  for (const device of port.slots) checkDevice(device);
}

function checkIsolation(name: string, isolation: IsolationDescription): void {
  check([0, 1, 2, 3, 6, 7, 14, 15].includes(isolation.timeoutRanges), `${name} timeout ranges`, `bitmap ${isolation.timeoutRanges} is not legal (8.2.4.24.1): 0, A, B, AB, BC, ABC, BCD or ABCD`);
  check(isolation.memory || !isolation.memoryLinkDown, `${name} isolation`, "forced link down needs CXL.mem isolation");
  checkRange(isolation.interruptMessage, -1, 31, `${name} isolation message`);
}

function checkDevice(device: DeviceDescription): void {
  const { name } = device;
  check(device.volatileCapacity % granule === 0n && device.volatileCapacity > 0n && device.volatileCapacity <= addressLimit, `${name} capacity`, `${device.volatileCapacity} bytes is not a positive multiple of 256 MiB up to 2^52`);
  check(device.barSize >= 2n * blockSize && device.barSize <= addressLimit && (device.barSize & (device.barSize - 1n)) === 0n, `${name} BAR size`, `${device.barSize} bytes is not a power of two of at least 128 KiB`);
  check(device.serial >= 0n && device.serial < 1n << 64n, `${name} serial`, `${device.serial} does not fit 64 bits`);
  check(device.decoders <= 10 && decoderCodes[device.decoders] !== undefined, `${name} decoders`, `${device.decoders} is not 1, 2, 4, 6, 8 or 10`);
  checkRange(device.readLatency, 0, word, `${name} readLatency`, " ns");
  checkRange(device.writeLatency, 0, word, `${name} writeLatency`, " ns");
  checkRange(device.mediaReadyTime, 0, longest, `${name} mediaReadyTime`, " ns");
}
