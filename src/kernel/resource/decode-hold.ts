// Ranges whose decoding somebody outside CXL relies on: an hmem dax region over a window (S41, policy resetgate).

import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";
import type { Range } from "./resource.ts";
import { formatRange, overlaps } from "./resource.ts";

const state = defineState("resource.decodeHolds", () => ({ holds: [] as Range[] }));

/** A range must go on being decoded. Undo it with `dropDecodeHold` of the same object. */
export function holdDecode(kernel: Kernel, range: Range): void {
  state(kernel).holds.push(range);
}

export function dropDecodeHold(kernel: Kernel, range: Range): void {
  const { holds } = state(kernel);
  holds.splice(holds.indexOf(range), 1);
}

/** @throws SystemError EBUSY policy denies a reset of decoders over this range, and somebody relies on it */
export function checkReset(kernel: Kernel, range: Range | null): void {
  if (!kernel.policy.softReserved.refuseReset || range === null) return;
  const held = state(kernel).holds.find((hold) => overlaps(hold, range));
  if (held !== undefined) throw new SystemError("EBUSY", `${formatRange(held.start, held.end)} is in use by hmem`);
}
