// What single random accesses would hardly ever do: a range opened along a path, a link taken down and up, isolation, containment, resets, data
// object exchanges, and enumeration's settings brought back. Each is a few accesses in a sensible order, with random parts.

import type { FoundFunction } from "../../../src/firmware/enumerate.ts";
import type { MachineDescription, WindowDescription } from "../../../src/platform/description.ts";
import type { Choice } from "./accesses.ts";
import type { Access, Layout, Width } from "./bench.ts";
import type { Decoding } from "./places.ts";
import { componentHandle, decoderPlaces, decodingOf, places } from "./places.ts";

const granule = 256n << 20n;
const commit = 0x200;
const hostOnly = 0x1000;
const lock = 0x100;

interface Region {
  readonly base: bigint;
  readonly size: bigint;
}

export class Procedures {
  readonly #description: MachineDescription;
  readonly #layout: Layout;
  readonly #choice: Choice;
  readonly #queue: Access[];
  /** Puts one random access into the queue. */
  readonly #single: () => void;
  readonly #decoding: readonly Decoding[];
  /** What enumeration left in each function: the last write to each register. */
  readonly #settings: ReadonlyMap<number, readonly Access[]>;
  /** Where decoders were put lately. */
  readonly #regions: bigint[];

  constructor(description: MachineDescription, layout: Layout, choice: Choice, queue: Access[], single: () => void) {
    this.#description = description;
    this.#layout = layout;
    this.#choice = choice;
    this.#queue = queue;
    this.#single = single;
    this.#decoding = decodingOf(description, layout);
    this.#settings = new Map(layout.functions.map(({ address }) => [address, [...new Map(layout.accesses.filter(({ isWrite, place }) => isWrite && place === address).map((access) => [access.at, access])).values()]]));
    this.#regions = description.windows.map(({ base }) => base);
  }

  next(): void {
    const choice = this.#choice.below(200);
    if (choice < 80) this.#memoryBurst(8);
    else if (choice < 115) this.#programDecoder(this.#choice.pick(this.#decoding), this.#region());
    else if (choice < 125) this.#openWindow();
    else if (choice < 135) this.#keepAcrossReset();
    else if (choice < 150) this.#cycle(this.#choice.pick(this.#layout.functions));
    else if (choice < 168) this.#isolate();
    else if (choice < 176) this.#exchange();
    else if (choice < 180) this.#swapWindows();
    else if (choice < 184) this.#moveBar();
    else this.#repair(this.#choice.pick(this.#layout.functions));
  }

