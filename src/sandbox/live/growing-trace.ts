// The trace of a live run as far as it is known, in chunks that never move. Records that a run writes once more are held against those known.

import type { TraceLayer, TraceRecord } from "../../sim/trace.ts";
import { layerIndex, readRecord, recordWords } from "../../sim/trace.ts";
import type { PartKind } from "../../platform/register-places.ts";
import type { TraceNames } from "../../scenario/trace/words.ts";
import type { TraceReader } from "../trace-reader.ts";
import type { LiveTrace } from "./contract.ts";

/** Records in one chunk. */
const chunkRecords = 1 << 16;
const chunkWords = chunkRecords * recordWords;

export class GrowingTrace implements LiveTrace {
  readonly parts = new Map<number, string>();
  readonly kinds = new Map<number, PartKind>();
  readonly strings: string[] = [];
  readonly #chunks: Uint32Array[] = [];
  #length = 0;
  #difference = -1;
  /** All there is: what a run writes beyond it is a difference. */
  #isWhole = false;
  /** Records put aside until it is known whether they are to be compared. */
  #aside: { readonly from: number; readonly words: Uint32Array }[] | null = null;

  get length(): number {
    return this.#length;
  }

  /** Number of the first record that came otherwise when it was written once more; -1: none did. */
  get difference(): number {
    return this.#difference;
  }

  words(from: number, count: number): Uint32Array {
    const first = Math.max(0, Math.min(from, this.#length));
    const taken = new Uint32Array(Math.max(0, Math.min(count, this.#length - first)) * recordWords);
    for (let at = 0; at < taken.length; ) {
      const part = this.#part(first + at / recordWords, (taken.length - at) / recordWords);
      taken.set(part, at);
      at += part.length;
    }
    return taken;
  }

  /** A record. @throws RangeError there is none */
  record(index: number): TraceRecord {
    if (!(index >= 0 && index < this.#length)) throw new RangeError(`record ${index} is not in 0..${this.#length - 1}`);
    return readRecord(this.#part(index, 1), 0);
  }

  /** How many records were written up to a virtual time, inclusive. */
  countUntil(time: number): number {
    let [low, high] = [0, this.#length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.record(middle).time <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Names the machine's parts and adds the texts that a run has by now. */
  learn({ parts, kinds }: Pick<TraceNames, "parts" | "kinds">, strings: readonly string[]): void {
    for (const [id, name] of parts) this.parts.set(id, name);
    for (const [id, kind] of kinds) this.kinds.set(id, kind);
    this.addStrings(strings);
  }

  addStrings(strings: readonly string[]): void {
    for (let index = this.strings.length; index < strings.length; index++) this.strings.push(strings[index] ?? "");
  }

  /** Whole records that a run wrote as its records number `from` on: those known are compared, the others added. */
  take(from: number, words: Uint32Array): void {
    if (this.#aside !== null) return void this.#aside.push({ from, words: words.slice() });
    const known = Math.min(this.#length - from, words.length / recordWords);
    for (let at = 0; at < known * recordWords; ) {
      const part = this.#part(from + at / recordWords, known - at / recordWords);
      for (let index = 0; index < part.length; index++) if (part[index] !== words[at + index]) this.#differs(from + Math.floor((at + index) / recordWords));
      at += part.length;
    }
    if (known >= words.length / recordWords) return;
    if (this.#isWhole) this.#differs(this.#length);
    else this.append(known > 0 ? words.subarray(known * recordWords) : words);
  }

  /** A run that was made once more has ended with so many records. */
  endsAt(records: number): void {
    if (records < this.#length) this.#differs(records);
  }

  #differs(index: number): void {
    if (this.#difference < 0) this.#difference = index;
  }

  /** Puts aside what comes, until `cut`, `goOn` or `forget`. */
  wait(): void {
    this.#aside = [];
  }

  /** What was put aside counts from now on, as everything. */
  goOn(): void {
    const aside = this.#aside ?? [];
    this.#aside = null;
    for (const { from, words } of aside) this.take(from, words);
  }

  /** What was put aside is forgotten: the run that wrote it is. */
  forget(): void {
    this.#aside = null;
  }

  /** Adds whole records. */
  append(words: Uint32Array): void {
    for (let at = 0; at < words.length; ) {
      const start = (this.#length % chunkRecords) * recordWords;
      if (start === 0) this.#chunks.push(new Uint32Array(chunkWords));
      const part = words.subarray(at, at + chunkWords - start);
      this.#chunks.at(-1)?.set(part, start);
      at += part.length;
      this.#length += part.length / recordWords;
    }
  }

  /** Takes all records of a trace, without copying more than the last of them. The words are the trace's own from now on. */
  adopt(words: Uint32Array): void {
    const whole = words.length - (words.length % chunkWords);
    for (let at = 0; at < whole; at += chunkWords) this.#chunks.push(words.subarray(at, at + chunkWords));
    this.#length = whole / recordWords;
    this.append(words.subarray(whole));
    this.#isWhole = true;
  }

  /** Forgets all records from `length` on, and all texts but the first `strings`. */
  cut(length: number, strings: number): void {
    this.#length = Math.min(length, this.#length);
    this.#chunks.length = Math.ceil(this.#length / chunkRecords);
    this.strings.length = Math.min(strings, this.strings.length);
    this.#difference = -1;
    this.#isWhole = false;
    this.goOn();
  }

  /** Words from a record on, as far as they lie in one piece, at most `most` records. */
  #part(index: number, most: number): Uint32Array {
    const start = (index % chunkRecords) * recordWords;
    return this.#chunks[Math.floor(index / chunkRecords)]?.subarray(start, Math.min(chunkWords, start + most * recordWords)) ?? new Uint32Array(0);
  }
}

/** Reads the end of a trace as far as a run has written it. `length`: drains it, and says how far that is. */
export function readerOf(trace: GrowingTrace, length: () => number): TraceReader {
  return {
    last: (count, layers) => {
      const wanted = new Set(layers.map((layer: TraceLayer) => layerIndex[layer]));
      const found: TraceRecord[] = [];
      for (let index = length() - 1; index >= 0 && found.length < count; index--) {
        const record = trace.record(index);
        if (wanted.has(layerIndex[record.layer])) found.push(record);
      }
      return found.toReversed();
    },
  };
}
