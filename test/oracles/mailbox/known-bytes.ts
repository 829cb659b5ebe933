// Bytes of which some bits are known: a payload, an event record, the output of a command.

import type { PayloadField } from "../../../registers/payload-schema.ts";

export interface Known {
  readonly value: bigint;
  /** Bits of the value that are known. */
  readonly known: bigint;
}

const allOf = (width: number): bigint => (1n << BigInt(8 * width)) - 1n;

export class KnownBytes {
  readonly bytes: Uint8Array;
  readonly known: Uint8Array;

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
    this.known = new Uint8Array(length).fill(0xff);
  }

  static from(bytes: Uint8Array): KnownBytes {
    const made = new KnownBytes(bytes.length);
    made.bytes.set(bytes);
    return made;
  }

  read(offset: number, width: number): Known {
    let value = 0n;
    let known = 0n;
    for (let at = width - 1; at >= 0; at--) {
      value = (value << 8n) | BigInt(this.bytes[offset + at] ?? 0);
      known = (known << 8n) | BigInt(this.known[offset + at] ?? 0xff);
    }
    return { value, known };
  }

  write(offset: number, width: number, value: bigint): void {
    for (let at = 0; at < width && offset + at < this.bytes.length; at++) {
      this.bytes[offset + at] = Number((value >> BigInt(8 * at)) & 0xffn);
      this.known[offset + at] = 0xff;
    }
  }

  put(offset: number, bytes: Uint8Array, known?: Uint8Array): this {
    this.bytes.set(bytes, offset);
    if (known === undefined) this.known.fill(0xff, offset, offset + bytes.length);
    else this.known.set(known, offset);
    return this;
  }

  /** Nothing is known of these bytes. */
  forget(offset = 0, length = this.bytes.length - offset): this {
    this.known.fill(0, offset, offset + length);
    return this;
  }

  forgetField([offset, size]: PayloadField, at = 0): this {
    return this.forget(at + offset, size);
  }

  set([offset, size]: PayloadField, value: number | bigint, at = 0): this {
    this.write(at + offset, size, BigInt.asUintN(8 * size, BigInt(value)) & allOf(size));
    return this;
  }
}
