// Data object exchanges inside a capture of accesses: an answer is read dword by dword, and judged when it is whole, field by field.

import { doeDevice } from "../../registers/doe.ts";
import type { Pointed, Tally } from "./compare.ts";
import { count } from "./compare.ts";
import { answerDifferences } from "./exchange.ts";

/** One exchange of a function: reads that differ wait until the answer is whole. */
interface Exchange {
  request: number[];
  theirs: number[];
  ours: number[];
  /** Reads that differed, and where the first of them stands. */
  open: number;
  place: Pointed | undefined;
}

const fresh = (): Exchange => ({ request: [], theirs: [], ours: [], open: 0, place: undefined });
const bytesOf = (dwords: readonly number[]): number[] => dwords.flatMap((dword) => [dword & 0xff, (dword >>> 8) & 0xff, (dword >>> 16) & 0xff, dword >>> 24]);
const { writeMailbox, control } = doeDevice.registers;

export class Answers {
  readonly #tally: Tally;
  readonly #exchanges = new Map<string, Exchange>();

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  #of(id: string): Exchange {
    const found = this.#exchanges.get(id) ?? fresh();
    this.#exchanges.set(id, found);
    return found;
  }

  /** Takes a write to byte `inside` of a function's exchange registers. */
  noteWrite(id: string, inside: number, value: number): void {
    if (inside === writeMailbox.offset) {
      if (this.#of(id).theirs.length > 0) this.#close(id);
      this.#of(id).request.push(value);
    } else if (inside === control.offset && ((value >>> control.fields.abort.bits) & 1) === 1) this.#close(id);
  }

  /** Takes a dword of an answer; one that is equal is counted at once. */
  noteRead(id: string, place: Pointed, theirs: number, ours: number): void {
    const exchange = this.#of(id);
    exchange.theirs.push(theirs);
    exchange.ours.push(ours);
    if (theirs === ours) return count(this.#tally, []);
    exchange.open++;
    exchange.place ??= place;
  }

  #close(id: string): void {
    const { open, place, request, theirs, ours } = this.#of(id);
    if (open > 0 && place !== undefined) count(this.#tally, answerDifferences(place, request, bytesOf(theirs), bytesOf(ours)), open);
    this.#exchanges.set(id, fresh());
  }

  /** Judges what is left at the end of the capture. */
  closeAll(): void {
    for (const id of this.#exchanges.keys()) this.#close(id);
  }
}
