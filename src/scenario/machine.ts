// From the `machine:` and `firmware:` parts of a file to a machine description: defaults, names, addresses. Reports what cannot be.

import type { CacheDescription, DeviceDescription, DownstreamPortDescription, HostBridgeDescription, MachineDescription, RootPortDescription, SlotDescription, SwitchDescription, WindowDescription } from "../platform/description.ts";
import { busesBelow } from "../platform/description.ts";
import { mailboxProblems } from "../platform/mailbox-rules.ts";
import type { Path } from "./load.ts";
import { describeLink, describePerformance } from "./machine-links.ts";
import { describeMailbox, placeInMailbox } from "./mailbox.ts";
import type { PolicyValues } from "./policies.ts";
import type { MachineFile, ScenarioFile } from "./schema.ts";
import { restrictionNames } from "./schema.ts";
import { suggestion } from "./suggest.ts";

/** A problem at a path of the file. */
export interface PathProblem {
  readonly path: Path;
  readonly message: string;
}

type HostBridgeFile = MachineFile["hostBridges"][number];
type RootPortFile = HostBridgeFile["rootPorts"][number];
export type DeviceFile = NonNullable<RootPortFile["device"]>;
type SwitchFile = NonNullable<RootPortFile["switch"]>;
type DownstreamPortFile = SwitchFile["ports"][number];
type CardFile = NonNullable<RootPortFile["alternates"]>[number];

const granule = 256n << 20n;
const componentBlock = 0x1_0000n;
const rangeBits = { "": 0, A: 1, B: 2, AB: 3, BC: 6, ABC: 7, BCD: 14, ABCD: 15 } as const;
const encodableWays = [1, 2, 3, 4, 6, 8, 12, 16];
const snoopUnit = 65_536n;

interface Naming {
  ports: number;
  downstreamPorts: number;
  switches: number;
  devices: number;
  bus: number;
  readonly problems: PathProblem[];
  readonly names: Map<string, Path>;
}

function claim(naming: Naming, name: string, path: Path): string {
  const before = naming.names.get(name);
  if (before !== undefined) naming.problems.push({ path, message: `the name "${name}" is taken by ${before.join(".")}; give one of them another name` });
  naming.names.set(name, path);
  return name;
}

function serialOf(naming: Naming, file: { readonly serial?: number | string | undefined }): bigint {
  const number = ++naming.devices;
  return file.serial === undefined ? BigInt(number) : BigInt(file.serial);
}

function describeDevice(naming: Naming, file: DeviceFile, fallback: string, path: Path): DeviceDescription {
  const volatileCapacity = file.volatile ?? 0n;
  const persistentCapacity = file.persistent ?? 0n;
  for (const [key, capacity] of [["volatile", volatileCapacity], ["persistent", persistentCapacity]] as const) {
    if (capacity % granule !== 0n) naming.problems.push({ path: [...path, key], message: "capacity must be a multiple of 256MiB (decoder granularity, 8.2.4.20)" });
  }
  if (volatileCapacity + persistentCapacity === 0n) naming.problems.push({ path, message: "the device has no capacity; give it volatile or persistent capacity, like volatile: 4GiB" });
  const labelArea = file.labels ?? (persistentCapacity > 0n ? 1n << 20n : 0n);
  const device: DeviceDescription = {
    name: claim(naming, file.name ?? fallback, path),
    volatileCapacity,
    persistentCapacity,
    labelArea,
    serial: serialOf(naming, file),
    barSize: file.barSize ?? 262_144n,
    decoders: file.decoders ?? 4,
    readLatency: file.readLatency ?? 250,
    writeLatency: file.writeLatency ?? 200,
    ...(file.bandwidth === undefined ? {} : { bandwidth: file.bandwidth }),
    ...describeLink(file.link),
    interleave3612: file.interleave3612 ?? false,
    interleave16: file.interleave16 ?? true,
    poisonOnDecodeError: file.poisonOnDecodeError ?? false,
    backInvalidate: file.backInvalidate ?? false,
    ...(file.messages === undefined ? {} : { messages: file.messages }),
    ...(file.vectors === undefined ? {} : { vectors: file.vectors }),
    ...(file.resetTime === undefined ? {} : { resetTime: file.resetTime }),
    mediaReadyTime: file.mediaReadyTime ?? 10_000,
    preservesVolatile: file.preservesVolatile ?? false,
    ...(file.mailbox === undefined ? {} : { mailbox: describeMailbox(file.mailbox, labelArea) }),
  };
  for (const problem of mailboxProblems(device)) naming.problems.push({ path: [...path, "mailbox", ...placeInMailbox(problem)], message: problem.message });
  return device;
}

