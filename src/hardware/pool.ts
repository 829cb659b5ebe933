// Instances of the module that serve one fork after the other (rule 5): the same module and description give the same memory map, so that a fork
// is a copy of state and used media pages.

import { Hardware } from "./machine.ts";

/** Idle instances that are kept; more are left to the garbage collector. A browser has room for about 100 instances at a time. */
const mostIdle = 32;

/** Forks of the machines of one module and description. */
export class HardwarePool {
  readonly #module: WebAssembly.Module;
  readonly #description: Hardware["description"];
  readonly #idle: Hardware[] = [];

  /** @param like a machine of the module and description that the pool is for */
  constructor(like: Hardware) {
    this.#module = like.module;
    this.#description = like.description;
  }

  /** Instances that wait for the next fork. */
  get idle(): number {
    return this.#idle.length;
  }

  /** A machine of its own that is what `from` is now; nothing is mapped, and nobody takes its trace records yet. @throws RangeError, OutOfInstancesError */
  fork(from: Hardware): Hardware {
    this.#check(from);
    const fork = this.#idle.pop() ?? new Hardware(this.#module, this.#description);
    fork.copyFrom(from);
    return fork;
  }

  /** Takes a machine back that nobody uses any more; handles of it must not be used again. @throws RangeError when it is here already */
  release(hardware: Hardware): void {
    this.#check(hardware);
    if (this.#idle.includes(hardware)) throw new RangeError("the machine is in the pool already");
    hardware.leaveTrace();
    hardware.exports.unmapAll();
    if (this.#idle.length < mostIdle) this.#idle.push(hardware);
  }

  #check(hardware: Hardware): void {
    if (hardware.module !== this.#module || hardware.description !== this.#description) throw new RangeError("the pool is for machines of another module or description");
  }
}
