// Slot events of a port and the hot-plug interrupt (PCIe 7.5.3.10, 7.5.3.11, 6.7.3.4).

import * as R from "../generated/registers";
import { Machine, Port } from "../machine";
import { getDword, setBits } from "../registers";
import { switchSlotPower } from "../fabric/link-state";
import { sendMessage } from "./msi";

const STATUS: u32 = R.CONFIG_PCIE_SLOT_STATUS;
const CONTROL: u32 = R.CONFIG_PCIE_SLOT_CONTROL;

/** True while an event is pending whose own enable is set, with hot-plug interrupts enabled. */
function isSignalled(control: u32, status: u32): bool {
  if ((control & R.PCIE_SLOT_CONTROL_HOT_PLUG_INTERRUPT_ENABLE) == 0) return false;
  if ((status & R.PCIE_SLOT_STATUS_LINK_STATE_CHANGED) != 0 && (control & R.PCIE_SLOT_CONTROL_LINK_STATE_CHANGED_ENABLE) != 0) return true;
  return (status & R.PCIE_SLOT_STATUS_PRESENCE_CHANGED) != 0 && (control & R.PCIE_SLOT_CONTROL_PRESENCE_CHANGED_ENABLE) != 0;
}

/** Sets event bits of Slot Status. One message whenever an enabled event comes to be pending while none was. */
export function slotEvents(m: Machine, port: Port, bits: u32): void {
  if (bits == 0) return;
  const control = getDword(port.config, CONTROL);
  const wasSignalled = isSignalled(control, getDword(port.config, STATUS));
  setBits(port.config, STATUS, bits, true);
  if (!wasSignalled && isSignalled(control, getDword(port.config, STATUS))) sendMessage(m, port, R.SLOT_MESSAGE);
}

/** Slot Control written: enabling an event that is pending raises its message. Control and status share a dword. */
export function writeSlotControl(m: Machine, port: Port, old: u32): void {
  const now = getDword(port.config, CONTROL);
  if (((old ^ now) & R.PCIE_SLOT_CONTROL_POWER_CONTROLLER_CONTROL) != 0) switchSlotPower(m, port);
  if (!isSignalled(old, old) && isSignalled(now, now)) sendMessage(m, port, R.SLOT_MESSAGE);
}
