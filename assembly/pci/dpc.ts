// Downstream Port Containment (PCIe 7.9.14, 6.2.11): a port that sees an error of a kind it is told to contain takes its link down and holds
// it down until software clears the trigger.

import { evaluateLink } from "../fabric/link-state";
import * as R from "../generated/registers";
import { Machine, Port, keyOf } from "../machine";
import { getDword, setBits, setDword, testBits } from "../registers";
import { HW_CONTAINED, traceHardware } from "../trace/ring";
import { ERR_FATAL, sendErrCor } from "./aer";
import { sendMessage } from "./msi";

const CAPABILITY: u32 = R.CONFIG_DPC_CAPABILITY;
const CONTROL: u32 = R.CONFIG_DPC_CONTROL;
const STATUS: u32 = R.CONFIG_DPC_STATUS;

export const REASON_OWN: u32 = 0;
export const REASON_NON_FATAL: u32 = 1;
export const REASON_FATAL: u32 = 2;
const REASON_SOFTWARE: u32 = 3;
const EXTENSION_SOFTWARE: u32 = 1;

/** The link is held down by a trigger. */
export function isContained(port: Port): bool {
  return keyOf(port, R.KEY_HAS_DPC) != 0 && testBits(port.config, STATUS, R.DPC_STATUS_TRIGGER);
}

/** A reset of the machine trains every link anew: none is held by a trigger behind it (INFERRED: firmware clears the sticky bit before it trains). */
export function endContainment(port: Port): void {
  if (isContained(port)) setBits(port.config, STATUS, R.DPC_STATUS_TRIGGER, false);
}

/** An error of a kind that the port contains: triggers, and the message goes no further. */
export function contains(m: Machine, port: Port, message: u32, reason: u32, source: u32): bool {
  if (keyOf(port, R.KEY_HAS_DPC) == 0) return false;
  const enabled = (getDword(port.config, CONTROL) & R.DPC_CONTROL_TRIGGER_ENABLE) >> R.DPC_CONTROL_TRIGGER_ENABLE_SHIFT;
  if (enabled != 2 && (enabled != 1 || message != ERR_FATAL)) return false;
  trigger(m, port, reason, 0, source);
  return true;
}

function trigger(m: Machine, port: Port, reason: u32, extension: u32, source: u32): void {
  if (isContained(port)) return;
  const kept = getDword(port.config, STATUS) & ~(R.DPC_STATUS_REASON | R.DPC_STATUS_REASON_EXTENSION | R.DPC_SOURCE_REQUESTER);
  const control = getDword(port.config, CONTROL);
  let status = kept | R.DPC_STATUS_TRIGGER | (reason << R.DPC_STATUS_REASON_SHIFT) | (extension << R.DPC_STATUS_REASON_EXTENSION_SHIFT);
  if (reason == REASON_NON_FATAL || reason == REASON_FATAL) status |= source << R.DPC_SOURCE_REQUESTER_SHIFT;
  const raises = (control & R.DPC_CONTROL_INTERRUPT_ENABLE) != 0;
  const isNew = (kept & R.DPC_STATUS_INTERRUPT) == 0;
  if (raises) status |= R.DPC_STATUS_INTERRUPT;
  setDword(port.config, STATUS, status);
  traceHardware(m, HW_CONTAINED, port.id, reason, <u64>source, extension, 0);
  evaluateLink(m, port);
  if (raises && isNew) sendMessage(m, port, R.DPC_MESSAGE);
  if ((control & R.DPC_CONTROL_ERR_COR_ENABLE) != 0 && testBits(port.config, R.CONFIG_PCIE_DEVICE_CONTROL, R.PCIE_DEVICE_CONTROL_CORRECTABLE_ENABLE)) sendErrCor(m, port);
}

/** Software Trigger; the bit itself reads 0. It works while containment is enabled at all. */
export function writeDpcControl(m: Machine, port: Port, value: u32): void {
  if ((value & R.DPC_CONTROL_SOFTWARE_TRIGGER) == 0 || !testBits(port.config, CAPABILITY, R.DPC_CAPABILITY_SOFTWARE_TRIGGERING)) return;
  if (testBits(port.config, CONTROL, R.DPC_CONTROL_TRIGGER_ENABLE)) trigger(m, port, REASON_SOFTWARE, EXTENSION_SOFTWARE, 0);
}

/** The trigger was cleared: the link may train again. */
export function writeDpcStatus(m: Machine, port: Port, old: u32): void {
  if ((old & R.DPC_STATUS_TRIGGER) != 0 && !isContained(port)) evaluateLink(m, port);
}
