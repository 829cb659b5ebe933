// References on pages of System RAM: what keeps a block from going offline (dax-memory 6 and 6.1; S82, S83). A pin holds a page where it is until it
// is dropped; a reserved page never moves.

import { wake } from "../../sim/task.ts";
import { SystemError } from "../base/errno.ts";
import type { Handler, Kernel } from "../base/kernel.ts";
import { defineState, mark, setTimer } from "../base/kernel.ts";
import { blocksIn, hotplug } from "./memory-state.ts";
import type { Extent } from "./run-list.ts";

/** Who holds pages, and for how long: DMA in flight is short, an assigned device or RDMA holds them long (FOLL_LONGTERM). */
export interface PageHolder {
  /** As reports name it. */
  readonly owner: string;
  /** 0: the kernel's own, or nobody said. */
  readonly pid: number;
  readonly kind: "short" | "long";
}

export interface PageReference extends PageHolder {
  readonly id: number;
  readonly start: bigint;
  /** Bytes. */
  readonly size: bigint;
  readonly isReserved: boolean;
}

const state = defineState("mm.pageReferences", () => ({ references: new Map<number, PageReference>(), nextId: 1 }));

/** Woken when pages become free, or may move that could not: who waits for either tries again. */
export const pagesChannel = "pages:free or unpinned";

/** A holder as reports name it: name and, where there is one, pid. */
export const holderName = ({ owner, pid }: Pick<PageHolder, "owner" | "pid">): string => (pid === 0 ? owner : `${owner}:${pid}`);

/** Every reference, in order of taking. */
export const allReferences = (kernel: Kernel): PageReference[] => [...state(kernel).references.values()];

/** References on pages of a range, in order of taking. */
export const referencesIn = (kernel: Kernel, start: bigint, size: bigint): PageReference[] => allReferences(kernel).filter((reference) => reference.start < start + size && start < reference.start + reference.size);

/** What of an extent nobody holds. */
export function unreferenced(kernel: Kernel, { start, end }: Extent): Extent[] {
  let left: Extent[] = [{ start, end }];
  for (const held of referencesIn(kernel, start, end - start)) {
    const stop = held.start + held.size;
    left = left.flatMap((extent) => [{ start: extent.start, end: extent.end < held.start ? extent.end : held.start }, { start: extent.start > stop ? extent.start : stop, end: extent.end }].filter((part) => part.start < part.end));
  }
  return left;
}

/** Takes a reference on every page of a range, wherever it lies. @throws SystemError EFAULT not all of it is online memory */
export function referencePages(kernel: Kernel, owner: string, start: bigint, size: bigint, { pid = 0, kind = "short", isReserved = false }: Partial<Pick<PageReference, "pid" | "kind" | "isReserved">> = {}): PageReference {
  const { blockSize } = hotplug(kernel);
  const first = (start / blockSize) * blockSize;
  const blocks = blocksIn(kernel, first, ((start + size + blockSize - 1n) / blockSize) * blockSize - first);
  const isWhole = size > 0n && BigInt(blocks.length) * blockSize >= start + size - first;
  if (!isWhole || blocks.some((block) => !block.isOnline)) throw new SystemError("EFAULT", `${owner}: pages that are not online`);
  const table = state(kernel);
  const reference: PageReference = { id: table.nextId++, owner, pid, kind, start, size, isReserved };
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
  wake(kernel.scheduler, pagesChannel);
}

const dropHandler = "mm-drop-reference";

/** Drops a reference `delay` virtual nanoseconds from now. */
export function dropReferenceLater(kernel: Kernel, reference: PageReference, delay: number): void {
  setTimer(kernel, delay, { handler: dropHandler, argument: reference.id });
}

export const referenceHandlers: ReadonlyMap<string, Handler> = new Map([[dropHandler, dropReference]]);
