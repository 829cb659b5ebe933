// Which records a list shows: all, or those that a filter lets through, looked for in pieces while the reader already sees the first ones.

import type { Found, FindQuestion } from "../../../sandbox/live/find-look.ts";
import type { RecordFilter } from "../../../sandbox/live/record-filter.ts";

type Ask = (question: FindQuestion) => Promise<Found | undefined>;

/** Records found in one piece. */
const mostFound = 50_000;

const isAll = (filter: RecordFilter): boolean => Object.keys(filter).length === 0;

export class RecordIndex {
  readonly #ask: Ask;
  readonly #changed: () => void;
  #filter: RecordFilter = {};
  #found = new Uint32Array(0);
  #count = 0;
  #known = 0;
  /** Where looking goes on. */
  #next = 0;
  #generation = -1;
  /** Counts up when what is being looked for is no longer wanted. */
  #round = 0;
  #isLooking = false;

  /** @param changed called when there are more rows, or others */
  constructor(ask: Ask, changed: () => void) {
    this.#ask = ask;
    this.#changed = changed;
  }

  get rows(): number {
    return isAll(this.#filter) ? this.#known : this.#count;
  }

  /** Records that were looked at. */
  get passed(): number {
    return isAll(this.#filter) ? this.#known : Math.min(this.#next, this.#known);
  }

  get known(): number {
    return this.#known;
  }

  get isLooking(): boolean {
    return this.#isLooking;
  }

  /** Number of the record in a row; undefined: there is no such row. */
  recordAt(row: number): number | undefined {
    if (row < 0 || row >= this.rows) return undefined;
    return isAll(this.#filter) ? row : this.#found[row];
  }

  /** The row of a record, or of the first behind it; `rows` where all are before it. */
  rowOf(record: number): number {
    if (isAll(this.#filter)) return Math.max(0, Math.min(record, this.#known));
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#found[middle] ?? 0) < record) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Shows other records from now on. */
  choose(filter: RecordFilter): void {
    this.#filter = filter;
    this.#clear();
    this.#changed();
    void this.#look();
  }

  /** The trace has so many records now. */
  grow(known: number, generation: number): void {
    if (generation === this.#generation && known === this.#known) return;
    if (generation !== this.#generation) this.#clear();
    this.#generation = generation;
    this.#known = known;
    this.#changed();
    void this.#look();
  }

  #clear(): void {
    this.#round++;
    this.#count = 0;
    this.#next = 0;
    this.#isLooking = false;
  }

  async #look(): Promise<void> {
    if (isAll(this.#filter) || this.#isLooking) return;
    const round = this.#round;
    this.#isLooking = true;
    while (this.#next < this.#known) {
      const told = await this.#ask({ filter: this.#filter, from: this.#next, direction: "forward", most: mostFound });
      if (round !== this.#round) return;
      if (told === undefined || told.generation !== this.#generation) break;
      this.#take(told.indices);
      this.#next = told.next ?? told.known;
      this.#known = Math.max(this.#known, told.known);
      this.#changed();
      // The trace is not as long as was said: what is missing is looked at when it has grown.
      if (told.next === null && told.known < this.#known) break;
    }
    this.#isLooking = false;
    this.#changed();
  }

  #take(indices: Uint32Array): void {
    const needed = this.#count + indices.length;
    if (needed > this.#found.length) {
      const wider = new Uint32Array(Math.max(needed, this.#found.length * 2));
      wider.set(this.#found.subarray(0, this.#count));
      this.#found = wider;
    }
    this.#found.set(indices, this.#count);
    this.#count = needed;
  }
}
