// From a machine description to the module's building calls, in order of declaration.

import type { DeviceDescription, DownstreamPortDescription, HostBridgeDescription, IsolationDescription, LinkDescription, MachineDescription, RootPortDescription, SlotDescription, SwitchDescription, WindowDescription } from "../platform/description.ts";
import { addMailbox, mailboxBytes, mailboxKeys } from "./mailbox.ts";
import { defaultLink, deviceNumberOf, isSwitch } from "../platform/description.ts";
import type { MachineKey } from "../../registers/schema.ts";
import { machineKeys } from "../../registers/schema.ts";
import { deviceCdat, switchCdat } from "./cdat.ts";
import { check, checkMachine, decoderCodes, platformFailures, timeoutInstants } from "./checks.ts";
import type { ModuleExports } from "./module.ts";

export { MachineDescriptionError } from "./checks.ts";

export interface PortEntity {
  readonly id: number;
  readonly index: number;
  /** Host bridge or switch. */
  readonly parent: string;
  /** On the bus of its parent, function 0. */
  readonly deviceNumber: number;
  readonly isRoot: boolean;
  /** Entries of a root port's in-flight table; 0 for downstream ports. */
  readonly inFlight: number;
}

/** A device or switch; `port` is where it is declared. */
export interface CardEntity {
  readonly id: number;
  readonly index: number;
  readonly port: string;
}

/** Names to numbers: entity ids for registers and probes, indexes within their kind. */
export interface Entities {
  readonly bridges: ReadonlyMap<string, { readonly id: number; readonly index: number }>;
  readonly ports: ReadonlyMap<string, PortEntity>;
  readonly switches: ReadonlyMap<string, CardEntity>;
  readonly devices: ReadonlyMap<string, CardEntity>;
  /** Register handles that can be mapped at once. */
  readonly handles: number;
}

/** Name of every entity, by id. */
export function entityNames(entities: Entities): string[] {
  const names: string[] = [];
  for (const kind of [entities.bridges, entities.ports, entities.switches, entities.devices]) for (const [name, { id }] of kind) names[id] = name;
  return names;
}

const options = { config: 0, mmioRead: 1, mmioWrite: 2, memory: 3, platform: 4, watchdog: 5, isolationResponse: 6, commitTime: 7, timeoutInstant: 8, strictExit: 9, hotplugFirst: 10, deadPortAnswers: 12, busyClearEnds: 13, cacheLatency: 14 } as const;

const low = (value: bigint): number => Number(value & 0xffff_ffffn);
const high = (value: bigint): number => Number((value >> 32n) & 0xffff_ffffn);
const lowOf = (value: number): number => value % 0x1_0000_0000 >>> 0;
const highOf = (value: number): number => Math.floor(value / 0x1_0000_0000);
const flag = (value: boolean | undefined): number => (value === true ? 1 : 0);

interface Builder extends Entities {
  readonly exports: ModuleExports;
  readonly bridges: Map<string, { id: number; index: number }>;
  readonly ports: Map<string, PortEntity>;
  readonly switches: Map<string, CardEntity>;
  readonly devices: Map<string, CardEntity>;
}

function setKeys(builder: Builder, entity: number, values: Partial<Record<MachineKey, number>>): void {
  for (const [key, value] of Object.entries(values)) builder.exports.setKey(entity, machineKeys.indexOf(key as MachineKey), value >>> 0);
}

interface Census { ports: number; switches: number; devices: number; cdatBytes: number; mailboxBytes: number }

/** Everything below some ports, whether plugged in or not. */
function count(exports: ModuleExports, ports: readonly DownstreamPortDescription[], census: Census): Census {
  census.ports += ports.length;
  for (const slot of ports.flatMap((port) => port.slots)) {
    census.cdatBytes += (cdatOf(slot).length + 15) & ~15;
    if (!isSwitch(slot)) {
      census.devices++;
      census.mailboxBytes += mailboxBytes(exports, slot);
    } else {
      census.switches++;
      count(exports, slot.ports, census);
    }
  }
  return census;
}

const cdatOf = (slot: SlotDescription): Uint8Array => (isSwitch(slot) ? switchCdat(slot) : deviceCdat(slot));
const fewestHandles = 1024;

/** Sets of the processors' cache; 0: there is none. */
const cacheSets = (cache: MachineDescription["cache"]): number => (cache === undefined ? 0 : Number(cache.size) / (64 * cache.ways));

