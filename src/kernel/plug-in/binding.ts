// Binding a driver to a function and letting it go: its probe with what may come of it, and everything that is taken back afterwards.

import { checkHooks } from "../../platform/driver-check.ts";
import type { DeviceHooks } from "../../platform/driver.ts";
import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { tellProbe } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Kernel } from "../base/kernel.ts";
import { printk } from "../base/kernel.ts";
import { unwatchErrors } from "../pci/error-clients.ts";
import { claimLink } from "../pci/hold.ts";
import { releaseRegion } from "../resource/resource.ts";
import { releaseUnused, sharedDevice } from "./devices.ts";
import { callHook, runHook } from "./failure.ts";
import { freeMessages } from "./interrupts.ts";
import type { Match } from "./match.ts";
import type { Binding, PlugInRecord } from "./state.ts";
import { bindingsOf } from "./state.ts";

/** Of a function's driver the driver core tells; a service is not offered again, so that a deferral is a failure too. */
function logFailure(kernel: Kernel, plugIn: PlugInRecord, device: Device, error: SystemError): void {
  const { name, takesFunction } = plugIn.module;
  if (takesFunction === true) return;
  if (error.errno === "EPROBE_DEFER") printk(kernel, "err", `${name} ${device.name}: probe with driver ${name} failed with error -${error.number}`);
  else tellProbe(kernel, device, name, error);
}

/** Lets a driver look at a function that matches. Null: it does not want it. @throws SystemError its probe's error number */
export const bindPlugIn = task("plug-in.bind", function* (kernel: Kernel, plugIn: PlugInRecord, device: Device, match: Match): Task<Binding | null> {
  const binding: Binding = { plugIn, device, capability: match.capability, hooks: null, stage: "probing", claims: new Set(), groups: new Map() };
  plugIn.bindings.push(binding);
  let hooks: DeviceHooks | null;
  try {
    const { view } = sharedDevice(kernel, device);
    const place = { plugIn, hook: "probe", device: device.name };
    const given = yield* runHook<unknown>(kernel, place, () => plugIn.instance?.probe(view));
    hooks = callHook(kernel, place, () => checkHooks(given));
  } catch (thrown) {
    drop(kernel, binding);
    if (thrown instanceof SystemError) logFailure(kernel, plugIn, device, thrown);
    throw thrown;
  }
  if (hooks === null) {
    drop(kernel, binding);
    return null;
  }
  const isCalledOff = binding.stage === "called off";
  binding.hooks = hooks;
  binding.stage = "bound";
  if (!isCalledOff) return binding;
  yield* unbindPlugIn(kernel, binding);
  return null;
});

/** Tells the driver to let go, then takes back what it had of the function. */
export const unbindPlugIn = task("plug-in.unbind", function* (kernel: Kernel, binding: Binding): Task<void> {
  const { plugIn, device, hooks } = binding;
  if (binding.stage === "probing") binding.stage = "called off";
  if (binding.stage !== "bound") return;
  binding.stage = "leaving";
  yield* runHook(kernel, { plugIn, hook: "remove", device: device.name }, () => hooks?.remove?.());
  drop(kernel, binding);
});

/** Messages, claims and mappings; with the driver's last function also what it mapped by address. */
function drop(kernel: Kernel, binding: Binding): void {
  const { plugIn, device, claims } = binding;
  freeMessages(kernel, binding);
  if (binding.hooks?.error !== undefined && !bindingsOf(kernel, device).some((other) => other !== binding && other.hooks?.error !== undefined)) unwatchErrors(kernel, device);
  if (binding.hooks?.isolation !== undefined && !bindingsOf(kernel, device).some((other) => other !== binding && other.hooks?.isolation !== undefined)) claimLink(kernel, device, false);
  for (const claim of claims) releaseRegion(kernel, claim);
  claims.clear();
  binding.groups.clear();
  plugIn.bindings.splice(plugIn.bindings.indexOf(binding), 1);
  releaseUnused(kernel, device);
  if (plugIn.bindings.length > 0) return;
  for (const handle of plugIn.mapped) handle.unmap();
  plugIn.mapped.clear();
}
