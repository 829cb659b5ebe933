// Protocol buffers, as far as they are written here: varints, texts, and messages in messages. No more than 53 bits, no negative numbers.

/** Wire types. */
const varint = 0;
const delimited = 2;

/** One message, written field by field in any order. */
export class ProtobufMessage {
  #bytes = new Uint8Array(64);
  #length = 0;

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  #varint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not a whole number of 0..2^53-1`);
    this.#reserve(8);
    let left = value;
    for (; left > 0x7f; left = Math.floor(left / 0x80)) this.#bytes[this.#length++] = (left % 0x80) | 0x80;
    this.#bytes[this.#length++] = left;
  }

  /** A whole number of 0..2^53-1: uint32, uint64, int32, int64, bool (0 or 1) or an enum. @throws RangeError */
  number(field: number, value: number): this {
    this.#varint(field * 8 + varint);
    this.#varint(value);
    return this;
  }

  bytes(field: number, value: Uint8Array): this {
    this.#varint(field * 8 + delimited);
    this.#varint(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
    return this;
  }

  /** UTF-8; halves of characters become U+FFFD. */
  text(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  message(field: number, value: ProtobufMessage): this {
    return this.bytes(field, value.finish());
  }

  /** The bytes so far. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }
}
