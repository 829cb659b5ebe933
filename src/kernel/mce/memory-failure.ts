// memory_failure on a page of a device-dax device (machine-check.md 5.3): mark, find users by the reverse map, unmap the align-sized mapping, signal.

import type { Device } from "../base/device.ts";
import { busDevices } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import { fileOffsetOf, isRecorded, markPoisoned, sendSigbus, unmapLeaf } from "../mm/mapping.ts";
import type { Process } from "../mm/process.ts";
import { daxBus, daxDeviceOf } from "../dax/types.ts";

const pageShift = 12n;

/** `outside`: no page here (ENXIO). `failed`: no mapping recorded, EBUSY, nobody is killed. */
export type FailureResult = "recovered" | "failed" | "outside";

function deviceAt(kernel: Kernel, address: bigint): Device | undefined {
  return busDevices(kernel, daxBus).find((device) => fileOffsetOf(daxDeviceOf(device), address) !== undefined);
}

/** Flags forced for device pages: action required, must kill. `consumer` is the process whose load met the poison. */
export function memoryFailure(kernel: Kernel, address: bigint, consumer: Process): FailureResult {
  const device = deviceAt(kernel, address);
  const frame = address >> pageShift;
  if (device === undefined) {
    printk(kernel, "err", `Memory failure: 0x${frame.toString(16)}: memory outside kernel control`);
    sendSigbus(kernel, consumer, "BUS_MCEERR_AR", -1n);
    return "outside";
  }
  const file = daxDeviceOf(device);
  const offset = fileOffsetOf(file, address) ?? 0n;
  if (!isRecorded(kernel, file, offset)) {
    printk(kernel, "err", `Memory failure: 0x${frame.toString(16)}: recovery action for dax page: Failed`);
    sendSigbus(kernel, consumer, "BUS_MCEERR_AR", offset);
    return "failed";
  }
  const head = (address - (offset % file.align)) >> pageShift;
  markPoisoned(kernel, file, offset);
  unmapLeaf(kernel, file, offset);
  printk(kernel, "err", `Memory failure: 0x${head.toString(16)}: Sending SIGBUS to ${consumer.name}:${consumer.pid} due to hardware memory corruption`);
  sendSigbus(kernel, consumer, "BUS_MCEERR_AR", offset);
  printk(kernel, "err", `Memory failure: 0x${head.toString(16)}: recovery action for dax page: Recovered`);
  return "recovered";
}
