// A machine's parts as its user holds them: addresses as they are when asked, registers by name. The mapping behind `registers` follows BAR 0.

import { cacheMemoryRange } from "../../../registers/constants.ts";
import type { BlockName } from "../../../registers/blocks.ts";
import type { Hardware, PortSummary } from "../../hardware/machine.ts";
import { configBus } from "../../platform/config-walk.ts";
import type { PciAddress } from "../../platform/pci-address.ts";
import { formatPciAddress } from "../../platform/pci-address.ts";
import type { ConfigSpace } from "../../platform/platform.ts";
import type { RegisterBus } from "../../platform/registers.ts";
import type { BlockAccess, DeviceView, DownstreamPortView, HostBridgeView, RootPortView, UpstreamPortView } from "./contract.ts";
import type { Mapping, Mappings } from "./handles.ts";
import { runMailbox } from "./mailbox.ts";
import { enableMsi, enableVectors } from "./messages.ts";
import type { Homes, Part } from "./places.ts";
import { bridgeRegistersAt, cardAddress, componentOffset, deviceBlockSize, deviceOffset, peekBus, placedBar, portAddress } from "./places.ts";
import { blockAccess, hasStructure } from "./structures.ts";

/** What the parts need of their machine; every call throws when it is disposed. */
export interface ViewHost {
  readonly hardware: Hardware;
  readonly config: ConfigSpace;
  readonly mappings: Mappings;
  readonly homes: Homes;
  readonly now: number;
  advance(nanoseconds: number): void;
  /** Takes data values for `count` messages, aligned to it; the first. @throws KernelAttachedError */
  takeMessages(count: number): number;
}

/** A view's host over functions of the machine. */
export function viewHostOf(of: { readonly live: () => { readonly hardware: Hardware; readonly platform: { readonly config: ConfigSpace } }; readonly mappings: Mappings; readonly now: () => number; readonly homes: () => Homes; readonly advance: ViewHost["advance"]; readonly takeMessages: ViewHost["takeMessages"] }): ViewHost {
  return {
    mappings: of.mappings,
    advance: of.advance,
    takeMessages: of.takeMessages,
    get hardware() {
      return of.live().hardware;
    },
    get config() {
      return of.live().platform.config;
    },
    get now() {
      return of.now();
    },
    get homes() {
      return of.homes();
    },
  };
}

/** Places of a block whose mappings are kept: what a user holds of a place goes on reaching it. */
const mostPlaces = 8;

/** A block of registers behind BAR 0 (or at a fixed place): mapped when first used, and again where it has moved. */
class PlacedBlock<B extends BlockName> {
  readonly #host: ViewHost;
  readonly #part: Part;
  readonly #block: B;
  readonly #size: bigint;
  readonly #place: () => bigint;
  readonly #placed = new Map<bigint, { readonly mapping: Mapping; readonly access: BlockAccess<B> }>();

  constructor(host: ViewHost, part: Part, block: B, size: bigint, place: () => bigint) {
    this.#host = host;
    this.#part = part;
    this.#block = block;
    this.#size = size;
    this.#place = place;
  }

  has(structure: string): boolean {
    const { hardware } = this.#host;
    return hasStructure(this.#block, structure, peekBus((offset) => hardware.peekComponent(this.#part.id, offset)));
  }

  /** Registers by name, where they are now. */
  get access(): BlockAccess<B> {
    const at = this.#place();
    return this.#placed.get(at)?.access ?? this.#map(at);
  }

  #map(at: bigint): BlockAccess<B> {
    const [oldest] = this.#placed;
    if (oldest !== undefined && this.#placed.size >= mostPlaces) {
      oldest[1].mapping.unmap();
      this.#placed.delete(oldest[0]);
    }
    const mapping = this.#host.mappings.map(at, this.#size);
    const access = blockAccess(this.#block, mapping, this.#part.name, (structure) => this.has(structure));
    this.#placed.set(at, { mapping, access });
    return access;
  }

  get at(): bigint {
    return this.#place();
  }
}

const componentSize = BigInt(cacheMemoryRange.size);

export class BridgeView implements HostBridgeView {
  readonly name: string;
  readonly #component: PlacedBlock<"hostBridgeComponent">;

  constructor(host: ViewHost, part: Part) {
    this.name = part.name;
    this.#component = new PlacedBlock(host, part, "hostBridgeComponent", componentSize, () => bridgeRegistersAt(host.hardware.description, part.name));
  }

  get registers(): BlockAccess<"hostBridgeComponent"> {
    return this.#component.access;
  }

  get registersAt(): bigint {
    return this.#component.at;
  }

