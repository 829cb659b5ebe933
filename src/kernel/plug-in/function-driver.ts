// A plug-in that is a function's driver itself: it stands before Linux's own in the driver core, and leaves to it what it does not take.

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device, Driver } from "../base/device.ts";
import { manage, registerDriver } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Call, Kernel } from "../base/kernel.ts";
import { disableDevice, enableDevice, pciBus } from "../pci/device.ts";
import { disableMessages, enableMessages, enableVectors } from "../pci/messages.ts";
import { bindPlugIn, unbindPlugIn } from "./binding.ts";
import { releaseUnused } from "./devices.ts";
import { matchOf } from "./match.ts";
import type { Binding, PlugInRecord } from "./state.ts";

/** Messages that nobody has asked for end here. */
export const unboundHandler = "plug-in-unbound";
const mostMessages = 32;

/** MSI-X, or MSI, or none. */
function grantMessages(kernel: Kernel, device: Device): boolean {
  const call: Call = { handler: unboundHandler, argument: device.id };
  for (const enable of [enableVectors, enableMessages]) {
    try {
      enable(kernel, device, mostMessages, call);
      return true;
    } catch (thrown) {
      if (!(thrown instanceof SystemError)) throw thrown;
    }
  }
  return false;
}

const disable = task("plug-in.disable", function* (kernel: Kernel, device: Device): Task<void> {
  disableDevice(kernel, device);
});

const dropMessages = task("plug-in.dropMessages", function* (kernel: Kernel, device: Device): Task<void> {
  disableMessages(kernel, device);
});

/** Puts it behind others of its kind and before Linux's own. */
export function registerAhead(kernel: Kernel, driver: Driver): void {
  const drivers = kernel.drivers.get(pciBus);
  if (drivers === undefined) registerDriver(kernel, driver);
  else drivers.splice(drivers.filter(({ isTentative }) => isTentative === true).length, 0, driver);
}

/** `bound` is told when a function was taken. */
export function functionDriver(plugIn: PlugInRecord, bound: (kernel: Kernel, binding: Binding) => void): Driver {
  const bindingAt = (device: Device): Binding | undefined => plugIn.bindings.find((binding) => binding.device === device);
  return {
    name: plugIn.module.name, bus: pciBus, isTentative: true,
    match: (kernel, device) => {
      const isMatch = matchOf(kernel, plugIn, device) !== undefined;
      releaseUnused(kernel, device);
      return isMatch;
    },
    probe: task("plug-in.probe", function* (kernel: Kernel, device: Device): Task<void> {
      enableDevice(kernel, device, true);
      manage(device, "disable", disable);
      if (grantMessages(kernel, device)) manage(device, "messages", dropMessages);
      const match = matchOf(kernel, plugIn, device);
      const binding = match === undefined ? null : yield* bindPlugIn(kernel, plugIn, device, match);
      if (binding === null) throw new SystemError("ENODEV", `${device.name} is not for ${plugIn.module.name}`);
      bound(kernel, binding);
    }),
    remove: task("plug-in.remove", function* (kernel: Kernel, device: Device): Task<void> {
      const binding = bindingAt(device);
      if (binding !== undefined) yield* unbindPlugIn(kernel, binding);
    }),
  };
}
