// What a reset leaves of a device beside its mailbox registers (device-registers.md 6; events.md 1, 13; mailbox.md 2, 7, 12, 13, 14, 16). What the sheets
// leave open is in the open questions `resetBackground`, `resetPolicy`, `dirtyReset` and `stateAfterReset`.

import { deviates } from "./deviations.ts";
import { policyModes } from "./events.ts";
import { resetFeatures } from "./features.ts";
import type { DeviceState } from "./state.ts";
import { lineBytes, media, unit } from "./units.ts";

/** Depth of each, as features count it. */
export const resetDepths = { function: 0, cxl: 1, hot: 2, cold: 4 } as const;
export type ResetKind = keyof typeof resetDepths;

/** Volatile contents are lost, and with them their poison. */
function losePoison(state: DeviceState): void {
  const { poison, active, description } = state;
  if (description.preservesVolatile) return;
  for (const line of poison.lines.keys()) if (line * lineBytes < active.volatile * unit) poison.remove(line, state);
}

/** What only a conventional reset is said to do. */
function resetConventionally(state: DeviceState, depth: number): void {
  const { background } = state;
  state.background = undefined;
  background?.plan.stop?.();
  state.lastBackground = { opcode: 0, percentage: 0, code: 0 };
  for (const log of state.logs) log.mode = policyModes.none;
  state.health.reset();
  state.scan = undefined;
  state.poison.cursor = undefined;
  state.firmware.transfer = undefined;
  resetFeatures(state, depth);
}

function applyPartition(state: DeviceState): void {
  if (state.next !== undefined) state.active = state.next;
  state.next = undefined;
}

export function resetState(state: DeviceState, kind: ResetKind): void {
  const depth = resetDepths[kind];
  state.interrupts.length = 0;
  if (kind === "function") return;
  if (depth >= resetDepths.hot) resetConventionally(state, depth);
  // Effect bits 10 and 11 of Activate FW and Set Partition Info: conventional and CXL resets.
  state.firmware.activateStaged();
  if (depth >= resetDepths.hot || !deviates("partitionCxlReset")) applyPartition(state);
  if (depth >= resetDepths.hot) losePoison(state);
  if (kind !== "cold") return;
  state.security.coldReset();
  state.clock = undefined;
  if (state.mediaStatus !== media.disabled) state.mediaStatus = media.ready;
}
