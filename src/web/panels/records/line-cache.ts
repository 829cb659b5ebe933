// Lines of records that were asked for, kept for a while: those of one generation of the trace.

import type { RecordLine, Records, RecordsQuestion } from "../../../sandbox/live/records-look.ts";

/** Lines that are kept. */
const mostLines = 20_000;
/** Lines in one question. */
const mostAsked = 500;

export class LineCache {
  readonly #ask: (question: RecordsQuestion) => Promise<Records | undefined>;
  readonly #lines = new Map<number, RecordLine>();
  /** Those on their way. */
  readonly #asked = new Map<number, Promise<boolean>>();
  #generation = -1;

  constructor(ask: (question: RecordsQuestion) => Promise<Records | undefined>) {
    this.#ask = ask;
  }

  /** Forgets lines of other generations. */
  keepTo(generation: number): void {
    if (generation === this.#generation) return;
    this.#generation = generation;
    this.#lines.clear();
    this.#asked.clear();
  }

  get(record: number): RecordLine | undefined {
    return this.#lines.get(record);
  }

  /** Asks for those that are missing, and waits for those that are on their way. True: something came. */
  async want(records: readonly number[]): Promise<boolean> {
    const missing = records.filter((record) => !this.#lines.has(record));
    const unasked = missing.filter((record) => !this.#asked.has(record)).slice(0, mostAsked);
    if (unasked.length > 0) {
      const coming = this.#fetch(unasked);
      for (const record of unasked) this.#asked.set(record, coming);
    }
    const arrived = await Promise.all(new Set(missing.flatMap((record) => this.#asked.get(record) ?? [])));
    return arrived.includes(true);
  }

  async #fetch(records: readonly number[]): Promise<boolean> {
    const generation = this.#generation;
    const told = await this.#ask({ indices: records });
    if (generation !== this.#generation) return false;
    for (const record of records) this.#asked.delete(record);
    if (told === undefined || told.generation !== generation) return false;
    if (this.#lines.size > mostLines) this.#lines.clear();
    for (const line of told.lines) this.#lines.set(line.index, line);
    return told.lines.length > 0;
  }
}
