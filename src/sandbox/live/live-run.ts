// A run that the page drives: where it stands, the way to another position, what is done to it by hand, the trace as far as it is known.

import { recordWords } from "../../sim/trace.ts";
import type { Hardware } from "../../hardware/machine.ts";
import type { ScenarioPlan } from "../../scenario/plan.ts";
import { planScenario } from "../../scenario/plan.ts";
import type { ScenarioResult } from "../../scenario/result.ts";
import type { TraceFile, TraceTool } from "../../scenario/trace/file.ts";
import { completeLine } from "../completion.ts";
import type { OpenRun } from "../contract.ts";
import { withPlaces } from "../injections.ts";
import { originOf, traceOf } from "../trace-kept.ts";
import type { View } from "./aims.ts";
import { aimAt } from "./aims.ts";
import type { LiveInput, LiveRun, LiveStatus, LiveTrace, PlacedTouch, Position, Target, Touch } from "./contract.ts";
import { GrowingTrace } from "./growing-trace.ts";
import { Making } from "./making.ts";
import type { MadeTouch, MakingInput } from "./making-input.ts";
import { makingInput } from "./making-input.ts";
import type { TouchWay } from "./touching.ts";
import { Touching } from "./touching.ts";
import type { Way } from "./walk.ts";
import { Walk } from "./walk.ts";

export type { TouchWay } from "./touching.ts";
export type { Way } from "./walk.ts";

/** Records that are kept of a run (256 MiB). */
const mostRecords = 1 << 23;

export interface LiveOptions {
  /** Hears what lines at the terminal print. */
  readonly tell?: (stream: "out" | "err", text: string) => void;
  /** Records that are kept; the run goes no further then. */
  readonly mostRecords?: number;
  /** A trace that the run is held against, and that is known from the start. */
  readonly opened?: TraceFile;
  /** The trace was made by this very release. */
  readonly isSameTool?: boolean;
  /** What its generations count from, so that no record is taken for one of another run; absent: 0. */
  readonly generation?: number;
}

/** A run with what moves it. */
export interface Live extends LiveRun {
  /** The way to a target; the newest way counts, and those before it are over. */
  go(target: Target): Way;
  /** Does something by hand where the run stands: inside a step, at its end. */
  touch(touch: Touch): TouchWay;
  /** The run stands where it is; ways are over. */
  stop(): void;
  /** Words that could end the line at the terminal. */
  complete(line: string): readonly string[];
  /** The whole trace of a run that was run to its end untouched, or opened. `tool`: what runs it. */
  traceFile(tool: TraceTool): TraceFile | null;
}

/** A way or a touch under way. */
interface Closable {
  close(): void;
}

const powerOn: Position = { records: 0, turns: 0, atNs: 0 };

/** How much of a trace stays. */
export interface Kept {
  readonly records: number;
  readonly strings: number;
}

/** What came of a run that ended by itself. */
interface Ended {
  readonly result: ScenarioResult;
  readonly choices: readonly number[];
}

export class PlayedRun implements Live {
  readonly input: LiveInput;
  readonly known: GrowingTrace = new GrowingTrace();
  readonly mostRecords: number;
  readonly #shared: MakingInput;
  readonly #opened: TraceFile | null;
  readonly #isSameTool: boolean;
  #making: Making;
  #view: View | null = null;
  #touches: MadeTouch[] = [];
  #heldFrom = Number.MAX_SAFE_INTEGER;
  #generation: number;
  /** Pieces of text of lines that were told. */
  #told = 0;
  #reached: Position = powerOn;
  #ended: Ended | null = null;
  #way: Closable | null = null;

