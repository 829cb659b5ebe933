// Waits that a signal to the task ends, as wait_event_interruptible and down_write_killable: EINTR. A task of the kernel's own gets no signals.

import type { Task } from "../../sim/task.ts";
import { isSignalled, task, untilOrSignal } from "../../sim/task.ts";
import { SystemError } from "./errno.ts";
import type { Kernel } from "./kernel.ts";

/** Waits for a wake-up of a channel. @throws SystemError EINTR a signal is pending, or comes meanwhile */
export const waitInterruptibly = task("waitInterruptibly", function* (kernel: Kernel, channel: string): Task<void> {
  if (!isSignalled(kernel.scheduler)) yield untilOrSignal(channel);
  if (isSignalled(kernel.scheduler)) throw new SystemError("EINTR");
});
