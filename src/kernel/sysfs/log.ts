// /dev/kmsg as a reader finds it that begins behind the last clear, as dmesg does; and /dev/null.

import { task } from "../../sim/task.ts";
import type { Task } from "../../sim/task.ts";
import type { Kernel, LogLevel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";
import type { FileNode } from "./node.ts";
import { file } from "./node.ts";

const levels: Readonly<Record<LogLevel, number>> = { emerg: 0, alert: 1, crit: 2, err: 3, warn: 4, notice: 5, info: 6, debug: 7 };

const logState = defineState("sysfs.log", () => ({ clearedUpTo: 0 }));

/** Records that were not cleared: level, sequence, microseconds, text. */
export function kernelMessages(kernel: Kernel): string {
  const { clearedUpTo } = logState(kernel);
  return kernel.log.slice(clearedUpTo).map((entry, index) => `${levels[entry.level]},${clearedUpTo + index},${Math.floor(entry.at / 1000)},-;${entry.text}\n`).join("");
}

export function clearLog(kernel: Kernel): void {
  logState(kernel).clearedUpTo = kernel.log.length;
}

const discard = task("null.write", function* (_kernel: Kernel, _text: string): Task<void> {
  return;
});

export const nullNode = (kernel: Kernel): FileNode => file(() => "", (text) => discard(kernel, text));
