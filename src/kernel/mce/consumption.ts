// What a processor did when an error reached it, and what the machine-check handler made of it (machine-check 2, 8).

import type { MemoryStatus } from "../../platform/platform.ts";
import type { Process } from "../mm/process.ts";

/**
 * The way an access came: a user's load or fetch; a guest's load, met at the VMM's entry; the kernel reading from a user's address; a copy with a machine-check
 * fixup (COW, fork, migration, khugepaged, KSM, dax read); any other load or fetch of the kernel (page cache by read(2), slab, struct page); a walk of page tables;
 * a prefetch; a store; a device's DMA.
 */
export type AccessPath = "user-load" | "user-fetch" | "guest-load" | "copy-from-user" | "copy-mc" | "kernel-load" | "kernel-fetch" | "page-walk" | "speculative" | "store" | "dma-read" | "dma-write";

export interface ConsumedAccess {
  /** Logical processor. */
  readonly cpu: number;
  readonly path: AccessPath;
  readonly status: MemoryStatus;
  readonly address: bigint;
  /** Whose thread it was; null: the kernel's own. */
  readonly process: Process | null;
  /** As reports name it. */
  readonly name: string;
  /** The thread stays in the kernel behind this: the work that the check leaves it waits for `returnToUser`. */
  readonly goesOn?: boolean;
  /** Some processor waits for a load that does not end, so that it takes no exception: a broadcast check waits for it in vain. */
  readonly isSomebodyAbsent?: boolean;
}

export interface CheckOutcome {
  /** Machine checks raised: 0 or 1. */
  readonly checks: number;
  /** Virtual ns that this processor, and all of them, execute nothing else. */
  readonly busy: number;
  readonly busyAll: number;
  /** The access failed without an exception to its thread: a short copy, EFAULT, EIO, a driver's error. */
  readonly error: "EFAULT" | "EHWPOISON" | "EIO" | null;
}
