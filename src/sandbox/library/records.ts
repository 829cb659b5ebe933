// Who hears the trace of one machine: the hardware hands it to one, this hands it on. And the records that a user wants kept.

import type { Hardware, TraceConsumer } from "../../hardware/machine.ts";
import { readRecord, recordWords } from "../../sim/trace.ts";
import { accessKinds, createTraceWords, hardwareKinds } from "../../scenario/trace/words.ts";
import { partNames } from "../trace-reader.ts";
import type { MachineRecord } from "./contract.ts";

export class TraceFan {
  readonly #hardware: Hardware;
  readonly #consumers: TraceConsumer[] = [];

  constructor(hardware: Hardware) {
    this.#hardware = hardware;
  }

  add(consumer: TraceConsumer): void {
    this.#consumers.push(consumer);
    this.#hardware.storeTrace((words) => {
      for (const one of this.#consumers) one(words);
    });
  }

  /** Nobody hears any more. */
  end(): void {
    this.#consumers.length = 0;
    this.#hardware.storeTrace(null);
  }
}

const mostKept = 1 << 20;
const firstRoom = 1024;

/** The last so many records. */
export class KeptRecords {
  readonly #most: number;
  #words = new Uint32Array(0);
  #written = 0;
  /** Records before this one are gone. */
  #oldest = 0;

  /** @throws RangeError */
  constructor(most: number) {
    if (!Number.isInteger(most) || most < 0 || most > mostKept) throw new RangeError(`keepTrace is 0..${mostKept} records, not ${most}`);
    this.#most = most;
  }

  readonly take: TraceConsumer = (words) => {
    for (let at = 0; at < words.length; at += recordWords) {
      this.#makeRoom();
      this.#words.set(words.subarray(at, at + recordWords), (this.#written % this.#room) * recordWords);
      this.#written++;
      this.#oldest = Math.max(this.#oldest, this.#written - this.#room);
    }
  };

  get #room(): number {
    return this.#words.length / recordWords;
  }

  /** Doubles the room until there is all that was asked for; until then nothing has wrapped around. */
  #makeRoom(): void {
    if (this.#written < this.#room || this.#room === this.#most) return;
    const larger = new Uint32Array(Math.min(this.#most, Math.max(firstRoom, 2 * this.#room)) * recordWords);
    larger.set(this.#words);
    this.#words = larger;
  }

  /** Records heard so far. */
  get count(): number {
    return this.#written;
  }

  /** Forgets records from number `count` on: what they tell of has not happened. */
  cutTo(count: number): void {
    this.#written = Math.min(this.#written, count);
    this.#oldest = Math.min(this.#oldest, this.#written);
  }

  *records(hardware: Hardware, strings: readonly string[]): IterableIterator<MachineRecord> {
    hardware.drainTrace();
    const words = createTraceWords({ ...partNames(hardware), strings });
    const end = this.#written;
    for (let number = this.#oldest; number < end; number++) {
      const record = readRecord(this.#words, number % this.#room);
      const { time, layer, kind, a, b, c, d, e, f } = record;
      const name = layer === "access" ? accessKinds[kind] : layer === "hardware" ? hardwareKinds[kind] : strings[a];
      yield { at: time, layer, kind: name ?? String(kind), text: words(record), arguments: [a, b, c, d, e, f] };
    }
  }
}
