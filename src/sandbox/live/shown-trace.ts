// A trace whose run cannot be made here: its records can be gone through, its machine cannot be looked at.

import { resultKinds } from "../../sim/trace.ts";
import type { TraceFile } from "../../scenario/trace/file.ts";
import type { OpenRun } from "../contract.ts";
import type { Arrival, LiveInput, LiveStatus, Position, Target } from "./contract.ts";
import { GrowingTrace } from "./growing-trace.ts";
import type { Live, TouchWay, Way } from "./live-run.ts";

export class ShownTrace implements Live {
  readonly input: LiveInput;
  readonly trace = new GrowingTrace();
  readonly #file: TraceFile;
  readonly #reason: string;
  readonly #generation: number;
  #records = 0;
  #atNs = 0;

  /** @param reason why the machine cannot be made @param generation of all its records */
  constructor(input: LiveInput, file: TraceFile, reason: string, generation = 0) {
    this.#generation = generation;
    this.input = input;
    this.#file = file;
    this.#reason = reason;
    this.trace.adopt(file.records);
    this.trace.learn(file, file.strings);
  }

  /** @throws Error there is none */
  get run(): OpenRun {
    throw new Error(this.#reason);
  }

  get status(): LiveStatus {
    const { length } = this.trace;
    const reached: Position = { records: length, turns: 0, atNs: length === 0 ? 0 : this.trace.record(length - 1).time };
    return {
      phase: this.#records < length ? "running" : "done", position: { records: this.#records, turns: 0, atNs: this.#atNs }, reached, isInsideStep: false, readyAtNs: -1, isMoving: false, touches: [], generation: this.#generation,
      result: null, death: this.#reason, prompt: "",
    };
  }

  /** @throws Error there is no machine */
  atHardware(): never {
    throw new Error(this.#reason);
  }

  go(target: Target): Way {
    const arrival = this.#move(target);
    return { goOn: () => arrival };
  }

  #move(target: Target): Arrival {
    const { length } = this.trace;
    const found = this.#find(target);
    const wanted = Math.max(0, Math.min(found < 0 ? length : found, length));
    const last = wanted === 0 ? 0 : this.trace.record(wanted - 1).time;
    const isMissed = found < 0 || found > length || (target.kind === "time" && length > 0 && target.atNs > this.trace.record(length - 1).time);
    this.#records = wanted;
    this.#atNs = target.kind === "time" && !isMissed ? target.atNs : last;
    return isMissed ? "missed" : "there";
  }

  /** Records that the trace has there; -1: there is no such place. */
  #find(target: Target): number {
    const { trace } = this;
    const after = (from: number, wants: (index: number) => boolean): number => {
      for (let index = from; index < trace.length; index++) if (wants(index)) return index + 1;
      return -1;
    };
    const textAt = (index: number): string => {
      const { layer, a } = trace.record(index);
      return layer === "log" || layer === "kernel" ? (trace.strings[a] ?? "") : "";
    };
    const isReady = (index: number): boolean => {
      const { layer, kind, a } = trace.record(index);
      return layer === "result" && kind === resultKinds.mark && trace.strings[a] === "ready";
    };
    switch (target.kind) {
      case "start": return 0;
      case "end": return trace.length;
      case "ready": return after(0, isReady);
      case "time": return trace.countUntil(target.atNs);
      case "record": return target.index + 1;
      case "mark": return after(this.#records, (index) => textAt(index).includes(target.text));
      case "step": return target.unit === "turn" ? after(this.#records, () => true) : after(this.#records, (index) => (trace.record(index).layer === "access") === (target.unit === "access"));
    }
  }

  touch(): TouchWay {
    return { goOn: () => ({ kind: "refused", reason: this.#reason }) };
  }

  stop(): void {
    // Nothing is ever under way here.
  }

  complete(): readonly string[] {
    return [];
  }

  traceFile(): TraceFile {
    return { ...this.#file, records: this.trace.words(0, this.trace.length) };
  }
}
