// What became of the memory, as plain facts for the report: bytes in service, bytes stranded.

import type { Device } from "../base/device.ts";
import { busDevices } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { cxlBus, isRegion, regionOf } from "../cxl/types.ts";
import { daxBus, daxDeviceOf } from "../dax/types.ts";
import { fileSize } from "../mm/mapping.ts";
import { resourceSize } from "../resource/resource.ts";
import { regionIsBelow, regionReachesDeadPort } from "./regions.ts";
import { recoveries } from "./state.ts";

export interface ServiceBytes {
  /** Dax devices that are alive, all of whose members answer. */
  readonly served: bigint;
  /** Dax devices that do not answer and that nobody is going to take away: neither usable nor removable. */
  readonly stranded: bigint;
  /** Of these, what no recovery has counted as forfeited: nobody dealt with the port. */
  readonly strandedUnnoticed: bigint;
}

/** The cxl region above a dax device. */
function regionAbove(device: Device): Device | undefined {
  for (let above: Device | null = device.parent; above !== null; above = above.parent) if (isRegion(above)) return above;
  return undefined;
}

/** A locked region without some of its members: nobody can use its addresses, and nobody can give them back (error-recovery 9 row 7). */
const isClaimed = (device: Device): boolean => isRegion(device) && regionOf(device).isLocked && regionOf(device).isAwaited;

const sizeOf = (region: Device): bigint => {
  const { resource } = regionOf(region);
  return resource === null ? 0n : resourceSize(resource);
};

/**
 * Counts dax devices, and the addresses of locked regions that cannot come back. One on a region with a member below a dead port does not serve, the region being a unit (S78); it is stranded
 * unless a recovery is under way.
 * @param isDead whether CXL.mem below this root port (PCI device) does not answer now, as the caller sees it
 */
export function serviceBytes(kernel: Kernel, isDead: (port: Device) => boolean): ServiceBytes {
  const isRecovering = recoveries(kernel).some((recovery) => recovery.endedAt < 0);
  let served = 0n;
  let stranded = 0n;
  let strandedUnnoticed = 0n;
  for (const device of busDevices(kernel, daxBus)) {
    const size = fileSize(daxDeviceOf(device));
    const region = regionAbove(device);
    const isLost = region !== undefined && regionReachesDeadPort(region, isDead);
    if (!isLost && daxDeviceOf(device).isAlive) served += size;
    if (!isLost || isRecovering) continue;
    stranded += size;
    if (!recoveries(kernel).some(({ port }) => regionIsBelow(region, port))) strandedUnnoticed += size;
  }
  if (!isRecovering) stranded += busDevices(kernel, cxlBus).filter(isClaimed).reduce((sum, region) => sum + sizeOf(region), 0n);
  return { served, stranded, strandedUnnoticed };
}