function describeSwitch(naming: Naming, file: SwitchFile, path: Path): SwitchDescription {
  const index = naming.switches++;
  return {
    kind: "switch",
    name: claim(naming, file.name ?? `sw${index}`, path),
    serial: serialOf(naming, file),
    decoders: file.decoders ?? 8,
    targetCount: file.targets ?? 8,
    poisonOnDecodeError: file.poisonOnDecodeError ?? false,
    backInvalidate: file.backInvalidate ?? false,
    latency: file.latency ?? 70,
    ...(file.bandwidth === undefined ? {} : { bandwidth: file.bandwidth }),
    ...describeLink(file.link),
    ports: describeAll(naming, file.ports, [...path, "ports"], (port, number, at) => describeDownstreamPort(naming, port, number, at)),
  };
}

/** Ports of one parent: numbers of their own, and device numbers that rise as buses are walked. */
function describeAll<F extends DownstreamPortFile | RootPortFile, T>(naming: Naming, files: readonly F[], path: Path, describe: (file: F, portNumber: number, path: Path) => T): T[] {
  const numbers = new Set<number>();
  let last = -1;
  return files.map((file, index) => {
    const [number, place] = [file.portNumber ?? index, file.deviceNumber ?? index];
    if (numbers.has(number)) naming.problems.push({ path: [...path, index, "portNumber"], message: `a port before it has the number ${number}; every port of a bridge or switch has its own (portNumber: 0..255, the place in the list when absent)` });
    if (place <= last) naming.problems.push({ path: [...path, index, "deviceNumber"], message: `device ${place} does not come after device ${last}; give device numbers that rise (deviceNumber: 0..31, the place in the list when absent)` });
    numbers.add(number);
    last = place;
    return describe(file, number, [...path, index]);
  });
}

function describeDownstreamPort(naming: Naming, file: DownstreamPortFile, portNumber: number, path: Path): DownstreamPortDescription {
  const name = claim(naming, file.name ?? `dsp${naming.downstreamPorts++}`, path);
  return describeSlots(naming, file, name, portNumber, `${name}-dev`, path);
}

const describeCard = (naming: Naming, file: CardFile, fallback: string, path: Path): SlotDescription => ("switch" in file ? describeSwitch(naming, file.switch, [...path, "switch"]) : describeDevice(naming, file, fallback, path));

/** What every port has: its cards, and whether the first one is plugged in. */
function describeSlots(naming: Naming, file: DownstreamPortFile, name: string, portNumber: number, fallback: string, path: Path): DownstreamPortDescription {
  const slots: SlotDescription[] = [];
  if (file.device !== undefined && file.switch !== undefined) naming.problems.push({ path: [...path, "switch"], message: "a port has a device or a switch, not both; declare the other one under alternates" });
  if (file.device !== undefined) slots.push(describeDevice(naming, file.device, fallback, [...path, "device"]));
  else if (file.switch !== undefined) slots.push(describeSwitch(naming, file.switch, [...path, "switch"]));
  const isEmpty = slots.length === 0;
  for (const [number, alternate] of (file.alternates ?? []).entries()) slots.push(describeCard(naming, alternate, `${fallback}-alternate${number}`, [...path, "alternates", number]));
  return { name, portNumber, ...(file.deviceNumber === undefined ? {} : { deviceNumber: file.deviceNumber }), hotplug: file.hotplug ?? true, linkTrainingTime: file.linkTrainingTime ?? 20_000_000, slots, present: !isEmpty && (file.present ?? true), dpc: file.dpc ?? true, powerController: file.powerController ?? false, backInvalidate: file.backInvalidate ?? false, ...describeLink(file.link) };
}

