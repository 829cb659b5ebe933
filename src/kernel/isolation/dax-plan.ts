// The dax devices of a region: what there was, fencing them, and making the same ones again (error-recovery 9 states FENCED and RECREATED).

import type { Task } from "../../sim/task.ts";
import { sleep, task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { attach, unbind } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { killDaxDevice } from "../dax/device-dax.ts";
import { availableSize, createDaxDevice, daxRegionOf, resizeDaxDevice } from "../dax/region.ts";
import type { DaxRegion } from "../dax/types.ts";
import { daxDeviceOf } from "../dax/types.ts";
import type { FileRange } from "../mm/mapping.ts";
import { fileSize, mappingsOf } from "../mm/mapping.ts";
import { holderName } from "../mm/page-reference.ts";
import { pinsOf } from "../mm/pin.ts";

export interface DaxPlan {
  readonly size: bigint;
  readonly memmapOnMemory: boolean;
  readonly wasBound: boolean;
}

/** The dax region below a cxl region or of an hmem device, while its driver is bound. */
export function daxRegionBelow(kernel: Kernel, region: Device): DaxRegion | undefined {
  const own = daxRegionOf(kernel, region);
  if (own !== undefined) return own;
  for (const child of region.children) {
    const found = daxRegionOf(kernel, child);
    if (found !== undefined) return found;
  }
  return undefined;
}

export const daxDevicesOf = (kernel: Kernel, region: Device): readonly Device[] => daxRegionBelow(kernel, region)?.devices ?? [];

/** Addresses of all dax devices. */
export const daxRangesOf = (kernel: Kernel, region: Device): readonly FileRange[] => daxDevicesOf(kernel, region).flatMap((device) => daxDeviceOf(device).ranges);

/** Dax devices in order of creation. */
export const planDax = (kernel: Kernel, region: Device): DaxPlan[] =>
  daxDevicesOf(kernel, region).map((device) => ({ size: fileSize(daxDeviceOf(device)), memmapOnMemory: daxDeviceOf(device).memmapOnMemory, wasBound: device.driver !== null }));

/** Bytes of alive devices. */
export const aliveBytes = (kernel: Kernel, region: Device): bigint =>
  daxDevicesOf(kernel, region).reduce((sum, device) => sum + (daxDeviceOf(device).isAlive ? fileSize(daxDeviceOf(device)) : 0n), 0n);

/** What revoking costs: a grace period per device, and each mapped leaf (virtual ns; INFERRED, error-recovery 9.2). */
export const fenceTime = { device: 5_000, leaf: 50 } as const;

/** Revokes every mapping, device by device. Until a device's turn comes its users still meet machine checks; afterwards none of them does. */
export const fence = task("isolation.fence", function* (kernel: Kernel, regions: readonly Device[]): Task<void> {
  for (const region of regions) {
    for (const device of daxDevicesOf(kernel, region).slice()) {
      const file = daxDeviceOf(device);
      if (!file.isAlive) continue;
      const leaves = mappingsOf(kernel, file).reduce((sum, mapping) => sum + mapping.length / file.align, 0n);
      killDaxDevice(kernel, device);
      yield sleep(fenceTime.device + Number(leaves) * fenceTime.leaf);
    }
  }
});

/** Owners of pins on the devices of these regions. */
export function pinOwners(kernel: Kernel, regions: readonly Device[]): string[] {
  const pins = regions.flatMap((region) => daxDevicesOf(kernel, region)).flatMap((device) => pinsOf(kernel, daxDeviceOf(device)));
  return [...new Set(pins.map(holderName))];
}

const isWhole = (plan: readonly DaxPlan[], region: DaxRegion): boolean => plan.length === 1 && plan[0]?.size === region.size;

/** Splits the region as it was, sizes in order; what no longer fits is cut short or left out. */
export const restoreDax = task("restoreDax", function* (kernel: Kernel, region: Device, plan: readonly DaxPlan[]): Task<void> {
  const found = daxRegionBelow(kernel, region);
  const first = found?.devices[0];
  if (found === undefined || first === undefined || plan.length === 0 || isWhole(plan, found)) return;
  yield* unbind(kernel, first);
  yield* resizeDaxDevice(kernel, first, 0n);
  for (const [index, wanted] of plan.entries()) {
    const free = availableSize(found);
    const size = wanted.size < free ? wanted.size : free;
    if (index === 0) {
      yield* resizeDaxDevice(kernel, first, size);
      if (size > 0n && wanted.wasBound) yield* attach(kernel, first);
    } else if (size > 0n) {
      const device = yield* createDaxDevice(kernel, found, size, wanted.memmapOnMemory);
      if (wanted.wasBound) yield* attach(kernel, device);
    }
  }
});
