// System RAM that lies on a region: how much of it is online, who holds its pages, and vacating it before the region goes. Nothing can be revoked
// here: a block leaves by being taken offline or not at all (S79-S84, S88; error-recovery 9 row 5, 9.1).

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { waitInterruptibly } from "../base/signal.ts";
import type { MemoryBlock } from "../mm/memory-state.ts";
import { blocksIn } from "../mm/memory-state.ts";
import { offlineBlock } from "../mm/offline.ts";
import { pagesChannel, referencesIn } from "../mm/page-reference.ts";
import { daxRangesOf } from "./dax-plan.ts";

const onlineBlocks = (kernel: Kernel, region: Device): MemoryBlock[] => daxRangesOf(kernel, region).flatMap(({ start, size }) => blocksIn(kernel, start, size)).filter((block) => block.isOnline);

/** Bytes of System RAM on a region that are online. */
export const systemRamBytes = (kernel: Kernel, region: Device): bigint => onlineBlocks(kernel, region).reduce((sum, block) => sum + block.present, 0n);

/** Who holds pages that offlining would wait for; an offlining that aborts waits for nobody (POL-OFFLINE, S83). */
export function pageHolders(kernel: Kernel, region: Device): string[] {
  if (kernel.policy.offlining === "abort" || onlineBlocks(kernel, region).length === 0) return [];
  return daxRangesOf(kernel, region).flatMap(({ start, size }) => referencesIn(kernel, start, size)).map(({ owner }) => owner);
}

/** Waits, without bound, until nobody holds pages of a region. @throws SystemError EINTR a signal */
export const awaitHolders = task("isolation.awaitHolders", function* (kernel: Kernel, region: Device): Task<void> {
  while (pageHolders(kernel, region).length > 0) yield* waitInterruptibly(kernel, pagesChannel);
});

/** Takes every online block offline; one that does not go stops none of the others. @throws SystemError of the first that stays */
export const vacateRegion = task("isolation.vacate", function* (kernel: Kernel, region: Device): Task<void> {
  let first: SystemError | null = null;
  for (const block of onlineBlocks(kernel, region)) {
    try {
      yield* offlineBlock(kernel, block);
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
      first ??= thrown;
    }
  }
  if (first !== null) throw first;
});