/** @throws MachineDescriptionError */
export function buildMachine(exports: ModuleExports, machine: MachineDescription): Entities {
  checkMachine(machine);
  const { hostBridges, windows, ram, limits } = machine;
  const roots = hostBridges.flatMap((bridge) => bridge.rootPorts);
  const census = count(exports, roots, { ports: 0, switches: 0, devices: 0, cdatBytes: 0, mailboxBytes: 0 });
  const { ports, switches, devices } = census;
  const entries = roots.reduce((sum, port) => sum + port.inFlight, 0);
  const handles = Math.max(fewestHandles, 4 * (ports + switches + devices));
  const failed = exports.begin(hostBridges.length, switches, ports, devices, windows.length, ram.length, entries, limits.requesters, limits.probes, limits.mediaPages, limits.traceRecords, handles, census.cdatBytes, census.mailboxBytes, cacheSets(machine.cache), machine.cache?.ways ?? 0);
  check(failed === 0, "memory", "the machine needs more than this engine gives; lower limits.mediaPages or limits.traceRecords");
  const builder: Builder = { exports, bridges: new Map(), ports: new Map(), switches: new Map(), devices: new Map(), handles };
  setOptions(exports, machine);
  for (const bridge of hostBridges) addBridge(builder, bridge);
  for (const range of ram) exports.addRam(low(range.base), high(range.base), low(range.size), high(range.size));
  for (const window of windows) addWindow(exports, window);
  exports.finish();
  return builder;
}

function addWindow(exports: ModuleExports, { base, size, ways, granularity, targets, arithmetic, xorMaps }: WindowDescription): void {
  for (const [position, target] of targets.entries()) exports.addWindow(low(base), high(base), low(size), high(size), ways, Math.log2(granularity), position, target);
  if (arithmetic === "xor") for (const map of xorMaps ?? []) exports.addXorMap(low(map), high(map));
}

function setOptions(exports: ModuleExports, machine: MachineDescription): void {
  const set = (option: number, value: number): void => exports.setOption(option, lowOf(value), highOf(value));
  const choice = machine.implementation;
  set(options.config, machine.costs.config);
  set(options.mmioRead, machine.costs.mmioRead);
  set(options.mmioWrite, machine.costs.mmioWrite);
  set(options.memory, machine.costs.memory);
  set(options.platform, platformFailures.indexOf(machine.platformFailure));
  set(options.watchdog, machine.watchdogTime);
  set(options.isolationResponse, choice.isolationResponseTime);
  set(options.commitTime, choice.decoderCommitTime);
  set(options.timeoutInstant, timeoutInstants.indexOf(choice.timeoutInstant));
  set(options.strictExit, flag(choice.isolationExit === "seed-strict"));
  set(options.hotplugFirst, flag(choice.messageOrder === "hotplug-first"));
  if (machine.cache !== undefined) set(options.cacheLatency, machine.cache.latency);
  set(options.deadPortAnswers, flag(choice.switchDeadPort === "all-ones"));
  set(options.busyClearEnds, flag(choice.clearWhileBusy === "ends"));
}

function addBridge(builder: Builder, bridge: HostBridgeDescription): void {
  const index = builder.bridges.size;
  const id = builder.exports.addBridge(bridge.segment, bridge.busStart, bridge.busEnd, low(bridge.componentBase), high(bridge.componentBase), bridge.decoders);
  builder.bridges.set(bridge.name, { id, index });
  setKeys(builder, id, { ...decoderKeys(bridge.decoders), targetCount: bridge.targetCount, poisonOnDecodeError: flag(bridge.poisonOnDecodeError), rootPortCount: bridge.rootPorts.length });
  for (const [number, port] of bridge.rootPorts.entries()) addRootPort(builder, id, bridge.name, deviceNumberOf(port, number), port);
}

const decoderKeys = (decoders: number) => ({ decoderCount: decoders, hasDecoders: flag(decoders > 0), decoderCountCode: decoderCodes[decoders] ?? 0 });

const linkKeys = ({ speed, width }: LinkDescription) => ({ linkSpeed: speed, linkWidth: width, linkSpeeds: 2 ** speed - 1 });

function addPort(builder: Builder, parentId: number, parent: string, deviceNumber: number, port: DownstreamPortDescription, inFlight: number): number {
  const index = builder.ports.size;
  const isRoot = inFlight > 0;
  const id = builder.exports.addPort(parentId, deviceNumber, port.portNumber, inFlight, lowOf(port.linkTrainingTime), highOf(port.linkTrainingTime));
  builder.ports.set(port.name, { id, index, parent, deviceNumber, isRoot, inFlight });
  setKeys(builder, id, { portNumber: port.portNumber, slotNumber: index + 1, hotPlug: flag(port.hotplug), hasDpc: flag(port.dpc !== false), hasPowerController: flag(port.powerController), hasBackInvalidate: flag(port.backInvalidate), ...linkKeys(port.link ?? defaultLink) });
  for (const [slot, card] of port.slots.entries()) addCard(builder, id, port, slot === 0 && port.present, card);
  return id;
}

function addRootPort(builder: Builder, bridgeId: number, bridge: string, deviceNumber: number, port: RootPortDescription): void {
  const id = addPort(builder, bridgeId, bridge, deviceNumber, port, port.inFlight);
  if (port.isolation !== null) setIsolation(builder, id, port.isolation);
  const filter = port.snoopFilter;
  if (filter !== undefined) setKeys(builder, id, { hasSnoopFilter: 1, snoopGroup: filter.group, snoopCapacity: filter.capacity });
}

