// References on pages of System RAM: what keeps a block from going offline (dax-memory 6 and 6.1; S82, S83). A pin holds a page where it is until it
// is dropped; a reserved page never moves.

import type { Task } from "../../sim/task.ts";
import { task, wake } from "../../sim/task.ts";
import { SystemError } from "../base/errno.ts";
import type { Handler, Kernel } from "../base/kernel.ts";
import { defineState, mark, setTimer } from "../base/kernel.ts";
import { waitInterruptibly } from "../base/signal.ts";
import { blocksIn, hotplug } from "./memory-state.ts";

export interface PageReference {
  readonly id: number;
  /** Who holds it, as reports name it. */
  readonly owner: string;
  readonly start: bigint;
  /** Bytes. */
  readonly size: bigint;
  readonly isReserved: boolean;
}

const state = defineState("mm.pageReferences", () => ({ references: new Map<number, PageReference>(), nextId: 1 }));
const channel = "pages:reference dropped";

/** References on pages of a range, in order of taking. */
export const referencesIn = (kernel: Kernel, start: bigint, size: bigint): PageReference[] =>
  [...state(kernel).references.values()].filter((reference) => reference.start < start + size && start < reference.start + reference.size);

/** Takes a reference on every page of a range. @throws SystemError EFAULT not all of it is online memory */
export function referencePages(kernel: Kernel, owner: string, start: bigint, size: bigint, isReserved = false): PageReference {
  const { blockSize } = hotplug(kernel);
  const first = (start / blockSize) * blockSize;
  const blocks = blocksIn(kernel, first, ((start + size + blockSize - 1n) / blockSize) * blockSize - first);
  const isWhole = size > 0n && BigInt(blocks.length) * blockSize >= start + size - first;
  if (!isWhole || blocks.some((block) => !block.isOnline)) throw new SystemError("EFAULT", `${owner}: pages that are not online`);
  const table = state(kernel);
  const reference: PageReference = { id: table.nextId++, owner, start, size, isReserved };
  table.references.set(reference.id, reference);
  mark(kernel, "pages referenced", owner);
  return reference;
}

/** Drops a reference; a second time does nothing. */
export function dropReference(kernel: Kernel, id: number): void {
  const reference = state(kernel).references.get(id);
  if (reference === undefined) return;
  state(kernel).references.delete(id);
  mark(kernel, "page reference dropped", reference.owner);
  wake(kernel.scheduler, channel);
}

const dropHandler = "mm-drop-reference";

/** Drops a reference `delay` virtual nanoseconds from now. */
export function dropReferenceLater(kernel: Kernel, reference: PageReference, delay: number): void {
  setTimer(kernel, delay, { handler: dropHandler, argument: reference.id });
}

export const referenceHandlers: ReadonlyMap<string, Handler> = new Map([[dropHandler, dropReference]]);

/** Waits, without bound, until no page of a range is referenced. @throws SystemError EINTR a signal (dax-memory 6) */
export const awaitReferences = task("mm.awaitReferences", function* (kernel: Kernel, start: bigint, size: bigint): Task<void> {
  while (referencesIn(kernel, start, size).length > 0) yield* waitInterruptibly(kernel, channel);
});
