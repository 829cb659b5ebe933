// One device as its client has it: config space and BAR of the module at the place that our enumeration gave it, the base address registers beside the
// module. Before every access the way to the device is looked at, and what a reset took is set again.

import { blocks } from "../../registers/blocks.ts";
import { configSize } from "../../registers/constants.ts";
import { bridgeHeader, endpointHeader } from "../../registers/pci.ts";
import type { Hardware } from "../hardware/machine.ts";
import type { HardwarePlatform } from "../hardware/platform.ts";
import type { ConfigSpace, InterruptMessage, IoHandle } from "../platform/platform.ts";
import { encode, extract } from "../platform/registers.ts";
import type { BarWidth, ConfigWidth, InterruptSink, ServedFunction } from "./contract.ts";
import type { PlacedDevice, PlacedPort } from "./places.ts";
import { settleFunction } from "./places.ts";

/** A function with what the machine needs of it. */
export interface MachineFunction extends ServedFunction {
  readonly placed: PlacedDevice;
  /** BAR 0 at our place, without a look at the way to it. */
  readonly handle: IoHandle;
  /** A message that it sent goes to its client. Of MSI-X there is no way to a client (docs/vfio-user.md). */
  send(message: InterruptMessage): void;
  sink: InterruptSink | null;
}

/** Told of what the client does beside accesses. */
export interface FunctionEvents {
  /** After every access: interrupts may have come up. */
  done(): void;
  reset(name: string): void;
  connected(name: string, isConnected: boolean): void;
}

const { bar0, bar1 } = endpointHeader.registers;
const { bridgeControl } = bridgeHeader.registers;
const busReset = Number(encode(bridgeControl, { secondaryBusReset: 1 }));
const { msi } = blocks.deviceConfig.placements;
const linkTraining = 1;
const linkUp = 2;
/** How long the bridge holds the reset (PCIe 6.6.1: at least 1 ms), and how long the link is waited for afterwards. */
const holdTime = 2_000_000;
const longestTraining = 1_000_000_000;
const mostHandle = 1n << 31n;

const ones = (width: number): number => (width === 4 ? 0xffff_ffff : 2 ** (8 * width) - 1);
const wideOnes = (width: number): bigint => (1n << BigInt(8 * width)) - 1n;

/** The BAR as software reads and writes it: address bits above the size, and the type bits of the device's own. */
class BarCopy {
  readonly #mask: bigint;
  readonly #type: bigint;
  #address = 0n;

  constructor(size: bigint, type: number) {
    this.#mask = ~(size - 1n) & 0xffff_ffff_ffff_ffffn;
    this.#type = BigInt(type);
  }

  clear(): void {
    this.#address = 0n;
  }