  #config(place: number, at: number, width: Width, value: number | bigint): void {
    this.#queue.push({ kind: "config", isWrite: true, place, at, width, value: BigInt(value) });
  }

  #configRead(place: number, at: number, width: Width): void {
    this.#queue.push({ kind: "config", isWrite: false, place, at, width, value: 0n });
  }

  #register(place: number, at: number, value: number | bigint): void {
    this.#queue.push({ kind: "register", isWrite: true, place, at, width: 4, value: BigInt(value) & 0xffff_ffffn });
  }

  #registerRead(place: number, at: number, width: Width = 4): void {
    this.#queue.push({ kind: "register", isWrite: false, place, at, width, value: 0n });
  }

  // Memory

  #memoryBurst(count: number): void {
    const choice = this.#choice;
    const window = choice.pick(this.#description.windows);
    const base = choice.pick([window.base, choice.pick(this.#regions), choice.pick(this.#regions), window.base + granule * BigInt(choice.below(Number(window.size / granule)))]);
    const granularity = choice.pick([256, 256, window.granularity, 512, 1024, 4096]);
    for (let i = 0; i < count; i++) this.#memory(base, granularity);
  }

  /** Few places, so that loads meet what stores left: the first granules of a range and their ends; now and then the ends of everything. */
  #memory(base: bigint, granularity: number): void {
    const choice = this.#choice;
    const { windows, ram } = this.#description;
    const window = choice.pick(windows);
    const chunk = BigInt(choice.below(24)) * BigInt(granularity);
    const edge = BigInt(choice.pick([0, 0, 8, 60, 64, 128, 248, 252, 255]) + (choice.chance(4) ? choice.below(8) : 0));
    const ends = [base + granule - 1n - chunk - edge, base + granule * BigInt(choice.below(4)) + chunk, window.base - 4n, window.base + window.size - 4n + BigInt(choice.below(8)), (ram[0]?.base ?? 0n) + chunk + edge, 0xfff_ffff_0000n + edge];
    const width = choice.pick([1, 2, 4, 8, 8, 8] as const);
    const isWrite = choice.chance(2);
    this.#queue.push({ kind: "memory", isWrite, place: 0, at: choice.chance(8) ? choice.pick(ends) : base + chunk + edge, width, value: isWrite ? choice.value(width) : 0n });
  }

  // Decoders

  #region(): Region {
    const choice = this.#choice;
    if (choice.chance(20)) return { base: (1n << 64n) - granule * BigInt(1 + choice.below(3)), size: granule * BigInt(1 + choice.below(3)) };
    const window = choice.pick(this.#description.windows);
    const isWhole = choice.chance(3);
    const base = window.base + (isWhole ? 0n : granule * BigInt(choice.below(6)));
    this.#regions[choice.below(this.#regions.length)] = base;
    return { base, size: isWhole ? window.size : granule * BigInt(choice.pick([1, 1, 2, 3, 4, 6, 12, 0])) };
  }

  /** All registers of a decoder in Linux's order (C17), and what control reads then. */
  #write(handle: number, isDevice: boolean, n: number, { base, size }: Region, list: bigint, control: number | bigint): void {
    const at = decoderPlaces(isDevice, n);
    this.#register(handle, at.baseHigh, base >> 32n);
    this.#register(handle, at.baseLow, base);
    this.#register(handle, at.sizeHigh, size >> 32n);
    this.#register(handle, at.sizeLow, size);
    this.#register(handle, at.listHigh, list >> 32n);
    this.#register(handle, at.listLow, list);
    this.#register(handle, at.control, control);
    this.#registerRead(handle, at.control);
  }

  #targets(ports: readonly number[], isTame: boolean): bigint {
    const choice = this.#choice;
    const number = (way: number): number => (!isTame && choice.chance(12) ? choice.below(256) : (ports[(way + (choice.chance(4) ? 1 : 0)) % ports.length] ?? 0));
    return Array.from({ length: 8 }, (_, way) => BigInt(number(way)) << BigInt(8 * way)).reduce((sum, one) => sum | one, 0n);
  }

  /** A decoder somewhere, mostly one of the first; `isTame`: decoder 0 with what the part can do. */
  #programDecoder({ handle, isDevice, ports, targetCount }: Decoding, region: Region, isTame = false): void {
    const choice = this.#choice;
    const n = isTame ? 0 : choice.pick([0, 0, 0, 1, 1, 2, 3, 9]);
    const list = isDevice ? (!isTame && choice.chance(3) ? granule * BigInt(choice.below(3)) : 0n) : this.#targets(ports, isTame);
    const codes = isDevice ? (isTame ? [0, 1, 2, 3] : [0, 0, 1, 2, 3, 4, 8, 9, 10]) : isTame ? [0, 1, 2, 3].filter((code) => 1 << code <= targetCount) : [0, 1, 1, 2, 3];
    const sensible = BigInt(choice.below(7) | (choice.pick(codes) << 4) | (choice.chance(region.base + region.size >> 60n > 0n ? 2 : n === 0 ? 40 : 10) ? lock : 0) | commit | hostOnly);
    if (isTame || choice.chance(2)) this.#register(handle, decoderPlaces(isDevice, n).control, 0);
    this.#write(handle, isDevice, n, region, list, !isTame && choice.chance(6) ? choice.decoderControl() : sensible);
    if (isDevice && choice.chance(2)) this.#register(handle, places.globalControl, choice.pick([2, 2, 2, 3, 0, 1]));
  }

  /** One decoder of every part over a whole window: whoever is asked knows it. Then loads and stores. */
  #openWindow(): void {
    const choice = this.#choice;
    const window = choice.pick(this.#description.windows);
    if (choice.chance(2)) for (const one of this.#layout.functions) this.#repairFunction(one);
    const usesRanges = choice.chance(4);
    for (const one of this.#decoding) if (!usesRanges || !one.isDevice) this.#programDecoder(one, window, !choice.chance(20));
    for (const { handle, isDevice } of this.#decoding) if (isDevice) this.#register(handle, places.globalControl, usesRanges ? choice.below(2) : 2);
    if (usesRanges) for (const { address, kind } of this.#layout.functions) if (kind === "endpoint") this.#setRanges(address, window.base);
    for (let i = 0; i < 32; i++) this.#memory(window.base, window.granularity);
    // Reserved interleave on a committed decoder (C10: undefined), then the same memory.
    const { handle, isDevice } = choice.pick(this.#decoding);
    this.#register(handle, decoderPlaces(isDevice, 0).control, choice.below(256) | commit | hostOnly);
    for (let i = 0; i < 6; i++) this.#memory(window.base, window.granularity);
  }

  /** Both DVSEC ranges at or behind an address; now and then locked. */
  #setRanges(address: number, base: bigint): void {
    for (const range of places.ranges) {
      const start = base + granule * BigInt(this.#choice.pick([0, 0, 0, 1, 2]));
      this.#config(address, range, 4, start >> 32n);
      this.#config(address, range + 4, 4, start & 0xffff_ffffn);
    }
    if (this.#choice.chance(10)) this.#config(address, places.deviceLock, 2, 1);
  }

  /** Straight through to one device: every hub on the way one way to it, the device's decoder 0 over the window. */
  #openPath(path: readonly FoundFunction[], window: WindowDescription): void {
    for (const { handle, isDevice, ports, below } of this.#decoding) {
      const index = below.findIndex((one) => path.includes(one));
      if (index < 0) continue;
      this.#register(handle, decoderPlaces(isDevice, 0).control, 0);
      this.#write(handle, isDevice, 0, window, isDevice ? 0n : BigInt(ports[index] ?? 0), commit | hostOnly);
      if (isDevice) this.#register(handle, places.globalControl, 2);
    }
  }

  /** Contents of both kinds of capacity before and after something that resets. */
  #keepAcrossReset(): void {
    const choice = this.#choice;
    const device = choice.pick(this.#decoding.filter(({ isDevice }) => isDevice));
    const [found] = device.below;
    if (found === undefined) return;
    const path = pathTo(this.#layout.functions, found);
    const window = choice.pick(this.#description.windows);
    const spots = [0n, 8n, device.volatileCapacity, device.volatileCapacity + 0x1000n].map((at) => window.base + at);
    const visit = (isWrite: boolean): void => {
      for (const at of spots) this.#queue.push({ kind: "memory", isWrite, place: 0, at, width: 8, value: isWrite ? choice.value(8) : 0n });
    };
    for (const one of path) this.#repairFunction(one);
    this.#openPath(path, window);
    visit(true);
    visit(false);
    this.#cycle(choice.pick(path));
    for (const one of path) this.#repairFunction(one);
    this.#openPath(path, window);
    visit(false);
    if (choice.chance(2)) visit(true);
  }

  // Links and resets

  /** Something that takes a function's link down or resets it, something meanwhile, and back. */
  #cycle({ address, kind }: FoundFunction): void {
    const choice = this.#choice;
    if (kind === "endpoint") {
      this.#config(address, choice.pick([places.functionControl, places.deviceControl2]), 2, choice.pick([0x8000, 0x80e7, 0x4, 0xc]));
      return;
    }
    switch (choice.below(3)) {
      case 0:
        this.#config(address, places.portControl, 2, 3);
        this.#config(address, places.bridgeControl, 2, 0x42);
        this.#single();
        this.#config(address, places.bridgeControl, 2, 2);
        break;
      case 1:
        this.#config(address, places.portControl, 2, 2);
        this.#config(address, places.linkControl, 2, 0x10);
        this.#single();
        this.#config(address, places.linkControl, 2, 0);
        break;
      default:
        this.#config(address, places.dpcControl, 2, 0x41 | choice.below(4) | (choice.below(4) << 3));
        this.#single();
        this.#config(address, places.dpcStatus, 2, 9);
    }
  }

  /** What is below a bridge through its 32-bit window instead of the prefetchable one. */
  #swapWindows(): void {
    const choice = this.#choice;
    const bridge = choice.pick(this.#layout.functions.filter(({ kind }) => kind !== "endpoint"));
    const inside = flatten(bridge.below);
    const [first, last] = [inside[0], inside.at(-1)];
    if (first === undefined || last === undefined) return;
    this.#config(bridge.address, places.memoryBase, 2, pageOf(first.bar));
    this.#config(bridge.address, places.memoryLimit, 2, pageOf(last.bar + last.barSize - 1n));
    this.#config(bridge.address, places.prefetchableBase, 2, choice.pick([0xfff0, 0]));
    this.#config(bridge.address, places.prefetchableLimit, 2, 0);
    for (const { address } of inside) this.#registerRead(componentHandle(this.#layout, address), choice.pick([0, 4, places.globalControl]));
  }

  /** A BAR to address 0, over another one, behind all, or onto a host bridge's registers; reads there; and mostly back. */
  #moveBar(): void {
    const choice = this.#choice;
    const { functions, ranges } = this.#layout;
    const found = choice.pick(functions);
    const end = functions.reduce((last, { bar, barSize }) => (bar + barSize > last ? bar + barSize : last), 0n);
    const bar = choice.pick([0n, 0n, choice.pick(functions).bar, end + 0x10_0000n, choice.pick(this.#description.hostBridges).componentBase]);
    this.#config(found.address, places.barLow, 4, bar & 0xffff_ffffn);
    this.#config(found.address, places.barHigh, 4, bar >> 32n);
    for (let i = 0; i < 6; i++) this.#registerRead(choice.below(ranges.length), choice.pick([0, 4, 0x1000, 0x1204, places.globalControl]));
    if (!choice.chance(4)) this.#repairFunction(found);
  }

  /** Isolation of a root port switched on in some way, its link taken down or a request sent, and the status cleared (TR2). */
  #isolate(): void {
    const choice = this.#choice;
    const root = choice.pick(this.#layout.functions.filter(({ kind }) => kind === "root port"));
    const handle = componentHandle(this.#layout, root.address);
    const control = choice.word | choice.pick([0x1_0000, 0x3_0000, 0x7_0010, 0x1_0010, 0xd_0000, 0]);
    this.#register(handle, places.isolationControl, control >>> 0);
    this.#registerRead(handle, places.isolationControl);
    if (choice.chance(2)) this.#cycle(root);
    this.#memoryBurst(6);
    this.#registerRead(handle, places.isolationStatus);
    if (choice.chance(3)) this.#register(handle, places.isolationControl, choice.word);
    this.#register(handle, places.isolationStatus, choice.pick([0x100, 0x1100, 0xffff_ffff, 0x3301, 0x200]));
    this.#memoryBurst(3);
  }

  // Data objects

  /** A request that is mostly one, the answer or part of it, with or without a message that a mask holds back. */
  #exchange(): void {
    const choice = this.#choice;
    const { address } = choice.pick(this.#layout.functions.filter(({ kind }) => kind === "endpoint" || kind === "upstream port"));
    if (choice.chance(2)) this.#config(address, places.messageControl, 2, choice.pick([0, 0x4000, 0x8000, 0xc000]));
    if (choice.chance(2)) this.#config(address, places.doeControl, 4, choice.pick([1, 2, 0]));
    const request = choice.pick([[1, 3, choice.below(4)], [0x0002_1e98, 3, choice.below(10) * 0x1_0000], [0x0002_1e98, 3, choice.word], [1, choice.below(5), choice.below(3)], [choice.word, 3, 0]]);
    const dwords = choice.chance(6) ? request.slice(0, choice.below(4)) : choice.chance(8) ? [...request, 0] : request;
    for (const dword of dwords) this.#config(address, places.doeWrite, 4, dword);
    this.#config(address, places.doeControl, 4, choice.pick([0x8000_0000, 0x8000_0002, 0x8000_0002, 0x8000_0003]));
    this.#configRead(address, places.doeStatus, 4);
    for (let dword = choice.below(12); dword > 0; dword--) {
      this.#configRead(address, places.doeRead, 4);
      this.#config(address, places.doeRead, 4, 0);
    }
    const messages = this.#layout.ranges.findIndex(({ owner, holds }) => owner === address && holds === "messages");
    if (messages >= 0) {
      this.#registerRead(messages, places.pending, 8);
      this.#register(messages, places.vectorControl, choice.below(2));
      this.#registerRead(messages, places.pending, 8);
    }
    this.#configRead(address, places.doeStatus, 4);
    this.#config(address, places.doeStatus, 4, 2);
    this.#configRead(address, places.doeStatus, 4);
  }

  // Order again

  /** Enumeration's writes again for one function and those above it, isolation left, CXL.mem on. */
  #repair(target: FoundFunction): void {
    for (const one of pathTo(this.#layout.functions, target)) this.#repairFunction(one);
  }

  #repairFunction({ address, kind }: FoundFunction): void {
    if (kind !== "endpoint") {
      this.#config(address, places.bridgeControl, 2, 0);
      this.#config(address, places.linkControl, 2, 0);
    }
    if (kind === "root port" || kind === "downstream port") this.#config(address, places.dpcStatus, 2, 9);
    this.#queue.push(...(this.#settings.get(address) ?? []));
    if (kind === "root port") this.#register(componentHandle(this.#layout, address), places.isolationStatus, 0xffff_ffff);
  }
}

/** Address bits 31:20 as a window register has them. */
const pageOf = (address: bigint): bigint => (address >> 16n) & 0xfff0n;

const flatten = (found: readonly FoundFunction[]): FoundFunction[] => found.flatMap((one) => [one, ...flatten(one.below)]);

/** Functions from the root port down to one. */
function pathTo(functions: readonly FoundFunction[], target: FoundFunction): FoundFunction[] {
  const holds = (one: FoundFunction): boolean => one === target || one.below.some(holds);
  return functions.filter(holds);
}
