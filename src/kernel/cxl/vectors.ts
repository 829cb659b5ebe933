// Interrupt messages of a memory device: up to sixteen vectors, each of them for the mailbox, for event logs, or for both.

import type { Call, Kernel } from "../base/kernel.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import { printk } from "../base/kernel.ts";
import { failStep } from "../base/steps.ts";
import { bindMessage, enableMessages, enableVectors } from "../pci/messages.ts";
import { mailboxRegister } from "./device-registers.ts";
import type { DeviceState, VectorUser } from "./device-state.ts";

const mostVectors = 16;
export const vectorHandler = "cxl-pci-vector";
export const spuriousHandler = "cxl-pci-unbound";
/** A handler's one argument holds device and vector. */
export const vectorsPerDevice = 32;

/** MSI-X, or else MSI. @throws SystemError ENXIO neither */
function enableBest(kernel: Kernel, device: Device): void {
  const call: Call = { handler: spuriousHandler, argument: device.id };
  try {
    enableVectors(kernel, device, mostVectors, call);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    enableMessages(kernel, device, 1, call);
  }
}

/** Asks for vectors, or for the one message that a host without interrupt remapping grants by MSI; false: the device has none. */
export function allocateVectors(kernel: Kernel, state: DeviceState): boolean {
  try {
    failStep(kernel, "pci.vectors", state.device.name);
    enableBest(kernel, state.device);
    return true;
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    printk(kernel, "debug", `cxl_pci ${state.device.name}: Failed to allocate interrupts`);
    return false;
  }
}

/** Makes a vector call the driver for `user`. @throws SystemError EINVAL the vector was not granted */
export function bindVector(kernel: Kernel, state: DeviceState, vector: number, user: VectorUser): void {
  bindMessage(kernel, state.device, vector, { handler: vectorHandler, argument: state.device.id * vectorsPerDevice + vector });
  const users = state.vectors.get(vector) ?? new Set<VectorUser>();
  state.vectors.set(vector, users.add(user));
}

/** The end of background operations by message, where the mailbox can; not having it is no error. */
export function enableMailboxInterrupt(kernel: Kernel, state: DeviceState, hasVectors: boolean): void {
  const { backgroundInterruptCapable, interruptMessage } = mailboxRegister(state.registers, "capability").read();
  if (backgroundInterruptCapable === 0 || !hasVectors) return;
  try {
    bindVector(kernel, state, interruptMessage, "mailbox");
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    return;
  }
  printk(kernel, "debug", `cxl_pci ${state.device.name}: Mailbox interrupts enabled`);
  mailboxRegister(state.registers, "control").modify({ backgroundInterrupt: 1 });
}
