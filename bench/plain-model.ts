// Registers of one block in plain JavaScript, as one would write a stand-in for a test: the peer of the module's reads. With its trace it writes the
// same records and comes to the same digest as the module (assembly/trace/ring.ts), 64 bits in two halves.

import type { RegisterImage } from "./image.ts";

const done = 0;
const wrongWidth = 1;
const reserved = 2;
const unanswered = 3;
const mmioRead = 3;
const nobody = 0xffff_ffff;
const records = 65_536;
const primeA = [0x7f4a_7c15, 0x9e37_79b9] as const;
const primeB = [0x27d4_eb4f, 0xc2b2_ae3d] as const;

/** Upper half of a product of two unsigned 32-bit numbers. */
function upper(a: number, b: number): number {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + (middle % 0x1_0000);
  return aHigh * bHigh + Math.floor(middle / 0x1_0000) + Math.floor(other / 0x1_0000);
}

/** The block of an image, mapped. */
export class PlainModel {
  readonly #image: RegisterImage;
  readonly #ring = new Uint32Array(records * 8);
  #pending = 0;
  #now: number;
  #low: number;
  #high: number;

  constructor(image: RegisterImage) {
    this.#image = image;
    this.#now = image.now;
    [this.#low, this.#high] = image.digest;
  }

  get digest(): readonly [number, number] {
    return [this.#low >>> 0, this.#high >>> 0];
  }

  #judge(offset: number, width: number): number {
    const { widths, absent } = this.#image;
    if ((offset & (width - 1)) !== 0) return wrongWidth;
    if (offset >= widths.length << 2) return reserved;
    const index = offset >> 2;
    for (const [from, to] of absent) if (index >= from && index <= to) return reserved;
    const allowed = widths[index] ?? 0;
    if ((allowed & width) !== 0) return done;
    return allowed === 0 ? reserved : wrongWidth;
  }

  /** Without a trace. */
  readOnly(offset: number): number {
    if (offset + 4 > this.#image.size) return 0xffff_ffff;
    return this.#judge(offset, 4) === done ? (this.#image.dwords[offset >> 2] ?? 0) : 0;
  }

  /** With the record and the digest of an access. */
  read(offset: number): number {
    const { base, cost, dwords, entity, size } = this.#image;
    let value = 0xffff_ffff;
    if (offset + 4 > size) {
      const address = base + offset;
      this.#write(nobody, address >>> 0, value, 4 | (unanswered << 8), Math.floor(address / 0x1_0000_0000));
    } else {
      const judgement = this.#judge(offset, 4);
      value = judgement === done ? (dwords[offset >> 2] ?? 0) : 0;
      this.#write(entity, offset, value, 4 | (judgement << 8), 0);
    }
    this.#now += cost;
    return value;
  }

  #write(entity: number, at: number, value: number, how: number, last: number): void {
    if (this.#pending === records) this.#pending = 0;
    const place = this.#pending++ * 8;
    const ring = this.#ring;
    const timeHigh = ((this.#now / 0x1_0000_0000) & 0x1f_ffff) | (mmioRead << 24);
    ring[place] = this.#now;
    ring[place + 1] = timeHigh;
    ring[place + 2] = entity;
    ring[place + 3] = at;
    ring[place + 4] = value;
    ring[place + 5] = 0;
    ring[place + 6] = how;
    ring[place + 7] = last;
    this.#mix(this.#now | 0, timeHigh);
    this.#mix(entity, at);
    this.#mix(value, 0);
    this.#end(how, last);
  }

  #multiply(low: number, high: number, [primeLow, primeHigh]: readonly [number, number]): void {
    this.#low = Math.imul(low, primeLow) >>> 0;
    this.#high = (upper(low, primeLow) + (Math.imul(low, primeHigh) >>> 0) + (Math.imul(high, primeLow) >>> 0)) % 0x1_0000_0000;
  }

  #mix(low: number, high: number): void {
    this.#multiply((this.#low ^ low) >>> 0, (this.#high ^ high) >>> 0, primeA);
    const shiftedLow = ((this.#low >>> 29) | (this.#high << 3)) >>> 0;
    this.#low = (this.#low ^ shiftedLow) >>> 0;
    this.#high = (this.#high ^ (this.#high >>> 29)) >>> 0;
  }

  #end(fourthLow: number, fourthHigh: number): void {
    const addLow = ((this.#low >>> 31) | (this.#high << 1)) >>> 0;
    const addHigh = this.#high >>> 31;
    this.#multiply((this.#low ^ fourthLow) >>> 0, (this.#high ^ fourthHigh) >>> 0, primeB);
    const sum = this.#low + addLow;
    this.#low = sum >>> 0;
    this.#high = (this.#high + addHigh + (sum >= 0x1_0000_0000 ? 1 : 0)) >>> 0;
  }
}
