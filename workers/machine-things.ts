// Things that stay in a machine's worker, by number: machines, handles, faults, snapshots, iterators of a trace, kernels. What belongs to a machine goes with it.

import { DisposedError } from "../src/sandbox/library/errors.ts";

/** The machine that the worker was made for. */
export const firstMachine = 0;

interface Thing {
  readonly value: object;
  /** Number of the machine it belongs to; its own for a machine. */
  readonly owner: number;
}

export class Things {
  readonly #things = new Map<number, Thing>();
  readonly #numbers = new Map<object, number>();
  #next = firstMachine;

  /** Its number; the same when it is kept already. Without an owner it is a machine. */
  keep(value: object, owner?: number): number {
    const known = this.#numbers.get(value);
    if (known !== undefined) return known;
    const number = this.#next++;
    this.#things.set(number, { value, owner: owner ?? number });
    this.#numbers.set(value, number);
    return number;
  }

  /** @throws DisposedError it was released, unmapped or disposed of */
  get<T extends object>(number: number): T {
    const thing = this.#things.get(number);
    if (thing === undefined) throw new DisposedError("it, or the machine that it belongs to,");
    return thing.value as T;
  }

  drop(number: number): void {
    const thing = this.#things.get(number);
    if (thing === undefined) return;
    this.#things.delete(number);
    this.#numbers.delete(thing.value);
  }

  /** Takes a machine's things, and the machine, out. */
  dropAllOf(owner: number): void {
    for (const [number, thing] of this.#things) if (thing.owner === owner) this.drop(number);
  }
}
