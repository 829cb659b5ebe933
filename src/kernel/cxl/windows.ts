// CXL windows in /proc/iomem (region-assembly 3): a line encloses whatever crosses it, and windows that it then overlaps lose what it has taken.

import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import type { Resource } from "../resource/resource.ts";
import { contains, createResource, insertExpanding, iomem, overlaps, removeResource, resourceSize } from "../resource/resource.ts";

/** A window that keeps something: its range as far as no other line has it, and its own line. */
export interface PublishedWindow {
  readonly range: Resource;
  readonly line: Resource;
}

/** Puts windows, siblings in a tree of their own, into /proc/iomem in order of address. One that a line swallows leaves the tree. */
export function publishWindows(kernel: Kernel, windows: Resource): PublishedWindow[] {
  const published: PublishedWindow[] = [];
  for (let index = 0; index < windows.children.length; index++) {
    const range = windows.children[index];
    if (range === undefined) break;
    const line = createResource(range.name, range.start, resourceSize(range));
    for (const crossed of insertExpanding(iomem(kernel), line)) printk(kernel, "info", `Expanded resource ${line.name} due to conflict with ${crossed.name}`);
    published.push({ range, line });
    for (let next = windows.children[index + 1]; next !== undefined && overlaps(line, next); next = windows.children[index + 1]) {
      if (contains(line, next)) removeResource(next);
      else next.start = line.end + 1n;
    }
  }
  return published;
}

/** Line of the window that still has the whole range; null: none, and no region gets addresses there. */
export const lineOfRange = (published: readonly PublishedWindow[], range: { readonly start: bigint; readonly end: bigint }): Resource | null => published.find((window) => contains(window.range, range))?.line ?? null;
