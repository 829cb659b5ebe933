// The trace of a live run as far as it is known, in chunks that never move. Records that a run writes once more are held against those known.

import { readRecord, recordWords } from "../../sim/trace.ts";
import type { TraceNames } from "../../scenario/trace/words.ts";
import type { LiveTrace } from "./contract.ts";

/** Records in one chunk. */
const chunkRecords = 1 << 16;

export class GrowingTrace implements LiveTrace {
  readonly parts: TraceNames["parts"];
  readonly kinds: TraceNames["kinds"];
  readonly strings: string[] = [];
  readonly #chunks: Uint32Array[] = [];
  #length = 0;

  constructor({ parts, kinds }: Pick<TraceNames, "parts" | "kinds">) {
    this.parts = parts;
    this.kinds = kinds;
  }

  get length(): number {
    return this.#length;
  }

  words(from: number, count: number): Uint32Array {
    const first = Math.max(0, Math.min(from, this.#length));
    const taken = new Uint32Array(Math.max(0, Math.min(count, this.#length - first)) * recordWords);
    for (let at = 0; at < taken.length; ) {
      const index = first + at / recordWords;
      const start = (index % chunkRecords) * recordWords;
      const part = (this.#chunks[Math.floor(index / chunkRecords)] ?? taken).subarray(start, Math.min(chunkRecords * recordWords, start + taken.length - at));
      taken.set(part, at);
      at += part.length;
    }
    return taken;
  }

  /** Virtual ns of a record; 0 where there is none. */
  timeOf(index: number): number {
    return index >= 0 && index < this.#length ? readRecord(this.words(index, 1), 0).time : 0;
  }

  /** Adds whole records. */
  append(words: Uint32Array): void {
    for (let at = 0; at < words.length; ) {
      const start = (this.#length % chunkRecords) * recordWords;
      if (start === 0) this.#chunks.push(new Uint32Array(chunkRecords * recordWords));
      const part = words.subarray(at, at + chunkRecords * recordWords - start);
      this.#chunks.at(-1)?.set(part, start);
      at += part.length;
      this.#length += part.length / recordWords;
    }
  }

  /** Texts that a run has by now, in their order. */
  addStrings(strings: readonly string[]): void {
    for (let index = this.strings.length; index < strings.length; index++) this.strings.push(strings[index] ?? "");
  }
}
