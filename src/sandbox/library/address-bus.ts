// Physical addresses, one access each: registers through a few cached mappings, memory by the CPU's load and store.

import type { PhysicalMemory } from "../../platform/platform.ts";
import type { MachineDescription } from "../../platform/description.ts";
import type { MemoryBus } from "./contract.ts";
import type { Mapping, Mappings } from "./handles.ts";

/** Bytes that one cached mapping covers: no register block is cut by its end. */
const page = 65_536;
const mostPages = 64;
/** Addresses are below 2^52, so that they are exact as numbers. */
const limit = 2 ** 52;

interface Range {
  readonly from: number;
  readonly to: number;
}

/** A page of registers, or memory (null). */
type Target = Mapping | null;

export class AddressBus implements MemoryBus {
  readonly #mappings: Mappings;
  readonly #memory: () => PhysicalMemory;
  readonly #ranges: readonly Range[];
  readonly #pages = new Map<number, Mapping>();
  #page = -page;
  #target: Target = null;

  constructor(machine: MachineDescription, mappings: Mappings, memory: () => PhysicalMemory) {
    this.#mappings = mappings;
    this.#memory = memory;
    this.#ranges = [...machine.ram, ...machine.windows].map(({ base, size }) => ({ from: Number(base), to: Number(base + size) }));
  }

  /** What answers at an address; the last page is remembered. */
  #reach(at: number): Target {
    if (at >= this.#page && at < this.#page + page) return this.#target;
    const start = Math.floor(at / page) * page;
    if (!(at >= 0 && at < limit)) throw new RangeError(`0x${at.toString(16)} is no physical address; they are 0..2^52-1`);
    this.#target = this.#ranges.some(({ from, to }) => at >= from && at < to) ? null : this.#pageAt(start);
    this.#page = start;
    return this.#target;
  }

  #pageAt(start: number): Mapping {
    const known = this.#pages.get(start);
    if (known !== undefined) return known;
    const oldest = this.#pages.entries().next().value;
    if (oldest !== undefined && this.#pages.size >= mostPages) {
      oldest[1].unmap();
      this.#pages.delete(oldest[0]);
    }
    const mapping = this.#mappings.map(BigInt(start), BigInt(page));
    this.#pages.set(start, mapping);
    return mapping;
  }

  read8(address: bigint): number {
    const at = Number(address);
    return this.#reach(at)?.read8(at - this.#page) ?? Number(this.#memory().load(address, 1).value);
  }

  read16(address: bigint): number {
    const at = Number(address);
    return this.#reach(at)?.read16(at - this.#page) ?? Number(this.#memory().load(address, 2).value);
  }

  read32(address: bigint): number {
    const at = Number(address);
    return this.#reach(at)?.read32(at - this.#page) ?? Number(this.#memory().load(address, 4).value);
  }

  read64(address: bigint): bigint {
    const at = Number(address);
    return this.#reach(at)?.read64(at - this.#page) ?? this.#memory().load(address, 8).value;
  }

  write8(address: bigint, value: number): void {
    const at = Number(address);
    const target = this.#reach(at);
    if (target === null) this.#memory().store(address, 1, BigInt(value));
    else target.write8(at - this.#page, value);
  }

  write16(address: bigint, value: number): void {
    const at = Number(address);
    const target = this.#reach(at);
    if (target === null) this.#memory().store(address, 2, BigInt(value));
    else target.write16(at - this.#page, value);
  }

  write32(address: bigint, value: number): void {
    const at = Number(address);
    const target = this.#reach(at);
    if (target === null) this.#memory().store(address, 4, BigInt(value));
    else target.write32(at - this.#page, value);
  }

  write64(address: bigint, value: bigint): void {
    const at = Number(address);
    const target = this.#reach(at);
    if (target === null) this.#memory().store(address, 8, value);
    else target.write64(at - this.#page, value);
  }
}
