// Reading the sections of a trace file from front to back, never past their ends.

/** A file that is no trace, or not a whole one; the message begins with the place. */
export class TraceFileError extends Error {
  /** Bytes from the start of the file. */
  readonly offset: number;

  constructor(offset: number, problem: string) {
    super(`byte ${offset}: ${problem}`);
    this.name = "TraceFileError";
    this.offset = offset;
  }
}

export class Cursor {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #start: number;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #at = 0;

  /** @param start where in the file the bytes begin */
  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#start = start;
  }

  /** Place in the file. */
  get at(): number {
    return this.#start + this.#at;
  }

  #need(length: number): void {
    if (length > this.#bytes.length - this.#at) throw new TraceFileError(this.at, `${length} bytes are to follow, and the section has ${this.#bytes.length - this.#at}`);
  }

  word(): number {
    this.#need(4);
    const value = this.#view.getUint32(this.#at, true);
    this.#at += 4;
    return value;
  }

  /** A number of things that take at least `least` bytes each. */
  count(least: number, what: string): number {
    const place = this.at;
    const count = this.word();
    if (count * least > this.#bytes.length - this.#at) throw new TraceFileError(place, `${count} ${what} do not fit into a section of ${this.#bytes.length} bytes`);
    return count;
  }

  /** UTF-8 with its length in bytes before it. */
  text(): string {
    const place = this.at;
    const length = this.word();
    this.#need(length);
    const from = this.#at;
    this.#at += length;
    try {
      return this.#decoder.decode(this.#bytes.subarray(from, this.#at));
    } catch {
      throw new TraceFileError(place, "a text is no UTF-8");
    }
  }

  /** @throws TraceFileError something is left */
  end(what: string): void {
    if (this.#at !== this.#bytes.length) throw new TraceFileError(this.at, `${this.#bytes.length - this.#at} bytes behind the ${what}`);
  }
}
