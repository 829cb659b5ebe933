// Conventional (hot) reset of a device: everything below a link that went down (PCIe 2.9, 6.6; component-registers sheet 14).

import { Device, Machine, NEVER } from "../machine";
import { forgetContents } from "../media/pages";
import { BlockLists, resetBlock } from "../registers";
import { HW_RESET, traceHardware } from "../trace/ring";

export function resetDevice(m: Machine, device: Device): void {
  resetBlock(device.config, device, changetype<BlockLists>(device.lists), true);
  resetBlock(device.component, device, changetype<BlockLists>(device.componentLists), true);
  device.committing = 0;
  device.commitUntil = NEVER;
  device.readyAt = NEVER;
  forgetContents(m, device);
  m.routeGeneration++;
  m.mmioGeneration++;
  traceHardware(m, HW_RESET, device.id, device.resetCount, 0, 0, 0);
}
