// From a machine description to the module's building calls. Checks what the module takes for granted.

import type { DeviceDescription, HostBridgeDescription, MachineDescription, RootPortDescription } from "../platform/description.ts";
import type { MachineKey } from "../../registers/schema.ts";
import { machineKeys } from "../../registers/schema.ts";
import type { ModuleExports } from "./module.ts";

/** Names to numbers: entity ids for registers and probes, indexes within their kind. */
export interface Entities {
  readonly bridges: ReadonlyMap<string, { readonly id: number; readonly index: number }>;
  readonly ports: ReadonlyMap<string, { readonly id: number; readonly index: number }>;
  readonly devices: ReadonlyMap<string, { readonly id: number; readonly index: number; readonly port: string }>;
}

/** A machine that cannot be built. The message says what, and what is possible. */
export class MachineDescriptionError extends Error {
  constructor(what: string, problem: string) {
    super(`${what}: ${problem}`);
    this.name = "MachineDescriptionError";
  }
}

const decoderCodes: Readonly<Record<number, number>> = { 1: 0, 2: 1, 4: 2, 6: 3, 8: 4, 10: 5, 12: 6, 14: 7, 16: 8, 20: 9, 24: 10, 28: 11, 32: 12 };
const options = { config: 0, mmioRead: 1, mmioWrite: 2, memory: 3, platform: 4, watchdog: 5, isolationResponse: 6, commitTime: 7, timeoutInstant: 8, strictExit: 9, hotplugFirst: 10 } as const;
const granule = 256n << 20n;

const low = (value: bigint): number => Number(value & 0xffff_ffffn);
const high = (value: bigint): number => Number((value >> 32n) & 0xffff_ffffn);
const lowOf = (value: number): number => value % 0x1_0000_0000 >>> 0;
const highOf = (value: number): number => Math.floor(value / 0x1_0000_0000);

function check(holds: boolean, what: string, problem: string): void {
  if (!holds) throw new MachineDescriptionError(what, problem);
}

function checkRange(value: number, from: number, to: number, what: string, unit = ""): void {
  check(Number.isInteger(value) && value >= from && value <= to, what, `${value} is not an integer in ${from}..${to}${unit}`);
}

interface Builder {
  readonly exports: ModuleExports;
  readonly bridges: Map<string, { id: number; index: number }>;
  readonly ports: Map<string, { id: number; index: number }>;
  readonly devices: Map<string, { id: number; index: number; port: string }>;
}

function setKeys(builder: Builder, entity: number, values: Partial<Record<MachineKey, number>>): void {
  for (const [key, value] of Object.entries(values)) builder.exports.setKey(entity, machineKeys.indexOf(key as MachineKey), value >>> 0);
}

/** @throws MachineDescriptionError */
export function buildMachine(exports: ModuleExports, machine: MachineDescription): Entities {
  const ports = machine.hostBridges.flatMap((bridge) => bridge.rootPorts);
  const devices = ports.flatMap((port) => port.slots);
  checkRange(machine.hostBridges.length, 1, 8, "host bridges");
  checkRange(machine.limits.mediaPages, 1, 262_144, "limits.mediaPages", " pages of 4 KiB");
  checkRange(machine.limits.traceRecords, 64, 1_048_576, "limits.traceRecords");
  checkRange(machine.limits.probes, 1, 1024, "limits.probes");
  checkRange(machine.limits.requesters, 1, 4096, "limits.requesters");
  const entries = ports.reduce((sum, port) => sum + port.inFlight, 0);
  const failed = exports.begin(machine.hostBridges.length, ports.length, devices.length, machine.windows.length, machine.ram.length, entries, machine.limits.requesters, machine.limits.probes, machine.limits.mediaPages, machine.limits.traceRecords);
  check(failed === 0, "memory", "the machine needs more than this engine gives; lower limits.mediaPages or limits.traceRecords");
  const builder: Builder = { exports, bridges: new Map(), ports: new Map(), devices: new Map() };
  setOptions(exports, machine);
  for (const bridge of machine.hostBridges) addBridge(builder, bridge);
  for (const range of machine.ram) exports.addRam(low(range.base), high(range.base), low(range.size), high(range.size));
  addWindows(exports, machine);
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
  set(options.platform, ["reset", "hang-until-watchdog", "machine-check"].indexOf(machine.platformFailure));
  set(options.watchdog, machine.watchdogTime);
  set(options.isolationResponse, choice.isolationResponseTime);
  set(options.commitTime, choice.decoderCommitTime);
  set(options.timeoutInstant, ["earliest", "middle", "latest"].indexOf(choice.timeoutInstant));
  set(options.strictExit, choice.isolationExit === "seed-strict" ? 1 : 0);
  set(options.hotplugFirst, choice.messageOrder === "hotplug-first" ? 1 : 0);
}

function addWindows(exports: ModuleExports, machine: MachineDescription): void {
  for (const [number, window] of machine.windows.entries()) {
    const what = `window ${number}`;
    check(window.base % granule === 0n && window.size % granule === 0n && window.size > 0n, what, "base and size are multiples of 256 MiB");
    check(window.targets.length === window.ways && window.ways <= 16, what, `${window.targets.length} targets for ${window.ways} ways`);
    const shift = Math.log2(window.granularity);
    check(Number.isInteger(shift) && shift >= 8 && shift <= 14, what, `granularity ${window.granularity} is not a power of two in 256..16384`);
    for (const [position, target] of window.targets.entries()) {
      checkRange(target, 0, machine.hostBridges.length - 1, `${what} target ${position}`);
      exports.addWindow(low(window.base), high(window.base), low(window.size), high(window.size), window.ways, shift, position, target);
    }
  }
}

