// One command at a time: who uses the mailbox or looks at its background status holds this lock (mbox_mutex).

import type { Task } from "../../sim/task.ts";
import { task, until, wake } from "../../sim/task.ts";
import type { Kernel } from "../base/kernel.ts";
import type { DeviceState } from "./device-state.ts";

const channel = (state: DeviceState): string => `mailbox:${state.device.name}`;

/** Who was woken and found the lock taken again gets it next, as the first waiter of a mutex does: a chain of commands starves nobody. */
export const lockMailbox = task("mailbox.lock", function* (_kernel: Kernel, state: DeviceState): Task<void> {
  const { mailboxLock: lock } = state;
  const ticket = lock.next++;
  let isWoken = false;
  while (lock.isHeld && lock.heir !== ticket) {
    if (isWoken) lock.heir ??= ticket;
    yield until(channel(state));
    isWoken = true;
  }
  if (lock.heir === ticket) lock.heir = null;
  lock.isHeld = true;
});

export function unlockMailbox(kernel: Kernel, state: DeviceState): void {
  state.mailboxLock.isHeld = state.mailboxLock.heir !== null;
  wake(kernel.scheduler, channel(state));
}