function describeIsolation(file: RootPortFile["isolation"]): RootPortDescription["isolation"] {
  if (file === undefined || file === false) return null;
  return {
    memory: file.mem ?? true,
    memoryLinkDown: file.forceLinkDown ?? false,
    timeout: file.timeout ?? true,
    timeoutRanges: rangeBits[file.timeoutRanges ?? "A"],
    errCor: file.errCor ?? false,
    interruptMessage: file.interrupt === false || file.interrupt === undefined ? -1 : file.interrupt,
    cache: file.cache ?? false,
    cacheLinkDown: file.cacheForceLinkDown ?? false,
    cacheTimeout: file.cacheTimeout ?? false,
    cacheTimeoutRanges: rangeBits[file.cacheTimeoutRanges ?? ""],
  };
}

function describePort(naming: Naming, file: RootPortFile, portNumber: number, path: Path): RootPortDescription {
  const index = naming.ports++;
  const name = claim(naming, file.name ?? `rp${index}`, path);
  const filter = file.snoopFilter;
  return {
    ...describeSlots(naming, file, name, portNumber, `dev${index}`, path),
    isolation: describeIsolation(file.isolation),
    inFlight: file.inFlight ?? 64,
    ...(filter === undefined ? {} : { snoopFilter: { group: filter.group, capacity: Number(filter.capacity / snoopUnit) } }),
  };
}

function describeBridge(naming: Naming, file: HostBridgeFile, index: number, componentBase: bigint): HostBridgeDescription {
  const path: Path = ["machine", "hostBridges", index];
  const name = claim(naming, file.name ?? `hb${index}`, path);
  const rootPorts = describeAll(naming, file.rootPorts, [...path, "rootPorts"], (port, number, at) => describePort(naming, port, number, at));
  const needed = 1 + rootPorts.reduce((sum, port) => sum + busesBelow(port), 0);
  const first = file.segment === undefined || file.segment === 0 ? naming.bus : 0;
  const [busStart, busEnd] = file.buses ?? [first, first + needed - 1];
  if (busEnd - busStart + 1 < needed) naming.problems.push({ path: [...path, "buses"], message: `${rootPorts.length} root ports and what is declared below them need ${needed} buses, ${busStart}..${busEnd} has ${busEnd - busStart + 1}; widen the range` });
  if (busEnd > 255) naming.problems.push({ path, message: `out of bus numbers at bus ${busEnd}; put this bridge into another segment (segment: 1)` });
  if (file.segment === undefined || file.segment === 0) naming.bus = busEnd + 1;
  if (file.passthrough === true && rootPorts.length !== 1) naming.problems.push({ path: [...path, "passthrough"], message: `a passthrough bridge has one root port, not ${rootPorts.length}` });
  return {
    name,
    uid: file.uid ?? index,
    segment: file.segment ?? 0,
    busStart,
    busEnd,
    componentBase: file.registers ?? componentBase,
    decoders: file.passthrough === true ? 0 : (file.decoders ?? 8),
    targetCount: file.targets ?? 8,
    poisonOnDecodeError: file.poisonOnDecodeError ?? false,
    rootPorts,
    ...describePerformance(file.performance),
  };
}

type WindowFile = NonNullable<NonNullable<ScenarioFile["firmware"]>["windows"]>[number];

