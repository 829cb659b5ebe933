// Seeded accesses to a machine, biased towards what matters: decoders, locks, control registers, BARs, bus numbers, bridge windows, memory behind
// windows; with the rest of the address space, odd widths and offsets in between. The sequence depends on seed and description alone.

import type { BlockName } from "../../../registers/blocks.ts";
import { blocks } from "../../../registers/blocks.ts";
import { cacheMemoryRange } from "../../../registers/constants.ts";
import type { BlockDeclaration, RegisterDeclaration } from "../../../registers/schema.ts";
import type { FoundFunction, FunctionKind } from "../../../src/firmware/enumerate.ts";
import type { MachineDescription } from "../../../src/platform/description.ts";
import { isSwitch, portsBelow } from "../../../src/platform/description.ts";
import type { RandomState } from "../../../src/sim/random.ts";
import { createRandom, nextBelow, nextUint32 } from "../../../src/sim/random.ts";
import type { Access, Layout, Width } from "./bench.ts";

/** A register where random accesses go more often. */
interface Spot {
  readonly structure: string;
  readonly register: string;
  readonly offset: number;
  readonly width: Width;
}

const configBlocks: Readonly<Record<FunctionKind, BlockName>> = { "root port": "rootPortConfig", "upstream port": "upstreamPortConfig", "downstream port": "downstreamPortConfig", endpoint: "deviceConfig" };

/** How often a register with a side effect or lock is chosen, beside 1 for every other that can be written. */
const weights: Readonly<Record<string, number>> = { hdmControl: 8, hdmField: 2, hdmGlobalControl: 12, isolationControl: 8, isolationStatus: 8, command: 4, bar: 4, busNumbers: 4, bridgeWindow: 3, bridgeControl: 3, linkControl: 3, portControl: 4, dpcControl: 3, dpcStatus: 4, deviceRange: 4, deviceControl: 6, deviceControl2: 3, msi: 3, functionControl: 3, biDecoderControl: 6, biRouteControl: 6 };
const fewDecoders = 4;

function spotsOf(name: BlockName): Spot[] {
  const block: BlockDeclaration = blocks[name];
  return Object.values(block.placements).flatMap(({ at, structure }) =>
    Object.entries(structure.registers).flatMap(([register, declaration]: [string, RegisterDeclaration]) => {
      const isWritable = Object.values(declaration.fields).some(({ access }) => access !== "RO" && access !== "ROS" && access !== "HwInit");
      const times = isWritable ? (weights[declaration.onWrite ?? ""] ?? (register === "lock" ? 2 : 1)) : 0;
      const instances = Math.min(declaration.repeat?.count ?? 1, fewDecoders);
      return Array.from({ length: instances }, (_, n): Spot => ({ structure: structure.name, register, offset: at + declaration.offset + n * (declaration.repeat?.stride ?? 0), width: (declaration.width / 8) as Width })).flatMap((spot) => Array.from({ length: times }, () => spot));
    }),
  );
}

/** A part with HDM decoders, by the handle of its registers. */
interface Decoding {
  readonly handle: number;
  readonly isDevice: boolean;
  /** Port numbers below a hub. */
  readonly ports: readonly number[];
  readonly targetCount: number;
}

const MiB = 1n << 20n;
const granule = 256n * MiB;
const decoderStart = 0x210;
const decoderStride = 0x20;
const globalControl = 0x204;
const isolation = 0x128;

export class AccessSource {
  readonly #random: RandomState;
  readonly #description: MachineDescription;
  readonly #layout: Layout;
  readonly #queue: Access[] = [];
  readonly #spots: ReadonlyMap<BlockName, readonly Spot[]>;
  readonly #componentSpots: readonly (readonly Spot[])[];
  readonly #decoding: readonly Decoding[];
  /** What enumeration left in each function: the last write to each register. */
  readonly #settings: ReadonlyMap<number, readonly Access[]>;
  /** Where decoders were put lately. */
  readonly #regions: bigint[];

