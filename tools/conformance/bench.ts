// A machine of ours for a capture: built, enumerated as a BIOS does, every function by the capture's name.

import { enumeratePci } from "../../src/firmware/enumerate.ts";
import type { FoundFunction } from "../../src/firmware/enumerate.ts";
import type { Hardware } from "../../src/hardware/machine.ts";
import { createHardware } from "../../src/hardware/machine.ts";
import type { HardwarePlatform } from "../../src/hardware/platform.ts";
import { createPlatform } from "../../src/hardware/platform.ts";
import type { MachineDescription } from "../../src/platform/description.ts";
import type { PciAddress } from "../../src/platform/pci-address.ts";
import type { IoHandle } from "../../src/platform/platform.ts";
import { cacheMemoryRange, deviceBar } from "../../registers/constants.ts";
import type { FunctionKind } from "./qemu-machine.ts";
import { functionsOf } from "./qemu-machine.ts";

export interface BenchFunction {
  readonly name: string;
  readonly kind: FunctionKind;
  /** 0 for host bridges, which are no PCI functions. */
  readonly address: PciAddress;
  /** Component block, 64 KiB. */
  readonly block: IoHandle;
  /** MSI-X table of a device. */
  readonly messages: IoHandle | undefined;
}

export interface Bench {
  readonly machine: MachineDescription;
  readonly hardware: Hardware;
  readonly platform: HardwarePlatform;
  readonly functions: ReadonlyMap<string, BenchFunction>;
  /** Config space of a function as it is after power-on, bus numbers set and nothing else. */
  readonly untouched: (name: string, offset: number) => number;
}

const busNumbers = 0x18;
const isBridge = (kind: FunctionKind | undefined): boolean => kind === "rp" || kind === "usp" || kind === "dsp";
const barMemory = 0x100_0000_0000n;
const flatten = (found: readonly FoundFunction[]): FoundFunction[] => found.flatMap((one) => [one, ...flatten(one.below)]);

export function createBench(module: WebAssembly.Module, machine: MachineDescription): Bench {
  const hardware = createHardware(module, machine);
  const platform = createPlatform(hardware);
  const functions = new Map<string, BenchFunction>();
  const named = [...functionsOf(machine)];
  const found: FoundFunction[] = [];
  let memory = barMemory;
  for (const bridge of machine.hostBridges) {
    const { rootPorts, end } = enumeratePci(platform.config, bridge, memory);
    memory = end;
    found.push(...flatten(rootPorts));
    functions.set(bridge.name, { name: bridge.name, kind: "hb", address: 0, block: platform.ioremap(bridge.componentBase, BigInt(cacheMemoryRange.blockSize)), messages: undefined });
  }
  const functionNames = named.filter(([, kind]) => kind !== "hb");
  for (const [index, { address, bar, barSize }] of found.entries()) {
    const [name, kind] = functionNames[index] ?? ["", "type3"];
    const messages = kind === "type3" && barSize > BigInt(deviceBar.messages) ? platform.ioremap(bar + BigInt(deviceBar.messages), BigInt(deviceBar.device - deviceBar.messages)) : undefined;
    functions.set(name, { name, kind, address, block: platform.ioremap(bar, BigInt(cacheMemoryRange.blockSize)), messages });
  }
  const fresh = createHardware(module, machine);
  fresh.advanceTo(1);
  const ids = new Map([...fresh.entities.ports, ...fresh.entities.switches, ...fresh.entities.devices].map(([name, { id }]) => [name, id]));
  const untouched = (name: string, offset: number): number => (offset === busNumbers && isBridge(functions.get(name)?.kind) ? platform.config.read32(functions.get(name)?.address ?? 0, offset) : fresh.peekConfig(ids.get(name) ?? 0, offset));
  return { machine, hardware, platform, functions, untouched };
}

/** A machine as it is at power-on, with bus numbers only. */
export function createUntouched(module: WebAssembly.Module, machine: MachineDescription): { readonly hardware: Hardware; readonly platform: HardwarePlatform } {
  const hardware = createHardware(module, machine);
  return { hardware, platform: createPlatform(hardware) };
}