  /** `offset` in bytes from the low half. */
  read(offset: number, width: number): number {
    return Number(((this.#address | this.#type) >> BigInt(8 * offset)) & wideOnes(width));
  }

  write(offset: number, width: number, value: number): void {
    const shift = BigInt(8 * offset);
    this.#address = ((this.#address & ~(wideOnes(width) << shift)) | ((BigInt(value) & wideOnes(width)) << shift)) & this.#mask;
  }
}

export interface FunctionParts {
  readonly hardware: Hardware;
  readonly config: ConfigSpace;
  readonly ioremap: HardwarePlatform["ioremap"];
  /** Lets virtual time come up to an instant. */
  readonly pass: (until: number) => void;
  readonly placed: PlacedDevice;
  readonly events: FunctionEvents;
}

/** The next instant at which something happens, at most `last`. */
const nextOf = ({ nextDeadline, now }: Hardware, last: number): number => (nextDeadline <= now ? last : Math.min(nextDeadline, last));

/** What answers at a function's place: itself, another card in its slot, or nobody (no card, or no link). */
type Reach = "device" | "another" | "nobody";
const nothing = 0xffff_ffff;

const isOfBar = (offset: number): boolean => offset >= bar0.offset && offset < bar1.offset + 4;

const isPort = (one: PlacedDevice["way"][number]): one is PlacedPort => "card" in one;

class Served implements MachineFunction {
  readonly name: string;
  readonly bars;
  readonly configSize = configSize;
  readonly messages: number;
  readonly placed: PlacedDevice;
  sink: InterruptSink | null = null;
  readonly #parts: FunctionParts;
  readonly #bar: BarCopy;
  readonly handle: IoHandle;

  constructor(parts: FunctionParts) {
    const { placed: { device, bar, entity }, hardware, ioremap } = parts;
    this.#parts = parts;
    this.placed = parts.placed;
    this.name = device.name;
    this.messages = device.messages === "msi" ? 2 ** extract(msi.structure.registers.control.fields.multipleCapable, hardware.peekConfig(entity, msi.at) >>> 16) : 0;
    this.bars = [{ index: 0, size: Number(device.barSize) }];
    this.#bar = new BarCopy(device.barSize, hardware.peekConfig(entity, bar0.offset) & ~Number(encode(bar0, { address31to16: 0xffff })));
    this.handle = ioremap(bar, device.barSize < mostHandle ? device.barSize : mostHandle);
  }

  /** Where accesses go; what a reset took on the way is set again. */
  settle(): Reach {
    const { hardware, config, placed } = this.#parts;
    for (const one of placed.way) {
      settleFunction(hardware, config, one);
      if (!isPort(one)) continue;
      const plugged = hardware.exports.portState(one.index, 2) >>> 0;
      if (plugged !== one.card && plugged !== nothing) return "another";
      if (plugged === nothing || hardware.exports.portState(one.index, 0) !== linkUp) return "nobody";
    }
    // The device has lost its address: it was reset, and its client's went with ours.
    if (settleFunction(hardware, config, placed)) this.#bar.clear();
    return "device";
  }

  readConfig(offset: number, width: ConfigWidth): number {
    const reach = this.settle();
    if (reach === "another") return ones(width);
    if (isOfBar(offset)) return reach === "device" ? this.#bar.read(offset - bar0.offset, width) : ones(width);
    const { config } = this.#parts;
    const { address } = this.placed;
    const value = width === 1 ? config.read8(address, offset) : width === 2 ? config.read16(address, offset) : config.read32(address, offset);
    this.#parts.events.done();
    return value;
  }

  writeConfig(offset: number, width: ConfigWidth, value: number): void {
    const reach = this.settle();
    if (reach === "another") return;
    if (isOfBar(offset)) {
      if (reach === "device") this.#bar.write(offset - bar0.offset, width, value);
      return;
    }
    const { config } = this.#parts;
    const { address } = this.placed;
    if (width === 1) config.write8(address, offset, value);
    else if (width === 2) config.write16(address, offset, value);
    else config.write32(address, offset, value);
    this.#parts.events.done();
  }

  readBar(bar: number, offset: number, width: BarWidth): bigint {
    this.settle();
    if (bar !== 0) return wideOnes(width);
    const handle = this.handle;
    const value = width === 8 ? handle.read64(offset) : BigInt(width === 4 ? handle.read32(offset) : width === 2 ? handle.read16(offset) : handle.read8(offset));
    this.#parts.events.done();
    return value;
  }

  writeBar(bar: number, offset: number, width: BarWidth, value: bigint): void {
    this.settle();
    if (bar !== 0) return;
    const handle = this.handle;
    if (width === 8) handle.write64(offset, value);
    else if (width === 4) handle.write32(offset, Number(value & 0xffff_ffffn));
    else if (width === 2) handle.write16(offset, Number(value & 0xffffn));
    else handle.write8(offset, Number(value & 0xffn));
    this.#parts.events.done();
  }

  /** Hot reset: the bridge above holds its secondary bus reset, then the link is waited for, a second at most. */
  reset(): void {
    const { hardware, config, pass, placed: { port }, events } = this.#parts;
    events.reset(this.name);
    if (this.settle() === "another") return;
    const before = config.read16(port.address, bridgeControl.offset);
    config.write16(port.address, bridgeControl.offset, before | busReset);
    pass(hardware.now + holdTime);
    config.write16(port.address, bridgeControl.offset, before & ~busReset);
    const last = hardware.now + longestTraining;
    while (hardware.exports.portState(port.index, 0) === linkTraining && hardware.now < last) pass(nextOf(hardware, last));
    this.settle();
    this.#bar.clear();
    events.done();
  }

  connected(isConnected: boolean): void {
    this.#parts.events.connected(this.name, isConnected);
  }

  send({ address, data }: InterruptMessage): void {
    if (this.messages === 0) return;
    const high = this.#parts.hardware.peekConfig(this.placed.entity, msi.at + msi.structure.registers.addressHigh.offset);
    this.sink?.send({ address: (BigInt(high) << 32n) | BigInt(address), data });
  }
}

export const createFunction = (parts: FunctionParts): MachineFunction => {
  const served = new Served(parts);
  served.settle();
  return served;
};