  constructor(description: MachineDescription, layout: Layout, seed: number) {
    this.#random = createRandom(seed, 0x5eed);
    this.#description = description;
    this.#layout = layout;
    this.#spots = new Map((Object.keys(blocks) as BlockName[]).map((name) => [name, spotsOf(name)]));
    this.#componentSpots = layout.ranges.map(({ name }) => this.#spotsBehind(name));
    this.#decoding = decodingOf(description, layout);
    this.#settings = new Map(layout.functions.map(({ address }) => [address, [...new Map(layout.accesses.filter(({ isWrite, place }) => isWrite && place === address).map((access) => [access.at, access])).values()]]));
    this.#regions = description.windows.map(({ base }) => base);
  }

  next(): Access {
    if (this.#queue.length === 0) this.#fill();
    return this.#queue.shift() as Access;
  }

  #below(limit: number): number {
    return nextBelow(this.#random, limit);
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#below(items.length)] as T;
  }

  #chance(oneIn: number): boolean {
    return this.#below(oneIn) === 0;
  }

  #spotsBehind(name: string): readonly Spot[] {
    const spots = (block: BlockName): readonly Spot[] => this.#spots.get(block) ?? [];
    if (name.startsWith("hb") && !name.endsWith(" block")) return spots("hostBridgeComponent");
    const found = this.#layout.functions.find(({ address }) => name.endsWith(` ${address.toString(16)}`));
    if (found === undefined) return [];
    if (name.startsWith("messages")) return spots("deviceMessages");
    if (!name.startsWith("BAR")) return [];
    return spots(({ "root port": "rootPortComponent", "upstream port": "upstreamPortComponent", "downstream port": "downstreamPortComponent", endpoint: "deviceComponent" } as const)[found.kind]);
  }

  #fill(): void {
    const choice = this.#below(1000);
    if (choice < 400) this.#configAccess();
    else if (choice < 800) this.#registerAccess();
    else if (choice < 880) this.#memoryBurst(8);
    else if (choice < 920) this.#programDecoder(this.#pick(this.#decoding), this.#region());
    else if (choice < 930) this.#openRegion();
    else if (choice < 950) this.#cycle();
    else if (choice < 970) this.#isolate();
    else this.#repair();
  }

  #value(width: number): bigint {
    const all = (1n << BigInt(width * 8)) - 1n;
    const wide = BigInt(nextUint32(this.#random)) | (BigInt(nextUint32(this.#random)) << 32n);
    switch (this.#below(6)) {
      case 0: return 0n;
      case 1: return all;
      case 2: return (1n << BigInt(this.#below(width * 8))) & all;
      case 3: return wide & BigInt(nextUint32(this.#random)) & all;
      default: return wide & all;
    }
  }

  /** A value that makes sense for a register, so that what hangs on it is reached. */
  #valueFor({ structure, register, width }: Spot): bigint {
    if (this.#chance(4)) return this.#value(width);
    const { functions } = this.#layout;
    const bars = functions.map(({ bar }) => bar);
    switch (register) {
      case "command": return BigInt(this.#pick([6, 6, 6, 2, 4, 0, 0x106]));
      case "bar0": return (this.#pick(bars) & 0xffff_0000n) + BigInt(this.#pick([0, 0, 0, 0x1_0000, 0x4_0000, 0x10_0000]));
      case "bar1": return this.#pick(bars) >> 32n;
      case "primaryBus": case "secondaryBus": case "subordinateBus": return BigInt((this.#pick(functions).address >>> 8) & 0xff);
      case "memoryBase": case "memoryLimit": case "prefetchableBase": case "prefetchableLimit": return (this.#pick(bars) >> 16n) & 0xffffn;
      case "prefetchableBaseHigh": case "prefetchableLimitHigh": return this.#pick(bars) >> 32n;
      case "baseLow": case "sizeLow": return BigInt(this.#below(16)) << 28n;
      case "baseHigh": case "sizeHigh": return BigInt(this.#below(6));
      case "skipHigh": return 0n;
      case "skipLow": return BigInt(this.#below(3)) << 28n;
      case "range1BaseHigh": case "range2BaseHigh": return (this.#pick(this.#description.windows).base >> 32n) & 0xffff_ffffn;
      case "range1BaseLow": case "range2BaseLow": return (this.#pick(this.#description.windows).base + granule * BigInt(this.#below(8))) & 0xffff_ffffn;
      case "lock": return BigInt(this.#chance(3) ? 1 : 0);
      case "control": return structure.startsWith("hdmDecoder") ? this.#decoderControl() : structure === "dvsecDevice" ? BigInt(this.#pick([4, 4, 4, 0, 0x4ffd])) : this.#value(width);
      default: return this.#value(width);
    }
  }

  #decoderControl(): bigint {
    const ways = this.#pick([0, 0, 1, 1, 2, 3, 4, 8, 9, 10, 5]);
    return BigInt(this.#below(8) | (ways << 4) | ((this.#chance(3) ? 1 : 0) << 8) | ((this.#chance(4) ? 0 : 1) << 9) | (this.#below(4) << 12));
  }

  /** Width and offset of an access to a spot: mostly right. */
  #aim(spot: Spot): { readonly at: number; readonly width: Width } {
    if (!this.#chance(8)) return { at: spot.offset, width: spot.width };
    const width = this.#pick([1, 2, 4, 8] as const);
    return { at: this.#chance(2) ? spot.offset & ~(width - 1) : spot.offset + this.#below(8), width };
  }

  #configAccess(): void {
    const { functions } = this.#layout;
    const isWrite = this.#chance(2);
    const found = this.#pick(functions);
    const address = this.#chance(10) ? this.#strangeAddress(found.address) : found.address;
    if (this.#chance(4)) {
      const width = this.#pick([1, 2, 4, 4, 8] as const);
      const at = this.#chance(40) ? this.#pick([0xffe, 0xfff, 0x1000, 0x1fff, 0xffff_fffc, 0x8000_0000]) : this.#below(0x1000);
      this.#queue.push({ kind: "config", isWrite, place: address, at: this.#chance(4) ? at : at - (at % width), width, value: this.#value(width) });
      return;
    }
    const spot = this.#pick(this.#spots.get(configBlocks[found.kind]) ?? []);
    const { at, width } = this.#aim(spot);
    this.#queue.push({ kind: "config", isWrite, place: address, at, width, value: isWrite ? this.#valueFor(spot) & ((1n << BigInt(width * 8)) - 1n) : 0n });
    if (isWrite) this.#queue.push({ kind: "config", isWrite: false, place: address, at: spot.offset, width: spot.width, value: 0n });
  }

  /** Near a function, or anywhere. */
  #strangeAddress(address: number): number {
    return this.#pick([address ^ 1, address ^ (1 << 3), (address ^ (1 << 8)) >>> 0, (address ^ (1 << 16)) >>> 0, (address & ~0xff) | this.#below(256), nextUint32(this.#random)]) >>> 0;
  }

  #registerAccess(): void {
    const isWrite = this.#chance(2);
    const place = this.#below(this.#layout.ranges.length);
    const spots = this.#componentSpots[place] ?? [];
    const size = Number(this.#layout.ranges[place]?.size ?? 0n);
    if (spots.length === 0 || this.#chance(8)) {
      const width = this.#pick([1, 2, 4, 4, 8] as const);
      const at = this.#strangeOffset(size);
      this.#queue.push({ kind: "register", isWrite, place, at: this.#chance(6) ? at : at - (at % width), width, value: this.#value(width) });
      return;
    }
    const spot = this.#pick(spots);
    const { at, width } = this.#aim(spot);
    this.#queue.push({ kind: "register", isWrite, place, at, width, value: isWrite ? this.#valueFor(spot) & ((1n << BigInt(width * 8)) - 1n) : 0n });
    if (isWrite) this.#queue.push({ kind: "register", isWrite: false, place, at: spot.offset, width: spot.width, value: 0n });
  }

  /** Somewhere in a range: where registers begin, around the ends of areas, anywhere. */
  #strangeOffset(size: number): number {
    const { offset } = cacheMemoryRange;
    const at = this.#pick([this.#below(size), this.#below(size), this.#below(0x800), offset + this.#below(0x800), 0x1_0000 + this.#below(0x300), offset - 8 + this.#below(16), 0x2000 - 8 + this.#below(16), 0x1_0000 - 8 + this.#below(16), 0x2_0000 - 8 + this.#below(16), size - 8]);
    return Math.min(at, size - 8);
  }

  #memoryBurst(count: number): void {
    const window = this.#pick(this.#description.windows);
    const granules = Number(window.size / granule);
    const bases = [window.base, this.#pick(this.#regions), this.#pick(this.#regions), window.base + granule * BigInt(this.#below(granules))];
    const base = this.#pick(bases);
    const granularity = this.#pick([256, 256, window.granularity, 512, 1024, 4096]);
    for (let i = 0; i < count; i++) this.#memoryAccess(base, granularity);
  }

  /** Few places, so that loads meet what stores left: the first granules of a range and their ends; now and then the ends of everything. */
  #memoryAccess(base: bigint, granularity: number): void {
    const { windows, ram } = this.#description;
    const window = this.#pick(windows);
    const chunk = BigInt(this.#below(24)) * BigInt(granularity);
    const edge = BigInt(this.#pick([0, 0, 8, 60, 64, 128, 248, 252, 255]) + (this.#chance(4) ? this.#below(8) : 0));
    const places = [base + granule - 1n - chunk - edge, base + granule * BigInt(this.#below(4)) + chunk, window.base - 4n, window.base + window.size - 4n + BigInt(this.#below(8)), (ram[0]?.base ?? 0n) + chunk + edge, 0xfff_ffff_0000n + edge];
    const at = this.#chance(8) ? this.#pick(places) : base + chunk + edge;
    const width = this.#pick([1, 2, 4, 8, 8, 8] as const);
    const isWrite = this.#chance(2);
    this.#queue.push({ kind: "memory", isWrite, place: 0, at, width, value: isWrite ? this.#value(width) : 0n });
  }

  #register(place: number, at: number, value: bigint): void {
    this.#queue.push({ kind: "register", isWrite: true, place, at, width: 4, value: value & 0xffff_ffffn });
  }

  #region(): { readonly base: bigint; readonly size: bigint } {
    const window = this.#pick(this.#description.windows);
    const whole = this.#chance(3);
    const base = window.base + (whole ? 0n : granule * BigInt(this.#below(6)));
    this.#regions[this.#below(this.#regions.length)] = base;
    return { base, size: whole ? window.size : granule * BigInt(this.#pick([1, 1, 2, 3, 4, 6, 12, 0])) };
  }

  /** All registers of one decoder in Linux's order (C17), mostly the first ones, and what it reads then. */
  #programDecoder({ handle, isDevice, ports, targetCount }: Decoding, region: { readonly base: bigint; readonly size: bigint }, decoder = this.#pick([0, 0, 0, 1, 1, 2, 3, 9]), isTame = false): void {
    const at = decoderStart + decoder * decoderStride;
    const targets = isDevice ? (!isTame && this.#chance(3) ? granule * BigInt(this.#below(3)) : 0n) : Array.from({ length: 8 }, (_, way) => BigInt(!isTame && this.#chance(12) ? this.#below(256) : (ports[(way + (this.#chance(4) ? 1 : 0)) % ports.length] ?? 0)) << BigInt(8 * way)).reduce((sum, one) => sum | one, 0n);
    this.#register(handle, at + 4, region.base >> 32n);
    this.#register(handle, at, region.base);
    this.#register(handle, at + 12, region.size >> 32n);
    this.#register(handle, at + 8, region.size);
    this.#register(handle, at + 24, targets >> 32n);
    this.#register(handle, at + 20, targets);
    const code = isDevice ? this.#pick(isTame ? [0, 1, 2, 3] : [0, 0, 1, 2, 3, 4, 8, 9, 10]) : this.#pick(isTame ? [0, 1, 2, 3].filter((one) => 1 << one <= targetCount) : [0, 1, 1, 2, 3]);
    const control = !isTame && this.#chance(6) ? this.#decoderControl() : BigInt(this.#below(7) | (code << 4) | (this.#chance(decoder === 0 ? 40 : 10) ? 0x100 : 0) | 0x1200);
    if (isTame || this.#chance(2)) this.#register(handle, at + 16, 0n);
    this.#register(handle, at + 16, control);
    this.#queue.push({ kind: "register", isWrite: false, place: handle, at: at + 16, width: 4, value: 0n });
    if (isDevice && this.#chance(2)) this.#register(handle, globalControl, BigInt(this.#pick([2, 2, 2, 3, 0, 1])));
  }

  /** One decoder of every part over one range: whoever is asked knows it. */
  #openRegion(): void {
    const window = this.#pick(this.#description.windows);
    if (this.#chance(2)) for (const target of this.#layout.functions) this.#repairFunction(target);
    const usesRanges = this.#chance(4);
    for (const one of this.#decoding) if (!usesRanges || !one.isDevice) this.#programDecoder(one, { base: window.base, size: window.size }, 0, !this.#chance(20));
    for (const one of this.#decoding) if (one.isDevice) this.#register(one.handle, globalControl, usesRanges ? BigInt(this.#below(2)) : 2n);
    if (usesRanges) for (const { address, kind } of this.#layout.functions) if (kind === "endpoint") this.#setRanges(address, window.base);
    for (let i = 0; i < 40; i++) this.#memoryAccess(window.base, window.granularity);
  }

  /** Both DVSEC ranges at or behind an address; now and then locked. */
  #setRanges(address: number, base: bigint): void {
    const write = (at: number, width: Width, value: bigint): void => {
      this.#queue.push({ kind: "config", isWrite: true, place: address, at, width, value });
    };
    for (const range of [0x160, 0x170]) {
      const start = base + granule * BigInt(this.#pick([0, 0, 0, 1, 2]));
      write(range, 4, start >> 32n);
      write(range + 4, 4, start & 0xffff_ffffn);
    }
    if (this.#chance(10)) write(0x154, 2, 1n);
  }

  /** Isolation of a root port switched on in some way, its link taken down or a request sent, and the status cleared (TR2). */
  #isolate(): void {
    const roots = this.#layout.functions.filter(({ kind }) => kind === "root port");
    const { address } = this.#pick(roots);
    const handle = handleOf(this.#layout, address);
    const control = nextUint32(this.#random) | this.#pick([0x1_0000, 0x3_0000, 0x7_0010, 0x1_0010, 0xd_0000, 0]);
    this.#register(handle, isolation, BigInt(control >>> 0));
    this.#queue.push({ kind: "register", isWrite: false, place: handle, at: isolation, width: 4, value: 0n });
    if (this.#chance(2)) this.#cycle();
    this.#memoryBurst(6);
    this.#queue.push({ kind: "register", isWrite: false, place: handle, at: isolation + 4, width: 4, value: 0n });
    if (this.#chance(3)) this.#register(handle, isolation, BigInt(nextUint32(this.#random)));
    this.#register(handle, isolation + 4, BigInt(this.#pick([0x100, 0x1100, 0xffff_ffff, 0x3301, 0x200])));
    this.#memoryBurst(3);
  }

  /** Something that takes a link down or resets, and back: unmask, set, clear. */
  #cycle(): void {
    const { functions } = this.#layout;
    const bridges = functions.filter(({ kind }) => kind !== "endpoint");
    const found = this.#pick(bridges);
    const write = (at: number, width: Width, value: bigint): void => {
      this.#queue.push({ kind: "config", isWrite: true, place: found.address, at, width, value });
    };
    const unmask = 0x18c;
    switch (this.#below(4)) {
      case 0:
        write(unmask, 2, 3n);
        write(0x3e, 2, 0x42n);
        this.#configAccess();
        write(0x3e, 2, 2n);
        break;
      case 1:
        write(unmask, 2, 2n);
        write(0x50, 2, 0x10n);
        this.#registerAccess();
        write(0x50, 2, 0n);
        break;
      case 2:
        write(0x216, 2, BigInt(0x41 | this.#below(4) | (this.#below(4) << 3)));
        this.#configAccess();
        write(0x218, 2, 9n);
        break;
      default: {
        const endpoint = this.#pick(functions.filter(({ kind }) => kind === "endpoint"));
        this.#queue.push({ kind: "config", isWrite: true, place: endpoint.address, at: this.#pick([0x48, 0x150]), width: 2, value: BigInt(this.#pick([0x8000, 0x8007, 0x4, 0xc])) });
      }
    }
    if (this.#chance(2)) this.#repair();
  }

  /** Enumeration's writes again for one function and those above it, isolation left, CXL.mem on. */
  #repair(): void {
    const target = this.#pick(this.#layout.functions);
    const path = pathTo(this.#layout.functions, target);
    for (const one of path) this.#repairFunction(one);
  }

  #repairFunction({ address, kind }: FoundFunction): void {
    const write = (at: number, width: Width, value: bigint): void => {
      this.#queue.push({ kind: "config", isWrite: true, place: address, at, width, value });
    };
    if (kind !== "endpoint") {
      write(0x3e, 2, 0n);
      write(0x50, 2, 0n);
      if (kind !== "upstream port") write(0x218, 2, 9n);
    }
    this.#queue.push(...(this.#settings.get(address) ?? []));
    if (kind === "root port") this.#queue.push({ kind: "register", isWrite: true, place: handleOf(this.#layout, address), at: 0x12c, width: 4, value: 0xffff_ffffn });
  }
}

const handleOf = ({ ranges }: Layout, address: number): number => ranges.findIndex(({ name }) => name === `BAR of ${address.toString(16)}`);

/** Functions from the root port down to one. */
function pathTo(functions: readonly FoundFunction[], target: FoundFunction): FoundFunction[] {
  const holds = (one: FoundFunction): boolean => one === target || one.below.some(holds);
  return functions.filter(holds);
}

/** Host bridges, upstream ports and devices in order of enumeration. */
function decodingOf(description: MachineDescription, layout: Layout): Decoding[] {
  const bridges = description.hostBridges.map((bridge): Decoding => ({ handle: layout.ranges.findIndex(({ name }) => name === bridge.name), isDevice: false, ports: bridge.rootPorts.map(({ portNumber }) => portNumber), targetCount: bridge.targetCount }));
  const switches = portsBelow(description.hostBridges.flatMap(({ rootPorts }) => rootPorts)).flatMap(({ slots }) => slots.filter(isSwitch));
  let next = 0;
  const cards = layout.functions.flatMap(({ address, kind }): Decoding[] => {
    if (kind === "endpoint") return [{ handle: handleOf(layout, address), isDevice: true, ports: [], targetCount: 0 }];
    if (kind !== "upstream port") return [];
    const card = switches[next++];
    return card === undefined ? [] : [{ handle: handleOf(layout, address), isDevice: false, ports: card.ports.map(({ portNumber }) => portNumber), targetCount: card.targetCount }];
  });
  return [...bridges, ...cards];
}