  constructor(module: WebAssembly.Module, plan: ScenarioPlan, input: LiveInput, options: LiveOptions) {
    this.input = input;
    this.#generation = options.generation ?? 0;
    this.mostRecords = Math.max(options.mostRecords ?? mostRecords, (options.opened?.records.length ?? 0) / recordWords + 1);
    this.#opened = options.opened ?? null;
    this.#isSameTool = options.isSameTool === true;
    if (this.#opened !== null) {
      this.known.adopt(this.#opened.records);
      this.known.learn(this.#opened, this.#opened.strings);
    }
    const tell = options.tell ?? (() => undefined);
    this.#shared = makingInput(module, {
      input, plan: withPlaces(plan), trace: this.known,
      tell: (stream, text, count) => {
        if (count !== null && count <= this.#told) return;
        this.#told = count ?? this.#told;
        tell(stream, text);
      },
    });
    this.#making = this.begin();
  }

  get making(): Making {
    return this.#making;
  }

  get view(): View | null {
    return this.#view;
  }

  get run(): OpenRun {
    return this.#making.run;
  }

  get trace(): LiveTrace {
    this.#making.drain();
    return this.known;
  }

  get isTouched(): boolean {
    return this.#touches.length > 0;
  }

  get position(): Position {
    const { position } = this.#making;
    return this.#view === null ? position : { records: this.#view.records, turns: position.turns, atNs: this.#view.atNs };
  }

  get status(): LiveStatus {
    const { position, run } = this;
    const view = this.#view;
    const isReady = run.readyAt >= 0 && position.atNs >= run.readyAt;
    return {
      phase: this.#phase(isReady), position, reached: this.#reachedNow(), isInsideStep: view !== null && view.snapshot !== null, readyAtNs: isReady ? run.readyAt : -1, isMoving: this.#way !== null,
      touches: this.#touches.map(({ steps: _steps, stop: _stop, ...touch }): PlacedTouch => touch), generation: this.#generation, result: this.#ended?.result ?? null, death: this.#deathOf(this.#making), prompt: this.#prompt,
    };
  }

  /** Inside a step the run itself may be further. */
  #phase(isReady: boolean): LiveStatus["phase"] {
    const { run, phaseBefore } = this.#making;
    if ((this.#view?.snapshot ?? null) === null) return run.phase;
    return isReady ? "running" : phaseBefore;
  }

  /** Of `making`, where it stands. */
  #deathOf(making: Making): string | null {
    const { difference } = this.known;
    if (difference >= 0) return `run again here, it differs from the trace from record ${difference} on: the trace ${this.#isSameTool ? "says that this release made it, and was changed since" : "was made by another release"}; its records can be looked at, the machine only up to there`;
    if (this.isFull) return `the trace has ${this.known.length} records, and no more are kept; go back to look at what there is, or begin again with a shorter way`;
    return making.death;
  }

  get #prompt(): string {
    const { run, session, isBusyWithTouch, isAtRest } = this.#making;
    if (run.readyAt < 0 && !this.#making.isDone) return "";
    if (isBusyWithTouch) return "";
    return isAtRest ? `root@cxl-sandbox:${session.folder}# ` : session.prompt;
  }

  /** Why nothing can be done by hand where `making` stands; null: something can. */
  refusalOf(making: Making): string | null {
    if (!making.isDone && making.run.readyAt < 0) return "the machine boots: go on to ready first, then it can be worked with";
    return this.#deathOf(making);
  }

  /** The run was opened from a trace: another release may have made it otherwise. */
  get isOpened(): boolean {
    return this.#opened !== null;
  }

  /** No more records are kept. */
  get isFull(): boolean {
    return this.#making.records >= this.mostRecords;
  }

  #reachedNow(): Position {
    const { position } = this.#making;
    if (this.known.length <= position.records) this.#reached = position;
    else if (this.#reached.records < this.known.length) this.#reached = { records: this.known.length, turns: 0, atNs: this.known.record(this.known.length - 1).time };
    return this.#reached;
  }

  atHardware<T>(look: (hardware: Hardware) => T): T {
    const { hardware } = this.#making;
    const snapshot = this.#view?.snapshot ?? null;
    if (snapshot === null) return look(hardware);
    return hardware.aside(() => {
      hardware.restore(snapshot);
      return look(hardware);
    });
  }

  go(target: Target): Way {
    this.stop();
    const aim = aimAt({ making: this.#making, view: this.#view, position: this.position, trace: this.known }, target, this.isTouched);
    return this.#begin(new Walk(this, aim, target.kind === "end"));
  }

  touch(touch: Touch): TouchWay {
    this.stop();
    return this.#begin(new Touching(this, touch));
  }

  #begin<W extends Closable>(way: W): W {
    this.#way = way;
    return way;
  }

  stop(): void {
    const way = this.#way;
    this.#way = null;
    way?.close();
  }

  complete(line: string): readonly string[] {
    return this.#prompt === "" ? [] : completeLine(this.#making.session, line).candidates;
  }

  traceFile(tool: TraceTool): TraceFile | null {
    if (this.isTouched) return null;
    if (this.#opened !== null) return { ...this.#opened, records: this.known.words(0, this.known.length) };
    if (this.#ended === null) return null;
    const { result, choices } = this.#ended;
    const { seed, file, text, includes, defects } = this.input;
    return traceOf({ file, seed, schedule: this.input.choices === undefined ? this.input.schedule : "recorded", choices, defects: defects ?? [] }, originOf({ tool, text, includes }), result, { parts: this.known.parts, kinds: this.known.kinds, strings: [...this.known.strings], records: this.known.words(0, this.known.length) });
  }

  // What ways and touches need.

  /** A run at power-on, with the touches that were made. */
  begin(): Making {
    return new Making(this.#shared, this.#touches, this.#heldFrom);
  }

  /** A way is over. */
  leave(way: Closable): void {
    if (this.#way === way) this.#way = null;
  }

  /** The run stands here now. */
  show(making: Making, view: View | null): void {
    if (making !== this.#making) {
      this.#making.dispose();
      this.#making = making;
    }
    this.#view = view;
    const { result } = making;
    if (result !== null && !this.isTouched && this.known.difference < 0) this.#ended ??= { result, choices: [...making.run.system.scheduler.choices] };
  }

  /** A touch was made to `making`: what was known from `kept` on goes, and a run that had ended by itself is held open. */
  cut(making: Making, made: MadeTouch, kept: Kept): void {
    this.#heldFrom = Math.min(this.#heldFrom, making.heldFrom, made.steps);
    this.#touches = [...this.#touches.slice(0, making.made - 1), made];
    making.forgetLeft();
    this.known.cut(kept.records, kept.strings);
    this.#ended = null;
    this.#told = making.printed;
    this.#generation++;
    this.#reached = made.position;
    this.show(making, null);
  }

  /** The run once more, without the end that it came to by itself. */
  beginHeld(): Making {
    return new Making(this.#shared, this.#touches, Math.min(this.#heldFrom, this.#making.steps));
  }
}

/** Opens a run at power-on. @throws ScenarioFileError the text is no scenario that can be run here; OutOfInstancesError */
export function createLive(module: WebAssembly.Module, input: LiveInput, options: LiveOptions = {}): Live {
  return new PlayedRun(module, planScenario(input.file, input.text, "refused", input.includes), input, options);
}
