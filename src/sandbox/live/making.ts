// One making of a run, from power-on on: what was done to it by hand is done again where it was done. Every step goes by the run's own state alone,
// so that a second making comes to the same.

import { recordWords } from "../../sim/trace.ts";
import { hasReady, isMisfit } from "../../sim/task.ts";
import type { Hardware } from "../../hardware/machine.ts";
import { KernelPanic } from "../../kernel/base/kernel.ts";
import { ActionError } from "../../scenario/read-action.ts";
import type { ScenarioResult } from "../../scenario/result.ts";
import type { Output } from "../../userland/output.ts";
import type { OpenRun } from "../contract.ts";
import { firmwareOf, openRun } from "../run.ts";
import { NoPlaceError } from "../injections.ts";
import { Session } from "../session.ts";
import { startHost } from "../system.ts";
import { partNames } from "../trace-reader.ts";
import type { Position, Touch, TouchResult } from "./contract.ts";
import { readerOf } from "./growing-trace.ts";
import type { MadeTouch, MakingInput } from "./making-input.ts";
import { RecordWatch } from "./record-watch.ts";
import { writeRegister } from "./write-register.ts";

/** A run that is held goes on by such pieces of virtual time (ns) at most: nothing but its own time decides where they end. */
const heldPiece = 1_000_000;
/** Steps that hardware gets to act on what was injected. */
const stepsToAct = 1000;

/** A line as the machine has it: bytes as characters 0 to 255. */
const toBytes = (text: string): string => Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");

export class Making {
  readonly run: OpenRun;
  readonly session: Session;
  readonly watch: RecordWatch;
  /** As it was made with, see RunOptions. */
  readonly heldFrom: number;
  readonly #shared: MakingInput;
  /** Touches still to be made. */
  readonly #left: MadeTouch[];
  #made = 0;
  #printed = 0;
  #taken = 0;
  #isHeld = false;
  /** A line is carried out that leaves no trace. */
  #isDeadLine = false;
  #stepsBefore = 0;
  #phaseBefore: OpenRun["phase"] = "boot";
  #readyStep = -1;
  #recordsAtEnd = -1;

