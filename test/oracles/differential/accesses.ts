// Seeded accesses to a machine, biased towards what matters: decoders, locks, control registers, BARs, bus numbers, bridge windows, memory behind
// windows; with the rest of the address space, odd widths and offsets in between. The sequence depends on seed, description and layout alone.

import { cacheMemoryRange } from "../../../registers/constants.ts";
import type { MachineDescription } from "../../../src/platform/description.ts";
import type { RandomState } from "../../../src/sim/random.ts";
import { createRandom, nextBelow, nextUint32 } from "../../../src/sim/random.ts";
import type { Access, Layout, Width } from "./bench.ts";
import type { Spot } from "./places.ts";
import { configSpots, spotsBehind } from "./places.ts";
import { Procedures } from "./procedures.ts";

export const granule = 256n << 20n;

/** Random choices. */
export class Choice {
  readonly #random: RandomState;

  constructor(seed: number) {
    this.#random = createRandom(seed, 0x5eed);
  }

  get word(): number {
    return nextUint32(this.#random);
  }

  below(limit: number): number {
    return nextBelow(this.#random, limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }

  /** Zeros, ones, single bits, sparse and dense words. */
  value(width: number): bigint {
    const all = (1n << BigInt(width * 8)) - 1n;
    const wide = BigInt(this.word) | (BigInt(this.word) << 32n);
    switch (this.below(6)) {
      case 0: return 0n;
      case 1: return all;
      case 2: return (1n << BigInt(this.below(width * 8))) & all;
      case 3: return wide & BigInt(this.word) & all;
      default: return wide & all;
    }
  }

  /** A decoder's control register, sensible or not, mostly with Commit. */
  decoderControl(): bigint {
    const ways = this.pick([0, 0, 1, 1, 2, 3, 4, 8, 9, 10, 5]);
    return BigInt((this.chance(8) ? this.below(16) : this.below(8)) | (ways << 4) | ((this.chance(3) ? 1 : 0) << 8) | ((this.chance(4) ? 0 : 1) << 9) | (this.below(4) << 12));
  }
}

const widths = [1, 2, 4, 8] as const;
const maskOf = (width: number): bigint => (1n << BigInt(width * 8)) - 1n;

export class AccessSource {
  readonly #choice: Choice;
  readonly #description: MachineDescription;
  readonly #layout: Layout;
  readonly #queue: Access[] = [];
  readonly #behind: readonly (readonly Spot[])[];
  readonly #procedures: Procedures;

  constructor(description: MachineDescription, layout: Layout, seed: number) {
    this.#choice = new Choice(seed);
    this.#description = description;
    this.#layout = layout;
    this.#behind = spotsBehind(layout);
    this.#procedures = new Procedures(description, layout, this.#choice, this.#queue, () => (this.#choice.chance(2) ? this.#configAccess() : this.#registerAccess()));
  }

  next(): Access {
    while (this.#queue.length === 0) this.#fill();
    return this.#queue.shift() as Access;
  }

  #fill(): void {
    const choice = this.#choice.below(1000);
    if (choice < 400) this.#configAccess();
    else if (choice < 800) this.#registerAccess();
    else this.#procedures.next();
  }

  /** A value that makes sense for a register, so that what hangs on it is reached. */
  #valueFor({ structure, register, width }: Spot): bigint {
    const choice = this.#choice;
    if (choice.chance(4)) return choice.value(width);
    const { functions } = this.#layout;
    const { windows } = this.#description;
    const bar = choice.pick(functions).bar;
    switch (register) {
      case "command": return BigInt(choice.pick([6, 6, 6, 2, 4, 0, 0x106]));
      case "bar0": return (bar & 0xffff_0000n) + BigInt(choice.pick([0, 0, 0, 0x1_0000, 0x4_0000, 0x10_0000]));
      case "bar1": return bar >> 32n;
      case "primaryBus": case "secondaryBus": case "subordinateBus": return BigInt((choice.pick(functions).address >>> 8) & 0xff);
      case "memoryBase": case "memoryLimit": case "prefetchableBase": case "prefetchableLimit": return (bar >> 16n) & 0xffffn;
      case "prefetchableBaseHigh": case "prefetchableLimitHigh": return bar >> 32n;
      case "baseLow": case "sizeLow": return BigInt(choice.below(16)) << 28n;
      case "baseHigh": case "sizeHigh": return choice.chance(12) ? 0xffff_ffffn : BigInt(choice.below(6));
      case "skipHigh": return choice.chance(12) ? 0xffff_ffffn : 0n;
      case "skipLow": return BigInt(choice.below(3)) << 28n;
      case "range1BaseHigh": case "range2BaseHigh": return choice.pick(windows).base >> 32n;
      case "range1BaseLow": case "range2BaseLow": return (choice.pick(windows).base + granule * BigInt(choice.below(8))) & 0xffff_ffffn;
      case "lock": return choice.chance(3) ? 1n : 0n;
      case "control": return structure.startsWith("hdmDecoder") ? choice.decoderControl() : structure === "dvsecDevice" ? BigInt(choice.pick([4, 4, 4, 0, 0x4ffd])) : choice.value(width);
      default: return choice.value(width);
    }
  }

  /** One access to a spot, mostly at its own offset and width; what was written is mostly read back. */
  #aim(kind: "config" | "register", place: number, spot: Spot): void {
    const choice = this.#choice;
    const isWrite = choice.chance(2);
    const isOdd = choice.chance(8);
    const width = isOdd ? choice.pick(widths) : spot.width;
    const at = isOdd ? (choice.chance(2) ? spot.offset & ~(width - 1) : spot.offset + choice.below(8)) : spot.offset;
    this.#queue.push({ kind, isWrite, place, at, width, value: isWrite ? this.#valueFor(spot) & maskOf(width) : 0n });
    if (isWrite) this.#queue.push({ kind, isWrite: false, place, at: spot.offset, width: spot.width, value: 0n });
  }

  #configAccess(): void {
    const choice = this.#choice;
    const { functions } = this.#layout;
    const found = choice.pick(functions);
    const address = choice.chance(10) ? this.#strangeAddress(found.address) : found.address;
    if (!choice.chance(4)) {
      this.#aim("config", address, choice.pick(configSpots(found.kind)));
      return;
    }
    const width = choice.pick([1, 2, 4, 4, 8] as const);
    const at = choice.chance(40) ? choice.pick([0xffe, 0xfff, 0x1000, 0x1fff, 0xffff_fffc, 0x8000_0000]) : choice.below(0x1000);
    const isWrite = choice.chance(2);
    this.#queue.push({ kind: "config", isWrite, place: address, at: choice.chance(4) ? at : at - (at % width), width, value: isWrite ? choice.value(width) : 0n });
  }

