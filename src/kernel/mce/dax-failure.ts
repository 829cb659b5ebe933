// memory_failure on a page of ZONE_DEVICE (machine-check 5.3): whoever owns the pages decides, or the page of a device-dax device is taken from all who map it.

import type { Device } from "../base/device.ts";
import { busDevices } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { fileOffsetOf, isRecorded, markPoisoned, unmapLeaf } from "../mm/mapping.ts";
import type { Process } from "../mm/process.ts";
import { isAlive } from "../mm/process.ts";
import { notifyFailure } from "../dax/holder.ts";
import { daxBus, daxDeviceOf, pageSize } from "../dax/types.ts";
import type { Failure } from "./failure.ts";
import type { FailureErrno } from "./failure-result.ts";
import { reportAction } from "./failure-result.ts";
import { signalUser } from "./signals.ts";

/** The dax device whose struct pages cover an address: bound to a driver that makes them device memory. */
export const daxDeviceAt = (kernel: Kernel, address: bigint): Device | undefined =>
  busDevices(kernel, daxBus).find((device) => device.driver !== null && device.driver.name !== "kmem" && fileOffsetOf(daxDeviceOf(device), address) !== undefined);

/** Consumer first; others only if they want to know early. Each meets the error for itself at its next touch (INFERRED: the fault handler tests no poison). */
function targets(kernel: Kernel, users: readonly Process[], current: Process | null): Process[] {
  const others = kernel.settings.earlyKill ? users.filter((process) => process !== current && isAlive(process)) : [];
  return current !== null && isAlive(current) ? [current, ...others] : others;
}

/** Action required and must kill are forced for device pages. There is no "already poisoned": every consumption repeats the sequence. */
export function daxFailure(kernel: Kernel, device: Device, { address, current }: Failure): FailureErrno {
  const file = daxDeviceOf(device);
  const offset = fileOffsetOf(file, address) ?? 0n;
  if (notifyFailure(kernel, device, offset - (offset % pageSize), pageSize) === undefined) return reportAction(kernel, address, "dax page", "Recovered");
  if (!isRecorded(kernel, file, offset)) return reportAction(kernel, address, "dax page", "Failed");
  const head = address - (offset % file.align);
  markPoisoned(kernel, file, offset);
  const users = unmapLeaf(kernel, file, offset);
  for (const process of targets(kernel, users, current)) signalUser(kernel, head, { process, isConsumer: process === current, offset, leaf: file.align });
  return reportAction(kernel, head, "dax page", "Recovered");
}
