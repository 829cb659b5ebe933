// Native hot-plug of slots (pciehp), its arriving half: a card that is put into an empty slot is enumerated and probed once its link is up
// (error-recovery 4.3). A card goes by request (`remove`); what its sudden loss means is the isolation service's and the platform's.

import type { Task } from "../../sim/task.ts";
import { sleep, spawn, task } from "../../sim/task.ts";
import type { Device } from "../base/device.ts";
import { SystemError } from "../base/errno.ts";
import type { Handler, Kernel } from "../base/kernel.ts";
import { defineState, printk } from "../base/kernel.ts";
import { enableSlotEvents, hasHotplugSlot, isLinkUp, isPresent, settleTime, slotMessage, slotNumberOf, takeSlotEvents, waitForLink } from "./link.ts";
import { bindMessage } from "./messages.ts";
import { devicesBelow, rescan } from "./rescan.ts";

interface Slot {
  readonly port: Device;
  /** How many others deal with the link and what is below it (pci_hp_ignore_link_change). */
  holders: number;
  isWorking: boolean;
}

const slots = defineState("pci.slots", () => ({ byPort: new Map<number, Slot>() }));
const slotHandler = "pciehp";

const enableSlot = task("pciehp.enable", function* (kernel: Kernel, slot: Slot): Task<void> {
  const { port } = slot;
  const name = `pcieport ${port.name}: pciehp: Slot(${slotNumberOf(kernel, port)})`;
  printk(kernel, "info", `${name}: Card present`);
  if (!(yield* waitForLink(kernel, port, true))) {
    printk(kernel, "err", `${name}: No link`);
    return;
  }
  printk(kernel, "info", `${name}: Link Up`);
  yield sleep(settleTime);
  if (slot.holders > 0 || port.isDead || !isLinkUp(kernel, port)) return;
  yield* rescan(kernel, port);
});

const work = task("pciehp.work", function* (kernel: Kernel, slot: Slot): Task<void> {
  try {
    if (isPresent(kernel, slot.port)) yield* enableSlot(kernel, slot);
  } catch (thrown) {
    if (!(thrown instanceof SystemError)) throw thrown;
    printk(kernel, "err", `pcieport ${slot.port.name}: pciehp: cannot add device: -${thrown.number}`);
  } finally {
    slot.isWorking = false;
  }
});

const onSlotEvent: Handler = (kernel, portId) => {
  const slot = slots(kernel).byPort.get(portId);
  if (slot === undefined) return;
  const { presenceChanged, linkStateChanged } = takeSlotEvents(kernel, slot.port);
  if ((!presenceChanged && !linkStateChanged) || slot.holders > 0 || slot.isWorking || devicesBelow(slot.port).length > 0) return;
  slot.isWorking = true;
  spawn(kernel.scheduler, slotHandler, work(kernel, slot));
};

export const slotHandlers: ReadonlyMap<string, Handler> = new Map([[slotHandler, onSlotEvent]]);

/** Watches the slot of a port that has one and can hot-plug; its messages are granted already. */
export function startSlot(kernel: Kernel, port: Device): void {
  if (!hasHotplugSlot(kernel, port)) return;
  slots(kernel).byPort.set(port.id, { port, holders: 0, isWorking: false });
  bindMessage(kernel, port, slotMessage(kernel, port), { handler: slotHandler, argument: port.id });
  takeSlotEvents(kernel, port);
  enableSlotEvents(kernel, port);
}

export const stopSlot = (kernel: Kernel, port: Device): void => void slots(kernel).byPort.delete(port.id);

/** Keeps the slot's hands off while somebody else takes the link down and up. */
export function holdSlot(kernel: Kernel, port: Device, isHeld: boolean): void {
  const slot = slots(kernel).byPort.get(port.id);
  if (slot !== undefined) slot.holders += isHeld ? 1 : -1;
}
