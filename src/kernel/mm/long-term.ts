// Long-term pins of System RAM (FOLL_LONGTERM; dax-memory 6.1): pages in ZONE_MOVABLE move out first, and where they cannot the pin fails.

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Kernel } from "../base/kernel.ts";
import { SystemError } from "../base/errno.ts";
import { migratePart } from "./migrate.ts";
import type { PageHolder, PageReference } from "./page-reference.ts";
import { holderName, referencePages } from "./page-reference.ts";
import type { PageRun } from "./page-types.ts";
import { partsOfRuns, runsIn, zonelistOf } from "./pages.ts";
import { poisonWithin } from "./poison.ts";
import { endOf } from "./run-list.ts";
import { onlineAreas } from "./zone-areas.ts";

/** Where parts of some runs lie in ZONE_MOVABLE, with their node. */
function movableParts(kernel: Kernel, runs: readonly PageRun[]): { readonly part: PageRun; readonly node: number }[] {
  const ids = new Set(runs.map(({ id }) => id));
  const areas = onlineAreas(kernel).filter(({ zone }) => zone === "Movable");
  return areas.flatMap(({ start, end, node }) => runsIn(kernel, start, end - start).filter(({ id }) => ids.has(id)).map((part) => ({ part, node })));
}

/**
 * Pins every page of some runs for long, wherever they lie once they are out of ZONE_MOVABLE. Returns the references; on failure none is kept.
 * @throws SystemError ENOMEM a page could not move out: no room, lost, held by somebody else; EHWPOISON a page of them is poisoned
 */
export const pinLongTerm = task("mm.pinLongTerm", function* (kernel: Kernel, holder: Pick<PageHolder, "owner" | "pid">, runs: readonly PageRun[]): Task<PageReference[]> {
  const name = holderName(holder);
  if (partsOfRuns(kernel, runs).some((run) => poisonWithin(kernel, { start: run.start, end: endOf(run) }).length > 0)) throw new SystemError("EHWPOISON", `${name}: a page to pin is poisoned`);
  for (const { part, node } of movableParts(kernel, runs)) {
    const stays = yield* migratePart(kernel, part, { nodes: zonelistOf(kernel, node), isForPin: true });
    if (stays.length > 0) throw new SystemError("ENOMEM", `${name}: pages do not leave ZONE_MOVABLE (${stays.join(", ")})`);
  }
  return partsOfRuns(kernel, runs).map((run) => referencePages(kernel, holder.owner, run.start, run.size, { pid: holder.pid, kind: "long" }));
});
