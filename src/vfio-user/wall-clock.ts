// The wall's clock for a served machine; only who serves it to others takes it.

import type { LocalMachine } from "./served-machine.ts";

/** Nanoseconds of virtual time that the wall's clock allows the machine, counted from now. Power-on took virtual time already. */
export function wallClock({ hardware }: Pick<LocalMachine, "hardware">): () => number {
  const [before, started] = [hardware.now, process.hrtime.bigint()];
  return () => before + Number(process.hrtime.bigint() - started);
}
