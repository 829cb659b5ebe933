// Conventional reset of a device: hot, for everything below a link that went down; from power-on, for a card that was put in
// (PCIe 2.9, 6.6; component-registers sheet 14).

import { forgetCommits } from "../component/hdm-decoder";
import { mediaSource, setDeadline } from "../deadlines";
import { Device, Machine, NEVER } from "../machine";
import { forgetContents } from "../media/pages";
import { BlockLists, resetBlock } from "../registers";
import { HW_RESET, traceHardware } from "../trace/ring";

/** `isHot` spares sticky registers. */
export function resetDevice(m: Machine, device: Device, isHot: bool): void {
  resetBlock(device.config, device, changetype<BlockLists>(device.lists), isHot);
  resetBlock(device.component, device, changetype<BlockLists>(device.componentLists), isHot);
  forgetCommits(m, device);
  device.readyAt = NEVER;
  setDeadline(m, mediaSource(m, device.index), NEVER);
  forgetContents(m, device, isHot);
  m.routeGeneration++;
  m.mmioGeneration++;
  traceHardware(m, HW_RESET, device.id, device.resetCount, 0, 0, 0);
}
