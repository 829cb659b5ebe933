// Copies of a machine's hardware, and the instances that serve them: one that is disposed of serves the next fork of the same description.

import type { Hardware } from "../../hardware/machine.ts";
import type { HardwarePlatform } from "../../hardware/platform.ts";
import { createPlatform } from "../../hardware/platform.ts";
import { HardwarePool } from "../../hardware/pool.ts";

/** Hardware with the platform over it, as it goes from one machine to the next. */
export interface Instance {
  readonly hardware: Hardware;
  readonly platform: HardwarePlatform;
}

/** Instances of the machines that descend from one. */
export class Instances {
  readonly #pool: HardwarePool;
  /** The platform over an instance serves all its machines, one after the other. */
  readonly #platforms = new WeakMap<Hardware, Instance>();

  constructor(like: Hardware) {
    this.#pool = new HardwarePool(like);
  }

  /** Hardware with its platform. */
  of(hardware: Hardware): Instance {
    const known = this.#platforms.get(hardware);
    if (known !== undefined) return known;
    const instance = { hardware, platform: createPlatform(hardware) };
    this.#platforms.set(hardware, instance);
    return instance;
  }

  /** An instance in the state of another one; nobody hears its trace, and nothing is mapped. */
  fork({ hardware }: Instance): Instance {
    return this.of(this.#pool.fork(hardware));
  }

  release({ hardware }: Instance): void {
    this.#pool.release(hardware);
  }
}
