// What the kernel meets when it reads for itself: copies with a fixup, and pages of its own. What memory would have given it is not what it gets once nobody decodes the address: it does not survive (observed.md,
// "decoders are reset under live kernel memory").

import type { Handler } from "../base/kernel.ts";
import { panic, printk } from "../base/kernel.ts";
import { beginTouch, touchHandler } from "../mm/backing.ts";
import { copyErrorHandler, takeCopyErrors } from "../mm/copy.ts";
import type { KernelRange } from "../mm/direct-map.ts";
import { kernelRangeAt } from "../mm/direct-map.ts";
import { basePage } from "../mm/page-types.ts";
import { consumeAccess } from "./machine-check.ts";

const bootCpu = 0;
/** Bytes of the smallest granule. */
const granule = 256n;

/** Lines of a range that a round reads: 16 at most, apart by no multiple of an interleave's granules, so that each position of it is met. */
function linesOf({ start, size }: KernelRange): bigint[] {
  const count = 16n;
  const stride = ((size / count / granule) | 1n) * granule;
  return Array.from({ length: Number(count) }, (_one, index) => start + BigInt(index) * stride).filter((line) => line < start + size);
}

const touch: Handler = (kernel, frame) => {
  const address = BigInt(frame) * basePage;
  beginTouch(kernel, frame);
  // Meanwhile the kernel may have left.
  const range = kernelRangeAt(kernel, address);
  if (range === undefined) return;
  for (const line of linesOf(range)) {
    const { status } = kernel.platform.memory.load(line, 8);
    consumeAccess(kernel, { cpu: bootCpu, path: "kernel-load", status, address: line, process: null, name: range.owner });
    if (status !== "ones") continue;
    printk(kernel, "emerg", `BUG: unable to handle page fault for address of ${range.owner}`);
    panic(kernel, "Fatal exception");
  }
};

/** Copies met errors: their fixups take them, who copies leaves the page where it is (machine-check 2). */
const takeErrors: Handler = (kernel) => {
  for (const { address, status } of takeCopyErrors(kernel)) {
    const { busy, busyAll } = consumeAccess(kernel, { cpu: bootCpu, path: "copy-mc", status, address, process: null, name: "migration" });
    kernel.platform.spend(busy + busyAll);
  }
};

export const kernelPageHandlers: ReadonlyMap<string, Handler> = new Map([[touchHandler, touch], [copyErrorHandler, takeErrors]]);