  /** Near a function, or anywhere. */
  #strangeAddress(address: number): number {
    const choice = this.#choice;
    return choice.pick([address ^ 1, address ^ (1 << 3), address ^ (1 << 8), address ^ (1 << 16), (address & ~0xff) | choice.below(256), choice.word]) >>> 0;
  }

  #registerAccess(): void {
    const choice = this.#choice;
    const place = choice.below(this.#layout.ranges.length);
    const spots = this.#behind[place] ?? [];
    if (spots.length > 0 && !choice.chance(8)) {
      this.#aim("register", place, choice.pick(spots));
      return;
    }
    const width: Width = choice.pick([1, 2, 4, 4, 8] as const);
    const at = this.#strangeOffset(Number(this.#layout.ranges[place]?.size ?? 0n));
    const isWrite = choice.chance(2);
    this.#queue.push({ kind: "register", isWrite, place, at: choice.chance(6) ? at : at - (at % width), width, value: isWrite ? choice.value(width) : 0n });
  }

  /** Somewhere in a range: where registers begin, around the ends of areas, anywhere. */
  #strangeOffset(size: number): number {
    const choice = this.#choice;
    const { offset } = cacheMemoryRange;
    const around = (at: number): number => at - 8 + choice.below(16);
    const at = choice.pick([choice.below(size), choice.below(size), choice.below(0x800), offset + choice.below(0x800), 0x1_0000 + choice.below(0x300), around(offset), around(2 * offset), around(0x1_0000), around(0x2_0000), around(size)]);
    return Math.max(0, choice.chance(12) ? at : Math.min(at, size - 8));
  }
}
