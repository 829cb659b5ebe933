// A sanitize that goes on by itself is looked at again and again, ever more seldom, until its background operation has ended (error-recovery 6.1).

import { spawn, task } from "../../sim/task.ts";
import type { Task } from "../../sim/task.ts";
import type { Handler, Kernel } from "../base/kernel.ts";
import { mark, printk, setTimer } from "../base/kernel.ts";
import { isBackgroundDone } from "./device-registers.ts";
import type { DeviceState } from "./device-state.ts";
import { deviceStateOf } from "./device-state.ts";
import { lockMailbox, unlockMailbox } from "./mailbox-lock.ts";

const second = 1_000_000_000;
const pollStep = 10;
const longestPoll = 15 * 60;

export const sanitizeHandler = "cxl-sanitize-poll";

/** Sets the next look; an earlier one that is pending counts no more. */
function schedule(kernel: Kernel, state: DeviceState, seconds: number): void {
  state.sanitize.pollAt = kernel.platform.clock.now + seconds * second;
  setTimer(kernel, seconds * second, { handler: sanitizeHandler, argument: state.device.id });
}

/** The first look is after a second. */
export function startSanitizePoll(kernel: Kernel, state: DeviceState): void {
  state.sanitize.isActive = true;
  state.sanitize.pollSeconds = 1;
  schedule(kernel, state, 1);
  printk(kernel, "debug", `cxl_pci ${state.device.name}: Sanitization operation started`);
}

const look = task("sanitize.look", function* (kernel: Kernel, state: DeviceState): Task<void> {
  yield* lockMailbox(kernel, state);
  const { sanitize } = state;
  if (sanitize.isActive && isBackgroundDone(state.registers)) {
    sanitize.pollSeconds = 0;
    sanitize.pollAt = -1;
    sanitize.isActive = false;
    printk(kernel, "debug", `cxl_pci ${state.device.name}: Sanitization operation ended`);
    mark(kernel, `${state.memdev?.name ?? state.device.name} sanitized`);
  } else if (sanitize.isActive) {
    sanitize.pollSeconds = Math.min(longestPoll, sanitize.pollSeconds + pollStep);
    schedule(kernel, state, sanitize.pollSeconds);
  }
  unlockMailbox(kernel, state);
});

/** Looks now: its time has come, or the device sent its message. */
export function lookAtSanitize(kernel: Kernel, state: DeviceState): void {
  if (!state.sanitize.isActive) return;
  state.sanitize.pollAt = -1;
  spawn(kernel.scheduler, `sanitize:${state.device.name}`, look(kernel, state));
}

const onTimer: Handler = (kernel, deviceId) => {
  const state = deviceStateOf(kernel, deviceId);
  if (state !== undefined && state.sanitize.pollAt >= 0 && kernel.platform.clock.now >= state.sanitize.pollAt) lookAtSanitize(kernel, state);
};

export const sanitizeHandlers: ReadonlyMap<string, Handler> = new Map([[sanitizeHandler, onTimer]]);
