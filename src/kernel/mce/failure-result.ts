// How a memory failure ended: type of the page, result, what memory_failure returns, and where that shows (machine-check 5.2). Names are Linux's.

import type { Errno } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { printkBounded } from "../base/ratelimit.ts";
import { countFailure } from "../mm/poison.ts";
import { traceEvent } from "../trace/ring.ts";
import { frameOf } from "./signals.ts";

export type PageType =
  | "reserved kernel page" | "high-order kernel page" | "huge page" | "free huge page" | "get hwpoison page" | "unmapping failed page" | "dirty swapcache page" | "clean swapcache page" | "dirty LRU page" | "clean LRU page"
  | "already truncated LRU page" | "free buddy page" | "dax page" | "unsplit thp" | "already poisoned" | "non struct page pfn" | "unknown page";

export type FailureResult = "Ignored" | "Failed" | "Delayed" | "Recovered";

/** What memory_failure returns: 0, or an error number's name. */
export type FailureErrno = 0 | Extract<Errno, "EBUSY" | "EHWPOISON" | "ENXIO" | "EOPNOTSUPP">;

const counters = { Ignored: "ignored", Failed: "failed", Delayed: "delayed", Recovered: "recovered" } as const;
const uncounted: readonly PageType[] = ["already poisoned", "non struct page pfn"];

/** Counts `count` actions in the node's counters and in HardwareCorrupted. */
export function countAction(kernel: Kernel, address: bigint, type: PageType, result: FailureResult, count = 1): void {
  if (!uncounted.includes(type)) countFailure(kernel, address, counters[result], count);
}

/** Writes the line and the trace event of an action and counts it. Returns what memory_failure returns where its row says nothing else. */
export function reportAction(kernel: Kernel, address: bigint, type: PageType, result: FailureResult): FailureErrno {
  traceEvent(kernel, "memory_failure_event", "kworker/0:0", type, () => `pfn ${frameOf(address)}: recovery action for ${type}: ${result}`);
  printkBounded(kernel, "err", "Memory failure", `Memory failure: ${frameOf(address)}: recovery action for ${type}: ${result}`);
  countAction(kernel, address, type, result);
  return result === "Recovered" || result === "Delayed" ? 0 : "EBUSY";
}
