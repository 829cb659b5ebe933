// A machine of ours for a capture: built, enumerated as a BIOS does, every function by the capture's name.

import { cacheMemoryRange, deviceBar } from "../../registers/constants.ts";
import { endpointHeader } from "../../registers/pci.ts";
import { enumeratePci } from "../../src/firmware/enumerate.ts";
import type { FoundFunction } from "../../src/firmware/enumerate.ts";
import type { Hardware } from "../../src/hardware/machine.ts";
import { createHardware } from "../../src/hardware/machine.ts";
import type { HardwarePlatform } from "../../src/hardware/platform.ts";
import { createPlatform } from "../../src/hardware/platform.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import type { PciAddress } from "../../src/platform/pci-address.ts";
import type { IoHandle } from "../../src/platform/platform.ts";
import type { FunctionKind, Topology } from "./topology.ts";
import { functionsOf } from "./topology.ts";

/** Registers at byte offsets, read and written in the widths of a capture. */
export interface Registers {
  read(offset: number, width: number): bigint;
  write(offset: number, width: number, value: bigint): void;
}

export interface BenchFunction {
  readonly name: string;
  readonly kind: FunctionKind;
  /** 0 for host bridges, which are no PCI functions. */
  readonly address: PciAddress;
  /** Component block, 64 KiB. */
  readonly block: Registers;
  /** MSI-X table and pending bits of a device. */
  readonly messages: Registers | undefined;
  /** Device block of a device, to the end of its BAR. */
  readonly device: Registers | undefined;
}

export interface Bench {
  readonly topology: Topology;
  readonly machine: MachineDescription;
  readonly hardware: Hardware;
  readonly platform: HardwarePlatform;
  readonly functions: ReadonlyMap<string, BenchFunction>;
  /** Puts BARs, windows and memory space back where enumeration had them, whatever a replay or a reset did. */
  readonly restoreRouting: () => void;
}

const busNumbers = 0x18;
const barMemory = 0x100_0000_0000n;
const dword = 0xffff_ffffn;
const flatten = (found: readonly FoundFunction[]): FoundFunction[] => found.flatMap((one) => [one, ...flatten(one.below)]);

/** Header dwords by which requests find their way: command, BAR 0, bus numbers and windows. */
const routing = [0x04, 0x10, 0x14, 0x18, 0x20, 0x24, 0x28, 0x2c] as const;
const commandBits = 0xffff;

export function configRegisters(platform: HardwarePlatform, address: PciAddress): Registers {
  const { config } = platform;
  return {
    read: (offset, width) => (width === 8 ? BigInt(config.read32(address, offset)) | (BigInt(config.read32(address, offset + 4)) << 32n) : BigInt(width === 1 ? config.read8(address, offset) : width === 2 ? config.read16(address, offset) : config.read32(address, offset))),
    write: (offset, width, value) => {
      const low = Number(value & dword);
      if (width === 1) config.write8(address, offset, low);
      else if (width === 2) config.write16(address, offset, low);
      else config.write32(address, offset, low);
      if (width === 8) config.write32(address, offset + 4, Number(value >> 32n));
    },
  };
}

function handleRegisters(handle: IoHandle): Registers {
  return {
    read: (offset, width) => (width === 8 ? handle.read64(offset) : BigInt(width === 1 ? handle.read8(offset) : width === 2 ? handle.read16(offset) : handle.read32(offset))),
    write: (offset, width, value) => {
      if (width === 8) handle.write64(offset, value);
      else if (width === 4) handle.write32(offset, Number(value & dword));
      else if (width === 2) handle.write16(offset, Number(value & 0xffffn));
      else handle.write8(offset, Number(value & 0xffn));
    },
  };
}

/** Reads of dwords, for walking lists. */
export const readerOf = (registers: Registers, base = 0) => (offset: number): number => Number(registers.read(base + offset, 4));

export function createBench(module: WebAssembly.Module, topology: Topology, machine: MachineDescription): Bench {
  const hardware = createHardware(module, machine);
  const platform = createPlatform(hardware);
  const functions = new Map<string, BenchFunction>();
  const found: FoundFunction[] = [];
  let memory = barMemory;
  for (const bridge of machine.hostBridges) {
    const { rootPorts, end } = enumeratePci(platform.config, bridge, memory);
    memory = end;
    found.push(...flatten(rootPorts));
    functions.set(bridge.name, { name: bridge.name, kind: "hb", address: 0, block: handleRegisters(platform.ioremap(bridge.componentBase, BigInt(cacheMemoryRange.blockSize))), messages: undefined, device: undefined });
  }
  const names = [...functionsOf(machine)].filter(([, kind]) => kind !== "hb");
  for (const [index, { address, bar, barSize }] of found.entries()) {
    const [name, kind] = names[index] ?? ["", "type3"];
    const hasMessages = kind === "type3" && barSize > BigInt(deviceBar.messages);
    const messages = hasMessages ? handleRegisters(platform.ioremap(bar + BigInt(deviceBar.messages), BigInt(deviceBar.device - deviceBar.messages))) : undefined;
    const device = kind === "type3" && barSize > BigInt(deviceBar.device) ? handleRegisters(platform.ioremap(bar + BigInt(deviceBar.device), barSize - BigInt(deviceBar.device))) : undefined;
    functions.set(name, { name, kind, address, block: handleRegisters(platform.ioremap(bar, BigInt(cacheMemoryRange.blockSize))), messages, device });
  }
  return { topology, machine, hardware, platform, functions, restoreRouting: routingOf(platform, found) };
}

function routingOf(platform: HardwarePlatform, found: readonly FoundFunction[]): () => void {
  const { config } = platform;
  const kept = found.map(({ address, kind }) => ({ address, dwords: routing.filter((at) => kind !== "endpoint" || at < busNumbers).map((at) => [at, config.read32(address, at)] as const) }));
  return () => {
    // From the top down: what lies above must forward before what lies below answers.
    for (const { address, dwords } of kept) {
      for (const [at, value] of dwords) {
        if (config.read32(address, at) === value) continue;
        if (at === endpointHeader.registers.command.offset) config.write16(address, at, value & commandBits);
        else config.write32(address, at, value);
      }
    }
  };
}

/** A machine as it is at power-on. */
export function createUntouched(module: WebAssembly.Module, machine: MachineDescription): { readonly hardware: Hardware; readonly platform: HardwarePlatform } {
  const hardware = createHardware(module, machine);
  hardware.advanceTo(1);
  return { hardware, platform: createPlatform(hardware) };
}

/** Gives the ports above a function the bus numbers that they have in `like`, from the host bridge down. */
export function numberBuses(platform: HardwarePlatform, like: Bench, name: string): void {
  const above: PciAddress[] = [];
  const parts = new Map(like.topology.functions.map((one) => [one.id, one.bus]));
  for (let bus = parts.get(name); bus !== undefined; bus = parts.get(bus)) {
    const found = like.functions.get(bus);
    if (found !== undefined && found.kind !== "hb") above.unshift(found.address);
  }
  for (const address of above) platform.config.write32(address, busNumbers, like.platform.config.read32(address, busNumbers));
}