/** XOR arithmetic wants a bitmap for each way bit: log2 of the ways, or of a third of them (9.18.1.3). */
function checkArithmetic(naming: Naming, file: WindowFile, ways: number, path: Path): Pick<WindowDescription, "arithmetic" | "xorMaps"> {
  const maps = (file.maps ?? []).map(BigInt);
  if (file.arithmetic !== "xor") {
    if (maps.length > 0) naming.problems.push({ path: [...path, "maps"], message: "only arithmetic: xor has bitmaps" });
    return {};
  }
  const needed = Math.log2(ways % 3 === 0 ? ways / 3 : ways);
  if (maps.length !== needed) naming.problems.push({ path: [...path, "maps"], message: `${ways} ways need ${needed} bitmaps, not ${maps.length}` });
  return { arithmetic: "xor", xorMaps: maps };
}

function describeWindows(naming: Naming, scenario: Pick<ScenarioFile, "firmware">, bridges: readonly HostBridgeDescription[], from: bigint): WindowDescription[] {
  const files = scenario.firmware?.windows ?? [];
  const windows: WindowDescription[] = [];
  let next = from;
  for (const [index, file] of files.entries()) {
    const path: Path = ["firmware", "windows", index];
    const targets = file.targets.map((name, position) => {
      const found = bridges.findIndex((bridge) => bridge.name === name);
      if (found < 0) naming.problems.push({ path: [...path, "targets", position], message: `no host bridge "${name}"; ${suggestion(name, bridges.map((bridge) => bridge.name))}` });
      return Math.max(0, found);
    });
    if (!encodableWays.includes(targets.length)) naming.problems.push({ path: [...path, "targets"], message: `a window over ${targets.length} host bridges cannot be decoded here; use 1, 2, 3, 4, 6, 8, 12 or 16 targets` });
    const granularity = Number(file.granularity ?? 256n);
    if (granularity < 256 || granularity > 16_384 || (granularity & (granularity - 1)) !== 0) naming.problems.push({ path: [...path, "granularity"], message: `granularity ${granularity} is not a power of two from 256 to 16KiB` });
    if (file.size % granule !== 0n || file.size === 0n) naming.problems.push({ path: [...path, "size"], message: "a window's size is a positive multiple of 256MiB (9.18.1.3)" });
    const base = file.base ?? next;
    if (base % granule !== 0n) naming.problems.push({ path: [...path, "base"], message: "a window's base is a multiple of 256MiB (9.18.1.3)" });
    for (const [other, window] of windows.entries()) {
      if (base < window.base + window.size && window.base < base + file.size) naming.problems.push({ path, message: `window ${index} overlaps window ${other}; leave out base, or move one of them` });
    }
    const arithmetic = checkArithmetic(naming, file, targets.length, path);
    const restrictions = file.restrictions === undefined ? {} : { restrictions: file.restrictions.reduce((bits, name) => bits | (1 << restrictionNames.indexOf(name)), 0) };
    windows.push({ base, size: file.size, ways: targets.length, granularity, targets, ...arithmetic, ...restrictions, ...(file.qtg === undefined ? {} : { qtg: file.qtg }) });
    next = ((base + file.size + granule - 1n) / granule) * granule;
  }
  return windows;
}

/** Component registers of host bridges lie apart from each other, from host memory and from windows. */
function checkRegisters(naming: Naming, file: MachineFile, taken: readonly { readonly base: bigint; readonly size: bigint }[]): void {
  const before = [...taken];
  for (const [index, { registers }] of file.hostBridges.entries()) {
    if (registers === undefined) continue;
    const path: Path = ["machine", "hostBridges", index, "registers"];
    const other = before.find(({ base, size }) => registers < base + size && base < registers + componentBlock);
    if (registers % componentBlock !== 0n) naming.problems.push({ path, message: "component registers begin at a multiple of 64KiB (9.18.1.2)" });
    if (other !== undefined) naming.problems.push({ path, message: `0x${registers.toString(16)} lies in the range at 0x${other.base.toString(16)} of memory, a window or another bridge's registers; leave it out, or move it` });
    before.push({ base: registers, size: componentBlock });
  }
}

