// Copies of a machine's hardware, and the instances that serve them: one that is disposed of serves the next fork of the same description.

import type { Hardware, HardwareSnapshot } from "../../hardware/machine.ts";
import { createHardware } from "../../hardware/machine.ts";
import type { HardwarePlatform } from "../../hardware/platform.ts";
import { createPlatform } from "../../hardware/platform.ts";

/** Hardware with the platform over it, as it goes from one machine to the next. */
export interface Instance {
  readonly hardware: Hardware;
  readonly platform: HardwarePlatform;
}

/** Idle instances that are kept. */
const mostIdle = 32;

export const instanceOf = (hardware: Hardware): Instance => ({ hardware, platform: createPlatform(hardware) });

/** Instances of the machines that descend from one. */
export class Instances {
  readonly #module: WebAssembly.Module;
  readonly #idle: Instance[] = [];
  #between: HardwareSnapshot | undefined;

  constructor(module: WebAssembly.Module) {
    this.#module = module;
  }

  /** An instance in the state of another one; nobody hears its trace. */
  fork({ hardware }: Instance): Instance {
    const fork = this.#idle.pop() ?? instanceOf(createHardware(this.#module, hardware.description));
    this.#between = hardware.snapshot(this.#between);
    fork.hardware.restore(this.#between);
    fork.hardware.storeTrace(null);
    return fork;
  }

  release(instance: Instance): void {
    if (this.#idle.length < mostIdle) this.#idle.push(instance);
  }
}
