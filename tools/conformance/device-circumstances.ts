// What holds where a register of a device block is looked at, beyond its values.

import { primaryMailbox } from "../../registers/device-block.ts";
import type { Registers } from "./bench.ts";
import type { Circumstance } from "./compare.ts";
import type { Declared } from "./structures.ts";

const { command, background } = primaryMailbox.registers;
const narrowest = 4;

/** Writes to a command register that were not whole: QEMU drops them. */
export class CommandWrites {
  #wasDropped = false;

  note({ structure }: Declared, inside: number, width: number): void {
    if (structure.name === primaryMailbox.name && inside >= command.offset && inside < command.offset + command.width / 8) this.#wasDropped = width * 8 < command.width;
  }

  get wasDropped(): boolean {
    return this.#wasDropped;
  }
}

/** For an access of `width` bytes to a structure that begins at `start`. */
export function deviceCircumstances(registers: Registers, { structure }: Declared, start: number, width: number, writes: CommandWrites): readonly Circumstance[] {
  const found: Circumstance[] = width < narrowest ? ["narrow"] : [];
  if (structure.name !== primaryMailbox.name) return found;
  if ((registers.read(start + background.offset, 4) & 0xffffn) === 0n) found.push("no background operation yet");
  if (writes.wasDropped) found.push("command written in parts");
  return found;
}