  has(structure: string): boolean {
    return this.#component.has(structure);
  }
}

type ComponentName = "rootPortComponent" | "upstreamPortComponent" | "downstreamPortComponent" | "deviceComponent";
type ConfigName = "rootPortConfig" | "upstreamPortConfig" | "downstreamPortConfig" | "deviceConfig";

/** Config space of a part, wherever it is when it is accessed. */
function configOf(host: ViewHost, address: () => PciAddress): RegisterBus {
  const bus = (): RegisterBus => configBus(host.config, address());
  return {
    read8: (offset) => host.config.read8(address(), offset), read16: (offset) => host.config.read16(address(), offset), read32: (offset) => host.config.read32(address(), offset), read64: (offset) => bus().read64(offset),
    write8: (offset, value) => host.config.write8(address(), offset, value), write16: (offset, value) => host.config.write16(address(), offset, value), write32: (offset, value) => host.config.write32(address(), offset, value),
    write64: (offset, value) => bus().write64(offset, value),
  };
}

class FunctionView<C extends ComponentName, F extends ConfigName> {
  readonly name: string;
  readonly config: RegisterBus;
  readonly configRegisters: BlockAccess<F>;
  protected readonly host: ViewHost;
  protected readonly part: Part;
  readonly #component: PlacedBlock<C>;
  readonly #configName: F;
  readonly #find: (hardware: Hardware, name: string) => PciAddress;

  constructor(host: ViewHost, part: Part, component: C, config: F, find: (hardware: Hardware, name: string) => PciAddress) {
    this.name = part.name;
    this.host = host;
    this.part = part;
    this.#find = find;
    this.#configName = config;
    this.#component = new PlacedBlock(host, part, component, componentSize, () => placedBar(host.hardware, host.homes, part) + componentOffset);
    this.config = configOf(host, () => this.address);
    this.configRegisters = blockAccess(config, this.config, part.name, (structure) => this.#hasConfig(structure));
  }

  #hasConfig(structure: string): boolean {
    const { hardware } = this.host;
    return hasStructure(this.#configName, structure, peekBus((offset) => hardware.peekConfig(this.part.id, offset)));
  }

  get address(): PciAddress {
    return this.#find(this.host.hardware, this.name);
  }

  get bdf(): string {
    return formatPciAddress(this.address);
  }

  get registers(): BlockAccess<C> {
    return this.#component.access;
  }

  get registersAt(): bigint {
    return this.#component.at;
  }

  has(structure: string): boolean {
    return this.#component.has(structure) || this.#hasConfig(structure);
  }
}

export class RootPort extends FunctionView<"rootPortComponent", "rootPortConfig"> implements RootPortView {
  constructor(host: ViewHost, part: Part) {
    super(host, part, "rootPortComponent", "rootPortConfig", portAddress);
  }

  get state(): PortSummary {
    return this.host.hardware.port(this.name);
  }

  enableMessages(count = 32): { readonly first: number; readonly count: number } {
    return enableMsi(this.host, this.configRegisters.msi, this.configRegisters.bridgeHeader.command, count);
  }
}

export class DownstreamPort extends FunctionView<"downstreamPortComponent", "downstreamPortConfig"> implements DownstreamPortView {
  constructor(host: ViewHost, part: Part) {
    super(host, part, "downstreamPortComponent", "downstreamPortConfig", portAddress);
  }

  get state(): PortSummary {
    return this.host.hardware.port(this.name);
  }

  enableMessages(count = 32): { readonly first: number; readonly count: number } {
    return enableMsi(this.host, this.configRegisters.msi, this.configRegisters.bridgeHeader.command, count);
  }
}

export class UpstreamPort extends FunctionView<"upstreamPortComponent", "upstreamPortConfig"> implements UpstreamPortView {
  constructor(host: ViewHost, part: Part) {
    super(host, part, "upstreamPortComponent", "upstreamPortConfig", cardAddress);
  }
}

export class Device extends FunctionView<"deviceComponent", "deviceConfig"> implements DeviceView {
  readonly #registers: PlacedBlock<"deviceRegisters">;

  constructor(host: ViewHost, part: Part) {
    super(host, part, "deviceComponent", "deviceConfig", cardAddress);
    this.#registers = new PlacedBlock(host, part, "deviceRegisters", deviceBlockSize(host.hardware.description, part.name), () => placedBar(host.hardware, host.homes, part) + deviceOffset);
  }

  get deviceRegisters(): BlockAccess<"deviceRegisters"> {
    return this.#registers.access;
  }

  get deviceRegistersAt(): bigint {
    return this.#registers.at;
  }

  override has(structure: string): boolean {
    return super.has(structure) || this.#registers.has(structure);
  }

  enableMessages(count = 32): { readonly first: number; readonly count: number } {
    const { configRegisters } = this;
    if (this.has("msi")) return enableMsi(this.host, configRegisters.msi, configRegisters.endpointHeader.command, count);
    return enableVectors(this.host, configRegisters, placedBar(this.host.hardware, this.host.homes, this.part), count);
  }

  mailbox(opcode: number, input: Uint8Array = new Uint8Array(0)): { readonly returnCode: number; readonly output: Uint8Array } {
    return runMailbox(this.host, this, opcode, input);
  }
}