function addBridge(builder: Builder, bridge: HostBridgeDescription): void {
  checkRange(bridge.rootPorts.length, 1, 8, `${bridge.name} root ports`);
  check(decoderCodes[bridge.decoders] !== undefined, `${bridge.name} decoders`, `${bridge.decoders} cannot be encoded (6.2): use 1, 2, 4, 6, 8, 10, 12, 14, 16, 20, 24, 28 or 32`);
  check([1, 2, 4, 8].includes(bridge.targetCount), `${bridge.name} target count`, `${bridge.targetCount} is not 1, 2, 4 or 8`);
  const index = builder.bridges.size;
  const id = builder.exports.addBridge(bridge.segment, bridge.busStart, bridge.busEnd, low(bridge.componentBase), high(bridge.componentBase), bridge.decoders);
  check(!builder.bridges.has(bridge.name), bridge.name, "the name is used twice");
  builder.bridges.set(bridge.name, { id, index });
  setKeys(builder, id, { decoderCountCode: decoderCodes[bridge.decoders] ?? 0, targetCount: bridge.targetCount });
  for (const [number, port] of bridge.rootPorts.entries()) addPort(builder, index, number, port);
}

function addPort(builder: Builder, bridge: number, deviceNumber: number, port: RootPortDescription): void {
  checkRange(port.inFlight, 1, 256, `${port.name} inFlight`, " entries");
  checkRange(port.portNumber, 0, 255, `${port.name} portNumber`);
  const index = builder.ports.size;
  const id = builder.exports.addPort(bridge, deviceNumber, port.portNumber, port.inFlight, lowOf(port.linkTrainingTime), highOf(port.linkTrainingTime));
  check(!builder.ports.has(port.name), port.name, "the name is used twice");
  builder.ports.set(port.name, { id, index });
  setKeys(builder, id, { portNumber: port.portNumber, slotNumber: index + 1, hotPlug: port.hotplug ? 1 : 0 });
  if (port.isolation !== null) setIsolation(builder, id, port, port.isolation);
  for (const [slot, device] of port.slots.entries()) addDevice(builder, index, port.name, slot === 0 && port.present, device);
}

function setIsolation(builder: Builder, id: number, port: RootPortDescription, isolation: NonNullable<RootPortDescription["isolation"]>): void {
  check([0, 1, 2, 3, 6, 7, 14, 15].includes(isolation.timeoutRanges), `${port.name} timeout ranges`, `bitmap ${isolation.timeoutRanges} is not legal (8.2.4.24.1): 0, A, B, AB, BC, ABC, BCD or ABCD`);
  check(isolation.memory || !isolation.memoryLinkDown, `${port.name} isolation`, "forced link down needs CXL.mem isolation");
  checkRange(isolation.interruptMessage, -1, 31, `${port.name} isolation message`);
  setKeys(builder, id, {
    isolation: 1,
    memoryTimeoutRanges: isolation.timeoutRanges,
    memoryTimeout: isolation.timeout ? 1 : 0,
    memoryIsolation: isolation.memory ? 1 : 0,
    memoryIsolationLinkDown: isolation.memoryLinkDown ? 1 : 0,
    isolationErrCor: isolation.errCor ? 1 : 0,
    isolationInterrupt: isolation.interruptMessage >= 0 ? 1 : 0,
    isolationMessage: Math.max(0, isolation.interruptMessage),
  });
}

function addDevice(builder: Builder, port: number, portName: string, isPlugged: boolean, device: DeviceDescription): void {
  check(device.volatileCapacity % granule === 0n && device.volatileCapacity > 0n, `${device.name} capacity`, `${device.volatileCapacity} bytes is not a positive multiple of 256 MiB`);
  check(device.barSize >= 131_072n && (device.barSize & (device.barSize - 1n)) === 0n, `${device.name} BAR size`, `${device.barSize} bytes is not a power of two of at least 128 KiB`);
  check(device.decoders <= 10 && decoderCodes[device.decoders] !== undefined, `${device.name} decoders`, `${device.decoders} is not 1, 2, 4, 6, 8 or 10`);
  const preserves = device.preservesVolatile ? 1 : 0;
  const id = builder.exports.addDevice(port, isPlugged ? 1 : 0, low(device.volatileCapacity), high(device.volatileCapacity), low(device.barSize), high(device.barSize), device.decoders, device.readLatency, device.writeLatency, device.mediaReadyTime, preserves);
  check(!builder.devices.has(device.name), device.name, "the name is used twice");
  builder.devices.set(device.name, { id, index: builder.devices.size, port: portName });
  setKeys(builder, id, {
    decoderCountCode: decoderCodes[device.decoders] ?? 0,
    ways3612: device.interleave3612 ? 1 : 0,
    ways16: device.interleave16 ? 1 : 0,
    serialLow: low(device.serial),
    serialHigh: high(device.serial),
    rangeCount: 1,
    range1SizeHigh: high(device.volatileCapacity),
    range1SizeLow: low(device.volatileCapacity) >>> 28,
    volatilePreserved: preserves,
  });
}
