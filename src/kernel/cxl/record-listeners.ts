// Who hears of the records of event logs after the kernel has traced them.

import type { Device } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { defineState } from "../base/kernel.ts";

/** `device`: the PCI function. `log`: its number in the mailbox's commands. `record`: 128 bytes. */
export type RecordListener = (kernel: Kernel, device: Device, log: number, record: Uint8Array) => void;

const listeners = defineState("cxl.recordListeners", () => ({ list: [] as RecordListener[] }));

export const listenToRecords = (kernel: Kernel, listener: RecordListener): void => void listeners(kernel).list.push(listener);

export function tellRecord(kernel: Kernel, device: Device, log: number, record: Uint8Array): void {
  for (const listener of listeners(kernel).list) listener(kernel, device, log, record);
}
