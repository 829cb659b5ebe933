// Mappings of registers as a library user holds them: they outlive a restore, and end with their machine. No access of 8, 16 or 32 bits allocates.

import type { IoHandle } from "../../platform/platform.ts";
import type { Hardware } from "../../hardware/machine.ts";
import { OutOfHandlesError } from "../../hardware/platform.ts";
import { DisposedError, UnmappedError } from "./errors.ts";

/** The largest range of a mapping, in bytes. */
const largest = 1n << 31n;
const lowMask = 0xffff_ffffn;
const low = (value: bigint): number => Number(value & lowMask);
const high = (value: bigint): number => Number((value >> 32n) & lowMask);

type Read = (handle: number, offset: number, width: number) => number;
type Write = (handle: number, offset: number, width: number, low: number, high: number) => void;

/** One mapping. */
export class Mapping implements IoHandle {
  readonly base: bigint;
  readonly size: bigint;
  readonly #words: Uint32Array;
  readonly #resultHigh: number;
  #read: Read;
  #write: Write;
  readonly #handle: number;
  #owner: Mappings | null;

  constructor(owner: Mappings, hardware: Hardware, base: bigint, size: bigint, handle: number) {
    this.base = base;
    this.size = size;
    this.#handle = handle;
    this.#owner = owner;
    this.#words = hardware.words;
    this.#resultHigh = hardware.map.resultHigh;
    this.#read = hardware.exports.read;
    this.#write = hardware.exports.write;
  }

  /** Its number in the module; for `Mappings`. */
  get handle(): number {
    return this.#handle;
  }

  /** For `Mappings`: every access throws from now on. */
  end(error: () => Error): void {
    const fail = (): never => {
      throw error();
    };
    this.#read = fail;
    this.#write = fail;
    this.#owner = null;
  }

  read8(offset: number): number {
    return this.#read(this.#handle, offset, 1) >>> 0;
  }

  read16(offset: number): number {
    return this.#read(this.#handle, offset, 2) >>> 0;
  }

  read32(offset: number): number {
    return this.#read(this.#handle, offset, 4) >>> 0;
  }

  read64(offset: number): bigint {
    const lower = this.#read(this.#handle, offset, 8) >>> 0;
    return (BigInt(this.#words[this.#resultHigh] ?? 0) << 32n) | BigInt(lower);
  }

  write8(offset: number, value: number): void {
    this.#write(this.#handle, offset, 1, value, 0);
  }

  write16(offset: number, value: number): void {
    this.#write(this.#handle, offset, 2, value, 0);
  }

  write32(offset: number, value: number): void {
    this.#write(this.#handle, offset, 4, value, 0);
  }

  write64(offset: number, value: bigint): void {
    this.#write(this.#handle, offset, 8, low(value), high(value));
  }

  unmap(): void {
    this.#owner?.drop(this);
  }
}

/** All mappings of one machine. They belong to the instance, not to its state: going back leaves them. */
export class Mappings {
  readonly #hardware: Hardware;
  readonly #live = new Set<Mapping>();
  #isOver = false;

  constructor(hardware: Hardware) {
    this.#hardware = hardware;
  }

  /** Maps 1 byte to 2 GiB. @throws RangeError, OutOfHandlesError, DisposedError; TypeError base or size is no bigint */
  map(base: bigint, size: bigint): Mapping {
    if (this.#isOver) throw new DisposedError();
    if (typeof base !== "bigint" || typeof size !== "bigint") throw new TypeError(`ioremap: base and size are bigint, as in 0x1000n; ${String(base)} is a ${typeof base}, ${String(size)} a ${typeof size}`);
    if (base < 0n || base >= 1n << 64n) throw new RangeError(`ioremap: ${base} is no physical address`);
    if (size < 1n || size > largest) throw new RangeError(`ioremap: size ${size} is not within 1 byte to 2 GiB; map the part with the registers`);
    const handle = this.#hardware.exports.map(low(base), high(base), low(size), high(size));
    if (handle < 0) throw new OutOfHandlesError(this.#hardware.entities.handles);
    const mapping = new Mapping(this, this.#hardware, base, size, handle);
    this.#live.add(mapping);
    return mapping;
  }

  drop(mapping: Mapping): void {
    if (!this.#live.delete(mapping)) return;
    this.#hardware.exports.unmap(mapping.handle);
    mapping.end(() => new UnmappedError(mapping.base));
  }

  /** The machine is disposed. */
  end(): void {
    this.#isOver = true;
    for (const mapping of this.#live) mapping.end(() => new DisposedError());
    this.#live.clear();
  }
}
