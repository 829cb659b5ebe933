// What a reset leaves of a device (device-registers.md 6; events.md 1, 13; mailbox.md 7, 12, 13, 14, 16). Not said by a sheet: clock, alerts, QoS control,
// open transfers, poison list (open question `stateAfterReset`).

import { resetFeatures } from "./features.ts";
import { policyModes } from "./events.ts";
import type { DeviceState } from "./state.ts";
import { media } from "./units.ts";

/** Depth of each, as features count it. */
export const resetDepths = { cxl: 1, hot: 2, cold: 4 } as const;
export type ResetKind = keyof typeof resetDepths;

export function resetState(state: DeviceState, kind: ResetKind): void {
  const { background } = state;
  state.background = undefined;
  background?.plan.stop?.();
  state.lastBackground = { opcode: 0, percentage: 0, code: 0 };
  state.interrupts.length = 0;
  for (const log of state.logs) log.mode = policyModes.none;
  state.scan = undefined;
  state.poison.cursor = undefined;
  state.firmware.transfer = undefined;
  resetFeatures(state, resetDepths[kind]);
  state.firmware.activateStaged();
  if (state.next !== undefined) state.active = state.next;
  state.next = undefined;
  state.health.reset();
  if (kind !== "cold") return;
  state.security.coldReset();
  state.clock = undefined;
  if (state.mediaStatus !== media.disabled) state.mediaStatus = media.ready;
}
