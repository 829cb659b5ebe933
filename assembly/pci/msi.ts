// MSI of a port (PCIe 7.7.1, 6.1.4): message numbers and sending.

import * as R from "../generated/registers";
import { Machine, Port, keyOf } from "../machine";
import { getDword, setDword, testBits } from "../registers";
import { reachesHost, send } from "./messages";

const CONTROL: u32 = R.CONFIG_MSI_CONTROL;

/** Messages that software granted: 2^(Multiple Message Enable); its reserved values count as 5. */
function granted(port: Port): u32 {
  return 1 << min((getDword(port.config, CONTROL) & R.MSI_CONTROL_MULTIPLE_ENABLE) >> R.MSI_CONTROL_MULTIPLE_ENABLE_SHIFT, 5);
}

function numberOf(port: Port, wanted: u32): u32 {
  return min(wanted, granted(port) - 1);
}

function show(port: Port, index: u32, mask: u32, shift: u32, wanted: u32): void {
  setDword(port.config, index, (getDword(port.config, index) & ~mask) | (numberOf(port, wanted) << shift));
}

/** T5: message number fields follow Multiple Message Enable, from power-on. */
export function refreshMessageNumbers(port: Port): void {
  show(port, R.CONFIG_PCIE_FLAGS, R.PCIE_FLAGS_INTERRUPT_MESSAGE, R.PCIE_FLAGS_INTERRUPT_MESSAGE_SHIFT, R.SLOT_MESSAGE);
  if (keyOf(port, R.KEY_HAS_DPC) != 0) show(port, R.CONFIG_DPC_CAPABILITY, R.DPC_CAPABILITY_INTERRUPT_MESSAGE, R.DPC_CAPABILITY_INTERRUPT_MESSAGE_SHIFT, R.DPC_MESSAGE);
  if (port.isRoot == 0) return;
  show(port, R.CONFIG_AER_ROOT_ERROR_STATUS, R.AER_ROOT_ERROR_STATUS_INTERRUPT_MESSAGE, R.AER_ROOT_ERROR_STATUS_INTERRUPT_MESSAGE_SHIFT, R.AER_MESSAGE);
  const index = R.COMPONENT_TIMEOUT_ISOLATION_CAPABILITY;
  const capability = getDword(port.component, index);
  if ((capability & R.TIMEOUT_ISOLATION_CAPABILITY_INTERRUPT) == 0) return;
  const number = numberOf(port, keyOf(port, R.KEY_ISOLATION_MESSAGE));
  setDword(port.component, index, (capability & ~R.TIMEOUT_ISOLATION_CAPABILITY_INTERRUPT_MESSAGE) | (number << R.TIMEOUT_ISOLATION_CAPABILITY_INTERRUPT_MESSAGE_SHIFT));
}

/** Sends message `number` of a port, if MSI and bus mastering are on. */
export function sendMessage(m: Machine, port: Port, number: u32): void {
  if (!testBits(port.config, CONTROL, R.MSI_CONTROL_ENABLE) || !reachesHost(port)) return;
  const effective = numberOf(port, number);
  send(m, port, effective, getDword(port.config, R.CONFIG_MSI_ADDRESS_LOW), (getDword(port.config, R.CONFIG_MSI_DATA) & R.MSI_DATA_VALUE) + effective);
}
