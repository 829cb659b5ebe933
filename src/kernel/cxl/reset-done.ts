// What cxl_pci makes of a reset that went over its device (error-recovery 3, reset_done): decoders that hardware forgot are known to be off from now on.
// Regions, reservations and the run of committed ids stay as they were, so that nothing can be committed before the memdev was bound anew.

import type { Device } from "../base/device.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import { loseBacking } from "../mm/backing.ts";
import { readControl } from "./registers.ts";
import { decoderOf, isMemdev, memdevOf, portOf } from "./types.ts";

export function noteReset(kernel: Kernel, device: Device): void {
  const memdev = device.children.find(isMemdev);
  const endpoint = memdev === undefined ? null : memdevOf(memdev).endpoint;
  if (endpoint === null) return;
  const { hdm, decoders } = portOf(endpoint);
  if (hdm === null || decoders.map(decoderOf).every(({ isEnabled, id }) => !isEnabled || readControl(hdm, id).isCommitted)) return;
  for (const decoder of decoders.map(decoderOf)) {
    if (decoder.isEnabled && decoder.size > 0n) loseBacking(kernel, decoder.start, decoder.size);
    decoder.isEnabled = false;
    decoder.isLocked = false;
  }
  printk(kernel, "crit", `cxl_pci ${device.name}: SBR happened without memory regions removal.`);
  printk(kernel, "crit", `cxl_pci ${device.name}: System may be unstable if regions hosted system memory.`);
}
