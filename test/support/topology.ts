// Machines of any shape for tests: switches, what firmware's enumeration makes of them, and every part by its name.

import { enumeratePci } from "../../src/firmware/enumerate.ts";
import type { FoundFunction } from "../../src/firmware/enumerate.ts";
import type { Hardware } from "../../src/hardware/machine.ts";
import { createHardware } from "../../src/hardware/machine.ts";
import type { ModuleVariant } from "../../src/hardware/module.ts";
import type { HardwarePlatform } from "../../src/hardware/platform.ts";
import { createPlatform } from "../../src/hardware/platform.ts";
import type { DownstreamPortDescription, MachineDescription, SlotDescription, SwitchDescription } from "../../src/platform/description.ts";
import { isSwitch } from "../../src/platform/description.ts";
import type { PciAddress } from "../../src/platform/pci-address.ts";
import type { IoHandle } from "../../src/platform/platform.ts";
import { cacheMemoryRange } from "../../registers/blocks.ts";
import { GiB, deviceOf, machineOf, modules, offsetOf, portOf } from "./machine.ts";

export function downstreamOf(name: string, portNumber: number, slots: readonly SlotDescription[] = [deviceOf(`${name}-dev`)]): DownstreamPortDescription {
  return { name, portNumber, hotplug: true, linkTrainingTime: 100_000, slots, present: true };
}

export function switchOf(name: string, ports: readonly DownstreamPortDescription[], overrides: Partial<SwitchDescription> = {}): SwitchDescription {
  return { kind: "switch", name, serial: 0x77n, decoders: 4, targetCount: 8, latency: 100, ports, ...overrides };
}

/** One root port with a switch of `count` devices. */
export const switchMachine = (count: number, overrides: Partial<MachineDescription> = {}): MachineDescription =>
  machineOf([portOf("rp0", { slots: [switchOf("sw0", Array.from({ length: count }, (_, i) => downstreamOf(`dsp${i}`, i)))] })], overrides);

export interface Part {
  readonly name: string;
  readonly address: PciAddress;
  /** CXL.cache/mem range. */
  readonly registers: IoHandle;
  readonly bar: bigint;
}

export interface Topology {
  readonly hardware: Hardware;
  readonly platform: HardwarePlatform;
  /** Ports, switches and devices that are plugged in, by name. */
  readonly parts: ReadonlyMap<string, Part>;
  /** CXL.cache/mem ranges of host bridges, by name. */
  readonly bridges: ReadonlyMap<string, IoHandle>;
  readonly part: (name: string) => Part;
}

const barMemory = 0x10_0000_0000_00n;

/** Names of what is plugged in below a port, the port first, in order of enumeration. */
const namesOf = (port: DownstreamPortDescription): string[] => {
  const card = port.present ? port.slots[0] : undefined;
  if (card === undefined) return [port.name];
  return [port.name, card.name, ...(isSwitch(card) ? card.ports.flatMap(namesOf) : [])];
};

const flatten = (found: readonly FoundFunction[]): FoundFunction[] => found.flatMap((one) => [one, ...flatten(one.below)]);

/** Builds a machine and enumerates it; CXL.mem of every device is enabled. */
export function bringUp(description: MachineDescription, variant: ModuleVariant = "release"): Topology {
  const hardware = createHardware(modules[variant], description);
  const platform = createPlatform(hardware);
  const parts = new Map<string, Part>();
  const bridges = new Map<string, IoHandle>();
  let memory = barMemory;
  for (const bridge of description.hostBridges) {
    bridges.set(bridge.name, platform.ioremap(bridge.componentBase + BigInt(cacheMemoryRange.offset), BigInt(cacheMemoryRange.size)));
    const { rootPorts, end } = enumeratePci(platform.config, bridge, memory);
    memory = end;
    const names = bridge.rootPorts.flatMap(namesOf);
    for (const [index, { address, bar, kind }] of flatten(rootPorts).entries()) {
      const name = names[index] ?? "";
      if (kind === "endpoint") platform.config.write16(address, offsetOf("deviceConfig", "dvsecDevice", "control"), 4);
      parts.set(name, { name, address, bar, registers: platform.ioremap(bar + BigInt(cacheMemoryRange.offset), BigInt(cacheMemoryRange.size)) });
    }
  }
  const part = (name: string): Part => {
    const found = parts.get(name);
    if (found === undefined) throw new Error(`no part ${name}; there are ${[...parts.keys()].join(", ")}`);
    return found;
  };
  return { hardware, platform, parts, bridges, part };
}

export interface DecoderProgram {
  readonly base: bigint;
  readonly size: bigint;
  /** Encodings. */
  readonly ways?: number;
  readonly granularity?: number;
  /** Target list, or DPA skip. */
  readonly targets?: bigint;
}

/** Programs and commits a decoder of a host bridge, switch (`port`) or device; enables HDM decoding of a device. Returns its control register. */
export function commitDecoder(registers: IoHandle, kind: "port" | "device", n: number, values: DecoderProgram): number {
  const [block, structure] = kind === "device" ? (["deviceComponent", "hdmDecoderDevice"] as const) : (["hostBridgeComponent", "hdmDecoderPort"] as const);
  const at = (register: string, instance = n): number => offsetOf(block, structure, register, instance);
  const write = (register: string, value: bigint): void => registers.write32(at(register), Number(value & 0xffff_ffffn));
  if (kind === "device") registers.write32(at("globalControl", 0), 2);
  write("baseHigh", values.base >> 32n);
  write("baseLow", values.base);
  write("sizeHigh", values.size >> 32n);
  write("sizeLow", values.size);
  const targets = values.targets ?? 0n;
  write(kind === "device" ? "skipHigh" : "targetListHigh", targets >> 32n);
  write(kind === "device" ? "skipLow" : "targetListLow", targets);
  write("control", BigInt((values.granularity ?? 0) | ((values.ways ?? 0) << 4) | (1 << 9) | (1 << 12)));
  return registers.read32(at("control"));
}

export const windowBase = 16n * GiB;
