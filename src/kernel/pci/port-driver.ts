// Driver pcieport: ports get memory decode, bus mastering and a block of MSI messages that services (isolation, AER, hot-plug) bind to.

import type { Task } from "../../sim/task.ts";
import { task } from "../../sim/task.ts";
import type { Device, Driver } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Handler, Kernel } from "../base/kernel.ts";
import { aerHandlers, startErrors, stopErrors } from "./aer.ts";
import { bridgeClass, classOf, disableDevice, enableDevice, pciBus, pciFunctionOf } from "./device.ts";
import { dpcHandlers, startContainment, stopContainment } from "./dpc.ts";
import { slotHandlers, startSlot, stopSlot } from "./hotplug.ts";
import { disableMessages, enableMessages } from "./messages.ts";

const portMessages = 32;

const probe = task("pcieport.probe", function* (kernel: Kernel, device: Device): Task<void> {
  enableDevice(kernel, device, true);
  try {
    enableMessages(kernel, device, portMessages, { handler: "pcieport", argument: device.id });
    startErrors(kernel, device);
    startContainment(kernel, device);
    startSlot(kernel, device);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
  }
});

const remove = task("pcieport.remove", function* (kernel: Kernel, device: Device): Task<void> {
  stopSlot(kernel, device);
  stopContainment(kernel, device);
  stopErrors(kernel, device);
  disableMessages(kernel, device);
  disableDevice(kernel, device);
});

export const portDriver: Driver = { name: "pcieport", bus: pciBus, match: (_kernel, device) => classOf(pciFunctionOf(device)) === bridgeClass, probe, remove };

export const drivers: readonly Driver[] = [portDriver];
/** Messages of a port that no service has bound end here. */
export const handlers: Readonly<Record<string, Handler>> = { pcieport: () => undefined, ...Object.fromEntries([...slotHandlers, ...aerHandlers, ...dpcHandlers]) };