const lineBytes = 64n;

/** A cache that no sets of a power of two make up is the file's mistake. */
function describeCache(naming: Naming, file: NonNullable<MachineFile["cache"]>): CacheDescription {
  const cache: CacheDescription = { size: file.size ?? 32n << 20n, ways: file.ways ?? 16, latency: file.latency ?? 20 };
  const sets = cache.size / (lineBytes * BigInt(cache.ways));
  if (sets === 0n || (sets & (sets - 1n)) !== 0n || cache.size % (lineBytes * BigInt(cache.ways)) !== 0n) naming.problems.push({ path: ["machine", "cache"], message: `${cache.size} bytes in ${cache.ways} ways of 64-byte lines is no power of two of sets; try size: 32MiB, ways: 16` });
  if (cache.size > 256n << 20n) naming.problems.push({ path: ["machine", "cache", "size"], message: "a cache has at most 256MiB" });
  return cache;
}

export interface DescribedMachine {
  readonly machine: MachineDescription;
  readonly problems: readonly PathProblem[];
}

/** Fills in defaults and addresses: host DRAM at 0, CHBCRs above it, then the windows. */
export function describeMachine(scenario: Pick<ScenarioFile, "machine" | "firmware">, values: Pick<PolicyValues, "isoexit" | "platform">): DescribedMachine {
  const file = scenario.machine;
  const naming: Naming = { ports: 0, downstreamPorts: 0, switches: 0, devices: 0, bus: 0x0c, problems: [], names: new Map() };
  const memory = file.memory ?? 1n << 30n;
  const componentStart = ((memory > 4n << 30n ? memory : 4n << 30n) / granule + 1n) * granule;
  const bridges = file.hostBridges.map((bridge, index) => describeBridge(naming, bridge, index, componentStart + BigInt(index) * componentBlock));
  const firstWindow = file.hostBridges.every(({ registers }) => registers !== undefined) ? componentStart - granule : componentStart + granule;
  const windows = describeWindows(naming, scenario, bridges, componentStart + granule);
  for (const [index, window] of windows.entries()) {
    if (window.base < firstWindow) naming.problems.push({ path: ["firmware", "windows", index, "base"], message: `a window at 0x${window.base.toString(16)} lies over host memory or registers; start at 0x${firstWindow.toString(16)} or above` });
  }
  checkRegisters(naming, file, [{ base: 0n, size: memory }, ...windows]);
  const machine: MachineDescription = {
    hostBridges: bridges,
    windows,
    ram: [{ base: 0n, size: memory }],
    costs: { config: file.costs?.config ?? 400, mmioRead: file.costs?.mmioRead ?? 500, mmioWrite: file.costs?.mmioWrite ?? 100, memory: file.costs?.memory ?? 90 },
    ...(file.cache === undefined ? {} : { cache: describeCache(naming, file.cache) }),
    platformFailure: values.platform as MachineDescription["platformFailure"],
    watchdogTime: file.watchdog ?? 10_000_000_000,
    implementation: {
      isolationExit: values.isoexit as MachineDescription["implementation"]["isolationExit"],
      timeoutInstant: file.implementation?.timeoutInstant ?? "middle",
      decoderCommitTime: file.implementation?.decoderCommitTime ?? 0,
      isolationResponseTime: file.implementation?.isolationResponseTime ?? 100,
      messageOrder: file.implementation?.messageOrder ?? "isolation-first",
      switchDeadPort: file.implementation?.switchDeadPort ?? "no-response",
      clearWhileBusy: file.implementation?.clearWhileBusy ?? "ignored",
      cacheInvalidation: file.implementation?.cacheInvalidation ?? true,
    },
    limits: { mediaPages: file.limits?.mediaPages ?? 2048, traceRecords: file.limits?.traceRecords ?? 16_384, probes: 128, requesters: file.limits?.requesters ?? 1024 },
  };
  return { machine, problems: naming.problems };
}
