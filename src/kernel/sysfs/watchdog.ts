// /proc/sys/kernel: what the watchdogs are set to (Documentation/admin-guide/sysctl/kernel.rst).

import type { Kernel } from "../base/kernel.ts";
import { hungTaskSeconds, hungTaskWarnings, storeHungTaskSeconds } from "../watchdog/tasks.ts";
import type { Node } from "./node.ts";
import { file } from "./node.ts";

const second = 1_000_000_000;
const number = (read: () => number | boolean): Node => file(() => `${Number(read())}\n`);

export function watchdogFiles(kernel: Kernel): Readonly<Record<string, Node>> {
  const { settings } = kernel;
  return {
    hung_task_timeout_secs: file(() => `${hungTaskSeconds(kernel)}\n`, (text) => storeHungTaskSeconds(kernel, text)),
    hung_task_warnings: number(() => hungTaskWarnings(kernel)),
    hung_task_panic: number(() => settings.hungTaskPanic),
    watchdog_thresh: number(() => Math.trunc(settings.watchdogTime / second)),
    softlockup_panic: number(() => settings.softLockupPanic),
    hardlockup_panic: number(() => settings.hardLockupPanic),
  };
}
