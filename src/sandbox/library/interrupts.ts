// Messages of a machine for its user: listeners and iterators hear each one as it is delivered, in order.

import type { InterruptMessage } from "../../platform/platform.ts";
import type { MachineInterrupt, MachineInterrupts } from "./contract.ts";

/** What the messages come from. */
export interface InterruptSource {
  take(): InterruptMessage | undefined;
  readonly pending: boolean;
  readonly now: number;
}

type Waiting = (result: IteratorResult<MachineInterrupt, undefined>) => void;
const over: IteratorResult<MachineInterrupt, undefined> = { done: true, value: undefined };

/** What one iterator has not handed out yet. */
class Queue implements AsyncIterableIterator<MachineInterrupt, undefined> {
  readonly #leave: (queue: Queue) => void;
  readonly #messages: MachineInterrupt[] = [];
  readonly #waiting: Waiting[] = [];
  #isOver = false;

  constructor(leave: (queue: Queue) => void) {
    this.#leave = leave;
  }

  push(message: MachineInterrupt): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#messages.push(message);
    else waiting({ done: false, value: message });
  }

  end(): void {
    this.#isOver = true;
    for (const waiting of this.#waiting.splice(0)) waiting(over);
  }

  next(): Promise<IteratorResult<MachineInterrupt, undefined>> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve({ done: false, value: message });
    if (this.#isOver) return Promise.resolve(over);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return(): Promise<IteratorResult<MachineInterrupt, undefined>> {
    this.#messages.length = 0;
    this.#leave(this);
    this.end();
    return Promise.resolve(over);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

export class Interrupts implements MachineInterrupts {
  readonly #source: () => InterruptSource;
  readonly #listeners = new Set<{ readonly hear: (message: MachineInterrupt) => void }>();
  readonly #queues = new Set<Queue>();
  readonly #check: () => void;
  #isOver = false;

  /** @param check throws where nobody may listen */
  constructor(source: () => InterruptSource, check: () => void) {
    this.#source = source;
    this.#check = check;
  }

  on(listener: (message: MachineInterrupt) => void): () => void {
    this.#check();
    const entry = { hear: listener };
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  deliver(): number {
    const source = this.#source();
    let count = 0;
    for (let taken = source.take(); taken !== undefined; taken = source.take()) {
      count++;
      const message: MachineInterrupt = { ...taken, at: source.now };
      for (const queue of this.#queues) queue.push(message);
      this.#tell(message);
    }
    return count;
  }

  /** Every listener hears it; what the first of them throws is thrown afterwards. */
  #tell(message: MachineInterrupt): void {
    const thrown: unknown[] = [];
    const hearing = [...this.#listeners];
    for (const { hear } of hearing) {
      try {
        hear(message);
      } catch (error) {
        thrown.push(error);
      }
    }
    if (thrown.length > 0) throw thrown[0];
  }

  get pending(): boolean {
    return this.#source().pending;
  }

  /** The machine is disposed: iterators end with what they have. */
  end(): void {
    this.#isOver = true;
    this.#listeners.clear();
    for (const queue of this.#queues) queue.end();
    this.#queues.clear();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<MachineInterrupt> {
    if (!this.#isOver) this.#check();
    const queue = new Queue((one) => void this.#queues.delete(one));
    if (this.#isOver) queue.end();
    else this.#queues.add(queue);
    return queue;
  }
}
