// One command at a time: who uses the mailbox or looks at its background status holds this lock (mbox_mutex).

import type { Task } from "../../sim/task.ts";
import { task, until, wake } from "../../sim/task.ts";
import type { Kernel } from "../base/kernel.ts";
import type { DeviceState } from "./device-state.ts";

const channel = (state: DeviceState): string => `mailbox:${state.device.name}`;

export const lockMailbox = task("mailbox.lock", function* (_kernel: Kernel, state: DeviceState): Task<void> {
  while (state.isMailboxHeld) yield until(channel(state));
  state.isMailboxHeld = true;
});

export function unlockMailbox(kernel: Kernel, state: DeviceState): void {
  state.isMailboxHeld = false;
  wake(kernel.scheduler, channel(state));
}
