// Messages of a device: MSI-X (PCIe 7.7.2, 6.1.4) with vectors, masks and pending bits, or MSI.

import * as R from "../generated/registers";
import { Device, Machine, keyOf } from "../machine";
import { getDword, setBits, testBits } from "../registers";
import { reachesHost, send } from "./messages";
import { hasMsi, numberOf, sendMessage } from "./msi";

const STRIDE: u32 = R.MSIX_TABLE_VECTOR_CONTROL_STRIDE;

function isMasked(device: Device, vector: u32): bool {
  if (testBits(device.config, R.CONFIG_MSIX_CONTROL, R.MSIX_CONTROL_FUNCTION_MASK)) return true;
  return testBits(device.messages, R.MESSAGES_MSIX_TABLE_VECTOR_CONTROL + vector * STRIDE, R.MSIX_TABLE_VECTOR_CONTROL_MASK);
}

/** The vector of a purpose: its own, or the last one of a device with fewer; of a device with MSI the message. */
export function vectorOf(device: Device, number: u32): u32 {
  return hasMsi(device) ? numberOf(device, number) : min(number, keyOf(device, R.KEY_VECTORS) - 1);
}

/** Sends a vector; masked, it is pending. MSI has no masks here: a message that may not go is lost. */
export function sendVector(m: Machine, device: Device, vector: u32): void {
  if (hasMsi(device)) return sendMessage(m, device, vector);
  if (vector >= keyOf(device, R.KEY_VECTORS) || !testBits(device.config, R.CONFIG_MSIX_CONTROL, R.MSIX_CONTROL_ENABLE)) return;
  if (isMasked(device, vector)) return setBits(device.messages, R.MESSAGES_MSIX_TABLE_PENDING, <u32>1 << vector, true);
  if (!reachesHost(device)) return;
  const at = vector * STRIDE;
  send(m, device, vector, getDword(device.messages, R.MESSAGES_MSIX_TABLE_ADDRESS_LOW + at), getDword(device.messages, R.MESSAGES_MSIX_TABLE_DATA + at));
}

/** Something was unmasked, or MSI-X enabled: what is pending and free to go is sent. */
export function releasePending(m: Machine, device: Device): void {
  if (!testBits(device.config, R.CONFIG_MSIX_CONTROL, R.MSIX_CONTROL_ENABLE)) return;
  const pending = getDword(device.messages, R.MESSAGES_MSIX_TABLE_PENDING);
  for (let vector: u32 = 0; vector < 32; vector++) {
    if (((pending >> vector) & 1) == 0 || isMasked(device, vector)) continue;
    setBits(device.messages, R.MESSAGES_MSIX_TABLE_PENDING, <u32>1 << vector, false);
    sendVector(m, device, vector);
  }
}
