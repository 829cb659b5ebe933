// What the kernel meets when it reads for itself: copies with a fixup, and pages of its own. What memory would have given it is not what it gets once nobody decodes the address: it does not survive (observed.md,
// "decoders are reset under live kernel memory").

import type { Handler } from "../base/kernel.ts";
import { panic, printk } from "../base/kernel.ts";
import { touchHandler } from "../mm/backing.ts";
import { copyErrorHandler, takeCopyErrors } from "../mm/copy.ts";
import { kernelRangesIn } from "../mm/direct-map.ts";
import { basePage } from "../mm/page-types.ts";
import { consume, consumeAccess } from "./machine-check.ts";

const bootCpu = 0;

const touch: Handler = (kernel, frame) => {
  const address = BigInt(frame) * basePage;
  // Meanwhile the kernel may have left.
  const [range] = kernelRangesIn(kernel, address, basePage);
  if (range === undefined) return;
  const { status } = kernel.platform.memory.load(address, 8);
  consume(kernel, bootCpu, status, address, { context: "KERNEL", name: range.owner });
  if (status !== "ones") return;
  printk(kernel, "emerg", `BUG: unable to handle page fault for address of ${range.owner}`);
  panic(kernel, "Fatal exception");
};

/** Copies met errors: their fixups take them, who copies leaves the page where it is (machine-check 2). */
const takeErrors: Handler = (kernel) => {
  for (const { address, status } of takeCopyErrors(kernel)) {
    const { busy, busyAll } = consumeAccess(kernel, { cpu: bootCpu, path: "copy-mc", status, address, process: null, name: "migration" });
    kernel.platform.spend(busy + busyAll);
  }
};

export const kernelPageHandlers: ReadonlyMap<string, Handler> = new Map([[touchHandler, touch], [copyErrorHandler, takeErrors]]);
