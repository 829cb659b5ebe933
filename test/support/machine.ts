// Small machines for tests, driven through the public bus. Numbers here are choices of the test, not of the model.

import { blocks } from "../../registers/blocks.ts";
import type { BlockName } from "../../registers/blocks.ts";
import type { StructureDeclaration } from "../../registers/schema.ts";
import type { HardwarePlatform } from "../../src/hardware/platform.ts";
import { createPlatform } from "../../src/hardware/platform.ts";
import type { Hardware } from "../../src/hardware/machine.ts";
import { createHardware } from "../../src/hardware/machine.ts";
import type { ModuleVariant } from "../../src/hardware/module.ts";
import { loadModule } from "../../src/hardware/module.ts";
import type { DeviceDescription, IsolationDescription, MachineDescription, RootPortDescription } from "../../src/platform/description.ts";
import type { PciAddress } from "../../src/platform/pci-address.ts";
import { pciAddress } from "../../src/platform/pci-address.ts";
import type { IoHandle } from "../../src/platform/platform.ts";

export const MiB = 1n << 20n;
export const GiB = 1n << 30n;

export const modules: Readonly<Record<ModuleVariant, WebAssembly.Module>> = { release: (await loadModule("release")).module, checked: (await loadModule("checked")).module };

export const defaultIsolation: IsolationDescription = { memory: true, memoryLinkDown: true, timeout: true, timeoutRanges: 15, errCor: true, interruptMessage: 3 };

export function deviceOf(name: string, overrides: Partial<DeviceDescription> = {}): DeviceDescription {
  return { name, volatileCapacity: 256n * MiB, serial: 0x1122334455667788n, barSize: 262_144n, decoders: 4, readLatency: 300, writeLatency: 200, interleave3612: false, interleave16: false, mediaReadyTime: 0, preservesVolatile: false, ...overrides };
}

export function portOf(name: string, overrides: Partial<RootPortDescription> = {}): RootPortDescription {
  return { name, portNumber: 0, isolation: defaultIsolation, inFlight: 16, hotplug: true, linkTrainingTime: 100_000, slots: [deviceOf(`${name}-dev`)], present: true, ...overrides };
}

/** One host bridge over the given ports, one window of 4 GiB at 16 GiB. */
export function machineOf(ports: readonly RootPortDescription[], overrides: Partial<MachineDescription> = {}): MachineDescription {
  return {
    hostBridges: [{ name: "hb0", uid: 0, segment: 0, busStart: 12, busEnd: 31, componentBase: 0xfe00_0000n, decoders: 4, targetCount: 8, rootPorts: ports.map((port, index) => ({ ...port, portNumber: index })) }],
    windows: [{ base: 16n * GiB, size: 4n * GiB, ways: 1, granularity: 256, targets: [0] }],
    ram: [{ base: 0n, size: GiB }],
    costs: { config: 1, mmioRead: 1, mmioWrite: 1, memory: 1 },
    platformFailure: "reset",
    watchdogTime: 10_000_000_000,
    implementation: { isolationExit: "cxl-3.2", timeoutInstant: "earliest", decoderCommitTime: 0, isolationResponseTime: 50, messageOrder: "isolation-first" },
    limits: { mediaPages: 256, traceRecords: 4096, probes: 32, requesters: 64 },
    ...overrides,
  };
}

/** Byte offset of a register inside its block, from the declarations. */
export function offsetOf(block: BlockName, structure: string, register: string, instance = 0): number {
  const placements: Readonly<Record<string, { readonly at: number; readonly structure: StructureDeclaration }>> = blocks[block].placements;
  const placement = placements[structure];
  const found = placement?.structure.registers[register];
  if (placement === undefined || found === undefined) throw new Error(`${block}.${structure}.${register} is not declared`);
  return placement.at + found.offset + instance * (found.repeat?.stride ?? 0);
}

export interface Bench {
  readonly hardware: Hardware;
  readonly platform: HardwarePlatform;
  readonly bridge: IoHandle;
  readonly portAddress: (index: number) => PciAddress;
  readonly deviceAddress: (index: number) => PciAddress;
  /** CXL.cache/mem ranges, mapped by `setUp`. */
  readonly ports: readonly IoHandle[];
  readonly devices: readonly IoHandle[];
}

const cm = 0x1000n;
const windowBase = 0x8_0000_0000n;

