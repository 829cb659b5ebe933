// Who holds a dax device as a whole: a file system over it, one at a time, who wants to hear of lost pages and of the device's end (dax-memory section 10).

import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Call, Kernel } from "../base/kernel.ts";
import { defineState, invoke, mark } from "../base/kernel.ts";
import { daxDeviceOf } from "./types.ts";

export interface Holder {
  /** As reports name it. */
  readonly name: string;
  /** What to call when pages are lost (notify_failure); null: it does not want to hear. */
  readonly onFailure: Call | null;
}

const holders = defineState("dax.holders", () => ({ byDevice: new Map<string, Holder>() }));

/** @throws SystemError ENXIO the device is no file system's, or dead; EBUSY somebody holds it */
export function holdDax(kernel: Kernel, device: Device, holder: Holder): void {
  const { isAlive, isFileSystem } = daxDeviceOf(device);
  if (!isAlive || !isFileSystem) throw new SystemError("ENXIO", `${device.name} is no file system's device`);
  const { byDevice } = holders(kernel);
  const other = byDevice.get(device.name);
  if (other !== undefined) throw new SystemError("EBUSY", `${device.name} is held by ${other.name}`);
  byDevice.set(device.name, holder);
}

/** Lets a device go; without a holder nothing happens. */
export const releaseDax = (kernel: Kernel, device: Device): void => void holders(kernel).byDevice.delete(device.name);

/** Tells the holder that bytes of the device are lost. Undefined: it was told; ENXIO: there is none; EOPNOTSUPP: it does not want to hear. */
export function notifyFailure(kernel: Kernel, device: Device, offset: bigint, size: bigint): "ENXIO" | "EOPNOTSUPP" | undefined {
  const holder = holders(kernel).byDevice.get(device.name);
  if (holder === undefined) return "ENXIO";
  if (holder.onFailure === null) return "EOPNOTSUPP";
  mark(kernel, `${device.name} notify_failure`, `${holder.name}, ${size} bytes at ${offset}`);
  invoke(kernel, holder.onFailure);
  return undefined;
}
