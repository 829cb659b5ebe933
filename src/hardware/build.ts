// From a machine description to the module's building calls, in order of declaration.

import type { DeviceDescription, HostBridgeDescription, IsolationDescription, MachineDescription, RootPortDescription } from "../platform/description.ts";
import type { MachineKey } from "../../registers/schema.ts";
import { machineKeys } from "../../registers/schema.ts";
import { check, checkMachine, decoderCodes, platformFailures, timeoutInstants } from "./checks.ts";
import type { ModuleExports } from "./module.ts";

export { MachineDescriptionError } from "./checks.ts";

/** Names to numbers: entity ids for registers and probes, indexes within their kind. */
export interface Entities {
  readonly bridges: ReadonlyMap<string, { readonly id: number; readonly index: number }>;
  /** `deviceNumber` on the first bus of `bridge`, function 0. */
  readonly ports: ReadonlyMap<string, { readonly id: number; readonly index: number; readonly bridge: string; readonly deviceNumber: number }>;
  readonly devices: ReadonlyMap<string, { readonly id: number; readonly index: number; readonly port: string }>;
}

const options = { config: 0, mmioRead: 1, mmioWrite: 2, memory: 3, platform: 4, watchdog: 5, isolationResponse: 6, commitTime: 7, timeoutInstant: 8, strictExit: 9, hotplugFirst: 10 } as const;

const low = (value: bigint): number => Number(value & 0xffff_ffffn);
const high = (value: bigint): number => Number((value >> 32n) & 0xffff_ffffn);
const lowOf = (value: number): number => value % 0x1_0000_0000 >>> 0;
const highOf = (value: number): number => Math.floor(value / 0x1_0000_0000);
const flag = (value: boolean | undefined): number => (value === true ? 1 : 0);

interface Builder {
  readonly exports: ModuleExports;
  readonly bridges: Map<string, { id: number; index: number }>;
  readonly ports: Map<string, { id: number; index: number; bridge: string; deviceNumber: number }>;
  readonly devices: Map<string, { id: number; index: number; port: string }>;
}

function setKeys(builder: Builder, entity: number, values: Partial<Record<MachineKey, number>>): void {
  for (const [key, value] of Object.entries(values)) builder.exports.setKey(entity, machineKeys.indexOf(key as MachineKey), value >>> 0);
}

/** @throws MachineDescriptionError */
export function buildMachine(exports: ModuleExports, machine: MachineDescription): Entities {
  checkMachine(machine);
  const { hostBridges, windows, ram, limits } = machine;
  const ports = hostBridges.flatMap((bridge) => bridge.rootPorts);
  const devices = ports.flatMap((port) => port.slots);
  const entries = ports.reduce((sum, port) => sum + port.inFlight, 0);
  const failed = exports.begin(hostBridges.length, ports.length, devices.length, windows.length, ram.length, entries, limits.requesters, limits.probes, limits.mediaPages, limits.traceRecords);
  check(failed === 0, "memory", "the machine needs more than this engine gives; lower limits.mediaPages or limits.traceRecords");
  const builder: Builder = { exports, bridges: new Map(), ports: new Map(), devices: new Map() };
  setOptions(exports, machine);
  for (const bridge of hostBridges) addBridge(builder, bridge);
  for (const range of ram) exports.addRam(low(range.base), high(range.base), low(range.size), high(range.size));
  for (const { base, size, ways, granularity, targets } of windows) {
    for (const [position, target] of targets.entries()) exports.addWindow(low(base), high(base), low(size), high(size), ways, Math.log2(granularity), position, target);
  }
  exports.finish();
  return builder;
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
}

function addBridge(builder: Builder, bridge: HostBridgeDescription): void {
  const index = builder.bridges.size;
  const id = builder.exports.addBridge(bridge.segment, bridge.busStart, bridge.busEnd, low(bridge.componentBase), high(bridge.componentBase), bridge.decoders);
  builder.bridges.set(bridge.name, { id, index });
  setKeys(builder, id, { decoderCountCode: decoderCodes[bridge.decoders] ?? 0, targetCount: bridge.targetCount, poisonOnDecodeError: flag(bridge.poisonOnDecodeError) });
  for (const [number, port] of bridge.rootPorts.entries()) addPort(builder, index, bridge.name, number, port);
}

function addPort(builder: Builder, bridgeIndex: number, bridge: string, deviceNumber: number, port: RootPortDescription): void {
  const index = builder.ports.size;
  const id = builder.exports.addPort(bridgeIndex, deviceNumber, port.portNumber, port.inFlight, lowOf(port.linkTrainingTime), highOf(port.linkTrainingTime));
  builder.ports.set(port.name, { id, index, bridge, deviceNumber });
  setKeys(builder, id, { portNumber: port.portNumber, slotNumber: index + 1, hotPlug: flag(port.hotplug) });
  if (port.isolation !== null) setIsolation(builder, id, port.isolation);
  for (const [slot, device] of port.slots.entries()) addDevice(builder, index, port.name, slot === 0 && port.present, device);
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
  });
}

function addDevice(builder: Builder, port: number, portName: string, isPlugged: boolean, device: DeviceDescription): void {
  const { volatileCapacity, barSize, serial } = device;
  const preserves = flag(device.preservesVolatile);
  const id = builder.exports.addDevice(port, flag(isPlugged), low(volatileCapacity), high(volatileCapacity), low(barSize), high(barSize), device.decoders, device.readLatency, device.writeLatency, lowOf(device.mediaReadyTime), highOf(device.mediaReadyTime), preserves);
  builder.devices.set(device.name, { id, index: builder.devices.size, port: portName });
  setKeys(builder, id, {
    decoderCountCode: decoderCodes[device.decoders] ?? 0,
    ways3612: flag(device.interleave3612),
    ways16: flag(device.interleave16),
    poisonOnDecodeError: flag(device.poisonOnDecodeError),
    serialLow: low(serial),
    serialHigh: high(serial),
    rangeCount: 1,
    range1SizeHigh: high(volatileCapacity),
    range1SizeLow: low(volatileCapacity) >>> 28,
    volatilePreserved: preserves,
  });
}