  /** @param touches those to be made, in order; @param heldFrom see RunOptions */
  constructor(shared: MakingInput, touches: readonly MadeTouch[], heldFrom: number) {
    this.#shared = shared;
    this.#left = [...touches];
    this.heldFrom = heldFrom;
    const { input, plan, trace } = shared;
    const hardware = shared.pool.fork(shared.pristine);
    this.watch = new RecordWatch(hardware);
    const { choices } = input;
    this.run = openRun(hardware.module, plan, {
      seed: input.seed, schedule: input.schedule, keepTrace: false, defects: input.defects ?? [], heldFrom, host: startHost(hardware, firmwareOf(plan)),
      ...(choices === undefined ? {} : { choices }), recordsTo: (words) => this.#take(words),
    });
    trace.learn(partNames(hardware), this.run.system.kernel.trace.strings);
    const say = (stream: "out" | "err") => (text: string): void => shared.tell(stream, text, this.#isDeadLine ? null : ++this.#printed);
    const output: Output = { out: say("out"), err: say("err") };
    this.session = new Session(this.run, { output, trace: readerOf(trace, () => this.drain()) });
  }

  get hardware(): Hardware {
    return this.run.system.hardware;
  }

  /** Records of the trace so far, those not handed out yet among them. */
  get records(): number {
    return this.#taken + this.hardware.pendingRecords;
  }

  get steps(): number {
    return this.run.progress.steps;
  }

  get isDone(): boolean {
    return this.run.phase === "done";
  }

  /** Step with which the run was ready; -1 before. */
  get readyStep(): number {
    return this.#readyStep;
  }

  /** Records of a run that is over, those that judge it not among them; -1: it is not over. */
  get recordsAtEnd(): number {
    return this.#recordsAtEnd;
  }

  /** What the run came to. Null: it is not over. */
  get result(): ScenarioResult | null {
    return this.isDone ? this.run.result() : null;
  }

  /** It came to its end because nothing was left to do, or by a limit; somebody who does something keeps it going. */
  get isAtRest(): boolean {
    const { end, failure, readyAt } = this.run;
    const { result } = this;
    return result !== null && end === null && failure === null && readyAt >= 0 && !isMisfit(result.reason) && (result.verdict === null || this.#shared.plan.policies.ops !== "decommission");
  }

  /** Why the machine does nothing any more; null while it does, or could. */
  get death(): string | null {
    if (!this.isDone || this.isAtRest) return null;
    return this.run.end === null && this.run.failure === null ? (this.result?.reason ?? this.session.death) : this.session.death;
  }

  /** Touches made so far. */
  get made(): number {
    return this.#made;
  }

  /** Pieces of text that lines printed so far. */
  get printed(): number {
    return this.#printed;
  }

  /** Where it stands. */
  get position(): Position {
    return { records: this.drain(), turns: this.run.system.scheduler.turns, atNs: this.hardware.now };
  }

  /** A line is still under way. */
  get isBusyWithTouch(): boolean {
    return this.session.look() !== "ended";
  }

  /** Nothing is due that could end the line. */
  get isIdle(): boolean {
    return this.session.look() === "idle";
  }

  /** Hands out all records. Gives their number. */
  drain(): number {
    this.hardware.drainTrace();
    this.#shared.trace.addStrings(this.run.system.kernel.trace.strings);
    return this.#taken;
  }

  /** Something is to be done before time goes on: by a task, or by hand as it was done here before. */
  get isActive(): boolean {
    return hasReady(this.run.system.scheduler) || this.#left[0]?.steps === this.steps;
  }

  /** Touches still to be made again. */
  get left(): number {
    return this.#left.length;
  }

  /** What was to be made again is not any more: something else is done here. */
  forgetLeft(): void {
    this.#left.length = 0;
  }

  /** Steps behind which the last one began. */
  get stepsBefore(): number {
    return this.#stepsBefore;
  }

  /** Phase in which the last step began. */
  get phaseBefore(): OpenRun["phase"] {
    return this.#phaseBefore;
  }

  /** One step of the run, with the touches that were made before it. `until`: virtual ns that time does not pass in it. */
  step(until = Number.MAX_SAFE_INTEGER): void {
    this.watch.forget();
    this.#stepsBefore = this.steps;
    this.#phaseBefore = this.run.phase;
    this.#makeDue();
    const { hardware, run } = this;
    const stop = this.#left[0]?.stop ?? null;
    const cutShort = stop !== null && this.steps >= stop.behind ? Math.min(stop.atNs, until) : until;
    run.goOn(this.#isHeld ? Math.min((Math.floor(hardware.now / heldPiece) + 1) * heldPiece, cutShort) : cutShort, () => true);
    if (this.#readyStep < 0 && run.readyAt >= 0) this.#readyStep = this.steps;
    this.#noteEnd();
  }

  /** A run that is over writes the records that judge it now, not when somebody looks. */
  #noteEnd(): void {
    if (!this.isDone || this.#recordsAtEnd >= 0) return;
    this.#recordsAtEnd = this.drain();
    this.run.result();
  }

  /** Steps to where time does not pass `atNs` (virtual ns); a task that goes beyond it in one step is not held up. */
  stepTo(atNs: number): void {
    for (let count = 0; count < stepsToAct && !this.isDone && (count === 0 || this.hardware.now < atNs); count++) this.step(atNs);
  }

  /** Makes the touches again that were made where it stands. */
  #makeDue(): void {
    for (let next = this.#left[0]; next !== undefined && next.steps <= this.steps; next = this.#left[0]) {
      this.#left.shift();
      this.make(next.touch);
    }
  }

  /** Does something to the run; what is refused leaves it as it was. Null: it is under way, the run goes on from here. */
  make(touch: Touch): TouchResult | null {
    if (touch.kind === "inject") return this.#inject(touch.action);
    if (touch.kind === "write") return this.#write(touch);
    this.#hold();
    if (touch.kind === "interrupt") return { kind: "done", said: this.session.interrupt() ?? "" };
    this.session.start(toBytes(touch.line));
    return null;
  }

  /** A line on a machine that has stopped: it changes nothing, and is not made again. */
  startDead(line: string): void {
    // A line that ran into it has to end first.
    this.session.look();
    this.#isDeadLine = true;
    this.session.start(toBytes(line));
    this.#isDeadLine = false;
  }

  #hold(): void {
    this.#made++;
    this.#isHeld = true;
    this.run.hold();
  }

  #inject(action: string): TouchResult {
    let id: string;
    try {
      id = this.session.inject(action);
    } catch (thrown) {
      if (thrown instanceof ActionError || thrown instanceof NoPlaceError) return { kind: "refused", reason: thrown.message };
      throw thrown;
    }
    this.#hold();
    let steps = 0;
    // Hardware acts on its next advance.
    this.run.goOn(this.hardware.now + 1, () => ++steps >= stepsToAct);
    this.#noteEnd();
    return { kind: "done", said: this.session.evidenceOf(id) };
  }

  #write(touch: Extract<Touch, { readonly kind: "write" }>): TouchResult | null {
    try {
      const answer = writeRegister(this.run, touch);
      if (answer.kind === "done") this.#hold();
      return answer;
    } catch (thrown) {
      // The next step finds the host as the panic left it.
      if (!(thrown instanceof KernelPanic)) throw thrown;
      this.#hold();
      return null;
    }
  }

  #take(words: Uint32Array): void {
    const { trace } = this.#shared;
    trace.take(this.#taken, words);
    this.#taken += words.length / recordWords;
    this.watch.took(this.#taken, ((words[words.length - recordWords + 1] ?? 0) >>> 21) & 7);
  }

  /** The run is not used any more. */
  dispose(): void {
    this.watch.disarm();
    this.hardware.lookAt(0, null);
    this.#shared.pool.release(this.hardware);
  }
}
