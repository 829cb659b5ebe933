// Soft offline: a page that is about to fail is taken out of use before it does (vm.enable_soft_offline). Its contents move; nobody is killed.

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Kernel } from "../base/kernel.ts";
import { SystemError } from "../base/errno.ts";
import { printk } from "../base/kernel.ts";
import type { MemoryBlock } from "./memory-state.ts";
import type { Stay } from "./migrate.ts";
import { migratePart } from "./migrate.ts";
import type { PageRun } from "./page-types.ts";
import { basePage } from "./page-types.ts";
import { discardPages, isMovable, pageAt, runsIn, zonelistOf } from "./pages.ts";
import { countCorrupted, isPoisoned, poisonPage } from "./poison.ts";
import { blockAt } from "./zone-areas.ts";

const frameOf = (address: bigint): string => `0x${(address / basePage).toString(16)}`;

/** A page of a huge page pool is dissolved with its folio, a transparent huge page is split. */
function partOf(kernel: Kernel, run: PageRun, page: bigint): PageRun[] {
  const folio = run.kind === "hugetlb" ? run.unit : basePage;
  return [...runsIn(kernel, (page / folio) * folio, folio)];
}

const errnoOf = (stays: readonly Stay[]): "EBUSY" | "EIO" | "ENOMEM" => (stays.includes("lost") ? "EIO" : stays.includes("held") ? "EBUSY" : "ENOMEM");

/** Empties a page in use: a clean copy of what is elsewhere is dropped, the rest moves. @throws SystemError EIO, EBUSY, ENOMEM */
const vacate = task("mm.vacatePage", function* (kernel: Kernel, run: PageRun, page: bigint, block: MemoryBlock): Task<void> {
  if (!isMovable(run.kind)) throw new SystemError("EIO", `page ${frameOf(page)} is the kernel's`);
  if (run.kind === "file-clean" || (run.kind === "hugetlb" && run.pid === 0)) {
    for (const part of partOf(kernel, run, page)) discardPages(kernel, part.start, part.size);
    return;
  }
  for (const part of partOf(kernel, run, page)) {
    const stays = yield* migratePart(kernel, part, { nodes: zonelistOf(kernel, block.node) });
    if (stays.length === 0) continue;
    printk(kernel, "info", `soft_offline: ${frameOf(page)}: ${run.kind === "hugetlb" ? "hugepage" : "page"} migration failed`);
    throw new SystemError(errnoOf(stays), `page ${frameOf(page)} does not move (${stays.join(", ")})`);
  }
});

/**
 * Takes the page at a physical address out of use. One that is poisoned already stays so.
 * @throws SystemError EOPNOTSUPP vm.enable_soft_offline is off; EIO not online System RAM, the kernel's own, or it cannot be read any more; EBUSY somebody holds
 * it; ENOMEM no room for its contents
 */
export const softOffline = task("mm.softOffline", function* (kernel: Kernel, address: bigint): Task<void> {
  const page = (address / basePage) * basePage;
  if (!kernel.settings.softOffline) {
    printk(kernel, "info", `soft_offline: ${frameOf(page)}: disabled by /proc/sys/vm/enable_soft_offline`);
    throw new SystemError("EOPNOTSUPP", "vm.enable_soft_offline is off");
  }
  const at = pageAt(kernel, page);
  const block = blockAt(kernel, page);
  if (at.is === "outside" || at.is === "offline" || block === undefined) throw new SystemError("EIO", `page ${frameOf(page)} is no online memory`);
  if (isPoisoned(kernel, page)) {
    printk(kernel, "info", `soft_offline: ${frameOf(page)} page already poisoned`);
    return;
  }
  if (at.is === "page") yield* vacate(kernel, at.run, page, block);
  poisonPage(kernel, page);
  countCorrupted(kernel, page);
});
