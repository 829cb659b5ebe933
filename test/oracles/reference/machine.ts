// The reference machine: what software sees of a whole description through config space, register handles and memory, without time. Everything
// that a write starts (training, commits, resets) is over before the next access; who compares lets the module settle after each access.

import { cacheMemoryRange, deviceBar } from "../../../registers/constants.ts";
import type { MachineDescription } from "../../../src/platform/description.ts";
import type { PciAddress } from "../../../src/platform/pci-address.ts";
import { busOf, deviceOf, functionOf, segmentOf } from "../../../src/platform/pci-address.ts";
import type { MemoryStatus } from "../../../src/platform/platform.ts";
import { applyEffect } from "./effects.ts";
import type { ExchangeState } from "./exchange.ts";
import { powerOn, settleLinks } from "./links.ts";
import { ReferenceMemory } from "./memory.ts";
import type { RegisterFile, Touched } from "./registers.ts";
import type { BridgeFields, BridgePart, CardPart, DevicePart, Part, PortPart, TableOf, Tree } from "./tree.ts";
import { buildTree } from "./tree.ts";

const ones = (width: number): bigint => (1n << BigInt(width * 8)) - 1n;
const blockSize = BigInt(cacheMemoryRange.blockSize);
const megabyte = 0x10_0000n;

/** A register file that an access reached, with the offset in it. */
export interface Place {
  readonly part: Part;
  readonly file: RegisterFile;
  readonly offset: number;
}

/** Something answers, but no register file is there: reads 0. */
export type Found = Place | "reserved" | undefined;

interface Mapping {
  readonly base: bigint;
  readonly size: bigint;
}

export interface LoadAnswer {
  readonly status: MemoryStatus;
  readonly value: bigint;
  /** Bits of the value that are known: contents after a reset, and data beside an error, are not. */
  readonly known: bigint;
}

export interface MachineState {
  readonly images: readonly Uint8Array[];
  readonly ups: readonly boolean[];
  readonly exchanges: readonly ExchangeState[];
  readonly memory: ReturnType<ReferenceMemory["save"]>;
}

export class ReferenceMachine {
  readonly description: MachineDescription;
  readonly tree: Tree;
  readonly memory: ReferenceMemory;
  readonly #mappings = new Map<number, Mapping>();
  readonly #files: readonly RegisterFile[];
  readonly #ports: readonly PortPart[];
  readonly #cards: readonly CardPart[];

  constructor(description: MachineDescription, tableOf: TableOf = () => new Uint8Array()) {
    this.description = description;
    this.tree = buildTree(description, tableOf);
    const parts = [...this.tree.parts.values()];
    this.#files = parts.flatMap((part) => (part.kind === "bridge" ? [part.component] : [part.config, part.component, ...(part.kind === "device" ? [part.messages] : [])]));
    this.#ports = parts.filter((part) => part.kind === "port");
    this.#cards = parts.filter((part) => part.kind === "device" || part.kind === "switch");
    powerOn(this.tree.bridges);
    this.memory = new ReferenceMemory(description, this.tree);
  }

