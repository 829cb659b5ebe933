// Managed removal as the specification has it: memory is vacated first, and what cannot be vacated fails the request (POL-REMOVEVETO; error-recovery 4.3).
// Linux does not ask: there the function goes, and memory that is online stays behind.

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { busDevices, isAtOrBelow } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import { cxlBus, endpointPart, isRegion, memdevOf, regionOf } from "../cxl/types.ts";
import { blocksIn } from "../mm/memory-state.ts";
import { offlineAll } from "../mm/offline.ts";
import { resourceSize } from "../resource/resource.ts";

/** Takes all memory of regions with a member at or below the function offline. @throws SystemError EBUSY some of it stays; then none has gone */
export const vacate = task("removal.vacate", function* (kernel: Kernel, device: Device): Task<void> {
  const isHere = (target: Device | null): boolean => target !== null && isAtOrBelow(memdevOf(endpointPart(target).memdev).pciDevice, device);
  const regions = busDevices(kernel, cxlBus).filter((region) => isRegion(region) && regionOf(region).targets.some(isHere));
  const blocks = regions.flatMap((region) => {
    const { resource } = regionOf(region);
    return resource === null ? [] : blocksIn(kernel, resource.start, resourceSize(resource));
  });
  try {
    yield* offlineAll(kernel, blocks);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    printk(kernel, "warn", `pci ${device.name}: removal refused: its memory is in use (-${thrown.number})`);
    throw new SystemError("EBUSY", `${device.name}: ${thrown.message}`);
  }
});
