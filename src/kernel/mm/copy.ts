// Reading pages in order to copy them, with a machine-check fixup: what meets an error stays where it is, and nobody panics (machine-check 2, error-recovery 9).

import type { Handler, Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";
import type { MemoryStatus } from "../../platform/platform.ts";
import { basePage } from "./page-types.ts";
import type { Extent } from "./run-list.ts";

/** What a copy met and nobody has been told of yet. */
export interface CopyError {
  readonly address: bigint;
  readonly status: MemoryStatus;
}

const state = defineState("mm.copyErrors", () => ({ errors: [] as CopyError[] }));

/** Handler that takes the errors which copies have met: the machine-check side, which stands above. Its argument is their number. */
export const copyErrorHandler = "mm-copy-met-error";

export const takeCopyErrors = (kernel: Kernel): CopyError[] => state(kernel).errors.splice(0);

function report(kernel: Kernel, error: CopyError): void {
  const handler: Handler | undefined = kernel.handlers.get(copyErrorHandler);
  if (handler === undefined) return;
  state(kernel).errors.push(error);
  handler(kernel, 1);
}

const lineBytes = 64n;
/** Pages that are read of an extent; each stands for those behind it. */
const sampledPages = 64n;

/** Reads a page line by line. Returns whether a copy of it succeeds: what nobody decodes reads as ones, which is no error. */
function readsWell(kernel: Kernel, page: bigint): boolean {
  for (let address = page; address < page + basePage; address += lineBytes) {
    const { status } = kernel.platform.memory.load(address, 8);
    if (status === "ok" || status === "ones") continue;
    report(kernel, { address, status });
    return false;
  }
  return true;
}

/** Pages between two that are read: odd and no multiple of 3, so that they do not keep to one position of an interleave. */
function strideOf(pages: bigint): bigint {
  let stride = (pages + sampledPages - 1n) / sampledPages;
  while (stride > 1n && (stride % 2n === 0n || stride % 3n === 0n)) stride++;
  return stride * basePage;
}

/**
 * What of an extent of whole pages a copy can read, in order of address. A small extent is read page by page; of a large one 64 pages at most are read, and time
 * passes as for them alone.
 */
export function readableOf(kernel: Kernel, { start, end }: Extent): Extent[] {
  const stride = strideOf((end - start) / basePage);
  const found: Extent[] = [];
  for (let at = start; at < end; at += stride) {
    if (!readsWell(kernel, at)) continue;
    const stop = at + stride < end ? at + stride : end;
    const last = found.at(-1);
    if (last !== undefined && last.end === at) found.splice(-1, 1, { start: last.start, end: stop });
    else found.push({ start: at, end: stop });
  }
  return found;
}
