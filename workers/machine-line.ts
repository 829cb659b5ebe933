// The line to a machine's worker: gathers the calls of one turn of the event loop into one request, has one request under way at a time, and looks at
// AbortSignals whenever the worker pauses.

import type { MachineInterrupt } from "../src/sandbox/library/contract.ts";
import type { MachineHost } from "./machine-host.ts";
import type { Lifeline } from "./lifeline.ts";
import { unpackError } from "./machine-wire.ts";
import type { Reply, Request, Way } from "./machine-wire.ts";
import { afterThisTurn } from "./turn.ts";

export interface WireCall {
  readonly thing: number;
  readonly way: Way;
  readonly values: readonly unknown[];
}

/** One call, or a batch, with what waits for it. */
interface Unit {
  readonly calls: readonly WireCall[];
  readonly signal: AbortSignal | undefined;
  readonly resolve: (values: readonly unknown[]) => void;
  readonly reject: (reason: unknown) => void;
}

/** Whoever hears of a machine's interrupts. */
export interface InterruptSink {
  tell(message: MachineInterrupt): void;
  /** Nothing will come any more; with an error: the worker died. */
  end(error: Error | null): void;
}

/** Whoever carries requests out: the worker's host, seen through the transport. */
export type Peer = { readonly [M in "perform" | "resume"]: (...values: Parameters<MachineHost[M]>) => Promise<Reply> };

const isCloneable = (call: WireCall): boolean => {
  try {
    structuredClone(call.values);
    return true;
  } catch {
    return false;
  }
};

export class Line {
  readonly #peer: Peer;
  readonly #lifeline: Lifeline;
  readonly #wayNumbers = new Map<Way, number>();
  #waiting: Unit[] = [];
  #isScheduled = false;
  #isBusy = false;
  readonly #sinks = new Map<number, InterruptSink>();

  constructor(peer: Peer, lifeline: Lifeline) {
    this.#peer = peer;
    this.#lifeline = lifeline;
    lifeline.onDeath((error) => {
      for (const unit of this.#waiting.splice(0)) unit.reject(error);
      this.#endSinks(error);
    });
  }

  /** One call. @throws WorkerDiedError, the signal's reason, or what the call threw */
  call(thing: number, way: Way, values: readonly unknown[], signal?: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => this.#queue({ calls: [{ thing, way, values }], signal, resolve: (results) => resolve(results[0]), reject }));
  }

  /** Several calls of which the first that throws is the last. */
  unit(calls: readonly WireCall[], signal?: AbortSignal): Promise<readonly unknown[]> {
    return new Promise((resolve, reject) => this.#queue({ calls, signal, resolve, reject }));
  }

  #queue(unit: Unit): void {
    if (this.#lifeline.death !== null) return unit.reject(this.#lifeline.death);
    if (unit.signal?.aborted === true) return unit.reject(unit.signal.reason);
    this.#waiting.push(unit);
    this.#schedule();
  }

  /** Where the interrupts of a machine go; null: nowhere any more. */
  listen(machine: number, sink: InterruptSink | null): void {
    if (sink === null) this.#sinks.delete(machine);
    else this.#sinks.set(machine, sink);
  }

  /** Ends the worker and with it everything that waits. */
  async close(): Promise<void> {
    this.#endSinks(null);
    await this.#lifeline.end("it was closed");
  }

  #endSinks(error: Error | null): void {
    for (const sink of this.#sinks.values()) sink.end(error);
    this.#sinks.clear();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isBusy) return;
    this.#isScheduled = true;
    afterThisTurn(() => {
      this.#isScheduled = false;
      if (!this.#isBusy) void this.#send();
    });
  }

  /** Units whose signal has been raised in the meantime never leave. */
  #takeWaiting(): Unit[] {
    const units: Unit[] = [];
    for (const unit of this.#waiting.splice(0)) {
      if (unit.signal?.aborted === true) unit.reject(unit.signal.reason);
      else units.push(unit);
    }
    return units;
  }

  async #send(): Promise<void> {
    const units = this.#takeWaiting();
    if (units.length === 0) return;
    this.#isBusy = true;
    try {
      await this.#carry(units);
    } finally {
      this.#isBusy = false;
      if (this.#waiting.length > 0) this.#schedule();
    }
  }

  /** Sends the units and settles each as the worker has done with it. */
  async #carry(units: readonly Unit[]): Promise<void> {
    let next = 0;
    const request = this.#request(units);
    try {
      let reply = await this.#lifeline.during(this.#peer.perform(request));
      for (;;) {
        next = this.#settle(units, next, reply);
        if (!reply.isPaused) return;
        const cancelled = units.flatMap((unit, number) => (number >= next && unit.signal?.aborted === true ? [number] : []));
        reply = await this.#lifeline.during(this.#peer.resume(cancelled));
      }
    } catch (error) {
      if (next > 0 || !(error instanceof DOMException) || error.name !== "DataCloneError") {
        for (const unit of units.slice(next)) unit.reject(error);
        return;
      }
      for (const way of request.ways) this.#wayNumbers.delete(way);
      await this.#carryWhatCan(units, error);
    }
  }

  /** Something among the arguments cannot travel: those calls fail, the others go. */
  async #carryWhatCan(units: readonly Unit[], error: DOMException): Promise<void> {
    const sound = units.filter((unit) => unit.calls.every(isCloneable));
    for (const unit of units) if (!sound.includes(unit)) unit.reject(new TypeError(`an argument cannot travel to a worker: ${error.message}`));
    if (sound.length > 0 && sound.length < units.length) await this.#carry(sound);
    else for (const unit of sound) unit.reject(error);
  }

  #request(units: readonly Unit[]): Request {
    const ways: Way[] = [];
    const words: unknown[] = [];
    for (const unit of units) {
      for (const { thing, way, values } of unit.calls) {
        let number = this.#wayNumbers.get(way);
        if (number === undefined) {
          number = this.#wayNumbers.size;
          this.#wayNumbers.set(way, number);
          ways.push(way);
        }
        words.push(thing, number, values.length, ...values);
      }
    }
    return { ways, words, units: units.map((unit) => unit.calls.length) };
  }

  #settle(units: readonly Unit[], start: number, { ended, values, failures, interrupts }: Reply): number {
    for (const [machine, message] of interrupts) this.#sinks.get(machine)?.tell(message);
    const errors = new Map(failures);
    const end = start + ended;
    let at = 0;
    for (let number = start; number < end; number++) {
      const unit = units[number];
      const error = errors.get(number);
      if (unit === undefined) continue;
      if (error === undefined) unit.resolve(values.slice(at, (at += unit.calls.length)));
      else unit.reject(error.name === "AbortError" && unit.signal?.aborted === true ? unit.signal.reason : unpackError(error));
    }
    return end;
  }
}
