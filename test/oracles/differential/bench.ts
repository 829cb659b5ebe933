// A machine in the module, ready for random accesses: enumerated as firmware does it, with handles on everything that has registers and on some
// places that have none. The reference gets the same accesses; what it does not predict is in one table.

import { blocks } from "../../../registers/blocks.ts";
import { dvsecDevice } from "../../../registers/dvsec.ts";
import { cacheMemoryRange, deviceBar } from "../../../registers/constants.ts";
import { enumeratePci } from "../../../src/firmware/enumerate.ts";
import type { FoundFunction } from "../../../src/firmware/enumerate.ts";
import type { Hardware, HardwareSnapshot } from "../../../src/hardware/machine.ts";
import { createHardware } from "../../../src/hardware/machine.ts";
import type { HardwarePlatform } from "../../../src/hardware/platform.ts";
import { createPlatform } from "../../../src/hardware/platform.ts";
import type { MachineDescription } from "../../../src/platform/description.ts";
import { isSwitch, portsBelow } from "../../../src/platform/description.ts";
import type { PciAddress } from "../../../src/platform/pci-address.ts";
import { formatPciAddress } from "../../../src/platform/pci-address.ts";
import type { ConfigSpace, IoHandle, MemoryStatus } from "../../../src/platform/platform.ts";
import type { ReferenceMachine } from "../reference/machine.ts";

export type Width = 1 | 2 | 4 | 8;

/** One access of software. `place`: PCI address, number of a handle, or nothing; `at`: offset, or physical address. */
export interface Access {
  readonly kind: "config" | "register" | "memory";
  readonly isWrite: boolean;
  readonly place: number;
  readonly at: number | bigint;
  readonly width: Width;
  readonly value: bigint;
}

/** What an access gave: the value of a read, and how a memory access ended. */
export interface Outcome {
  readonly value: bigint;
  readonly status: MemoryStatus;
}

export interface MappedRange {
  readonly name: string;
  /** Host bridge's name or function's address, and what of it is mapped as one register file. */
  readonly owner: string | number;
  readonly holds: "component" | "messages" | "nothing";
  readonly base: bigint;
  readonly size: bigint;
}

export interface Ready {
  readonly hardware: Hardware;
  readonly platform: HardwarePlatform;
  readonly handles: readonly IoHandle[];
  readonly clean: HardwareSnapshot;
}

/** What enumeration did: its accesses in order, the functions found, the ranges worth mapping. */
export interface Layout {
  readonly accesses: readonly Access[];
  readonly functions: readonly FoundFunction[];
  readonly ranges: readonly MappedRange[];
}

/** DVSEC 0 control, Mem_Enable (config sheet 3). */
const memoryEnable = { at: blocks.deviceConfig.placements.dvsecDevice.at + dvsecDevice.registers.control.offset, value: 1 << dvsecDevice.registers.control.fields.memoryEnable.bits };

/** Where BARs are put: above all windows, or where also the 32-bit windows of bridges reach. */
const highMemory = 0x10_0000_0000_00n;
const lowMemory = 0xc000_0000n;
const lowMemoryEnd = 0xfe00_0000n;
const flatten = (found: readonly FoundFunction[]): FoundFunction[] => found.flatMap((one) => [one, ...flatten(one.below)]);

/** Config space that writes down what goes through it. */
function recorded(config: ConfigSpace, accesses: Access[], afterwards: () => void): ConfigSpace {
  const note = (isWrite: boolean, place: PciAddress, at: number, width: Width, value: number): void => {
    accesses.push({ kind: "config", isWrite, place, at, width, value: BigInt(value >>> 0) });
    afterwards();
  };
  const read = (width: 1 | 2 | 4) => (address: PciAddress, offset: number): number => {
    const value = width === 1 ? config.read8(address, offset) : width === 2 ? config.read16(address, offset) : config.read32(address, offset);
    note(false, address, offset, width, value);
    return value;
  };
  const write = (width: 1 | 2 | 4) => (address: PciAddress, offset: number, value: number): void => {
    if (width === 1) config.write8(address, offset, value);
    else if (width === 2) config.write16(address, offset, value);
    else config.write32(address, offset, value);
    note(true, address, offset, width, value);
  };
  return { read8: read(1), read16: read(2), read32: read(4), write8: write(1), write16: write(2), write32: write(4) };
}

const mostSteps = 1000;

/** Lets everything that is under way in the hardware come to its end. */
export function settle(hardware: Hardware): void {
  for (let steps = 0; hardware.nextDeadline >= 0; steps++) {
    if (steps > mostSteps) throw new Error("the hardware does not settle");
    hardware.advanceTo(Math.max(hardware.nextDeadline, hardware.now));
  }
}

const elsewhere = (name: string, base: bigint, size: bigint): MappedRange => ({ name, owner: "", holds: "nothing", base, size });

