// The command interface at power-on and through resets (device-registers.md 6; events.md 1, 13; mailbox.md 6, 7, 13, 16).

import * as R from "../generated/registers";
import { Device, Machine, NEVER, keyOf } from "../machine";
import { setBits, setDword } from "../registers";
import { dropBackground } from "./background";
import { resetPolicy } from "./events";
import { initializeFeatures, resetFeatures } from "./features";
import { activateStaged, forgetTransfer } from "./firmware";
import { initializeHealth, resetHealth } from "./health";
import { FACTORY_ACTIVE_SLOT } from "./state";
import { becomeReady, refreshCci } from "./mailbox";
import { forgetBelow } from "./poison";
import { MASTER_SET, restartSecurity } from "./security";

/** The model's choice: resources for repairs of each class. */
const REPAIRS: u32 = 8;
const SPARES: u32 = 8;

/** As it leaves the factory; once, when the machine is built. */
export function initializeCci(device: Device): void {
  const cci = device.cci;
  initializeFeatures(cci);
  initializeHealth(cci);
  cci.activeSlot = load<u8>(cci.factory + FACTORY_ACTIVE_SLOT);
  cci.repairs = REPAIRS;
  cci.spares = SPARES;
  cci.nextVolatile = NEVER;
  cci.security = keyOf(device, R.KEY_MASTER_PASSPHRASE) != 0 ? MASTER_SET : 0;
}

/** A conventional reset; what a cold one does beside, `isHot` spares. The registers are at their reset values already. */
export function resetCci(m: Machine, device: Device, isHot: bool): void {
  const cci = device.cci;
  dropBackground(m, device);
  cci.primary.endAt = NEVER;
  cci.secondary.endAt = NEVER;
  cci.readyAt = NEVER;
  resetPolicy(device);
  resetFeatures(cci);
  resetHealth(cci);
  forgetTransfer(device);
  activateStaged(device);
  cci.queryNext = 0;
  cci.scanIsDone = 0;
  cci.offerCount = 0;
  if (device.preserves == 0 || !isHot) forgetBelow(m, device, device.volatileCapacity);
  if (!isHot) {
    cci.clockIsSet = 0;
    restartSecurity(cci);
  }
  refreshCci(m, device);
}

/** A function level reset: the mailboxes, and the commands in them (sheet 6). */
export function resetMailboxes(m: Machine, device: Device): void {
  const cci = device.cci;
  cci.primary.endAt = NEVER;
  cci.secondary.endAt = NEVER;
  const block = device.registers;
  setDword(block, R.DEVICE_PRIMARY_MAILBOX_CONTROL, 0);
  setDword(block, R.DEVICE_SECONDARY_MAILBOX_CONTROL, 0);
  for (let half: u32 = 0; half < 2; half++) {
    setDword(block, R.DEVICE_PRIMARY_MAILBOX_COMMAND + half, 0);
    setDword(block, R.DEVICE_SECONDARY_MAILBOX_COMMAND + half, 0);
  }
  setDword(block, R.DEVICE_PRIMARY_MAILBOX_STATUS + 1, 0);
  setDword(block, R.DEVICE_SECONDARY_MAILBOX_STATUS + 1, 0);
  refreshCci(m, device);
}

/** The link is up: the mailboxes become ready after their time. */
export function startCci(m: Machine, device: Device): void {
  const cci = device.cci;
  if (cci.readyTime == 0) return becomeReady(m, device);
  cci.readyAt = m.now + cci.readyTime;
  refreshCci(m, device);
}

/** Fatal, halted, or merely not ready any more: commands wait until a reset; or all well again. */
export function setDeviceStatus(m: Machine, device: Device, status: u32): void {
  const index = R.DEVICE_MEMORY_DEVICE_STATUS_STATUS;
  const all = R.MEMORY_DEVICE_STATUS_STATUS_DEVICE_FATAL | R.MEMORY_DEVICE_STATUS_STATUS_FIRMWARE_HALT | R.MEMORY_DEVICE_STATUS_STATUS_MAILBOX_READY | R.MEMORY_DEVICE_STATUS_STATUS_RESET_NEEDED;
  const cold = R.MEMORY_DEVICE_STATUS_STATUS_RESET_NEEDED_COLD << R.MEMORY_DEVICE_STATUS_STATUS_RESET_NEEDED_SHIFT;
  setBits(device.registers, index, all, false);
  device.cci.primary.endAt = NEVER;
  device.cci.secondary.endAt = NEVER;
  if (status == 0) return becomeReady(m, device);
  if (status == 1) setBits(device.registers, index, R.MEMORY_DEVICE_STATUS_STATUS_DEVICE_FATAL | cold, true);
  else if (status == 2) setBits(device.registers, index, R.MEMORY_DEVICE_STATUS_STATUS_FIRMWARE_HALT | cold, true);
  else setBits(device.registers, index, cold, true);
  refreshCci(m, device);
}
