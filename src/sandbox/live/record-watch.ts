// Snapshots of the hardware in the midst of a step: taken when a record has been written, before the next one is.

import type { Hardware, HardwareSnapshot } from "../../hardware/machine.ts";

/** Bytes of snapshots that are kept, and how many at most: who walks through a step record by record meets many of them. */
const keptBytes = 48 << 20;
const mostKept = 256;
const leastKept = 8;

/** Whether a snapshot is wanted behind a record of this layer (its number). */
export type WantsLayer = (layer: number) => boolean;

export class RecordWatch {
  readonly #hardware: Hardware;
  readonly #kept = new Map<number, HardwareSnapshot>();
  readonly #spare: HardwareSnapshot[] = [];
  /** Records that the trace has before the first snapshot. */
  #from = Number.POSITIVE_INFINITY;
  #wants: WantsLayer = () => true;
  #bytes = 0;

  constructor(hardware: Hardware) {
    this.#hardware = hardware;
  }

  /** The hardware as it was when the trace had so many records; undefined: nobody looked then. */
  at(records: number): HardwareSnapshot | undefined {
    return this.#kept.get(records);
  }

  /** From `from` records on, snapshots are taken as long as there is room; those taken before go. `now`: records that were handed out so far. */
  arm(from: number, now: number, wants: WantsLayer = () => true): void {
    this.forget();
    this.#from = from;
    this.#wants = wants;
    this.#askNext(now);
  }

  /** No more snapshots; those taken stay. */
  disarm(): void {
    this.#from = Number.POSITIVE_INFINITY;
    this.#hardware.handOutAfter();
  }

  /** Another step begins: what was taken lies behind. */
  forget(): void {
    if (this.#kept.size === 0) return;
    this.#spare.push(...this.#kept.values());
    this.#kept.clear();
    this.#bytes = 0;
  }

  /** Records were handed out: the trace has `records` now, and the last is of this layer. */
  took(records: number, layer: number): void {
    if (!Number.isFinite(this.#from)) return;
    if (records >= this.#from && this.#wants(layer) && this.#hasRoom()) {
      const snapshot = this.#hardware.snapshot(this.#spare.pop());
      this.#kept.set(records, snapshot);
      this.#bytes += snapshot.state.length + snapshot.media.length;
    }
    this.#askNext(records);
  }

  #hasRoom(): boolean {
    return this.#kept.size < leastKept || (this.#kept.size < mostKept && this.#bytes < keptBytes);
  }

  #askNext(records: number): void {
    if (!this.#hasRoom()) this.#hardware.handOutAfter();
    else this.#hardware.handOutAfter(records < this.#from ? this.#from - records : 1);
  }
}
