// Clearing memory before it is handed back (S72): a bounded number of stores, spread evenly, which show whether it is reached; the rest at once, with the virtual
// time that it takes.

import type { Task } from "../../sim/task.ts";
import { sleep, task } from "../../sim/task.ts";
import type { Kernel } from "../base/kernel.ts";

/** Stores per region, and what the rest costs: 10 bytes per virtual nanosecond. */
export const clearStores = 64;
export const clearBytesPerNanosecond = 10n;
const wordBytes = 8n;

/** Clears [start, start + size). Returns false when a store was dropped or did not come back as zero: the memory is not reachable. */
export const clearMemory = task("clearMemory", function* (kernel: Kernel, start: bigint, size: bigint): Task<boolean> {
  const { memory } = kernel.platform;
  const step = (size / BigInt(clearStores) / wordBytes) * wordBytes;
  for (let i = 0n; i < BigInt(clearStores); i++) {
    if (memory.store(start + i * step, 8, 0n) !== "ok") return false;
  }
  memory.zero(start, size);
  yield sleep(Number(size / clearBytesPerNanosecond));
  const check = memory.load(start, 8);
  return check.status === "ok" && check.value === 0n;
});
