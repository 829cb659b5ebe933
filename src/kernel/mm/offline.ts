// Taking memory offline (dax-memory 6): what never moves ends it at once, the rest is moved away, what cannot be moved now is tried again, or ends it by policy.

import type { Task } from "../../sim/task.ts";
import { isSignalled, sleepOrSignal, task, wake } from "../../sim/task.ts";
import type { Errno } from "../base/errno.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import { waitInterruptibly } from "../base/signal.ts";
import { stepFault } from "../base/steps.ts";
import { contentsOf, onlineIfPossible } from "./memory-block.ts";
import type { MemoryBlock } from "./memory-state.ts";
import { blockStart, hotplug, isPopulated, memoryNodes } from "./memory-state.ts";
import type { Stay, Target } from "./migrate.ts";
import { migrateRange } from "./migrate.ts";
import { pagesChannel, referencesIn } from "./page-reference.ts";
import { discardPages, isMovable, runsIn } from "./pages.ts";
import { withoutPoison } from "./poison.ts";
import { endOf } from "./run-list.ts";
import { forgetAreas } from "./zone-areas.ts";
import { announceDemotion, announceZonelists } from "./zonelists.ts";

function refuse(kernel: Kernel, block: MemoryBlock, errno: Errno, reason: string): never {
  const start = blockStart(kernel, block);
  const hex = (value: bigint): string => `0x${value.toString(16).padStart(8, "0")}`;
  printk(kernel, "debug", `memory offlining [mem ${hex(start)}-${hex(start + hotplug(kernel).blockSize - 1n)}] failed due to ${reason}`);
  throw new SystemError(errno, `memory${block.id}: ${reason}`);
}

/** A page that never moves: the kernel's own, unless it is poisoned, which is left out like every poisoned page; a reserved one always. */
function neverMoves(kernel: Kernel, block: MemoryBlock): boolean {
  const { start, size } = contentsOf(kernel, block);
  return runsIn(kernel, start, size).some((run) => run.kind === "reserved" || (!isMovable(run.kind) && withoutPoison(kernel, [{ start: run.start, end: endOf(run) }]).length > 0));
}

const held = (kernel: Kernel, block: MemoryBlock): ReturnType<typeof referencesIn> => referencesIn(kernel, blockStart(kernel, block), hotplug(kernel).blockSize);

/** What ends offlining at once: holes, two zones, a page that never moves, a notifier's veto; under `abort` any page that somebody holds (S83). */
function checkOfflining(kernel: Kernel, block: MemoryBlock): void {
  if (block.present !== hotplug(kernel).blockSize) refuse(kernel, block, "EINVAL", "memory holes");
  if (block.zone === null) refuse(kernel, block, "EINVAL", "multizone range");
  const references = held(kernel, block);
  if (neverMoves(kernel, block) || references.some(({ isReserved }) => isReserved)) {
    printk(kernel, "warn", "page dumped because: unmovable page");
    refuse(kernel, block, "EBUSY", "unmovable page");
  }
  const veto = stepFault(kernel, "memory.offline", `memory${block.id}`);
  if (veto !== undefined) refuse(kernel, block, veto, "notifier failure");
  if (kernel.policy.offlining === "abort" && references.length > 0) refuse(kernel, block, "EBUSY", "a page with a raised reference count");
}

function finishOffline(kernel: Kernel, block: MemoryBlock): void {
  const { zone } = block;
  const { start, size } = contentsOf(kernel, block);
  discardPages(kernel, start, size);
  block.isOnline = false;
  block.zone = null;
  forgetAreas(kernel);
  if (zone !== null && !isPopulated(kernel, block.node, zone)) announceZonelists(kernel);
  if (!isPopulated(kernel, block.node)) announceDemotion(kernel);
  mark(kernel, `memory${block.id} offline`);
}

/** Other nodes with memory; the block's own only where there is no other. */
function targetOf(kernel: Kernel, block: MemoryBlock): Target {
  const others = memoryNodes(kernel).filter((node) => node !== block.node);
  return { nodes: others.length > 0 ? others : [block.node], isBound: true };
}

/** Pages that cannot be read are tried again ever more seldom, 10 ms to 1 s apart (INFERRED: the kernel goes round without a pause). */
const shortestPause = 10_000_000;
const longestPause = 1_000_000_000;

/** Moves everything away, however long it takes. @throws SystemError EINTR a signal; EBUSY (policy) something did not move at the first try */
const empty = task("mm.emptyBlock", function* (kernel: Kernel, block: MemoryBlock): Task<void> {
  const { start, size } = contentsOf(kernel, block);
  for (let pause = shortestPause; ; pause = Math.min(2 * pause, longestPause)) {
    const stays: readonly Stay[] = yield* migrateRange(kernel, start, size, targetOf(kernel, block));
    if (isSignalled(kernel.scheduler)) throw new SystemError("EINTR");
    if (neverMoves(kernel, block)) refuse(kernel, block, "EBUSY", "unmovable page");
    const isHeld = held(kernel, block).length > 0;
    if (stays.length === 0 && !isHeld) return;
    if (kernel.policy.offlining === "abort") refuse(kernel, block, "EBUSY", isHeld ? "a page with a raised reference count" : "a page that does not move");
    if (!stays.includes("lost")) yield* waitInterruptibly(kernel, pagesChannel);
    else yield sleepOrSignal(pause);
    if (isSignalled(kernel.scheduler)) throw new SystemError("EINTR");
  }
});

/**
 * Takes an online block offline: its pages move to other memory, which takes time. What is held, lost or finds no room is tried again without end (6.1).
 * @throws SystemError EINVAL holes or more than one zone; EBUSY it holds pages that never move, or (policy) a page that does not move now; EINTR a signal
 */
export const offlineBlock = task("mm.offlineBlock", function* (kernel: Kernel, block: MemoryBlock): Task<void> {
  const channel = `lock:memory${block.id}`;
  while (block.isGoing) yield* waitInterruptibly(kernel, channel);
  if (!block.isOnline) return;
  checkOfflining(kernel, block);
  block.isGoing = true;
  forgetAreas(kernel);
  try {
    yield* empty(kernel, block);
    finishOffline(kernel, block);
  } finally {
    block.isGoing = false;
    forgetAreas(kernel);
    wake(kernel.scheduler, channel);
  }
});

/** Takes blocks offline, all or none: when one does not go, those before it come back as they were. @throws SystemError of that block */
export const offlineAll = task("mm.offlineAll", function* (kernel: Kernel, blocks: readonly MemoryBlock[]): Task<void> {
  const done: (readonly [MemoryBlock, "online_movable" | "online_kernel"])[] = [];
  try {
    for (const block of blocks) {
      if (!block.isOnline) continue;
      const type = block.zone === "Movable" ? "online_movable" : "online_kernel";
      yield* offlineBlock(kernel, block);
      done.push([block, type]);
    }
  } catch (thrown) {
    for (const [block, type] of done.toReversed()) onlineIfPossible(kernel, block, type);
    throw thrown;
  }
});
