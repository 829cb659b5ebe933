// Moving pages to other memory by copying them (dax-memory 6): what is held, what cannot be read and what finds no room stays where it is.

import type { Task } from "../../sim/task.ts";
import { sleepOrSignal, task } from "../../sim/task.ts";
import type { Kernel } from "../base/kernel.ts";
import { printkLimited } from "../base/ratelimit.ts";
import { readableOf } from "./copy.ts";
import { unreferenced } from "./page-reference.ts";
import type { PageRun } from "./page-types.ts";
import { basePage } from "./page-types.ts";
import type { PlacementRequest } from "./pages.ts";
import { discardPages, isMovable, movePages, runsIn, takePages } from "./pages.ts";
import { withoutPoison } from "./poison.ts";
import type { Extent } from "./run-list.ts";
import { endOf } from "./run-list.ts";

/** Where pages go: nodes, whether those alone, and whether a long-term pin is waiting for them. */
export type Target = Pick<PlacementRequest, "nodes" | "isBound" | "isForPin">;

/** Why pages are still where they were. */
export type Stay = "held" | "lost" | "no-room";

/** What a copy costs beside its loads: 10 bytes per virtual nanosecond (INFERRED: a core's copy speed). */
const copyBytesPerNanosecond = 10n;

/** A free page of the hugetlb pool is dissolved: nothing is in it (dax-memory 6). */
const isPooled = ({ kind, pid }: PageRun): boolean => kind === "hugetlb" && pid === 0;

/** Moves as much of a part as finds room. Returns the bytes that moved. */
function place(kernel: Kernel, part: PageRun, target: Target): bigint {
  const { kind, pid, owner, unit, size } = part;
  const taken = takePages(kernel, { kind, pid, owner, unit, size, ...target });
  const moved = taken.reduce((sum, run) => sum + run.size, 0n);
  if (moved > 0n) movePages(kernel, part, moved, taken);
  return moved;
}

const sizeOf = (extents: readonly Extent[]): bigint => extents.reduce((sum, { start, end }) => sum + end - start, 0n);

/** Copies a part of a run away, in virtual time. Returns why some of it stayed; empty: all of it went. */
export const migratePart = task("mm.migratePart", function* (kernel: Kernel, part: PageRun, target: Target): Task<Stay[]> {
  const stays = new Set<Stay>();
  const free = unreferenced(kernel, { start: part.start, end: endOf(part) });
  if (sizeOf(free) < part.size) stays.add("held");
  const readable = free.flatMap((extent) => readableOf(kernel, extent));
  if (sizeOf(readable) < sizeOf(free)) stays.add("lost");
  if (readable.length > 0) yield sleepOrSignal(Number(sizeOf(readable) / copyBytesPerNanosecond));
  for (const { start, end } of readable) {
    // Meanwhile the pages may have gone, or somebody may have taken hold of them.
    for (const still of runsIn(kernel, start, end - start).filter(({ id }) => id === part.id)) {
      const now = unreferenced(kernel, { start: still.start, end: endOf(still) });
      if (sizeOf(now) < still.size) stays.add("held");
      else if (place(kernel, still, target) < still.size) stays.add("no-room");
    }
  }
  return [...stays];
});

/** Movable pages of a range that are not poisoned. */
export const movableIn = (kernel: Kernel, start: bigint, size: bigint): PageRun[] =>
  runsIn(kernel, start, size).filter(({ kind }) => isMovable(kind)).flatMap((run) => withoutPoison(kernel, [{ start: run.start, end: endOf(run) }]).flatMap((extent) => runsIn(kernel, extent.start, extent.end - extent.start)));

/** Moves all movable pages of a range away, once. Returns why pages stayed; empty: none did. */
export const migrateRange = task("mm.migrateRange", function* (kernel: Kernel, start: bigint, size: bigint, target: Target): Task<Stay[]> {
  const stays = new Set<Stay>();
  for (const part of movableIn(kernel, start, size)) {
    if (isPooled(part)) discardPages(kernel, part.start, part.size);
    else for (const stay of yield* migratePart(kernel, part, target)) stays.add(stay);
  }
  const left = movableIn(kernel, start, size);
  const [first] = left;
  if (stays.size > 0 && first !== undefined) {
    const pages = left.reduce((sum, run) => sum + run.size, 0n) / basePage;
    printkLimited(kernel, "warn", "mm.migrate", `migrating pfn ${(first.start / basePage).toString(16)} failed ret:${pages}`);
  }
  return [...stays];
});
