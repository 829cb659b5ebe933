// Messages for drivers. A message is shared with whom it reached before (IRQF_SHARED): he hears of it first, then drivers in order of asking.

import { SystemError } from "../base/errno.ts";
import type { Handler, Kernel } from "../base/kernel.ts";
import { invoke, setInterrupt } from "../base/kernel.ts";
import { pciFunctionOf } from "../pci/device.ts";
import { bindMessage } from "../pci/messages.ts";
import { callHook } from "./failure.ts";
import type { Binding } from "./state.ts";
import { plugInState } from "./state.ts";

export const interruptHandler = "plug-in-interrupt";

/** @throws SystemError EINVAL the function was not granted the message */
export function requestMessage(kernel: Kernel, binding: Binding, message: number): void {
  if (!Number.isInteger(message) || message < 0) throw new SystemError("EINVAL", `${binding.device.name}: message ${message} is no number of a message`);
  const { messages } = plugInState(kernel);
  const data = (pciFunctionOf(binding.device).messages?.data ?? 0) + message;
  const before = kernel.interrupts.get(data);
  const known = messages.get(data);
  if (known?.users.some((user) => user.binding === binding) === true) return;
  bindMessage(kernel, binding.device, message, { handler: interruptHandler, argument: data, label: `${known?.users[0]?.binding.plugIn.module.name ?? binding.plugIn.module.name}-interrupt` });
  if (known !== undefined) known.users.push({ binding, message });
  else if (before !== undefined) messages.set(data, { before, users: [{ binding, message }] });
}

/** Takes back what a driver asked for on a function: one message, or all. */
export function freeMessages(kernel: Kernel, binding: Binding, message?: number): void {
  const { messages } = plugInState(kernel);
  for (const [data, shared] of messages) {
    const at = shared.users.findIndex((user) => user.binding === binding && (message === undefined || user.message === message));
    if (at < 0) continue;
    shared.users.splice(at, 1);
    if (shared.users.length > 0) continue;
    messages.delete(data);
    // Who asked after the drivers did shares the message with them, and has it now.
    if (kernel.interrupts.get(data)?.handler === interruptHandler) setInterrupt(kernel, data, shared.before);
  }
}

export const onInterrupt: Handler = (kernel, data) => {
  const shared = plugInState(kernel).messages.get(data);
  if (shared === undefined) return;
  invoke(kernel, shared.before);
  for (const { binding, message } of shared.users.slice()) {
    const { hooks, plugIn, device } = binding;
    callHook(kernel, { plugIn, hook: "interrupt", device: device.name }, () => hooks?.interrupt?.(message));
  }
};
