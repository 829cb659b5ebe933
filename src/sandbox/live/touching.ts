// Something done by hand to a live run, in slices: what is refused leaves the run as it was.

import type { Kept, PlayedRun } from "./live-run.ts";
import type { Touch, TouchResult } from "./contract.ts";
import type { Making } from "./making.ts";

/** Something that is being done by hand. */
export interface TouchWay {
  /** Goes on until it is done or `shouldPause` says so (null: call again), asked between steps. */
  goOn(shouldPause: () => boolean): TouchResult | null;
}

const done = (said: string): TouchResult => ({ kind: "done", said });
const refused = (reason: string): TouchResult => ({ kind: "refused", reason });

export class Touching implements TouchWay {
  readonly #live: PlayedRun;
  readonly #touch: Touch;
  /** A run that had ended by itself, or is further than what is seen, made once more; null: the live run itself. */
  #again: Making | null = null;
  /** Step at which it is held open. */
  #end = -1;
  /** Virtual ns inside the step that follows; null: it is done at the step's end. */
  #atNs: number | null = null;
  #isMade = false;
  #said = "";
  #result: TouchResult | null = null;

  constructor(live: PlayedRun, touch: Touch) {
    this.#live = live;
    this.#touch = touch;
  }

  close(): void {
    if (this.#result !== null) return;
    this.#result = this.#isMade ? done("it goes on when the run does") : refused("something else was asked for meanwhile");
    if (!this.#isMade) this.#again?.dispose();
  }

  goOn(shouldPause: () => boolean): TouchResult | null {
    if (this.#result !== null) return this.#result;
    if (!this.#isMade) {
      const answer = this.#approach(shouldPause);
      if (answer !== "made") return answer === "paused" ? null : this.#over(answer);
    }
    const { making } = this.#live;
    for (;;) {
      const answer = this.#answer(making);
      if (answer !== null) return this.#over(answer);
      making.step();
      if (shouldPause()) return null;
    }
  }

  /** Comes to where it can be done, and does it. */
  #approach(shouldPause: () => boolean): TouchResult | "made" | "paused" {
    const { making, view } = this.#live;
    if (this.#again === null) {
      // Inside a step the run itself is further than what is seen.
      this.#atNs = view === null || view.snapshot === null ? null : view.atNs;
      if (this.#atNs === null) {
        const answer = this.#look(making);
        if (answer !== null) return answer;
        if (!making.isDone) return this.#make(making);
      }
      this.#again = this.#live.beginHeld();
      this.#end = this.#atNs === null ? making.steps : making.stepsBefore;
    }
    const again = this.#again;
    while (again.steps < this.#end && !again.isDone) {
      again.step();
      if (shouldPause()) return "paused";
    }
    return this.#make(again);
  }

  /** What can be said at once; null: it can be done. */
  #look(making: Making): TouchResult | null {
    const touch = this.#touch;
    if (touch.kind === "line" && making.isDone && making.death !== null) {
      // The sandbox's own words still work, and change nothing.
      making.startDead(touch.line);
      return done("");
    }
    const refusal = this.#live.refusalOf(making);
    if (refusal !== null) return refused(refusal);
    const isBusy = making.isBusyWithTouch;
    if (touch.kind === "interrupt") return isBusy ? null : refused("no line runs that could be interrupted");
    return isBusy && touch.kind !== "inject" ? refused("the line before is still under way: go on, or interrupt it (Ctrl-C)") : null;
  }

  #make(making: Making): TouchResult | "made" {
    const { known } = this.#live;
    const kept: Kept = { records: making.drain(), strings: making.run.system.kernel.trace.strings.length };
    const stop = this.#atNs === null ? null : { behind: making.steps, atNs: this.#atNs };
    known.wait();
    if (stop !== null) making.stepTo(stop.atNs);
    const { position, steps } = making;
    const early = stop === null ? null : this.#look(making);
    const answer = early ?? making.make(this.#touch);
    if (answer !== null && (early !== null || answer.kind === "refused")) return this.#giveUp(making, answer);
    this.#isMade = true;
    this.#live.cut(making, { position, touch: this.#touch, steps, stop }, kept);
    if (answer === null || this.#touch.kind !== "interrupt") return answer ?? "made";
    this.#said = answer.said;
    return "made";
  }

  /** The run stays as it was. */
  #giveUp(making: Making, answer: TouchResult): TouchResult {
    const { known } = this.#live;
    if (making === this.#live.making) known.goOn();
    else {
      known.forget();
      making.dispose();
      this.#again = null;
    }
    return answer;
  }

  /** What it came to; null: it is under way. */
  #answer(making: Making): TouchResult | null {
    if (making.isBusyWithTouch && !making.isIdle) return this.#live.isFull ? done("") : null;
    if (making.isIdle) return done("the line waits, and nothing is due that could end that: Ctrl-C interrupts it");
    return this.#touch.kind === "write" ? done(making.death ?? "") : done(this.#said);
  }

  #over(result: TouchResult): TouchResult {
    this.#result = result;
    this.#live.leave(this);
    return result;
  }
}
