// Commit and reset of a whole region over its decoders: bottom-up per target, reset top-down from the highest position (7.2, 7.3; C15, C16).

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { unbind } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { mark, printk } from "../base/kernel.ts";
import { stepFault } from "../base/steps.ts";
import { loseBacking } from "../mm/backing.ts";
import { checkReset } from "../resource/decode-hold.ts";
import { resourceSize } from "../resource/resource.ts";
import { resetCommitted } from "./firmware-decoders.ts";
import { commitDecoder, resetDecoder } from "./hdm.ts";
import { lockRegions, lockRegionsForStore, unlockRegions } from "./lock.ts";
import { decoderOf, portOf, portsUpwards, regionOf, regionStates } from "./types.ts";

/** Decoders of the region on the path of one target, endpoint first. */
function pathOf(region: Device, target: Device): Device[] {
  return portsUpwards(decoderOf(target).port).flatMap((port) => {
    const reference = portOf(port).references.find((candidate) => candidate.region === region);
    return reference === undefined ? [] : [reference.decoder];
  });
}

function resetFrom(kernel: Kernel, region: Device, count: number): void {
  const { targets } = regionOf(region);
  for (let position = count - 1; position >= 0; position--) {
    const target = targets[position];
    if (target == null) continue;
    for (const decoder of pathOf(region, target).toReversed()) resetDecoder(kernel, decoder);
  }
}

const sayCachesDiffer = (kernel: Kernel, region: Device): void => printk(kernel, "warn", `cxl_region ${region.name}: Failed to synchronize CPU cache state`);

/** Makes CPU caches agree before decode changes, unless somebody else sees to that. Returns false when the platform cannot. */
export function agreeCaches(kernel: Kernel, region: Device): boolean {
  const { resource, leavesCaches } = regionOf(region);
  if (resource === null || leavesCaches || kernel.platform.invalidateCaches(resource.start, resourceSize(resource))) return true;
  sayCachesDiffer(kernel, region);
  return false;
}

/** Takes every decoder of the region out of decode. The caller holds the region lock. */
export function resetRegionDecoders(kernel: Kernel, region: Device): void {
  agreeCaches(kernel, region);
  const { resource, ways } = regionOf(region);
  resetFrom(kernel, region, ways);
  if (resource !== null) loseBacking(kernel, resource.start, resourceSize(resource));
  mark(kernel, `${region.name} reset`);
}

const commitTarget = task("region.commitTarget", function* (kernel: Kernel, region: Device, target: Device): Task<void> {
  const done: Device[] = [];
  try {
    for (const decoder of pathOf(region, target)) {
      yield* commitDecoder(kernel, decoder);
      done.push(decoder);
    }
  } catch (thrown) {
    for (const decoder of done.toReversed()) resetDecoder(kernel, decoder);
    throw thrown;
  }
});

const commitAll = task("region.commitAll", function* (kernel: Kernel, region: Device): Task<void> {
  const record = regionOf(region);
  for (const [position, target] of record.targets.entries()) {
    if (target === null) throw new SystemError("ENXIO", `${region.name}: no target at position ${position}`);
    try {
      yield* commitTarget(kernel, region, target);
    } catch (thrown) {
      resetFrom(kernel, region, position);
      throw thrown;
    }
  }
});

/** Store of 1 to `commit`. @throws SystemError ENXIO not all targets are there, or caches cannot be made to agree; EBUSY, EIO, ETIMEDOUT of a decoder */
export const commitRegion = task("region.commit", function* (kernel: Kernel, region: Device): Task<void> {
  yield* lockRegionsForStore(kernel);
  try {
    const record = regionOf(region);
    if (record.state >= regionStates.commit) return;
    if (record.state < regionStates.active) throw new SystemError("ENXIO", `${region.name}: targets are missing`);
    const errno = stepFault(kernel, "region.caches", region.name);
    if (errno !== undefined) sayCachesDiffer(kernel, region);
    if (errno !== undefined || !agreeCaches(kernel, region)) throw new SystemError(errno ?? "ENXIO", `${region.name}: CPU caches cannot be invalidated`);
    yield* commitAll(kernel, region);
    record.state = regionStates.commit;
    mark(kernel, `${region.name} committed`);
  } finally {
    unlockRegions(kernel);
  }
});

/** POL-UNWIND `full`: what firmware committed for the members of a region that never ran is reset as if the region had committed it. */
function resetFirmware(kernel: Kernel, region: Device): void {
  const { isAuto, targets } = regionOf(region);
  if (!isAuto || kernel.policy.assembly.unwind !== "full") return;
  resetCommitted(kernel, targets.filter((target) => target !== null).toReversed());
}

/**
 * Store of 0 to `commit`: driver first, then hardware.
 * @throws SystemError EPERM the region is locked; EBUSY firmware's decoders of a region that never ran, and one committed later is in the way; EBUSY
 * policy, hmem uses its addresses
 */
export const decommitRegion = task("region.decommit", function* (kernel: Kernel, region: Device): Task<void> {
  const record = regionOf(region);
  if (record.isLocked) throw new SystemError("EPERM", `${region.name} is locked`);
  checkReset(kernel, record.resource);
  yield* lockRegionsForStore(kernel);
  if (record.state >= regionStates.commit) record.state = regionStates.resetPending;
  unlockRegions(kernel);
  yield* unbind(kernel, region);
  // With the reset pending nothing stops it any more.
  yield* lockRegions(kernel);
  try {
    if (record.state !== regionStates.resetPending) return resetFirmware(kernel, region);
    resetRegionDecoders(kernel, region);
    record.state = regionStates.active;
  } finally {
    unlockRegions(kernel);
  }
});