function addCard(builder: Builder, portId: number, port: DownstreamPortDescription, isPlugged: boolean, card: SlotDescription): void {
  const id = isSwitch(card) ? addSwitch(builder, portId, port.name, isPlugged, card) : addDevice(builder, portId, port.name, isPlugged, card);
  setKeys(builder, id, linkKeys(card.link ?? port.link ?? defaultLink));
  const bytes = cdatOf(card);
  const at = builder.exports.addCdat(id, bytes.length) >>> 0;
  new Uint8Array(builder.exports.memory.buffer).set(bytes, at);
}

function addSwitch(builder: Builder, portId: number, port: string, isPlugged: boolean, card: SwitchDescription): number {
  const id = builder.exports.addSwitch(portId, flag(isPlugged), card.decoders, card.latency);
  builder.switches.set(card.name, { id, index: builder.switches.size, port });
  setKeys(builder, id, {
    ...decoderKeys(card.decoders), targetCount: card.targetCount, poisonOnDecodeError: flag(card.poisonOnDecodeError), hasBackInvalidate: flag(card.backInvalidate), serialLow: low(card.serial), serialHigh: high(card.serial),
  });
  for (const [number, below] of card.ports.entries()) addPort(builder, id, card.name, deviceNumberOf(below, number), below, 0);
  return id;
}

function setIsolation(builder: Builder, id: number, isolation: IsolationDescription): void {
  setKeys(builder, id, {
    isolation: 1,
    memoryTimeoutRanges: isolation.timeoutRanges,
    memoryTimeout: flag(isolation.timeout),
    memoryIsolation: flag(isolation.memory),
    memoryIsolationLinkDown: flag(isolation.memoryLinkDown),
    isolationErrCor: flag(isolation.errCor),
    isolationInterrupt: flag(isolation.interruptMessage >= 0),
    isolationMessage: Math.max(0, isolation.interruptMessage),
    cacheTimeoutRanges: isolation.cacheTimeoutRanges ?? 0,
    cacheTimeout: flag(isolation.cacheTimeout),
    cacheIsolation: flag(isolation.cache),
    cacheIsolationLinkDown: flag(isolation.cacheLinkDown),
  });
}

/** Longest CXL resets by their code, in ns. */
const resetTimeouts = [10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000, 100_000_000_000];
/** Longest times until Memory_Active, likewise. */
const activeTimeouts = [1_000_000_000, 4_000_000_000, 16_000_000_000, 64_000_000_000, 256_000_000_000];

/** Code of the shortest limit that holds a time; the longest one for what is longer. */
const codeOf = (limits: readonly number[], time: number): number => Math.min(limits.length - 1, limits.filter((limit) => limit < time).length);

function addDevice(builder: Builder, portId: number, port: string, isPlugged: boolean, device: DeviceDescription): number {
  const { volatileCapacity, barSize, serial } = device;
  const persistent = device.persistentCapacity ?? 0n;
  const capacity = volatileCapacity + persistent;
  const preserves = flag(device.preservesVolatile);
  const resetTime = device.resetTime ?? 0;
  const id = builder.exports.addDevice(
    portId, flag(isPlugged), low(volatileCapacity), high(volatileCapacity), low(capacity), high(capacity), low(barSize), high(barSize), device.decoders, device.readLatency, device.writeLatency,
    lowOf(device.mediaReadyTime), highOf(device.mediaReadyTime), lowOf(resetTime), highOf(resetTime), preserves,
  );
  addMailbox(builder.exports, id, device);
  builder.devices.set(device.name, { id, index: builder.devices.size, port });
  const first = volatileCapacity > 0n ? volatileCapacity : persistent;
  const second = volatileCapacity > 0n ? persistent : 0n;
  const vectors = device.vectors ?? defaultVectors;
  const hasMsi = device.messages === "msi";
  setKeys(builder, id, {
    ...decoderKeys(device.decoders),
    ways3612: flag(device.interleave3612),
    ways16: flag(device.interleave16),
    poisonOnDecodeError: flag(device.poisonOnDecodeError),
    hasBackInvalidate: flag(device.backInvalidate),
    coherencyModels: device.backInvalidate === true ? 3 : 0,
    serialLow: low(serial),
    serialHigh: high(serial),
    rangeCount: second > 0n ? 2 : 1,
    range1SizeHigh: high(first),
    range1SizeLow: low(first) >>> 28,
    range2SizeHigh: high(second),
    range2SizeLow: low(second) >>> 28,
    hasPersistent: flag(persistent > 0n),
    volatilePreserved: preserves,
    hasMsix: flag(!hasMsi),
    hasMsi: flag(hasMsi),
    messagesCode: Math.ceil(Math.log2(vectors)),
    vectors: hasMsi ? 0 : vectors,
    lastVector: vectors - 1,
    resetCapable: flag(device.resetTime !== undefined),
    resetTimeoutCode: codeOf(resetTimeouts, resetTime),
    activeTimeoutCode: codeOf(activeTimeouts, device.mediaReadyTime),
    ...mailboxKeys(device, hasMsi ? 1 : vectors),
  });
  return id;
}

const defaultVectors = 16;
