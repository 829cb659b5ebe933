// What became of the memory, as plain facts for the report: bytes in service, bytes stranded.

import type { Device } from "../base/device.ts";
import { busDevices } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { isRegion } from "../cxl/types.ts";
import { daxBus, daxDeviceOf } from "../dax/types.ts";
import { fileSize } from "../mm/mapping.ts";
import { regionReachesDeadPort } from "./regions.ts";
import { recoveries } from "./state.ts";

export interface ServiceBytes {
  /** Dax devices that are alive, all of whose members answer. */
  readonly served: bigint;
  /** Dax devices that do not answer and that nobody is going to take away: neither usable nor removable. */
  readonly stranded: bigint;
}

/** The cxl region above a dax device. */
function regionAbove(device: Device): Device | undefined {
  for (let above: Device | null = device.parent; above !== null; above = above.parent) if (isRegion(above)) return above;
  return undefined;
}

/**
 * Counts dax devices. One on a region with a member below a dead port does not serve, the region being a unit (S78); it is stranded
 * unless a recovery is under way.
 * @param isDead whether CXL.mem below this root port (PCI device) does not answer now, as the caller sees it
 */
export function serviceBytes(kernel: Kernel, isDead: (port: Device) => boolean): ServiceBytes {
  const isRecovering = recoveries(kernel).some((recovery) => recovery.endedAt < 0);
  let served = 0n;
  let stranded = 0n;
  for (const device of busDevices(kernel, daxBus)) {
    const size = fileSize(daxDeviceOf(device));
    const region = regionAbove(device);
    const isLost = region !== undefined && regionReachesDeadPort(region, isDead);
    if (!isLost && daxDeviceOf(device).isAlive) served += size;
    if (isLost && !isRecovering) stranded += size;
  }
  return { served, stranded };
}