  save(): MachineState {
    return { images: this.#files.map(({ image }) => image.slice()), ups: this.#ports.map(({ isUp }) => isUp), exchanges: this.#cards.map(({ exchange }) => exchange.save()), memory: this.memory.save() };
  }

  restore(state: MachineState): void {
    for (const [index, file] of this.#files.entries()) {
      file.image.set(state.images[index] ?? file.image);
      file.version++;
    }
    for (const [index, port] of this.#ports.entries()) port.isUp = state.ups[index] ?? false;
    for (const [index, { exchange }] of this.#cards.entries()) exchange.restore(state.exchanges[index] ?? { request: [], answer: [] });
    this.memory.restore(state.memory);
  }

  // Config space

  /** The function at an address, by live bus numbers (PCIe 7.3). */
  functionAt(address: PciAddress): PortPart | CardPart | undefined {
    if (functionOf(address) !== 0) return undefined;
    const bus = busOf(address);
    const segment = segmentOf(address);
    const bridge = this.tree.bridges.find(({ description }) => description.segment === segment && description.busStart <= bus && bus <= description.busEnd);
    return bridge === undefined ? undefined : onBus(bridge.ports, bridge.description.busStart, bus, deviceOf(address));
  }

  configRead(address: PciAddress, offset: number, width: number): bigint {
    // No request of config space has 8 bytes: nobody is asked.
    if (width === 8) return 0n;
    const found = this.functionAt(address);
    return found === undefined ? ones(width) : found.config.read(offset, width);
  }

  configWrite(address: PciAddress, offset: number, width: number, value: bigint): void {
    const found = this.functionAt(address);
    if (found !== undefined) this.#apply(found, found.config.write(offset, width, value));
  }

  // Registers behind handles

  map(handle: number, base: bigint, size: bigint): void {
    this.#mappings.set(handle, { base, size });
  }

  unmap(handle: number): void {
    this.#mappings.delete(handle);
  }

  /** What an access through a handle reaches: the one block that holds all of the handle's range; nothing behind its end. */
  placeOf(handle: number, offset: number, width = 1): Found {
    const mapping = this.#mappings.get(handle);
    if (mapping === undefined || BigInt(offset + width) > mapping.size) return undefined;
    for (const bridge of this.tree.bridges) {
      const at = mapping.base - bridge.description.componentBase;
      if (at >= 0n && at + mapping.size <= blockSize) return inComponent(bridge, bridge.component, Number(at) + offset);
    }
    for (const bridge of this.tree.bridges) {
      for (const port of bridge.ports) {
        const found = behind(port, mapping);
        if (found !== undefined) return inBar(found, Number(mapping.base - barOf(found)) + offset);
      }
    }
    return undefined;
  }

  read(handle: number, offset: number, width: number): bigint {
    const found = this.placeOf(handle, offset, width);
    if (found === undefined) return ones(width);
    return found === "reserved" ? 0n : found.file.read(found.offset, width);
  }

  write(handle: number, offset: number, width: number, value: bigint): void {
    const found = this.placeOf(handle, offset, width);
    if (found !== undefined && found !== "reserved") this.#apply(found.part, found.file.write(found.offset, width, value));
  }

  #apply(part: Part, touched: readonly Touched[]): void {
    let mayMove = false;
    const lose = (device: DevicePart): void => this.memory.lose(device, false);
    for (const one of touched) mayMove = applyEffect(part, one, { lose, clear: (device) => this.memory.lose(device, true) }) || mayMove;
    if (mayMove) settleLinks(this.tree.bridges, lose);
  }

  // Memory

  load(address: bigint, width: number): LoadAnswer {
    const answer = this.memory.load(address, width);
    if (this.memory.takeMoved()) settleLinks(this.tree.bridges, (device) => this.memory.lose(device, false));
    return answer;
  }

  store(address: bigint, width: number, value: bigint): MemoryStatus {
    const status = this.memory.store(address, width, value);
    if (this.memory.takeMoved()) settleLinks(this.tree.bridges, (device) => this.memory.lose(device, false));
    return status;
  }
}

/** Which of a bus's ports or what is below them a bus and device number name. `own` is the number of the bus that the ports are on. */
function onBus(ports: readonly PortPart[], own: number, bus: number, device: number): PortPart | CardPart | undefined {
  if (bus === own) return ports[device];
  const port = ports.find(({ bridge }) => claims(bridge, bus));
  if (port?.card === undefined || !port.isUp) return undefined;
  const { card } = port;
  if (bus === port.bridge.secondaryBus.get()) return device === 0 ? card : undefined;
  if (card.kind === "device" || !claims(card.bridge, bus)) return undefined;
  return onBus(card.ports, card.bridge.secondaryBus.get(), bus, device);
}

/** PCIe 7.3.3: its secondary bus, or one behind that up to its subordinate bus. With secondary bus 0 it is not set up and passes nothing on. */
const claims = ({ secondaryBus, subordinateBus }: BridgeFields, bus: number): boolean => secondaryBus.get() !== 0 && (bus === secondaryBus.get() || (secondaryBus.get() < bus && bus <= subordinateBus.get()));

const barOf = ({ fields }: PortPart | CardPart): bigint => (BigInt(fields.barHigh.get()) << 32n) | (BigInt(fields.barLow.get()) << 16n);

/** The function whose BAR holds a range, at or below a port or card: bridges pass on what their windows hold. */
function behind(part: PortPart | CardPart, range: Mapping): PortPart | CardPart | undefined {
  if (part.fields.memorySpace.get() === 0) return undefined;
  const bar = barOf(part);
  if (bar <= range.base && range.base + range.size <= bar + part.barSize) return part;
  if (part.kind === "device" || !isForwarded(part, range)) return undefined;
  if (part.kind === "port") return part.isUp && part.card !== undefined ? behind(part.card, range) : undefined;
  for (const port of part.ports) {
    const found = behind(port, range);
    if (found !== undefined) return found;
  }
  return undefined;
}

const windowAddress = (high: number, page: number): bigint => (BigInt(high) << 32n) | (BigInt(page) << 20n);

/** PCIe 7.5.1.3.8 to 10: either window, in units of 1 MiB. */
function isForwarded({ bridge }: PortPart | Extract<CardPart, { kind: "switch" }>, { base, size }: Mapping): boolean {
  const holds = (from: bigint, to: bigint): boolean => from <= base && base + size <= to + megabyte;
  return (
    holds(windowAddress(0, bridge.memoryBase.get()), windowAddress(0, bridge.memoryLimit.get())) ||
    holds(windowAddress(bridge.prefetchableBaseHigh.get(), bridge.prefetchableBase.get()), windowAddress(bridge.prefetchableLimitHigh.get(), bridge.prefetchableLimit.get()))
  );
}

function inComponent(part: BridgePart | PortPart | CardPart, file: RegisterFile, offset: number): Found {
  const at = offset - cacheMemoryRange.offset;
  return at >= 0 && at < cacheMemoryRange.size ? { part, file, offset: at } : "reserved";
}

/** deviceBar of registers/: component block, MSI-X table, device block, which is no part of this reference. */
function inBar(part: PortPart | CardPart, offset: number): Found {
  if (part.kind !== "device" || offset < deviceBar.messages) return inComponent(part, part.component, offset);
  const at = offset - deviceBar.messages;
  return at < part.messages.image.length ? { part, file: part.messages, offset: at } : "reserved";
}
