// Interrupts of a machine in a worker: listeners and iterators on this side, told in the order of delivery.

import type { MachineInterrupt } from "../src/sandbox/library/contract.ts";
import type { RemoteInterrupts } from "./machine-contract.ts";
import type { InterruptSink } from "./machine-line.ts";

type Listener = (message: MachineInterrupt) => void;

/** What a listener throws is no call's fault: it becomes an uncaught error, and the others still hear. */
function callListener(listener: Listener, message: MachineInterrupt): void {
  try {
    listener(message);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** Messages for one iterator: those that nobody has asked for yet, or those who ask and have none yet. */
class Mailbox implements AsyncIterableIterator<MachineInterrupt> {
  readonly #messages: MachineInterrupt[] = [];
  readonly #asked: { readonly resolve: (result: IteratorResult<MachineInterrupt>) => void; readonly reject: (error: Error) => void }[] = [];
  #end: { readonly error: Error | null } | null = null;
  readonly #leave: (mailbox: Mailbox) => void;

  constructor(leave: (mailbox: Mailbox) => void) {
    this.#leave = leave;
  }

  put(message: MachineInterrupt): void {
    const next = this.#asked.shift();
    if (next === undefined) this.#messages.push(message);
    else next.resolve({ done: false, value: message });
  }

  end(error: Error | null): void {
    this.#end = { error };
    for (const { resolve, reject } of this.#asked.splice(0)) {
      if (error === null) resolve({ done: true, value: undefined });
      else reject(error);
    }
  }

  next(): Promise<IteratorResult<MachineInterrupt>> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve({ done: false, value: message });
    if (this.#end !== null) return this.#end.error === null ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(this.#end.error);
    return new Promise((resolve, reject) => void this.#asked.push({ resolve, reject }));
  }

  return(): Promise<IteratorResult<MachineInterrupt>> {
    this.#leave(this);
    this.end(null);
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<MachineInterrupt> {
    return this;
  }
}

/** How the machine's worker is asked. */
export interface InterruptCalls {
  deliver(): Promise<number>;
  pending(): Promise<boolean>;
  /** Whether anybody wants to hear of messages; takes effect in the order of calls. */
  listen(isOn: boolean): void;
  /** @throws KernelAttachedError messages are the kernel's */
  check(): void;
}

export class InterruptMirror implements RemoteInterrupts, InterruptSink {
  readonly #calls: InterruptCalls;
  readonly #listeners = new Set<Listener>();
  #end: { readonly error: Error | null } | null = null;
  readonly #mailboxes = new Set<Mailbox>();

  constructor(calls: InterruptCalls) {
    this.#calls = calls;
  }

  on(listener: Listener): () => void {
    // Two of one function are two.
    const own: Listener = (message) => listener(message);
    this.#calls.check();
    this.#change(() => this.#listeners.add(own));
    return () => this.#change(() => this.#listeners.delete(own));
  }

  deliver(): Promise<number> {
    return this.#calls.deliver();
  }

  pending(): Promise<boolean> {
    return this.#calls.pending();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<MachineInterrupt> {
    this.#calls.check();
    const mailbox = new Mailbox((one) => this.#change(() => this.#mailboxes.delete(one)));
    if (this.#end === null) this.#change(() => this.#mailboxes.add(mailbox));
    else mailbox.end(this.#end.error);
    return mailbox;
  }

  tell(message: MachineInterrupt): void {
    for (const listener of this.#listeners) callListener(listener, message);
    for (const mailbox of this.#mailboxes) mailbox.put(message);
  }

  end(error: Error | null): void {
    this.#end ??= { error };
    for (const mailbox of this.#mailboxes) mailbox.end(error);
    this.#mailboxes.clear();
    this.#listeners.clear();
  }

  #change(work: () => void): void {
    const before = this.#listeners.size + this.#mailboxes.size > 0;
    work();
    const after = this.#listeners.size + this.#mailboxes.size > 0;
    if (before !== after && this.#end === null) this.#calls.listen(after);
  }
}