/** Gives buses, BARs and windows to port and device `index`, as firmware would; MSI too. */
export function configurePort(platform: HardwarePlatform, index: number): void {
  const port = pciAddress(0, 12, index, 0);
  const base = windowBase + BigInt(index) * 0x100_0000n;
  platform.config.write32(port, 0x18, 0x0c | ((13 + index) << 8) | ((13 + index) << 16));
  platform.config.write32(port, 0x10, Number(base & 0xffff_ffffn));
  platform.config.write32(port, 0x14, Number(base >> 32n));
  const forward = base + 0x10_0000n;
  const range = Number((forward >> 16n) & 0xfff0n);
  platform.config.write32(port, 0x24, (range | (range << 16)) >>> 0);
  platform.config.write32(port, 0x28, Number(forward >> 32n));
  platform.config.write32(port, 0x2c, Number(forward >> 32n));
  platform.config.write16(port, 0x04, 6);
  platform.config.write32(port, 0x84, 0xfee0_0000);
  platform.config.write16(port, 0x8c, 0x40 + index * 32);
  platform.config.write16(port, 0x82, 0x1 | (5 << 4));
  configureDevice(platform, index);
}

/** BAR, memory space and CXL.mem of the device below port `index`. */
export function configureDevice(platform: HardwarePlatform, index: number): void {
  const device = pciAddress(0, 13 + index, 0, 0);
  const base = windowBase + BigInt(index) * 0x100_0000n + 0x10_0000n;
  platform.config.write32(device, 0x10, Number(base & 0xffff_ffffn));
  platform.config.write32(device, 0x14, Number(base >> 32n));
  platform.config.write16(device, 0x04, 2);
  platform.config.write16(device, offsetOf("deviceConfig", "dvsecDevice", "control"), 4);
}

export function setUp(description: MachineDescription, variant: ModuleVariant = "release"): Bench {
  const hardware = createHardware(modules[variant], description);
  const platform = createPlatform(hardware);
  const count = description.hostBridges[0]?.rootPorts.length ?? 0;
  for (let i = 0; i < count; i++) configurePort(platform, i);
  const at = (index: number, device: bigint): IoHandle => platform.ioremap(windowBase + BigInt(index) * 0x100_0000n + device + cm, cm);
  return {
    hardware,
    platform,
    bridge: platform.ioremap((description.hostBridges[0]?.componentBase ?? 0n) + cm, cm),
    portAddress: (index) => pciAddress(0, 12, index, 0),
    deviceAddress: (index) => pciAddress(0, 13 + index, 0, 0),
    ports: Array.from({ length: count }, (_, i) => at(i, 0n)),
    devices: Array.from({ length: count }, (_, i) => at(i, 0x10_0000n)),
  };
}

export interface DecoderValues {
  readonly base: bigint;
  readonly size: bigint;
  readonly ways?: number;
  readonly granularity?: number;
  readonly targets?: bigint;
  readonly lock?: boolean;
  readonly commit?: boolean;
}

/** Programs decoder `n` in the order Linux uses (C17); `ways` and `granularity` are encodings. Returns its control register. */
export function programDecoder(handle: IoHandle, block: "hostBridgeComponent" | "deviceComponent", n: number, values: DecoderValues): number {
  const structure = block === "deviceComponent" ? "hdmDecoderDevice" : "hdmDecoderPort";
  const write = (register: string, value: bigint): void => handle.write32(offsetOf(block, structure, register, n), Number(value & 0xffff_ffffn));
  write("baseHigh", values.base >> 32n);
  write("baseLow", values.base);
  write("sizeHigh", values.size >> 32n);
  write("sizeLow", values.size);
  const names = block === "deviceComponent" ? (["skipHigh", "skipLow"] as const) : (["targetListHigh", "targetListLow"] as const);
  write(names[0], (values.targets ?? 0n) >> 32n);
  write(names[1], values.targets ?? 0n);
  const control = (values.granularity ?? 0) | ((values.ways ?? 0) << 4) | (values.lock === true ? 1 << 8 : 0) | (values.commit === false ? 0 : 1 << 9) | (1 << 12);
  write("control", BigInt(control));
  return handle.read32(offsetOf(block, structure, "control", n));
}

/** Routes [16 GiB, +size) one-way through port `index` to its device and turns HDM decoding on. */
export function openMemory(bench: Bench, index = 0, base = 16n * GiB, size = 256n * MiB, decoder = 0): void {
  const bridge = programDecoder(bench.bridge, "hostBridgeComponent", decoder, { base, size, targets: BigInt(index) });
  const device = bench.devices[index];
  if (device === undefined) throw new Error(`no port ${index}`);
  device.write32(offsetOf("deviceComponent", "hdmDecoderDevice", "globalControl"), 2);
  const endpoint = programDecoder(device, "deviceComponent", 0, { base, size });
  if ((bridge & endpoint & 0x400) === 0) throw new Error("decoders did not commit");
}