function rangesOf(description: MachineDescription, functions: readonly FoundFunction[]): MappedRange[] {
  const { offset, size, blockSize } = cacheMemoryRange;
  const block = (name: string, owner: string | number, base: bigint): MappedRange[] => [{ name: `${name} block`, owner, holds: "nothing", base, size: BigInt(blockSize) }, { name, owner, holds: "component", base: base + BigInt(offset), size: BigInt(size) }];
  const last = functions.at(-1);
  const end = last === undefined ? highMemory : last.bar + last.barSize;
  return [
    ...description.hostBridges.flatMap((bridge) => block(bridge.name, bridge.name, bridge.componentBase)),
    ...functions.flatMap(({ address, bar, barSize, kind }): MappedRange[] => {
      const name = `BAR of ${formatPciAddress(address)}`;
      if (kind !== "endpoint") return block(name, address, bar);
      const messages: MappedRange = { name: `messages of ${formatPciAddress(address)}`, owner: address, holds: "messages", base: bar + BigInt(deviceBar.messages), size: BigInt(size) };
      // The device block has a reference of its own (test/oracles/mailbox): commands act in time, and on everything.
      const registers = BigInt(deviceBar.device);
      return [...block(name, address, bar), messages, elsewhere(`start of ${name}`, bar, barSize < registers ? barSize : registers)];
    }),
    elsewhere("behind all BARs", end + 0x10_0000n, 0x1_0000n),
    elsewhere("address 0", 0n, 0x1_0000n),
    elsewhere("behind address 0", 0x1000n, 0x1000n),
    elsewhere("first window", description.windows[0]?.base ?? 0n, 0x1000n),
    elsewhere("across the first host bridge's end", (description.hostBridges[0]?.componentBase ?? 0n) + BigInt(blockSize) - 0x800n, 0x1000n),
  ];
}

/** Builds and enumerates a machine. Every device accepts CXL.mem. */
export function prepare(module: WebAssembly.Module, description: MachineDescription): Ready & { readonly layout: Layout } {
  const hardware = createHardware(module, description);
  const platform = createPlatform(hardware);
  const accesses: Access[] = [];
  settle(hardware);
  const config = recorded(platform.config, accesses, () => settle(hardware));
  const functions: FoundFunction[] = [];
  const needed = portsBelow(description.hostBridges.flatMap(({ rootPorts }) => rootPorts)).flatMap(({ slots }) => slots).reduce((sum, card) => sum + (isSwitch(card) ? 0n : card.barSize), 0n);
  let memory = lowMemory + 4n * needed < lowMemoryEnd && description.hostBridges.length > 1 ? lowMemory : highMemory;
  for (const bridge of description.hostBridges) {
    const { rootPorts, end } = enumeratePci(config, bridge, memory);
    memory = end;
    functions.push(...flatten(rootPorts));
  }
  for (const { address, kind } of functions) if (kind === "endpoint") config.write16(address, memoryEnable.at, memoryEnable.value);
  const ranges = rangesOf(description, functions);
  const handles = ranges.map(({ base, size }) => platform.ioremap(base, size));
  return { hardware, platform, handles, clean: hardware.snapshot(), layout: { accesses, functions, ranges } };
}

const none: Outcome = { value: 0n, status: "ok" };

function readHandle(handle: IoHandle, offset: number, width: Width): bigint {
  if (width === 8) return handle.read64(offset);
  return BigInt(width === 1 ? handle.read8(offset) : width === 2 ? handle.read16(offset) : handle.read32(offset));
}

function writeHandle(handle: IoHandle, offset: number, width: Width, value: bigint): void {
  if (width === 8) handle.write64(offset, value);
  else if (width === 4) handle.write32(offset, Number(value));
  else if (width === 2) handle.write16(offset, Number(value));
  else handle.write8(offset, Number(value));
}

/** Config space has no access of 8 bytes; the module's own call is given one all the same (rule 2). */
function configAccess({ platform, hardware }: Ready, { isWrite, place, at, width, value }: Access): bigint {
  const offset = at as number;
  if (isWrite) {
    hardware.exports.configWrite(place, offset, width, Number(value & 0xffff_ffffn));
    return 0n;
  }
  const { config } = platform;
  if (width === 8) return BigInt(hardware.exports.configRead(place, offset, 8) >>> 0);
  return BigInt(width === 1 ? config.read8(place, offset) : width === 2 ? config.read16(place, offset) : config.read32(place, offset));
}

/** Does an access in the module and lets the hardware settle. */
export function perform(ready: Ready, access: Access): Outcome {
  const outcome = accessOnly(ready, access);
  settle(ready.hardware);
  return outcome;
}

function accessOnly(ready: Ready, access: Access): Outcome {
  const { kind, isWrite, place, at, width, value } = access;
  if (kind === "config") return { value: configAccess(ready, access), status: "ok" };
  if (kind === "memory") {
    if (isWrite) return { value: 0n, status: ready.platform.memory.store(at as bigint, width, value) };
    return ready.platform.memory.load(at as bigint, width);
  }
  const handle = ready.handles[place];
  if (handle === undefined) return none;
  if (!isWrite) return { value: readHandle(handle, at as number, width), status: "ok" };
  writeHandle(handle, at as number, width, value);
  return none;
}

/** What the reference says about an access. `known`: bits of the value that it predicts. */
export function predict(reference: ReferenceMachine, access: Access): Outcome & { readonly known: bigint } {
  const { kind, isWrite, place, at, width, value } = access;
  const all = (1n << BigInt(width * 8)) - 1n;
  if (kind === "memory") {
    if (isWrite) return { value: 0n, status: reference.store(at as bigint, width, value), known: all };
    return reference.load(at as bigint, width);
  }
  if (isWrite) {
    if (kind === "config") reference.configWrite(place, at as number, width, value);
    else reference.write(place, at as number, width, value);
    return { value: 0n, status: "ok", known: all };
  }
  if (kind === "register") return { value: reference.read(place, at as number, width), status: "ok", known: all };
  const known = width === 8 ? 0xffff_ffffn : all;
  return { value: reference.configRead(place, at as number, width) & known, status: "ok", known };
}
