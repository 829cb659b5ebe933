// A run that the page drives: where it stands, the way to another position, the trace as far as it is known.

import type { Hardware } from "../../hardware/machine.ts";
import { planScenario } from "../../scenario/plan.ts";
import type { OpenRun } from "../contract.ts";
import { openRun } from "../run.ts";
import { partNames } from "../trace-reader.ts";
import type { Arrival, LiveInput, LiveRun, LiveStatus, LiveTrace, Position, Target } from "./contract.ts";
import { GrowingTrace } from "./growing-trace.ts";

/** A way to a position; the newest one counts. */
export interface Way {
  /** Goes on until it is there or `shouldPause` says so; `horizon`: virtual ns that are not passed now. */
  goOn(shouldPause: () => boolean, horizon?: number): Arrival;
}

/** A run with what moves it. */
export interface Live extends LiveRun {
  go(target: Target): Way;
}

const noPosition: Position = { records: 0, turns: 0, atNs: 0 };

class ForwardRun implements Live {
  readonly input: LiveInput;
  readonly run: OpenRun;
  readonly #trace: GrowingTrace;
  #taken = 0;
  #reached: Position = noPosition;
  #isMoving = false;

  constructor(module: WebAssembly.Module, input: LiveInput) {
    this.input = input;
    const plan = planScenario(input.file, input.text, "refused", input.includes);
    const early: Uint32Array[] = [];
    let take = (words: Uint32Array): void => void early.push(words.slice());
    this.run = openRun(module, plan, { seed: input.seed, schedule: input.schedule, keepTrace: false, defects: input.defects ?? [], ...(input.choices === undefined ? {} : { choices: input.choices }), recordsTo: (words) => take(words) });
    this.#trace = new GrowingTrace();
    const { parts, kinds } = partNames(this.run.system.hardware);
    for (const [id, name] of parts) this.#trace.parts.set(id, name);
    for (const [id, kind] of kinds) this.#trace.kinds.set(id, kind);
    take = (words) => {
      this.#taken += words.length / 8;
      this.#trace.append(words);
    };
    for (const words of early) take(words);
    this.#notePosition();
  }

  get trace(): LiveTrace {
    this.run.system.hardware.drainTrace();
    this.#trace.addStrings(this.run.system.kernel.trace.strings);
    return this.#trace;
  }

  get status(): LiveStatus {
    const { phase, readyAt } = this.run;
    return {
      phase, position: this.#notePosition(), reached: this.#reached, isInsideStep: false, readyAtNs: readyAt, isMoving: this.#isMoving, touches: [], generation: 0,
      result: phase === "done" ? this.run.result() : null, death: null, prompt: "",
    };
  }

  atHardware<T>(look: (hardware: Hardware) => T): T {
    return look(this.run.system.hardware);
  }

  go(target: Target): Way {
    const { run } = this;
    const { hardware, scheduler } = run.system;
    const from = { records: this.#records(), turns: scheduler.turns };
    let isHeard = false;
    const hear = (text: string): void => void (isHeard ||= target.kind === "mark" && text.includes(target.text));
    run.listeners.add(hear);
    const isThere = (): boolean => {
      if (target.kind === "start") return true;
      if (target.kind === "ready") return run.readyAt >= 0;
      if (target.kind === "time") return hardware.now >= target.atNs;
      if (target.kind === "record") return this.#records() > target.index;
      if (target.kind === "mark") return isHeard;
      if (target.kind !== "step") return false;
      return target.unit === "turn" ? scheduler.turns > from.turns : this.#records() > from.records;
    };
    const last = target.kind === "time" ? target.atNs : Number.MAX_SAFE_INTEGER;
    return {
      goOn: (shouldPause, horizon = Number.MAX_SAFE_INTEGER) => {
        this.#isMoving = true;
        const how = isThere() ? "horizon" : run.goOn(Math.min(last, horizon), () => isThere() || shouldPause());
        const arrival: Arrival = isThere() || (how === "done" && target.kind === "end") ? "there" : how === "done" ? "missed" : "paused";
        if (run.phase === "done") run.result();
        this.#isMoving = arrival === "paused";
        if (arrival !== "paused") run.listeners.delete(hear);
        return arrival;
      },
    };
  }

  #records(): number {
    return this.#taken + this.run.system.hardware.pendingRecords;
  }

  #notePosition(): Position {
    const { hardware, scheduler } = this.run.system;
    this.#reached = { records: this.#records(), turns: scheduler.turns, atNs: hardware.now };
    return this.#reached;
  }
}

/** Opens a run at power-on. @throws ScenarioFileError the text is no scenario that can be run here */
export const createLive = (module: WebAssembly.Module, input: LiveInput): Live => new ForwardRun(module, input);

