// The way of a live run to what it looks for, in slices. What lies behind is made again beside the run, which stays as it is until the other is there.

import type { Aim, View } from "./aims.ts";
import type { Arrival } from "./contract.ts";
import type { PlayedRun } from "./live-run.ts";
import type { Making } from "./making.ts";

/** A way to a position; the newest one counts. */
export interface Way {
  /** Goes on until it is there or `shouldPause` says so, asked between steps. `until`: virtual ns that the run does not go beyond now, but for the end of a step; what is made again goes as fast as it can. */
  goOn(shouldPause: () => boolean, until?: number): Arrival;
}

export class Walk implements Way {
  readonly #live: PlayedRun;
  readonly #isToEnd: boolean;
  #aim: Aim;
  /** The run that goes; null: it was not begun. */
  #making: Making | null = null;
  #arrival: Arrival | null = null;

  constructor(live: PlayedRun, aim: Aim, isToEnd: boolean) {
    this.#live = live;
    this.#aim = aim;
    this.#isToEnd = isToEnd;
  }

  goOn(shouldPause: () => boolean, until = Number.POSITIVE_INFINITY): Arrival {
    if (this.#arrival !== null) return this.#arrival;
    if (this.#aim.here !== undefined) return this.#arrive(this.#live.making, this.#aim.here, "there");
    const making = this.#making ?? this.#begin();
    for (;;) {
      const found = this.#look(making);
      if (found !== null) return found;
      const isBehind = making !== this.#live.making;
      if (!isBehind && making.hardware.now >= until) return "paused";
      making.step();
      if (!isBehind) this.#live.show(making, null);
      if (shouldPause()) return this.#look(making) ?? "paused";
    }
  }

  close(): void {
    if (this.#arrival !== null) return;
    this.#arrival = "paused";
    if (this.#making === null) return;
    this.#aim.leave?.(this.#making);
    if (this.#making !== this.#live.making) this.#making.dispose();
  }

  /** Whether it is over; null: it goes on. */
  #look(making: Making): Arrival | null {
    const live = this.#live;
    checkRecords(live, making);
    if (live.known.difference >= 0 && making.records > live.known.difference) return this.#arrive(making, null, "missed");
    if (this.#aim.isThere(making)) return this.#land(making);
    if (making.isDone) return this.#arrive(making, null, this.#isToEnd ? "there" : "missed");
    return making.records >= live.mostRecords ? this.#arrive(making, null, "missed") : null;
  }

  /** Shows what it came to, or looks for it anew. */
  #land(making: Making): Arrival | null {
    const landing = this.#aim.land(making);
    if ("view" in landing) return this.#arrive(making, landing.view, "there");
    this.#aim.leave?.(making);
    this.#live.show(making, null);
    this.#aim = landing.again;
    this.#making = null;
    return this.#aim.here === undefined ? "paused" : this.#arrive(making, this.#aim.here, "there");
  }

  #begin(): Making {
    const making = this.#aim.isAnew ? this.#live.begin() : this.#live.making;
    this.#making = making;
    this.#aim.prepare?.(making);
    return making;
  }

  #arrive(making: Making, view: View | null, arrival: Arrival): Arrival {
    this.#aim.leave?.(making);
    this.#live.show(making, view);
    this.#arrival = arrival;
    this.#live.leave(this);
    return arrival;
  }
}

/** @throws Error a run that was made from the same came to something else */
function checkRecords({ known, isTouched, isOpened }: PlayedRun, making: Making): void {
  if (making.isDone && !isTouched) known.endsAt(making.drain());
  if (known.difference >= 0 && !isOpened) throw new Error(`a run made once more differs from itself at record ${known.difference}: this is an error of cxl-sandbox; please report it with the scenario`);
}
